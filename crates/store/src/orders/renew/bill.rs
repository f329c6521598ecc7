//! What of an order is due at a time.

use std::collections::{BTreeMap, HashSet};

use peeker_domain::id::DomainId;
use peeker_domain::{Cents, MailProvider, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::{domains, order_domains, orders};
use crate::error::Result;
use crate::number::unsigned;
use crate::orders::progress::{has_joined, license_share};
use crate::registrations::{EXPIRY_LEAD_SECONDS, may_be_renewed};
use crate::work::Work;

/// Most ids in one query.
const CHUNK: usize = 10_000;

/// A month to be paid.
#[derive(Debug)]
pub(super) struct Month {
    /// When it ends, which is the next renewal.
    pub(super) to: Timestamp,
    licenses: Cents,
    by_provider: BTreeMap<&'static str, u32>,
}

/// What is due together, so that it is paid together or not at all.
#[derive(Debug)]
pub(super) struct Bill {
    /// Since when it is due.
    pub(super) due: Timestamp,
    /// The month; `None` when nothing but registrations that end before the next one are due.
    pub(super) month: Option<Month>,
    /// The ids of the domains that get another year.
    domains: HashSet<DomainId>,
    registrations: Cents,
}

/// Whether a place is paid for: it stays on the order and, when a swap brings it in, is live.
fn is_charged(place: &order_domains::Model) -> bool {
    let stays = place.leaves_at.is_none() && !place.state.is_over();
    stays && has_joined(place)
}

/// The domains of these places that were bought.
pub(super) async fn registered(
    work: &Work<'_>,
    places: &[order_domains::Model],
) -> Result<Vec<domains::Model>> {
    let charged: Vec<_> = places.iter().filter(|place| is_charged(place)).collect();
    let mut found = Vec::new();
    for chunk in charged.chunks(CHUNK) {
        let ids = chunk.iter().map(|place| &place.domain_id);
        let rows = domains::Entity::find()
            .filter(domains::Column::AccountId.eq(&chunk[0].account_id))
            .filter(domains::Column::Id.is_in(ids))
            .filter(domains::Column::RegisteredUntil.is_not_null())
            .all(work.tx())
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

impl Bill {
    /// What is due at `now`: the month that began at `renews_at` with the registrations that end before it does; or,
    /// before that, the registrations for which the next month would come too late. `None` when nothing is.
    pub(super) fn of(
        order: &orders::Model,
        renews_at: Timestamp,
        places: &[order_domains::Model],
        domains: &[domains::Model],
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let month = if renews_at <= now {
            Some(Month::of(order, places)?)
        } else {
            None
        };
        let before = match &month {
            Some(month) => month.to,
            None => renews_at.min(now.plus_seconds(EXPIRY_LEAD_SECONDS).plus_millis(1)),
        };
        let ending: Vec<_> = domains
            .iter()
            .filter(|domain| may_be_renewed(domain))
            .filter_map(|domain| Some((domain, domain.registered_until?)))
            .filter(|(_, end)| *end < before)
            .collect();
        let first_end = ending.iter().map(|(_, end)| *end).min();
        let due = match (&month, first_end) {
            (Some(_), _) => renews_at,
            (None, Some(end)) => end.plus_seconds(-EXPIRY_LEAD_SECONDS),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self {
            due,
            month,
            domains: ending.iter().map(|(domain, _)| domain.id.clone()).collect(),
            registrations: ending
                .iter()
                .map(|(domain, _)| domain.renewal_price_cents)
                .sum(),
        }))
    }

    pub(super) fn total(&self) -> Cents {
        let licenses = self.month.as_ref().map(|month| month.licenses);
        licenses.unwrap_or(Cents::ZERO) + self.registrations
    }

    /// Whether it pays another year of this domain.
    pub(super) fn renews(&self, domain: &domains::Model) -> bool {
        self.domains.contains(&domain.id)
    }

    /// What was paid, for people.
    pub(super) fn paid_message(&self) -> String {
        let mut parts = Vec::new();
        if let Some(month) = &self.month {
            for (provider, licenses) in &month.by_provider {
                parts.push(counted(*licenses, &format!("{provider} license")));
            }
        }
        let registrations = u32::try_from(self.domains.len()).unwrap_or(u32::MAX);
        if registrations > 0 {
            parts.push(counted(registrations, "registration"));
        }
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
    fn of(order: &orders::Model, places: &[order_domains::Model]) -> Result<Self> {
        let mut month = Self {
            to: order.created_at.plus_months(order.months_paid + 1),
            licenses: Cents::ZERO,
            by_provider: BTreeMap::new(),
        };
        for place in places.iter().filter(|place| is_charged(place)) {
            let (provider, licenses) = match place.provider {
                MailProvider::Google => ("Google", unsigned(place.inboxes)?),
                MailProvider::Microsoft => ("Microsoft", 1),
            };
            *month.by_provider.entry(provider).or_default() += licenses;
            month.licenses += license_share(place, order)?;
        }
        Ok(month)
    }
}

fn counted(number: u32, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
