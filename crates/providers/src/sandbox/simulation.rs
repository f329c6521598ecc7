//! What happens in the sandbox beside its providers.

use peeker_domain::EmailAddress;

use super::magic;
use crate::Simulation;

pub(super) struct SandboxSimulation;

impl Simulation for SandboxSimulation {
    fn empties_wallet(&self, customer: &EmailAddress) -> bool {
        magic::is_broke(customer)
    }
}
