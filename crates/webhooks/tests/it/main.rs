//! The outgoing client against receivers on loopback.
#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml frees test functions only, not what they call"
)]

mod delivery;
mod fetch;
mod hostile;
mod receiver;
mod refusal;
