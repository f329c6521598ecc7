//! Load generators that print ratios against the machine's own limit.
fn main() {}
