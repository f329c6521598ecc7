//! What a sandbox lets happen to a partner that no provider could: some of contract §7's magic is about Peeker's own
//! books. Every environment has one; outside a sandbox it is [`Nothing`].

use peeker_domain::EmailAddress;

/// Asked where a branch could not be reached in a sandbox otherwise. It answers at once, from what it is given.
pub trait Simulation: Send + Sync {
    /// Whether this customer's orders are to find the wallet empty, whatever it holds.
    fn empties_wallet(&self, customer: &EmailAddress) -> bool;
}

#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Simulation for Nothing {
    fn empties_wallet(&self, _customer: &EmailAddress) -> bool {
        false
    }
}
