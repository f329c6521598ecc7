//! The sandbox clock: every timer of the account follows it, in the right order, whatever happens on the way. And the
//! machine's, which may jump.

mod equality;
mod jumps;
mod timers;
mod walks;

const DAY: i64 = 24 * 60 * 60;
