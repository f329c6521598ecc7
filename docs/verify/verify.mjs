import { createHmac, timingSafeEqual } from "node:crypto";

const TOLERANCE_SECONDS = 300;

// `headers` has lower-case names, as Node gives them; `body` is a Buffer of what came over the wire, before anything
// parses it: in Express that is express.raw({ type: "application/json" }).
export function isAuthentic(secret, headers, body, now = Date.now() / 1000) {
  const eventId = headers["peeker-event-id"] ?? "";
  const timestamp = headers["peeker-timestamp"] ?? "";
  if (!/^\d+$/.test(timestamp)) return false;
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac("sha256", secret).update(`${timestamp}.${eventId}.`).update(body).digest();
  const offered = (headers["peeker-signature"] ?? "").split(",");
  // Afterwards: remember the event id for some days, and answer 2xx without doing the work again when it comes twice.
  return offered.some((one) => {
    const match = /^v1=([0-9a-f]{64})$/.exec(one.trim());
    return match !== null && timingSafeEqual(expected, Buffer.from(match[1], "hex"));
  });
}
