//! The sandbox: simulated providers behind the same ports as the live ones (contract §7).
//!
//! The adapters keep nothing themselves. What a provider would remember goes to a [`SimulatorState`], which the store
//! implements over the sandbox database, so a simulated provider survives a restart as a real one would. Documents
//! are one per domain and purpose, written with "unless one is there": a normal domain costs one state call per step.
//! No document ever holds a password.

use std::sync::Arc;

use crate::Providers;

#[cfg(test)]
mod boundary;
mod dns;
mod magic;
mod mail;
mod mail_records;
#[cfg(test)]
mod memory;
mod opaque;
mod probes;
mod registrar;
mod sequencer;
mod simulation;
mod state;
#[cfg(test)]
mod tests;

pub use probes::Customer;
pub use registrar::{REGISTRATION_PRICE, RENEWAL_PRICE};
pub use state::{SimulatorState, StateError, StateRecord, Stored};

/// The sandbox's adapters, with `state` as their memory.
pub fn providers(state: Arc<dyn SimulatorState>) -> Providers {
    let documents = state::Documents::new(state);
    Providers {
        registrar: Arc::new(registrar::SandboxRegistrar::new(documents.clone())),
        dns: Arc::new(dns::SandboxDns::new(documents.clone())),
        mail: Arc::new(mail::SandboxMail::new(documents.clone())),
        sequencer: Arc::new(sequencer::SandboxSequencer::new(documents.clone())),
        probes: Arc::new(probes::SandboxProbes::new(documents)),
        simulation: Arc::new(simulation::SandboxSimulation),
    }
}

/// The sandbox's customer, with the same memory as its adapters.
pub fn customer(state: Arc<dyn SimulatorState>) -> Customer {
    Customer::new(state::Documents::new(state))
}
