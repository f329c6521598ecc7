//! The API as a partner sees it, on both engines. Files mirror the URLs; what holds for every URL stands beside them.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod access;
mod bundles;
mod codes;
mod domains;
mod envelope;
mod events;
mod hostile;
mod idempotency;
mod isolation;
mod live;
mod me;
mod names_and_addresses;
mod openapi;
mod operations;
mod orders;
mod paging;
mod rate_limit;
mod sandbox;
mod sandbox_clock;
mod storage_faults;
mod swaps;
mod users;
mod wallet;
mod webhook_check;
mod webhooks;
