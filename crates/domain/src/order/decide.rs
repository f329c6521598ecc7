//! Whether a new order is accepted, and what it is and costs: every rule of contract §4 between the body and the write.

use super::offer::Offer;
use super::problems::{self, Problems, insufficient_funds};
use super::{
    Customer, NewOrder, NewOrderDomain, OrderAnswers, OrderFacts, OrderRequest, OrderTerms,
    Personas, RequestedDomain, Sizing,
};
use crate::email::EmailAddress;
use crate::error::{Error, Result};
use crate::id::{AccountId, DomainId, OrderId, UserId};
use crate::mail::MailProvider;
use crate::money::{CURRENCY, Cents};
use crate::plan::{Allocation, Candidate, Capacity, allocate};
use crate::price::{line_items, total};
use crate::status::{BundleStatus, UserStatus};
use crate::time::Timestamp;
use crate::view::{OrderCosts, Source};

/// For how long a repetition is the same order (contract §1).
const DEDUPE_SECONDS: i64 = 24 * 60 * 60;

/// Whom an order is for and how large it is: what has to be known to tell a repetition from another order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBasis {
    /// The customer, who need not exist yet.
    pub email: EmailAddress,
    pub capacity: Capacity,
}

/// Errors: `not_found` on `bundle_id`, then on `user`.
pub fn basis(request: &OrderRequest, facts: &OrderFacts, terms: &OrderTerms) -> Result<OrderBasis> {
    Ok(OrderBasis {
        capacity: capacity(request, facts, terms)?,
        email: customer(request, facts)?,
    })
}

fn capacity(request: &OrderRequest, facts: &OrderFacts, terms: &OrderTerms) -> Result<Capacity> {
    if let Sizing::Custom { google, microsoft } = &request.sizing {
        return Ok(Capacity::custom(*google, *microsoft));
    }
    let bundle = facts.bundle.as_ref();
    let bundle = bundle.ok_or_else(|| Error::not_found("bundle").with_field("bundle_id"))?;
    let inboxes = terms.microsoft_inboxes_per_license;
    Ok(Capacity::bundle(&bundle.volume, inboxes))
}

fn customer(request: &OrderRequest, facts: &OrderFacts) -> Result<EmailAddress> {
    match (&facts.customer, &request.customer) {
        (Some(known), _) => Ok(known.email.clone()),
        (None, Customer::Email(email)) => Ok(email.clone()),
        (None, Customer::Id(_)) => Err(Error::not_found("user").with_field("user")),
    }
}

/// Whether bundle and customer may be ordered for. Not before the order is known to be no repetition: neither an archived
/// bundle nor a deleted user hides the original (contract §4). Errors: `invalid_request` on `bundle_id`, then on `user`.
pub fn usable(facts: &OrderFacts) -> Result<()> {
    let bundle = facts.bundle.as_ref().map(|bundle| bundle.status);
    if bundle == Some(BundleStatus::Archived) {
        return Err(Error::invalid(
            "bundle_id",
            "This bundle is archived and cannot be ordered any more",
        ));
    }
    let customer = facts.customer.as_ref().map(|customer| customer.status);
    if customer == Some(UserStatus::Deleted) {
        return Err(Error::invalid(
            "user",
            "This user is deleted; restore the user in the portal or use another",
        ));
    }
    Ok(())
}

/// What a decision is about.
#[derive(Debug, Clone, Copy)]
pub struct OrderCase<'a> {
    pub request: &'a OrderRequest,
    pub facts: &'a OrderFacts,
    pub basis: &'a OrderBasis,
    pub terms: &'a OrderTerms,
}

/// An order as it would be, with everything that stands in its way.
#[derive(Debug)]
pub struct OrderDecision<'a> {
    /// In submitted order.
    pub domains: Vec<PlannedDomain<'a>>,
    pub costs: OrderCosts,
    /// What the wallet would hold before it is paid, filled up where wallets are.
    pub balance: Cents,
    case: OrderCase<'a>,
    asked: Asked,
    problems: Problems,
}

/// A domain of an order as it would be.
#[derive(Debug, Clone, Copy)]
pub struct PlannedDomain<'a> {
    pub requested: &'a RequestedDomain,
    pub source: Source,
    /// First and further years; `None` when it cannot be bought.
    pub prices: Option<(Cents, Cents)>,
    /// What it would host; `None` when it has no place in the plan.
    pub allocation: Option<Allocation>,
    usable_for: &'a [MailProvider],
}

/// Which providers have answered.
#[derive(Debug, Clone, Copy)]
struct Asked {
    sequencer: bool,
    registrar: bool,
}

/// What comes after a decision.
#[derive(Debug)]
pub enum NextStep<'a> {
    /// The order is refused, whatever providers have not been asked yet.
    Refuse(Error),
    /// Nothing known so far refuses it; the sequencer has to be asked for the route.
    AskSequencer,
    /// Nothing known so far refuses it; the registrar has to be asked for the names.
    AskRegistrar,
    /// It is accepted.
    Write(Box<OrderDecision<'a>>),
}

/// What an accepted order is made with that no rule decides.
#[derive(Debug)]
pub struct OrderIdentity {
    pub account: AccountId,
    pub id: OrderId,
    /// The customer's id, should one be made.
    pub new_user_id: UserId,
    /// What makes a repeated order the same.
    pub fingerprint: String,
    /// The sequencer log-in's password, sealed.
    pub sealed_password: String,
}

/// Decides about an order. A provider that was not asked stands in no way.
pub fn decide<'a>(case: OrderCase<'a>, answers: &'a OrderAnswers) -> OrderDecision<'a> {
    let OrderCase { request, facts, .. } = case;
    let capacity = &case.basis.capacity;
    let offers: Vec<Offer<'_>> = request
        .domains
        .iter()
        .map(|domain| Offer::of(domain, facts, answers))
        .collect();
    let (allocations, misfits) = allocate(capacity, &candidates(&offers, |it| it.usable_for));
    let at_best = candidates(&offers, Offer::usable_for_at_best);
    let (_, inventory_misfits) = allocate(capacity, &at_best);
    let costs = costs(case, &offers);
    let refused = offers
        .iter()
        .filter_map(|offer| Some((offer.requested.name.as_str(), offer.refusal?)));
    let problems = Problems {
        count: capacity.check_count(request.domains.len()).err(),
        route: answers
            .route
            .and_then(|route| route.err().map(problems::route)),
        overlap: problems::overlap(request, facts),
        importing: problems::importing(facts),
        misfits,
        inventory_misfit: inventory_misfits.into_iter().next(),
        not_submittable: problems::not_submittable(refused),
        funds: facts
            .wallet
            .covers(costs.total_cents)
            .err()
            .map(insufficient_funds),
    };
    let planned = offers.iter().zip(allocations);
    OrderDecision {
        domains: planned
            .map(|(offer, allocation)| PlannedDomain {
                requested: offer.requested,
                source: offer.source,
                prices: offer.prices,
                usable_for: offer.usable_for,
                allocation,
            })
            .collect(),
        balance: facts.wallet.spendable(costs.total_cents),
        costs,
        case,
        asked: Asked {
            sequencer: answers.route.is_some(),
            registrar: answers.names.is_some(),
        },
        problems,
    }
}

fn candidates<'a>(
    offers: &[Offer<'a>],
    usable_for: impl Fn(&Offer<'a>) -> &'a [MailProvider],
) -> Vec<Candidate<'a>> {
    let candidate = |offer: &Offer<'a>| Candidate {
        name: &offer.requested.name,
        usable_for: usable_for(offer),
    };
    offers.iter().map(candidate).collect()
}

fn costs(case: OrderCase<'_>, offers: &[Offer<'_>]) -> OrderCosts {
    let bought = offers
        .iter()
        .filter(|offer| offer.source == Source::Registered);
    let registrations: Vec<Cents> = bought
        .filter_map(|offer| offer.prices)
        .map(|(first_year, _)| first_year)
        .collect();
    let (google, microsoft) = licenses(&case.basis.capacity);
    let line_items = line_items(google, microsoft, &case.terms.prices, &registrations);
    OrderCosts {
        total_cents: total(&line_items),
        currency: CURRENCY,
        line_items,
    }
}

/// Of Google and of Microsoft.
fn licenses(capacity: &Capacity) -> (u32, u32) {
    let of = |provider| capacity.provider(provider).map_or(0, |plan| plan.licenses);
    (of(MailProvider::Google), of(MailProvider::Microsoft))
}

impl<'a> OrderDecision<'a> {
    /// Every problem, in the order of checks; none when the order would be accepted.
    pub fn into_problems(self) -> Vec<Error> {
        self.problems.all()
    }

    /// What placing the order comes to: the first problem refuses it. Providers are asked one after the other and only
    /// while nothing refuses it, so that a wrong body costs no look-up of up to 12,000 names.
    pub fn next_step(mut self) -> NextStep<'a> {
        if let Some(refusal) = self.problems.count.take() {
            return NextStep::Refuse(refusal);
        }
        if !self.asked.sequencer {
            return NextStep::AskSequencer;
        }
        let route = self.problems.route.take();
        if let Some(refusal) = route.or_else(|| self.problems.take_known()) {
            return NextStep::Refuse(refusal);
        }
        if !self.asked.registrar {
            return NextStep::AskRegistrar;
        }
        match self.problems.take_answered() {
            Some(refusal) => NextStep::Refuse(refusal),
            None => NextStep::Write(Box::new(self)),
        }
    }

    /// The order that is to be written. Errors: a decision that has problems is none to be written.
    pub fn into_order(self, identity: OrderIdentity) -> Result<NewOrder> {
        let OrderCase {
            request,
            facts,
            basis,
            terms,
        } = self.case;
        let now = facts.now;
        let domains = self.domains.iter().map(|planned| planned.new_domain(now));
        let (google_licenses, microsoft_licenses) = licenses(&basis.capacity);
        Ok(NewOrder {
            account: identity.account,
            id: identity.id,
            email: basis.email.clone(),
            new_user_id: identity.new_user_id,
            bundle_id: match &request.sizing {
                Sizing::Bundle(id) => Some(id.clone()),
                Sizing::Custom { .. } => None,
            },
            domains: domains.collect::<Result<_>>()?,
            personas: Personas(request.personas.clone()),
            client_id: request.sequencer.client_id.clone(),
            login_email: request.sequencer.login_email.clone(),
            sealed_password: identity.sealed_password,
            google_licenses,
            microsoft_licenses,
            prices: terms.prices,
            fingerprint: identity.fingerprint,
            fingerprint_expires_at: now.plus_seconds(DEDUPE_SECONDS),
            renews_at: now.plus_months(1),
            created_at: now,
        })
    }
}

impl PlannedDomain<'_> {
    fn new_domain(&self, now: Timestamp) -> Result<NewOrderDomain> {
        let placed = self.allocation.zip(self.prices);
        let (allocation, (price, renewal_price)) =
            placed.ok_or_else(|| Error::internal("an order with problems was to be written"))?;
        let url = self.requested.forwarding_url.as_ref();
        Ok(NewOrderDomain {
            new_id: DomainId::new(now),
            name: self.requested.name.clone(),
            source: self.source,
            google_only: !self.usable_for.contains(&MailProvider::Microsoft),
            provider: allocation.provider,
            inboxes: allocation.inboxes,
            price,
            renewal_price,
            forwarding_url: url.map(ToString::to_string),
        })
    }
}
