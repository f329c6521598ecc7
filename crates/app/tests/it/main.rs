//! The durable workflows, on both engines: whatever goes wrong at whatever moment, orders come to their right end,
//! money adds up, events are delivered, secrets stay secret.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod addresses;
mod books;
mod cancellation;
mod clock;
mod crashes;
mod delivery;
mod deprovisioning;
mod dunning;
mod endpoint_health;
mod fairness;
mod interleavings;
mod leaving;
mod log;
mod matrix;
mod model_based;
mod names;
mod operator;
mod partners;
mod provider_errors;
mod provisioning;
mod registrations;
mod renewals;
mod retention;
mod retry_after;
mod rotation;
mod samples;
mod secrets;
