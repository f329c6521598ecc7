//! Registrations over the years: what was paid and waits for the registrar, and what comes to its end (docs/billing.md).

use super::{Domain, Effect, Order, OrderDomain};
use crate::history::HistoryKind;
use crate::id::{AccountId, DomainId, OrderId};
use crate::job::{JobKind, NewJob};
use crate::status::{DomainCategory, DomainStatus, IllegalTransition};
use crate::time::Timestamp;

/// How long before its end somebody looks whether a registration is paid on.
pub const EXPIRY_LEAD_SECONDS: i64 = 24 * 60 * 60;
/// When a registration is looked at again whose order is about to pay or to let it go.
const LOOK_AGAIN_SECONDS: i64 = 24 * 60 * 60;

/// The look at a registration before its end.
pub fn watch(account: &AccountId, domain: &DomainId, until: Timestamp) -> NewJob {
    let look = until.plus_seconds(-EXPIRY_LEAD_SECONDS);
    NewJob::timer(account, JobKind::Expiry, domain.as_str(), look)
}

/// What the registrar said to a year that was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrarAnswer {
    /// The registration ends then.
    Renewed(Timestamp),
    /// It will not renew it.
    Refused,
    /// There was none to ask for; another run has recorded it.
    Nothing,
}

/// Takes down what became of a year that was paid with `order`, once: an answer to a year that is settled changes nothing.
/// One that is refused is given back, and the domain ends with the year it has.
pub fn settle_paid_year(
    domain: &mut Domain,
    order: &OrderId,
    answer: &RegistrarAnswer,
    now: Timestamp,
) -> Vec<Effect> {
    if domain.renewing_until.is_none() {
        return Vec::new();
    }
    let name = &domain.name;
    let effects = match answer {
        RegistrarAnswer::Renewed(until) => {
            let record = Effect::Record {
                order: order.clone(),
                kind: HistoryKind::DomainRenewed,
                message: format!("{name} is registered until {until}"),
                amount: None,
            };
            domain.registered_until = Some(*until);
            let watch = watch(&domain.account_id, &domain.id, *until);
            vec![record, Effect::Enqueue(watch)]
        }
        RegistrarAnswer::Refused => {
            let price = domain.renewal_price_cents;
            let end = domain.registered_until.unwrap_or(now);
            let refund = Effect::Refund {
                amount: price,
                order: order.clone(),
                kind: HistoryKind::DomainRenewalFailed,
                message: format!(
                    "The registrar refused another year of {name}; it ends at {end} and what was paid is given back"
                ),
            };
            domain.renewal_refused = true;
            let (account, id) = (&domain.account_id, domain.id.as_str());
            let end = NewJob::timer(account, JobKind::Expiry, id, end);
            vec![refund, Effect::Enqueue(end)]
        }
        RegistrarAnswer::Nothing => return Vec::new(),
    };
    domain.renewing_until = None;
    effects
}

/// What is to be done about a registration that comes to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nothing, ever: nothing was bought, or a year is on its way whose answer brings the job back.
    Over,
    /// Nothing yet; look again then.
    Again(Timestamp),
    /// The order pays this registration alone, now, as its next month would come too late; look again then.
    RenewOrder(Timestamp),
    /// The registration is over: the domain leaves its order. Look again then.
    Lapse(Timestamp),
    /// The registration is over: the domain leaves the inventory.
    LeaveInventory,
}

/// Looks after a registration: an order that keeps the domain is asked to pay in time, one that was refused leaves its
/// order, an idle one leaves the inventory. `on` is the order that holds the domain, with its part there while it has one.
pub fn look_after(
    domain: &Domain,
    on: Option<(&Order, Option<&OrderDomain>)>,
    now: Timestamp,
) -> Look {
    let end = domain.registered_until;
    let Some(end) = end.filter(|_| domain.renewing_until.is_none()) else {
        return Look::Over;
    };
    let look = end.plus_seconds(-EXPIRY_LEAD_SECONDS);
    match on {
        _ if now < look => Look::Again(look),
        Some((order, part)) => look_after_part(domain, order, part, end, now),
        None if now < end => Look::Again(end),
        None => Look::LeaveInventory,
    }
}

fn look_after_part(
    domain: &Domain,
    order: &Order,
    part: Option<&OrderDomain>,
    end: Timestamp,
    now: Timestamp,
) -> Look {
    let again = now.plus_seconds(LOOK_AGAIN_SECONDS);
    let at_end = if now < end { end } else { again };
    let Some(renews_at) = order.renews_at.filter(|_| order.overdue_since.is_none()) else {
        return Look::Again(again);
    };
    let stays = order.renews() && part.is_some_and(|part| part.leaves_at.is_none());
    if !stays {
        Look::Again(at_end)
    } else if domain.renewal_refused && now >= end {
        Look::Lapse(at_end)
    } else if domain.renewal_refused || renews_at <= end {
        Look::Again(at_end)
    } else {
        Look::RenewOrder(again)
    }
}

impl Domain {
    /// An idle domain is not renewed: at its end it is a name like any other.
    pub fn leave_inventory(&mut self, now: Timestamp) -> Result<(), IllegalTransition> {
        if self.has_lapsed(now) {
            self.disown();
            self.category = DomainCategory::Candidate;
            self.turn(DomainStatus::Failed)?;
        }
        Ok(())
    }

    /// What the history says of it when it leaves its order because its registration is over.
    pub fn lapse_record(&self, order: &OrderId) -> Effect {
        Effect::Record {
            order: order.clone(),
            kind: HistoryKind::DomainLapsed,
            message: format!(
                "The registration of {} is over; the domain and its inboxes leave the order",
                self.name
            ),
            amount: None,
        }
    }
}
