//! Why an order cannot be placed, in the contract's order of checks (§4): count → sequencer → overlap → provider fit →
//! registrar → wallet.

use serde_json::json;

use super::{KnownDomain, OrderFacts, OrderRequest, RouteRefusal};
use crate::error::{Code, Error};
use crate::id::OrderId;
use crate::name::DomainName;
use crate::wallet::InsufficientFunds;

/// Everything that stands in an order's way.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub count: Option<Error>,
    pub route: Option<Error>,
    pub overlap: Option<Error>,
    pub importing: Option<Error>,
    /// Domains that find no place in the plan.
    pub misfits: Vec<Error>,
    /// The first that finds none whatever the registrar says of the others. It is one of the misfits, or would be if
    /// all names could be bought.
    pub inventory_misfit: Option<Error>,
    pub not_submittable: Option<Error>,
    pub funds: Option<Error>,
}

impl Problems {
    /// All of them, as a quote shows them.
    pub fn all(self) -> Vec<Error> {
        let before = [self.count, self.route, self.overlap, self.importing];
        let after = [self.not_submittable, self.funds];
        let before = before.into_iter().flatten().chain(self.misfits);
        before.chain(after.into_iter().flatten()).collect()
    }

    /// The first of those that show before the registrar is asked, but for the count and the route.
    pub fn take_known(&mut self) -> Option<Error> {
        let known = self.overlap.take().or_else(|| self.importing.take());
        known.or_else(|| self.inventory_misfit.take())
    }

    /// The first of those that only the registrar's answers show. A name that cannot be bought is to be replaced anyway,
    /// so it is told before what it could host.
    pub fn take_answered(&mut self) -> Option<Error> {
        let name = self.not_submittable.take();
        name.or_else(|| (!self.misfits.is_empty()).then(|| self.misfits.remove(0)))
            .or_else(|| self.funds.take())
    }
}

pub(super) fn route(refusal: RouteRefusal) -> Error {
    match refusal {
        RouteRefusal::ClientNotFound => Error::new(
            Code::SmartleadClientNotFound,
            "Smartlead does not know this client_id",
        )
        .with_field("sequencer.client_id"),
        RouteRefusal::ConnectionRequired => Error::new(
            Code::SmartleadConnectionRequired,
            "The account has no working Smartlead connection; connect Smartlead first",
        ),
    }
}

/// `domain_already_in_active_order` with all the names that are.
pub(super) fn overlap(request: &OrderRequest, facts: &OrderFacts) -> Option<Error> {
    let names = request.domains.iter().map(|domain| &domain.name);
    let held = |name| {
        let known: &KnownDomain = facts.domains.get(DomainName::as_str(name))?;
        known.holder().map(|order| (name, Some(order)))
    };
    let held: Vec<_> = names.filter_map(held).collect();
    (!held.is_empty()).then(|| already_in_active_order(&held))
}

/// `domain_not_imported` with all the names whose import has begun and is not finished.
pub(super) fn importing(facts: &OrderFacts) -> Option<Error> {
    if facts.importing.is_empty() {
        return None;
    }
    let message =
        "Some domains are still being imported; wait for domain_import.completed and try again";
    let names: Vec<&String> = facts.importing.iter().collect();
    let error = Error::new(Code::DomainNotImported, message)
        .with_field("domains")
        .with_detail("domains", json!(names));
    Some(error)
}

/// `domains_not_submittable` with every name that cannot be bought and why.
pub(super) fn not_submittable<'n>(
    refused: impl Iterator<Item = (&'n str, &'static str)>,
) -> Option<Error> {
    let refused: Vec<_> = refused
        .map(|(name, reason)| json!({ "domain": name, "reason": reason }))
        .collect();
    if refused.is_empty() {
        return None;
    }
    let message = "Some domains cannot be registered; replace them and try again";
    let error = Error::new(Code::DomainsNotSubmittable, message)
        .with_field("domains")
        .with_detail("required_replacements", refused.len())
        .with_detail("domains_not_submittable", refused);
    Some(error)
}

/// `domain_already_in_active_order` for these names, with the order that holds each, as far as it is known.
pub fn already_in_active_order(held: &[(&DomainName, Option<&OrderId>)]) -> Error {
    let names: Vec<&DomainName> = held.iter().map(|(name, _)| *name).collect();
    let holder = |(name, order): &(&DomainName, Option<&OrderId>)| {
        order.map(|order| json!({ "domain": name, "order_id": order }))
    };
    let orders: Vec<_> = held.iter().filter_map(holder).collect();
    let message =
        "Some domains are on another active order; cancel that order or use other domains";
    Error::new(Code::DomainAlreadyInActiveOrder, message)
        .with_detail("domains", json!(names))
        .with_detail("orders", orders)
}

/// `insufficient_funds` for these amounts.
pub fn insufficient_funds(missing: InsufficientFunds) -> Error {
    let InsufficientFunds { required, balance } = missing;
    Error::new(
        Code::InsufficientFunds,
        "The wallet does not hold enough for this order; top it up and try again",
    )
    .with_detail("required_cents", required.0)
    .with_detail("balance_cents", balance.0)
    .with_detail("missing_cents", (required - balance).0)
}
