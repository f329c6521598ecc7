//! How long to wait before the next try.

use peeker_domain::retry::LONGEST_PAUSE_MS;

/// Wait after the first failure.
const FIRST_MS: i64 = 2_000;

/// Milliseconds to wait after so many attempts: doubled each time up to the cap, less up to a fifth, so that jobs
/// which failed together do not come back together.
pub(crate) fn after(attempts: u32) -> i64 {
    let doubled = FIRST_MS << attempts.saturating_sub(1).min(16);
    let wait = doubled.min(LONGEST_PAUSE_MS);
    wait - i64::from(rand::random_range(0..20u8)) * wait / 100
}

/// Longest wait between two looks at what somebody else has to mend: a day.
const WATCH_CAP_SECONDS: i64 = 24 * 60 * 60;

/// Seconds to the next look at what somebody else has to mend: a 24th of the time that it has waited already, so that who
/// acts soon is seen soon, and who never acts costs little.
pub(crate) fn watch(waited_seconds: i64, shortest: i64) -> i64 {
    (waited_seconds / 24).clamp(shortest, WATCH_CAP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap() {
        for (attempts, longest) in [
            (1, 2_000),
            (2, 4_000),
            (5, 32_000),
            (11, LONGEST_PAUSE_MS),
            (60, LONGEST_PAUSE_MS),
            (u32::MAX, LONGEST_PAUSE_MS),
        ] {
            let wait = after(attempts);
            assert!(
                wait <= longest && wait > longest * 4 / 5,
                "{attempts}: {wait}"
            );
        }
    }
    #[test]
    fn a_watch_looks_less_and_less_often() {
        let (minute, hour, day) = (60, 60 * 60, 24 * 60 * 60);
        for (waited, wait) in [
            (0, 5 * minute),
            (2 * hour, 5 * minute),
            (day, hour),
            (24 * day, day),
            (400 * day, day),
        ] {
            assert_eq!(watch(waited, 5 * minute), wait, "after {waited} s");
        }
        let (mut waited, mut looks) = (0, 0);
        while waited < 400 * day {
            waited += watch(waited, 5 * minute);
            looks += 1;
        }
        assert_eq!(looks, 539, "in 400 days");
    }
}
