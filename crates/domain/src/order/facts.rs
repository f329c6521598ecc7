//! What the decision about a new order goes by: what the account knows, and beside it what providers answer.

use std::collections::{BTreeSet, HashMap};

use super::OrderRequest;
use crate::email::EmailAddress;
use crate::id::OrderId;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::name::DomainName;
use crate::price::PriceBook;
use crate::sizing::Volume;
use crate::status::{BundleStatus, UserStatus};
use crate::time::Timestamp;
use crate::wallet::Wallet;

/// What the account knows of an order that is to be placed or quoted.
#[derive(Debug, Clone)]
pub struct OrderFacts {
    /// The time on the account's clock.
    pub now: Timestamp,
    /// The customer, if there is one with the id or the address.
    pub customer: Option<KnownCustomer>,
    /// The bundle that is to size it, if there is one.
    pub bundle: Option<KnownBundle>,
    /// Its names, as far as the account has seen them before.
    pub domains: HashMap<String, KnownDomain>,
    /// Those of its names whose import has begun and is not finished.
    pub importing: BTreeSet<String>,
    pub wallet: Wallet,
}

/// A customer as an order sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCustomer {
    pub email: EmailAddress,
    pub status: UserStatus,
}

/// A bundle as an order sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBundle {
    pub status: BundleStatus,
    pub volume: Volume,
}

/// What an order has to know of a name that the account has seen before.
#[derive(Debug, Clone)]
pub struct KnownDomain {
    /// Whether the account owns it.
    pub owned: bool,
    /// The active order that holds it.
    pub order: Option<OrderId>,
    /// Providers it can host.
    pub usable_for: Vec<MailProvider>,
    /// What a further year costs, as it was booked when it was bought.
    pub renewal_price: Cents,
}

/// Where a name comes from if an account orders it: what `POST /domains/availability` tells, and what orders go by.
#[derive(Debug, Clone, Copy)]
pub enum Holding<'a> {
    /// One of the account's active orders holds it, so no other order takes it. It may still be being bought.
    OnOrder(&'a OrderId),
    /// It is the account's and on no order: an order takes it for nothing.
    Inventory(&'a KnownDomain),
    /// It is not the account's: only the registrar knows.
    Elsewhere,
}

impl KnownDomain {
    /// The active order that holds it.
    pub fn holder(&self) -> Option<&OrderId> {
        match self.holding() {
            Holding::OnOrder(order) => Some(order),
            Holding::Inventory(_) | Holding::Elsewhere => None,
        }
    }

    pub fn holding(&self) -> Holding<'_> {
        match &self.order {
            Some(order) => Holding::OnOrder(order),
            None if self.owned => Holding::Inventory(self),
            None => Holding::Elsewhere,
        }
    }
}

/// What providers have answered so far; `None` was not asked.
#[derive(Debug, Clone, Default)]
pub struct OrderAnswers {
    /// Whether the sequencer knows the route.
    pub route: Option<Result<(), RouteRefusal>>,
    /// What the registrar says of the names that the account does not own.
    pub names: Option<HashMap<DomainName, RegistrarOffer>>,
}

/// Why inboxes cannot be handed to the sequencer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteRefusal {
    ClientNotFound,
    ConnectionRequired,
}

/// Whether a name can be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrarOffer {
    Buyable {
        /// First year.
        price: Cents,
        /// Further years.
        renewal_price: Cents,
        usable_for: Vec<MailProvider>,
    },
    /// It cannot, for this reason in the words of `domains_not_submittable`.
    NotToBeHad(&'static str),
}

/// What the operator has set.
#[derive(Debug, Clone, Copy)]
pub struct OrderTerms {
    pub prices: PriceBook,
    /// Inboxes that a bundle's Microsoft license stands for.
    pub microsoft_inboxes_per_license: u32,
}

impl OrderFacts {
    /// The name as the account owns it; any other has to be bought.
    pub(super) fn owned(&self, name: &DomainName) -> Option<&KnownDomain> {
        let known = self.domains.get(name.as_str());
        known.filter(|domain| domain.owned)
    }

    /// The names that the registrar has to be asked about, in submitted order.
    pub fn to_be_bought(&self, request: &OrderRequest) -> Vec<DomainName> {
        let names = request.domains.iter().map(|domain| &domain.name);
        names
            .filter(|name| self.owned(name).is_none())
            .cloned()
            .collect()
    }
}
