//! What Peeker asks of the outside world: one small trait (port) per kind of provider, and a folder per adapter.
//!
//! Three things hold for every port and every adapter, and the shared suite in `contract.rs` tests them:
//! - repeating a mutating call, with the same idempotency key or on the same object, has the same end state
//!   (look up, create, on conflict adopt);
//! - an adapter keeps nothing in memory between calls, never sleeps and never retries: it classes what went wrong
//!   ([`ErrorClass`]); when to come back is decided in one place for all (`peeker_domain::provider_error`);
//! - a vendor's words and wire types never leave the adapter's folder, secrets leave it in no form at all.

use std::sync::Arc;

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;

pub mod cloudflare;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod dns;
pub mod dns_probes;
mod endpoint;
pub mod error;
pub mod google;
mod limits;
pub mod mail;
pub mod microsoft;
pub mod namecom;
mod picture;
pub mod probes;
pub mod registrar;
pub mod registry;
pub mod sandbox;
pub mod sequencer;
pub mod simulation;
pub mod smartlead;
pub mod vendor;
pub mod web_probes;

pub use dns::{Dns, DnsRecord, RecordKind, Zone};
pub use error::{ErrorClass, Port, ProviderError, Scope};
pub use mail::{InboxRename, InboxSpec, Mail, MailDomain, Purpose};
pub use probes::{Probes, TargetProblem};
pub use registrar::{Bought, Check, Receipt, Registrar, Registration, Verdict};
pub use sequencer::{HandOver, RouteError, SequencerPort};
pub use simulation::Simulation;

/// On whose behalf, under which key and when a provider is called.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub account: &'a AccountId,
    /// Made by the workflow, the same on every retry of the same step; reads do not look at it.
    pub idempotency_key: &'a str,
    pub now: Timestamp,
}

/// The adapters of one environment, one per port.
#[derive(Clone)]
pub struct Providers {
    pub registrar: Arc<dyn Registrar>,
    /// Hosts zones and web redirects.
    pub dns: Arc<dyn Dns>,
    /// Hosts inboxes, at either mail provider.
    pub mail: Arc<dyn Mail>,
    /// Sends from the inboxes.
    pub sequencer: Arc<dyn SequencerPort>,
    /// Looks at what customers have set up elsewhere.
    pub probes: Arc<dyn Probes>,
    /// Says what is to happen in a sandbox that none of these could; nothing, outside of one.
    pub simulation: Arc<dyn Simulation>,
}
