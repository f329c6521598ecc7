//! Cancelling an order or some of its domains: scheduled at once, carried out at the end of the paid month
//! (contract §4).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::{EventType, JobKind, OrderDomainState, OrderStatus, Timestamp, view};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::progress::has_joined;
use super::{detail, email_of, is_cancelling};
use crate::entity::{order_domains, orders, swaps};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, NewJob, finish, run_again};
use crate::work::Work;

/// Without a renewal date an order ends after so many days.
const DAYS_WITHOUT_RENEWAL: i64 = 30;

/// What is to be cancelled.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Everything.
    Order,
    /// These domains: names or `dom_` ids, as submitted.
    Domains(Vec<String>),
}

/// What became of a wish to cancel.
#[derive(Debug)]
pub enum Cancelled {
    /// It is scheduled, or was before.
    Scheduled(Box<view::OrderDetail>),
    /// The order has ended already.
    Ended(OrderStatus),
    /// These entries cannot be followed; nothing has changed.
    Misnamed(Vec<Misnamed>),
}

/// An entry that is no domain of the order, or that names one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misnamed {
    /// Its position.
    pub index: usize,
    /// The position of the entry that named the domain first.
    pub same_as: Option<usize>,
}

/// Schedules a cancellation; again is the same. `None` when there is no such order.
pub async fn schedule(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
    scope: &Scope,
    now: Timestamp,
) -> Result<Option<Cancelled>> {
    let mut work = Work::begin(db, [account]).await?;
    let key = (account.clone(), id.clone());
    let Some(order) = orders::Entity::find_by_id(key).one(work.tx()).await? else {
        return Ok(None);
    };
    if !order.status.is_active() {
        return Ok(Some(Cancelled::Ended(order.status)));
    }
    let mut places = places_of(&work, account, id).await?;
    places.retain(|place| place.state != OrderDomainState::Left);
    let mut leaving = match named(&places, scope) {
        Ok(leaving) => leaving,
        Err(misnamed) => return Ok(Some(Cancelled::Misnamed(misnamed))),
    };
    leaving.extend(coming_in_for(&work, &places, &leaving).await?);
    let without_renewal = now.plus_seconds(DAYS_WITHOUT_RENEWAL * 24 * 60 * 60);
    let ends_at = order.renews_at.unwrap_or(without_renewal);
    let shown = let_go(&mut work, order, places, &leaving, ends_at, now).await?;
    work.commit().await?;
    Ok(Some(Cancelled::Scheduled(Box::new(shown))))
}

/// Lets the places at these positions of an active order leave it at `ends_at`, or earlier where they do anyway. An order
/// that none stays on is scheduled to be cancelled; one that is scheduled so already keeps its time. Writes the rows that
/// it is given.
///
/// An order that is scheduled so has no renewal any more: what undoes it must enqueue `NewJob::renew` again.
pub(crate) async fn let_go(
    work: &mut Work<'_>,
    mut order: orders::Model,
    mut places: Vec<order_domains::Model>,
    leaving: &BTreeSet<i32>,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<view::OrderDetail> {
    places.retain(|place| place.state != OrderDomainState::Left);
    let scheduled = order.status == OrderStatus::CancelScheduled;
    let is_named = |place: &order_domains::Model| leaving.contains(&place.position);
    let mut changed = !scheduled && leave_by(&mut places, is_named, ends_at);
    let whole = !scheduled && places.iter().all(|place| place.leaves_at.is_some());
    if whole {
        order.status = order.status.transition(OrderStatus::CancelScheduled)?;
        order.overdue_since = None;
        // What a swap takes off does not stay longer than what it was replaced by.
        changed |= leave_by(&mut places, |_| true, ends_at);
    }
    let cancelling = places.iter().filter(|place| is_cancelling(place));
    let last = cancelling.filter_map(|place| place.leaves_at).max();
    if !scheduled && last.is_some() {
        order.cancels_at = last;
        let since = &mut order.cancellation_scheduled_at;
        since.get_or_insert(now);
    }
    let shown = detail(&order, email_of(work.tx(), &order).await?, &places)?;
    let account = order.account_id.clone();
    if let (true, Some(first)) = (changed, next_to_leave(&places)) {
        work.enqueue(NewJob::timer(
            &account,
            JobKind::Cancel,
            order.id.as_str(),
            first,
        ));
    }
    if whole {
        work.emit(
            &account,
            EventType::OrderCancelScheduled,
            Some(&order.id),
            &shown,
            now,
        )?;
    }
    write_back::<orders::Entity, _>(work.tx(), vec![order]).await?;
    write_back::<order_domains::Entity, _>(work.tx(), places).await?;
    Ok(shown)
}

/// Lets these places leave at that time, unless they do earlier. Gives back whether any was to stay longer.
fn leave_by(
    places: &mut [order_domains::Model],
    which: impl Fn(&order_domains::Model) -> bool,
    ends_at: Timestamp,
) -> bool {
    let mut changed = false;
    for place in places.iter_mut().filter(|place| which(place)) {
        if place.leaves_at.is_none_or(|at| at > ends_at) {
            place.leaves_at = Some(ends_at);
            changed = true;
        }
    }
    changed
}

/// When the first of the places that are to leave does.
fn next_to_leave(places: &[order_domains::Model]) -> Option<Timestamp> {
    let open = places.iter().filter(|place| !place.state.is_over());
    open.filter_map(|place| place.leaves_at).min()
}

/// The positions that a scope names. Errors: every entry that is no domain of the order or names one again.
fn named(places: &[order_domains::Model], scope: &Scope) -> Result<BTreeSet<i32>, Vec<Misnamed>> {
    let Scope::Domains(named) = scope else {
        return Ok(places.iter().map(|place| place.position).collect());
    };
    let joined = places.iter().filter(|place| has_joined(place));
    let positions: HashMap<&str, i32> = joined
        .flat_map(|place| {
            [
                (place.domain_id.as_str(), place.position),
                (&*place.name, place.position),
            ]
        })
        .collect();
    let (mut found, mut misnamed) = (BTreeMap::new(), Vec::new());
    for (index, wanted) in named.iter().enumerate() {
        let position = positions.get(wanted.as_str());
        let same_as = position.and_then(|position| found.get(position).copied());
        match position {
            Some(position) if same_as.is_none() => {
                found.insert(*position, index);
            }
            _ => misnamed.push(Misnamed { index, same_as }),
        }
    }
    if misnamed.is_empty() {
        Ok(found.into_keys().collect())
    } else {
        Err(misnamed)
    }
}

/// The positions of domains that swaps are bringing in for those that leave: they leave too.
pub(crate) async fn coming_in_for(
    work: &Work<'_>,
    places: &[order_domains::Model],
    leaving: &BTreeSet<i32>,
) -> Result<Vec<i32>> {
    let coming: Vec<_> = places.iter().filter(|place| !has_joined(place)).collect();
    if coming.is_empty() {
        return Ok(Vec::new());
    }
    let old: BTreeSet<&DomainId> = places
        .iter()
        .filter(|place| leaving.contains(&place.position))
        .map(|place| &place.domain_id)
        .collect();
    let swaps = swaps::Entity::find()
        .filter(swaps::Column::AccountId.eq(&coming[0].account_id))
        .filter(
            swaps::Column::Id.is_in(coming.iter().filter_map(|place| place.swap_in_id.as_ref())),
        )
        .all(work.tx())
        .await?;
    let for_leaving = |place: &&&order_domains::Model| {
        swaps.iter().any(|swap| {
            place.swap_in_id.as_ref() == Some(&swap.id) && old.contains(&swap.domain_id)
        })
    };
    Ok(coming
        .iter()
        .filter(for_leaving)
        .map(|place| place.position)
        .collect())
}

/// All places that an order ever had, by position.
pub(crate) async fn places_of(
    work: &Work<'_>,
    account: &AccountId,
    id: &OrderId,
) -> Result<Vec<order_domains::Model>> {
    Ok(order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(id))
        .order_by_asc(order_domains::Column::Position)
        .all(work.tx())
        .await?)
}

/// The time has come: sends the leaving domains on their way. Each is taken back by its own job, and the last one
/// ends the order. The job comes back for those that leave later, or ends.
pub async fn carry_out(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    let id = OrderId::from_stored(job.subject.clone());
    let (due, later): (Vec<_>, Vec<_>) = places_of(&work, &job.account, &id)
        .await?
        .into_iter()
        .partition(|place| place.leaves_at.is_some_and(|at| at <= now));
    for place in due {
        if !place.state.is_over() {
            work.enqueue(NewJob::provision(&job.account, &id, &place.domain_id, now));
        }
    }
    match next_to_leave(&later) {
        Some(next) => run_again(&work, job, next).await?,
        None => finish(&work, job).await?,
    }
    work.commit().await
}
