require "openssl"

TOLERANCE_SECONDS = 300

# `headers` has lower-case names; `body` is what came over the wire: request.body.read, before anything parses it.
def authentic?(secret, headers, body, now: Time.now.to_i)
  event_id = headers["peeker-event-id"].to_s
  timestamp = headers["peeker-timestamp"].to_s
  return false unless timestamp.match?(/\A\d+\z/)
  return false if (now - timestamp.to_i).abs > TOLERANCE_SECONDS

  expected = "v1=" + OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.#{event_id}.".b + body.b)
  # Afterwards: remember the event id for some days, and answer 2xx without doing the work again when it comes twice.
  headers["peeker-signature"].to_s.split(",").any? { |offered| OpenSSL.secure_compare(expected, offered.strip) }
end
