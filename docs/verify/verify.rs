//! Needs the crates hmac 0.13, sha2 0.11 and hex 0.4.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TOLERANCE_SECONDS: u64 = 300;

/// `header` finds a header by its lower-case name; `body` is what came over the wire, before anything parses it; `now`
/// is in seconds since 1970.
pub fn is_authentic<'h>(
    secret: &str,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now: i64,
) -> bool {
    let get = |name| header(name).unwrap_or_default();
    let (event_id, timestamp) = (get("peeker-event-id"), get("peeker-timestamp"));
    let is_recent = |time: i64| time.abs_diff(now) <= TOLERANCE_SECONDS;
    if !timestamp.parse().is_ok_and(is_recent) {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(format!("{timestamp}.{event_id}.").as_bytes());
    mac.update(body);
    // Afterwards: remember the event id for some days, and answer 2xx without doing the work again when it comes twice.
    get("peeker-signature").split(',').any(|offered| {
        let value = offered.trim().strip_prefix("v1=").map(hex::decode);
        // Compares in constant time.
        matches!(value, Some(Ok(offered)) if mac.clone().verify_slice(&offered).is_ok())
    })
}
