import hashlib
import hmac
import time

TOLERANCE_SECONDS = 300


def is_authentic(secret: str, headers, body: bytes, now: float | None = None) -> bool:
    """`headers` finds names in any letter case; `body` is what came over the wire, before anything parses it."""
    event_id = headers.get("Peeker-Event-Id") or ""
    timestamp = headers.get("Peeker-Timestamp") or ""
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{timestamp}.{event_id}.".encode() + body
    expected = "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    offered = (headers.get("Peeker-Signature") or "").split(",")
    # Afterwards: remember the event id for some days, and answer 2xx without doing the work again when it comes twice.
    return any(hmac.compare_digest(expected.encode(), one.strip().encode()) for one in offered)
