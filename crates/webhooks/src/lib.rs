//! Webhook signing, the retry schedule and the SSRF-safe HTTP client (contract §6).
//!
//! Which delivery is due is not decided here: the caller claims it, signs it with [`headers`], sends it with
//! [`OutboundClient`] and asks [`next_attempt`] when to try again. What must stay true: every outgoing request to an
//! address that somebody outside chose goes through [`OutboundClient`], and through nothing else.

mod address;
mod client;
mod diagnose;
mod fetch;
mod listener;
mod outcome;
mod resolver;
mod schedule;
mod sign;
mod verify;

pub use address::{AddressPolicy, RangeRefused, Refused};
pub use client::{CONNECT_TIMEOUT, ClientError, DELIVERY_TIMEOUT, OutboundClient, TargetRefused};
pub use diagnose::{Check, Diagnosis, Sample, TOLERANCE_SECONDS, diagnose};
pub use fetch::Fetched;
pub use listener::listener_secret;
pub use outcome::{MAX_EXCERPT_BYTES, Outcome, RetryAfter, classify};
pub use resolver::{Looking, Lookup};
pub use schedule::{MAX_ATTEMPTS, last_retry, next_attempt, put_off};
pub use sign::{InvalidSecret, SigningSecret, headers};
pub use verify::{SignatureFamily, VerifyError, verify};
