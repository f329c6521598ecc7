package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

// IsAuthentic takes the body as it came over the wire: io.ReadAll(request.Body), before anything parses it.
func IsAuthentic(secret string, headers http.Header, body []byte, now time.Time) bool {
	timestamp := headers.Get("Peeker-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "." + headers.Get("Peeker-Event-Id") + "."))
	mac.Write(body)
	expected := mac.Sum(nil)
	authentic := false
	for _, offered := range strings.Split(headers.Get("Peeker-Signature"), ",") {
		offered = strings.TrimSpace(offered)
		decoded, err := hex.DecodeString(strings.TrimPrefix(offered, "v1="))
		authentic = authentic || strings.HasPrefix(offered, "v1=") && err == nil && hmac.Equal(decoded, expected)
	}
	// Afterwards: remember the event id for some days, and answer 2xx without doing the work again when it comes twice.
	return authentic
}
