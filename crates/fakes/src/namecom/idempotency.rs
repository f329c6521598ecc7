//! `X-Idempotency-Key`: the same request under the same key is carried out once, for twelve hours.
//!
//! Only answers that tell of success are kept: what was refused may be tried again under its key.

use serde_json::Value;

use super::error::error;
use super::state::Kept;
use crate::World;
use crate::call::{Call, Outcome};

const KEY: &str = "x-idempotency-key";
const KEPT_MS: u64 = 12 * 3600 * 1000;

pub(crate) fn once(
    world: &mut World,
    call: &Call,
    handler: fn(&mut World, &Call) -> Outcome,
) -> Outcome {
    let Some(key) = call.header(KEY).filter(|key| !key.is_empty()) else {
        return handler(world, call);
    };
    let now = world.clock.now_ms();
    world.namecom.kept.retain(|_, kept| kept.until_ms > now);
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let place = (call.account.clone(), key.to_owned());
    if let Some(kept) = world.namecom.kept.get(&place) {
        let same = kept.route == call.route && kept.params == call.params && kept.body == body;
        if !same {
            let message = "Idempotency key has been reused for a different request";
            return Err(error(409, message, None));
        }
        return Ok(kept.answer.clone().with("x-idempotent-replay", "1"));
    }
    let answer = handler(world, call)?.with(KEY, key);
    let kept = Kept {
        route: call.route,
        params: call.params.clone(),
        body,
        answer: answer.clone(),
        until_ms: now + KEPT_MS,
    };
    world.namecom.kept.insert(place, kept);
    Ok(answer)
}
