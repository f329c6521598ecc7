//! How long to wait before the next try.

/// Wait after the first failure.
const FIRST_MS: i64 = 2_000;
/// Longest wait: half an hour.
pub(crate) const CAP_MS: i64 = 30 * 60 * 1000;

/// Milliseconds to wait after so many attempts: doubled each time up to the cap, less up to a fifth, so that jobs
/// which failed together do not come back together.
pub(crate) fn after(attempts: u32) -> i64 {
    let doubled = FIRST_MS << attempts.saturating_sub(1).min(16);
    let wait = doubled.min(CAP_MS);
    wait - i64::from(rand::random_range(0..20u8)) * wait / 100
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
            (11, CAP_MS),
            (60, CAP_MS),
            (u32::MAX, CAP_MS),
        ] {
            let wait = after(attempts);
            assert!(
                wait <= longest && wait > longest * 4 / 5,
                "{attempts}: {wait}"
            );
        }
    }
}
