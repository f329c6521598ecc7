//! When a failed delivery is tried again (contract §6): at once, then five retries over 24 hours.

use std::time::Duration;

use peeker_domain::time::Timestamp;

/// Attempts made in all: the first one and five retries.
pub const MAX_ATTEMPTS: u32 = 6;

/// The wait after attempt 1, 2, … 5. Together exactly 24 h, so that jitter, which only shortens, keeps the last
/// attempt inside the promised day.
const DELAYS: [Duration; 5] = [
    Duration::from_mins(1),
    Duration::from_mins(10),
    Duration::from_hours(1),
    Duration::from_hours(5),
    Duration::from_mins(17 * 60 + 49),
];

/// The largest share of a wait that jitter may take away.
const MAX_JITTER: f64 = 0.10;

/// When to try again after attempt `after_attempt` (1-based) failed at `failed_at`; `None` when it was the last one
/// (or not an attempt number that has a successor).
///
/// `jitter` is a random number from 0 (the full wait) to 1 (a wait 10 % shorter); anything outside is clamped.
pub fn next_attempt(after_attempt: u32, failed_at: Timestamp, jitter: f64) -> Option<Timestamp> {
    let index = usize::try_from(after_attempt.checked_sub(1)?).ok()?;
    let delay = DELAYS.get(index)?;
    // `max` before `min`, and not `clamp`: this way NaN becomes 0 as well.
    #[expect(
        clippy::manual_clamp,
        reason = "clamp keeps NaN, which Duration refuses"
    )]
    let share = jitter.max(0.0).min(1.0);
    let delay = delay.mul_f64(1.0 - MAX_JITTER * share);
    let millis = i64::try_from(delay.as_millis()).ok()?;
    Some(failed_at.plus_millis(millis))
}

/// The end of the retries of a delivery whose attempt `after_attempt` failed at `failed_at`: what is left of the 24 hours
/// then. `None` when no retry is left.
pub fn last_retry(after_attempt: u32, failed_at: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(after_attempt.checked_sub(1)?).ok()?;
    let left: Duration = DELAYS.get(index..)?.iter().sum();
    let millis = i64::try_from(left.as_millis()).ok()?;
    (millis > 0).then(|| failed_at.plus_millis(millis))
}

/// `next`, put off until `asked`, but not beyond `until`. `None` when the attempt that failed at `failed_at` was the one
/// at `until`.
pub fn put_off(
    next: Timestamp,
    asked: Option<Timestamp>,
    failed_at: Timestamp,
    until: Timestamp,
) -> Option<Timestamp> {
    let wanted = asked.map_or(next, |asked| asked.max(next));
    (failed_at < until).then(|| wanted.min(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_778_241_600_000);

    #[test]
    fn full_waits_are_those_of_the_contract_and_sum_to_24_hours() {
        let mut at = START;
        for (attempt, seconds) in [(1, 60), (2, 600), (3, 3_600), (4, 18_000), (5, 64_140)] {
            let next = next_attempt(attempt, at, 0.0).unwrap();
            assert_eq!(next, at.plus_seconds(seconds), "after attempt {attempt}");
            at = next;
        }
        assert_eq!(at, START.plus_seconds(24 * 60 * 60));
    }

    #[test]
    fn nothing_follows_the_last_attempt() {
        assert_eq!(next_attempt(MAX_ATTEMPTS, START, 0.0), None);
        assert_eq!(next_attempt(MAX_ATTEMPTS + 1, START, 0.0), None);
        assert_eq!(next_attempt(u32::MAX, START, 0.0), None);
        assert_eq!(next_attempt(0, START, 0.0), None);
        assert!(next_attempt(MAX_ATTEMPTS - 1, START, 0.0).is_some());
    }

    #[test]
    fn what_is_left_of_the_24_hours_shrinks_with_each_attempt() {
        for (attempt, seconds) in [
            (1, 86_400),
            (2, 86_340),
            (3, 85_740),
            (4, 82_140),
            (5, 64_140),
        ] {
            let last = last_retry(attempt, START).unwrap();
            assert_eq!(last, START.plus_seconds(seconds), "after attempt {attempt}");
        }
        for attempt in [0, MAX_ATTEMPTS, u32::MAX] {
            assert_eq!(last_retry(attempt, START), None);
        }
    }

    #[test]
    fn a_receiver_can_put_off_the_next_attempt_to_the_end_and_not_further() {
        let (next, until) = (START.plus_seconds(60), START.plus_seconds(1_000));
        for (asked, expected) in [
            (None, 60),
            (Some(5), 60),
            (Some(600), 600),
            (Some(9_000), 1_000),
        ] {
            let asked = asked.map(|seconds| START.plus_seconds(seconds));
            let found = put_off(next, asked, START, until);
            assert_eq!(found, Some(START.plus_seconds(expected)), "{asked:?}");
        }
        let late = put_off(until.plus_seconds(60), None, START, until);
        assert_eq!(late, Some(until), "the schedule's own wait ends there too");
        assert_eq!(put_off(next, None, until, until), None);
    }

    #[test]
    fn jitter_only_shortens_and_by_ten_percent_at_most() {
        for (jitter, seconds) in [
            (0.0, 600),
            (0.5, 570),
            (1.0, 540),
            (-3.0, 600),
            (9.0, 540),
            (f64::NAN, 600),
        ] {
            assert_eq!(
                next_attempt(2, START, jitter),
                Some(START.plus_seconds(seconds)),
                "{jitter}"
            );
        }
    }
}
