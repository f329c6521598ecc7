//! Renewing an order: what of it is due, what its wallet pays, and what follows when it cannot (docs/adr/0020).
//!
//! What must stay true: `months_paid`, `renews_at` and the ledger change together. A run that is repeated, late or one of
//! many finds what is paid and goes on from there.

use std::collections::BTreeSet;

use super::{Domain, EXPIRY_LEAD_SECONDS, Effect, Order, OrderDomain, Removal, schedule_removal};
use crate::event::EventType;
use crate::id::DomainId;
use crate::job::NewJob;
use crate::mail::MailProvider;
use crate::money::Cents;
use crate::status::IllegalTransition;
use crate::time::Timestamp;
use crate::wallet::{InsufficientFunds, LedgerReason, Wallet};

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// For how long a bill that the wallet cannot pay is tried, once a day.
const DUNNING_SECONDS: i64 = 7 * DAY_SECONDS;
/// How long an order that was not paid goes on after its cancellation was scheduled.
const NOTICE_SECONDS: i64 = 7 * DAY_SECONDS;
/// Months of a registration.
const YEAR: i32 = 12;

/// All that a renewal goes by.
#[derive(Debug)]
pub struct RenewalFacts {
    pub order: Order,
    /// All domains that the order ever had, by position.
    pub parts: Vec<OrderDomain>,
    /// Those that are charged and were bought.
    pub domains: Vec<Domain>,
    pub wallet: Wallet,
}

/// What becomes of an order whose time has come: the rows that changed, what follows, and when the job runs next; never
/// again when the order has no renewal.
#[derive(Debug)]
pub struct Renewal {
    pub order: Order,
    pub parts: Vec<OrderDomain>,
    pub domains: Vec<Domain>,
    pub effects: Vec<Effect>,
    pub next: Option<Timestamp>,
}

/// Charges what is due of an order at `now`, one period. `None` when it has ended or is to be cancelled, and so has no
/// renewal.
pub fn renew(facts: RenewalFacts, now: Timestamp) -> Result<Option<Renewal>, IllegalTransition> {
    let Some(renews_at) = facts.order.renews_at.filter(|_| facts.order.renews()) else {
        return Ok(None);
    };
    let Some(bill) = Bill::of(&facts, renews_at, now) else {
        return Ok(Some(owes_nothing(facts.order, renews_at)));
    };
    match facts.wallet.covers(bill.total()) {
        Ok(()) => Ok(Some(paid(facts, &bill, now))),
        Err(missing) => unpaid(facts, &bill, missing, now).map(Some),
    }
}

/// A month to be paid.
#[derive(Debug)]
struct Month {
    /// When it ends, which is the next renewal.
    to: Timestamp,
    price: Cents,
    google_licenses: u32,
    microsoft_licenses: u32,
}

/// What is due together, so that it is paid together or not at all.
#[derive(Debug)]
struct Bill {
    /// Since when it is due.
    due: Timestamp,
    /// The month; `None` when nothing but registrations that end before the next one are due.
    month: Option<Month>,
    /// The domains that get another year.
    domains: BTreeSet<DomainId>,
    registrations: Cents,
}

impl Bill {
    /// What is due at `now`: the month that began at `renews_at` with the registrations that end before it does; or,
    /// before that, the registrations for which the next month would come too late. `None` when nothing is.
    fn of(facts: &RenewalFacts, renews_at: Timestamp, now: Timestamp) -> Option<Self> {
        let month = (renews_at <= now).then(|| Month::of(&facts.order, &facts.parts));
        let before = match &month {
            Some(month) => month.to,
            None => renews_at.min(now.plus_seconds(EXPIRY_LEAD_SECONDS).plus_millis(1)),
        };
        let renewable = facts
            .domains
            .iter()
            .filter(|domain| domain.may_be_renewed());
        let ending: Vec<(&Domain, Timestamp)> = renewable
            .filter_map(|domain| Some((domain, domain.registered_until?)))
            .filter(|(_, end)| *end < before)
            .collect();
        let first_end = ending.iter().map(|(_, end)| *end).min();
        let due = match (&month, first_end) {
            (Some(_), _) => renews_at,
            (None, Some(end)) => end.plus_seconds(-EXPIRY_LEAD_SECONDS),
            (None, None) => return None,
        };
        Some(Self {
            due,
            month,
            domains: ending.iter().map(|(domain, _)| domain.id.clone()).collect(),
            registrations: ending
                .iter()
                .map(|(domain, _)| domain.renewal_price_cents)
                .sum(),
        })
    }

    fn total(&self) -> Cents {
        let month = self.month.as_ref().map(|month| month.price);
        month.unwrap_or(Cents::ZERO) + self.registrations
    }

    /// What was paid, for people.
    fn paid_message(&self) -> String {
        let (google, microsoft) = self.month.as_ref().map_or((0, 0), |month| {
            (month.google_licenses, month.microsoft_licenses)
        });
        let registrations = u32::try_from(self.domains.len()).unwrap_or(u32::MAX);
        let parts = [
            (google, "Google license"),
            (microsoft, "Microsoft license"),
            (registrations, "registration"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| counted(number, what))
            .collect();
        let parts = if parts.is_empty() {
            "nothing to pay".to_owned()
        } else {
            parts.join(", ")
        };
        match &self.month {
            Some(month) => format!("The month until {} is paid: {parts}", month.to),
            None => format!("Another year is paid: {parts}"),
        }
    }
}

impl Month {
    fn of(order: &Order, parts: &[OrderDomain]) -> Self {
        let mut month = Self {
            to: order.created_at.plus_months(order.months_paid + 1),
            price: Cents::ZERO,
            google_licenses: 0,
            microsoft_licenses: 0,
        };
        for domain in parts.iter().filter(|domain| domain.is_charged()) {
            month.price += domain.license_share(order);
            match domain.provider {
                MailProvider::Google => month.google_licenses += domain.licenses(),
                MailProvider::Microsoft => month.microsoft_licenses += domain.licenses(),
            }
        }
        month
    }
}

fn counted(number: u32, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// What was due alone and not paid, a registration, is not needed any more: the next bill has days of its own.
fn owes_nothing(mut order: Order, renews_at: Timestamp) -> Renewal {
    order.overdue_since = None;
    Renewal {
        order,
        parts: Vec::new(),
        domains: Vec::new(),
        effects: Vec::new(),
        next: Some(renews_at),
    }
}

fn paid(facts: RenewalFacts, bill: &Bill, now: Timestamp) -> Renewal {
    let RenewalFacts {
        mut order,
        mut domains,
        ..
    } = facts;
    let total = bill.total();
    let mut effects = vec![
        Effect::Debit {
            amount: total,
            reason: LedgerReason::Renewal,
            order: order.id.clone(),
        },
        Effect::tell(
            EventType::OrderRenewed,
            &order.id,
            bill.paid_message(),
            Some(-total).filter(|amount| *amount != Cents::ZERO),
        ),
    ];
    domains.retain(|domain| bill.domains.contains(&domain.id));
    for domain in &mut domains {
        let end = domain.registered_until;
        domain.renewing_until = end.map(|end| end.plus_months(YEAR));
        let job = NewJob::registration(&order.account_id, &order.id, &domain.id, now);
        effects.push(Effect::Enqueue(job));
    }
    if let Some(month) = &bill.month {
        order.months_paid += 1;
        order.renews_at = Some(month.to);
    }
    order.overdue_since = None;
    Renewal {
        next: Some(order.renews_at.unwrap_or(now)),
        order,
        parts: Vec::new(),
        domains,
        effects,
    }
}

/// The wallet cannot pay. It is tried again every day, for 7 days; then the order is cancelled.
fn unpaid(
    facts: RenewalFacts,
    bill: &Bill,
    missing: InsufficientFunds,
    now: Timestamp,
) -> Result<Renewal, IllegalTransition> {
    let RenewalFacts {
        mut order, parts, ..
    } = facts;
    // A server that was down for long gives the partner his days all the same.
    let noticed_late = now.as_seconds() - bill.due.as_seconds() > DAY_SECONDS;
    let first = if noticed_late { now } else { bill.due };
    let is_news = order.overdue_since.is_none();
    let since = *order.overdue_since.get_or_insert(first);
    let gives_up = since.plus_seconds(DUNNING_SECONDS) <= now;
    let mut effects = vec![unpaid_told(&order, missing, gives_up)];
    if is_news {
        effects.push(Effect::TellWalletLow {
            order: order.id.clone(),
            required: missing.required,
        });
    }
    if gives_up {
        let all = parts.iter().map(|domain| domain.position).collect();
        let ends_at = now.plus_seconds(NOTICE_SECONDS);
        let removal = schedule_removal(order, parts, &all, ends_at, now)?;
        return Ok(given_up(effects, removal));
    }
    let days = (now.as_seconds() - since.as_seconds()) / DAY_SECONDS + 1;
    Ok(Renewal {
        order,
        parts: Vec::new(),
        domains: Vec::new(),
        effects,
        next: Some(since.plus_seconds(days * DAY_SECONDS)),
    })
}

fn given_up(mut effects: Vec<Effect>, removal: Removal) -> Renewal {
    effects.extend(removal.effects);
    Renewal {
        order: removal.order,
        parts: removal.parts,
        domains: Vec::new(),
        effects,
        next: None,
    }
}

fn unpaid_told(order: &Order, missing: InsufficientFunds, gives_up: bool) -> Effect {
    let InsufficientFunds { required, balance } = missing;
    let then = if gives_up {
        "it was tried for 7 days, so the order will be cancelled"
    } else {
        "it is tried again every day for 7 days"
    };
    let short = required - balance;
    Effect::tell(
        EventType::OrderRenewalFailed,
        &order.id,
        format!("The wallet holds {balance} of {required}, {short} are missing; {then}"),
        None,
    )
}
