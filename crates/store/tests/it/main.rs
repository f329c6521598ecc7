//! What the databases promise, on both engines: schema, migrations, jobs, write lanes, events, query plans.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod claims;
mod connections;
mod deliveries;
mod imports;
mod jobs;
mod killed;
mod lane;
mod migrations;
mod money;
mod orders;
mod plans;
mod progress;
mod schema;
mod sequence;
mod storage;
mod turns;
mod vendors;
mod wallet;
