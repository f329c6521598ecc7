//! What an account is told of a name before it orders it (contract §3), as far as its own books answer.

use std::collections::{BTreeSet, HashMap};

use super::{Holding, KnownDomain};
use crate::money::{CURRENCY, Cents};
use crate::name::DomainName;
use crate::view::{Availability, UnavailableReason};

/// What an account knows of names by itself, as orders go by it.
#[derive(Debug, Clone)]
pub struct OwnNames {
    /// Names that it has seen before.
    pub domains: HashMap<String, KnownDomain>,
    /// Names whose import has begun and is not finished.
    pub importing: BTreeSet<String>,
}

impl OwnNames {
    /// What an order would make of the name; `None` when only the registrar can say.
    pub fn availability(&self, name: &DomainName) -> Option<Availability> {
        let known = self.domains.get(name.as_str());
        match known.map_or(Holding::Elsewhere, KnownDomain::holding) {
            Holding::OnOrder(order) => Some(Availability {
                owned: Some(true),
                order_id: Some(order.to_string()),
                ..Availability::refused(name.to_string(), UnavailableReason::InActiveOrder)
            }),
            // An order refuses it until then, whatever it is now. It is the customer's, so the registrar says the same.
            _ if self.importing.contains(name.as_str()) => Some(Availability::refused(
                name.to_string(),
                UnavailableReason::Taken,
            )),
            Holding::Inventory(known) => Some(Availability {
                domain: name.to_string(),
                available: true,
                owned: Some(true),
                price_cents: Some(Cents::ZERO),
                renewal_price_cents: Some(known.renewal_price),
                currency: Some(CURRENCY.to_owned()),
                usable_for: Some(known.usable_for.clone()),
                premium: false,
                reason: None,
                order_id: None,
            }),
            Holding::Elsewhere => None,
        }
    }
}
