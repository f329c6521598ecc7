//! How long failed work is tried before somebody else has to act.

/// Tries without progress after which work is given up. With pauses that grow up to [`LONGEST_PAUSE_MS`] that is a little
/// over a day.
pub const MAX_ATTEMPTS: u32 = 60;

/// Longest pause that we make of ourselves before the next try, in milliseconds; a provider may name a longer one.
pub const LONGEST_PAUSE_MS: i64 = 30 * 60 * 1000;
