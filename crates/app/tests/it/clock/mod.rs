//! The sandbox clock: every timer of the account follows it, in the right order, whatever happens on the way.

mod equality;
mod timers;
mod walks;

const DAY: i64 = 24 * 60 * 60;
