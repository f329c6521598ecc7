//! Writing a batch of steps with what follows from it: orders that end, events that show whole orders, jobs that end or
//! begin.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::{
    ActionStatus, EventType, InboxStatus, JobKind, OrderDomainState, OrderStatus, Timestamp,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait,
    QueryFilter, QueryOrder,
};

use crate::connections::WriteTransaction;
use crate::entity::{inboxes, jobs, order_domains, order_fingerprints, orders, pending_actions};
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::jobs::NewJob;
use crate::keys::any_of;
use crate::orders::{detail, is_cancelling};
use crate::users;
use crate::work::Work;

use super::DomainKey;
use super::loaded::Loaded;
use super::rows::{Freed, Rows};

impl Rows {
    pub(super) async fn store(mut self, work: &mut Work<'_>) -> Result<()> {
        write_changed(work, &self.domains).await?;
        write_changed(work, &self.places).await?;
        self.store_swaps(work).await?;
        self.settle_freed(work).await?;
        self.settle_complete(work).await?;
        for (account, inboxes) in std::mem::take(&mut self.microsoft_inboxes) {
            work.account(&account)?.microsoft_inboxes_active += inboxes;
        }
        self.tell_orders(work).await?;
        write_changed(work, &self.orders).await?;
        let tx = work.tx();
        // A retried step names the same inboxes and blockers again; the rows that are there stay.
        let ignore = OnConflict::new().do_nothing().to_owned();
        insert_all::<inboxes::Entity, _>(
            tx,
            std::mem::take(&mut self.new_inboxes),
            Some(ignore.clone()),
        )
        .await?;
        insert_all::<pending_actions::Entity, _>(
            tx,
            std::mem::take(&mut self.actions),
            Some(ignore),
        )
        .await?;
        change_inboxes(tx, &self.inbox_changes).await?;
        self.store_jobs(work).await?;
        self.take_back_failed(work).await
    }

    /// What follows for orders from the domains that they let go: actions about those need nobody any more, and an
    /// order without a domain left is cancelled.
    async fn settle_freed(&mut self, work: &mut Work<'_>) -> Result<()> {
        for ((account, id), Freed { domains, now }) in std::mem::take(&mut self.freed) {
            resolve_actions(work.tx(), &account, &id, &domains, now).await?;
            self.settle_swaps(work, &account, &domains, now).await?;
            let staying = places_left(work.tx(), &account, &id).await?;
            let Some(order) = self.orders.get_mut(&(account.clone(), id.clone())) else {
                continue;
            };
            match order.status {
                OrderStatus::CancelScheduled if staying.is_empty() => {
                    order.status = order.status.transition(OrderStatus::Cancelled)?;
                    order.sealed_password = None;
                    order.renews_at = None;
                    free_fingerprint(work.tx(), &account, &order.fingerprint, &id).await?;
                    self.order_events
                        .push(((account, id), EventType::OrderCancelled, now));
                    continue;
                }
                OrderStatus::Failed | OrderStatus::CancelScheduled => continue,
                _ => {}
            }
            if !staying.iter().any(is_cancelling) {
                order.cancels_at = None;
                order.cancellation_scheduled_at = None;
            }
            if let Some(kind) = go_on(order, &staying)? {
                self.order_events.push(((account, id), kind, now));
            }
        }
        Ok(())
    }

    /// Completes the orders of which every domain is live, unless one that a swap brings in waits for somebody.
    async fn settle_complete(&mut self, work: &Work<'_>) -> Result<()> {
        for (key, now) in std::mem::take(&mut self.perhaps_complete) {
            let staying = places_left(work.tx(), &key.0, &key.1).await?;
            let Some(order) = self.orders.get_mut(&key) else {
                continue;
            };
            if let Some(kind) = go_on(order, &staying)? {
                self.order_events.push((key, kind, now));
            }
        }
        Ok(())
    }

    /// Emits the events that show whole orders, with one query for the places of all of them.
    async fn tell_orders(&self, work: &mut Work<'_>) -> Result<()> {
        if self.order_events.is_empty() {
            return Ok(());
        }
        let rows: Vec<&orders::Model> = self
            .order_events
            .iter()
            .filter_map(|(key, ..)| self.orders.get(key))
            .collect();
        let emails = users::emails(
            work.tx(),
            rows.iter().map(|row| (&row.account_id, &row.user_id)),
        )
        .await?;
        let places = order_domains::Entity::find()
            .filter(any_of(
                order_domains::Column::AccountId,
                order_domains::Column::OrderId,
                rows.iter().map(|row| (&row.account_id, &row.id)),
            ))
            .order_by_asc(order_domains::Column::Position)
            .all(work.tx())
            .await?;
        for (key, kind, now) in &self.order_events {
            let Some(order) = self.orders.get(key) else {
                continue;
            };
            let email = emails
                .get(&(order.account_id.clone(), order.user_id.clone()))
                .cloned()
                .unwrap_or_default();
            let of_order: Vec<_> = places
                .iter()
                .filter(|place| (&place.account_id, &place.order_id) == (&key.0, &key.1))
                .cloned()
                .collect();
            let shown = detail(order, email, &of_order)?;
            work.emit(&key.0, *kind, Some(&key.1), &shown, *now)?;
        }
        Ok(())
    }

    async fn store_jobs(&mut self, work: &Work<'_>) -> Result<()> {
        let again: Vec<DomainKey> = self
            .ended_jobs
            .iter()
            .filter(|key| self.jobs.get(key).is_some_and(|job| job.wanted_again))
            .cloned()
            .collect();
        for key in again {
            // Somebody asked for the job while it ran: it is not over.
            self.ended_jobs.remove(&key);
            if let Some(job) = self.jobs.get_mut(&key) {
                job.lease_token = None;
                job.run_at = job.created_at;
            }
        }
        let changed = self.jobs.changed();
        let go_on = changed.filter(|(key, _)| !self.ended_jobs.contains(*key));
        let go_on = go_on.map(|(_, job)| job.clone()).collect();
        write_back::<jobs::Entity, _>(work.tx(), go_on).await?;
        if self.ended_jobs.is_empty() {
            return Ok(());
        }
        let ended = self.ended_jobs.iter();
        let ended = ended.map(|(account, domain)| (account, domain.as_str()));
        jobs::Entity::delete_many()
            .filter(any_of(
                jobs::Column::AccountId,
                jobs::Column::Subject,
                ended,
            ))
            .filter(jobs::Column::Kind.eq(JobKind::Provision))
            .exec(work.tx())
            .await?;
        Ok(())
    }

    /// Sends the other domains of orders that failed in this batch on their way back, and frees the fingerprint, so
    /// that the same body is a new order (contract §1).
    async fn take_back_failed(&self, work: &mut Work<'_>) -> Result<()> {
        for ((account, order), fingerprint, now) in &self.failed_orders {
            let places = order_domains::Entity::find()
                .filter(order_domains::Column::AccountId.eq(account))
                .filter(order_domains::Column::OrderId.eq(order))
                .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
                .all(work.tx())
                .await?;
            free_fingerprint(work.tx(), account, fingerprint, order).await?;
            for place in places {
                // Whoever is at work on one finds out with the next write, or at once after a pause.
                let domain = &place.domain_id;
                work.enqueue(NewJob::provision(account, order, domain, *now));
            }
        }
        Ok(())
    }
}

/// Writes the rows that are not what was read any more.
pub(super) async fn write_changed<I, M, A>(work: &Work<'_>, rows: &Loaded<I, M>) -> Result<()>
where
    I: Ord,
    M: ModelTrait + IntoActiveModel<A> + Clone + PartialEq,
    M::Entity: EntityTrait<Model = M>,
    A: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let changed = rows.changed().map(|(_, row)| row.clone()).collect();
    write_back::<M::Entity, A>(work.tx(), changed).await
}

/// The fingerprint of an order that ended stands for it no longer, so that the same body is a new order (contract §1).
async fn free_fingerprint(
    tx: &WriteTransaction,
    account: &AccountId,
    fingerprint: &str,
    order: &OrderId,
) -> Result<()> {
    order_fingerprints::Entity::delete_many()
        .filter(order_fingerprints::Column::AccountId.eq(account))
        .filter(order_fingerprints::Column::Fingerprint.eq(fingerprint))
        .filter(order_fingerprints::Column::OrderId.eq(order))
        .exec(tx)
        .await?;
    Ok(())
}

/// Closes the actions about domains that are no longer on the order.
async fn resolve_actions(
    tx: &WriteTransaction,
    account: &AccountId,
    order: &OrderId,
    domains: &BTreeSet<DomainId>,
    now: Timestamp,
) -> Result<()> {
    pending_actions::Entity::update_many()
        .set(pending_actions::ActiveModel {
            status: Set(ActionStatus::Resolved),
            resolved_at: Set(Some(now)),
            ..Default::default()
        })
        .filter(pending_actions::Column::AccountId.eq(account))
        .filter(pending_actions::Column::OrderId.eq(order))
        .filter(pending_actions::Column::Status.eq(ActionStatus::Open))
        .filter(pending_actions::Column::DomainId.is_in(domains))
        .exec(tx)
        .await?;
    Ok(())
}

/// Gives an order the status that its places say it has, when none of them waits for somebody any more. Gives back the event
/// that tells of it.
fn go_on(order: &mut orders::Model, places: &[order_domains::Model]) -> Result<Option<EventType>> {
    let is_under_way = matches!(
        order.status,
        OrderStatus::InProgress | OrderStatus::ActionRequired
    );
    if !is_under_way
        || places
            .iter()
            .any(|place| place.state == OrderDomainState::ActionRequired)
    {
        return Ok(None);
    }
    let all_live = order.domains_active >= order.domain_count;
    let to = if all_live {
        order.sealed_password = None;
        OrderStatus::Completed
    } else {
        OrderStatus::InProgress
    };
    order.status = order.status.transition(to)?;
    Ok(all_live.then_some(EventType::OrderCompleted))
}

/// The places of domains that are still on the order.
async fn places_left(
    tx: &WriteTransaction,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<order_domains::Model>> {
    Ok(order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.is_not_in(OrderDomainState::OVER))
        .all(tx)
        .await?)
}

async fn change_inboxes(tx: &WriteTransaction, changes: &[(DomainKey, InboxStatus)]) -> Result<()> {
    for status in [InboxStatus::Active, InboxStatus::Removed] {
        let keys: Vec<_> = changes
            .iter()
            .filter(|(_, to)| *to == status)
            .map(|((account, domain), _)| (account, domain))
            .collect();
        if keys.is_empty() {
            continue;
        }
        inboxes::Entity::update_many()
            .set(inboxes::ActiveModel {
                status: Set(status),
                ..Default::default()
            })
            .filter(any_of(
                inboxes::Column::AccountId,
                inboxes::Column::DomainId,
                keys,
            ))
            .filter(inboxes::Column::Status.ne(InboxStatus::Removed))
            .exec(tx)
            .await?;
    }
    Ok(())
}
