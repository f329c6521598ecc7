//! The rules of orders without a database: tables of every branch, properties of what adds up, and a random walk over one
//! order whose effects are carried out in memory.

mod aggregate;
mod billing;
mod builders;
mod cancel;
mod cancel_at_once;
mod case;
mod decide;
mod effects;
mod leaving;
mod partner;
mod progress;
mod registration;
mod rename;
mod renewals;
mod replacement;
mod settle;
mod swap_refusals;
mod swaps;
mod timers;
mod walk;
mod worker;
mod world;

use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;

/// The same cases on every run and every machine.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_261_127),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
