//! How far an order's domains are: what a provisioning worker writes, many domains at a time.
//!
//! Every write is guarded by the lease of the domain's job: a worker that lost it changes nothing. One job per
//! domain exists for as long as there is something to do for it on its order, so two workers never act on one domain.
//!
//! When an order fails, each of its domains is taken back by that same job: the worker sees the order's status, here
//! or when it starts, and turns from setting up to taking back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peeker_domain::id::{AccountId, ActionId, DomainId, InboxId, OrderId};
use peeker_domain::view::{Category, Persona, Source};
use peeker_domain::{
    ActionReason, ActionStatus, Cents, DomainStatus, EventType, InboxStatus, MailProvider,
    OrderStatus, Timestamp,
};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::detail;
use crate::domains::{CANDIDATE, to_view};
use crate::entity::{
    domains, inboxes, jobs, order_domains, order_fingerprints, orders, pending_actions,
};
use crate::error::{Result, StoreError};
use crate::insert::{insert_all, write_back};
use crate::jobs::{ClaimedJob, DELEGATION, NewJob, PICTURE, PROVISION};
use crate::lane::Batch;
use crate::number::unsigned;
use crate::users;
use crate::work::Work;

/// The step a new order's domain starts with. The steps themselves are the workflow's (`peeker-app`).
pub(crate) const FIRST_STEP: &str = "register";
/// State of a domain's place on an order: work to be done.
pub(crate) const PENDING: &str = "pending";
/// State: live.
pub(crate) const ACTIVE: &str = "active";
/// State: waits for a replacement.
pub(crate) const ACTION_REQUIRED: &str = "action_required";
/// State: taken back from an order that failed or was cancelled as a whole, which shows the domain for ever.
pub(crate) const RELEASED: &str = "released";
/// State: cancelled and taken back from an order that goes on without it and shows it no longer.
pub(crate) const LEFT: &str = "left";
/// The states of a domain whose part in the order is over.
pub(crate) const OVER: [&str; 2] = [RELEASED, LEFT];

/// When a picture that cannot be loaded is looked at again.
const PICTURE_RECHECK_SECONDS: i64 = 10 * 60;

/// The lane that records progress.
#[derive(Debug)]
pub enum Progress {}

/// One thing that happened to one domain of an order.
#[derive(Debug)]
pub struct Step {
    /// The job that it happened in; its lease guards the write.
    pub job: DomainJob,
    /// What happened.
    pub change: Change,
    /// When.
    pub now: Timestamp,
}

/// The claimed job of one domain of an order.
#[derive(Debug, Clone)]
pub struct DomainJob {
    /// Whose.
    pub account: AccountId,
    /// The domain.
    pub domain: DomainId,
    /// The order.
    pub order: OrderId,
    /// How often it was claimed since it last got on, this time included.
    pub attempts: u32,
    /// Proof that the job is still ours.
    pub lease: String,
}

impl DomainJob {
    /// Takes a claimed job that is about a domain of an order; `None` for any other.
    pub fn of(job: &ClaimedJob) -> Option<Self> {
        (job.kind == PROVISION).then_some(())?;
        Some(Self {
            account: job.account.clone(),
            domain: DomainId::from_stored(job.subject.clone()),
            order: job.order.clone()?,
            attempts: job.attempts,
            lease: job.lease.clone(),
        })
    }
}

/// What happened.
#[derive(Debug)]
pub enum Change {
    /// The domain is ours at the registrar; go on with `next_step`.
    Registered {
        /// The step to go on with after a restart.
        next_step: &'static str,
        /// Until when the registration is paid; `None` when it was ours before.
        until: Option<Timestamp>,
    },
    /// The inboxes are about to be made; go on with `next_step`.
    InboxesNamed {
        /// The step to go on with after a restart.
        next_step: &'static str,
        /// The inboxes; those that are there already stay.
        inboxes: Vec<NewInbox>,
    },
    /// Domain and inboxes are live and handed over. Ends the job.
    Connected,
    /// A provider asked for patience. The job runs again at `run_at`.
    Retry {
        /// When.
        run_at: Timestamp,
        /// Why, for the operator.
        error: String,
    },
    /// The domain waits for the partner or the customer. Ends the job; resolving the actions starts it again.
    Blocked(Vec<Blocker>),
    /// Nothing of this order can be set up. Fails the order; the job goes on with taking back.
    OrderFailed {
        /// Why, for the operator.
        message: String,
    },
    /// Everything that was made for the domain is removed. Ends the job.
    Released,
}

/// What a domain waits for.
#[derive(Debug, Clone)]
pub struct Blocker {
    /// What has to be mended.
    pub reason: ActionReason,
    /// What to do, for the partner.
    pub message: String,
    /// Whose picture it is, when it is one.
    pub persona: Option<Persona>,
}

/// An inbox to be laid down.
#[derive(Debug, Clone)]
pub struct NewInbox {
    /// Its id.
    pub id: InboxId,
    /// The whole address.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

/// What the worker is to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on with the next step.
    Continue,
    /// The order failed or the domain is to leave it: take the domain back.
    TakeBack,
    /// Nothing: the job ended, waits, or belongs to somebody else by now.
    Stop,
}

impl Batch for Progress {
    type Item = Step;
    type Output = Next;

    fn account(item: &Step) -> &AccountId {
        &item.job.account
    }

    fn weight(item: &Step) -> usize {
        match &item.change {
            Change::InboxesNamed { inboxes, .. } => 4 + inboxes.len(),
            _ => 6,
        }
    }

    async fn write(work: &mut Work<'_>, items: &[&Step]) -> Result<Vec<Next>> {
        let mut rows = Rows::load(work.tx(), items).await?;
        let mut next = Vec::with_capacity(items.len());
        for step in items {
            next.push(if rows.holds_lease(&step.job) {
                rows.apply(work, step)?
            } else {
                Next::Stop
            });
        }
        rows.store(work).await?;
        Ok(next)
    }
}

type Key = (String, String);

/// Everything that a batch of steps reads and changes, by (account, id).
struct Rows {
    jobs: HashMap<Key, jobs::Model>,
    orders: BTreeMap<Key, orders::Model>,
    places: HashMap<Key, order_domains::Model>,
    domains: HashMap<Key, domains::Model>,
    changed_orders: BTreeSet<Key>,
    changed_domains: BTreeSet<Key>,
    changed_jobs: BTreeSet<Key>,
    ended_jobs: BTreeSet<Key>,
    new_inboxes: Vec<inboxes::Model>,
    inbox_changes: Vec<(Key, InboxStatus)>,
    actions: Vec<pending_actions::Model>,
    /// Events that show the whole order, sent when everything else of the batch is known.
    order_events: Vec<(Key, EventType, Timestamp)>,
    failed_orders: Vec<(Key, Key, Timestamp)>,
    /// Domains whose part in an order ended, by order.
    freed: BTreeMap<Key, Freed>,
}

/// Domains that an order let go in one batch.
struct Freed {
    domains: BTreeSet<String>,
    now: Timestamp,
}

fn key(account: &AccountId, id: &str) -> Key {
    (account.to_string(), id.to_owned())
}

impl Rows {
    async fn load(tx: &DatabaseTransaction, items: &[&Step]) -> Result<Self> {
        let unique = |pick: fn(&Step) -> &str| {
            items
                .iter()
                .map(|step| pick(step))
                .collect::<BTreeSet<&str>>()
        };
        let accounts = unique(|step| step.job.account.as_str());
        let domain_ids = unique(|step| step.job.domain.as_str());
        let order_ids = unique(|step| step.job.order.as_str());
        let asked: BTreeSet<(&str, &str)> = items
            .iter()
            .map(|step| (step.job.order.as_str(), step.job.domain.as_str()))
            .collect();
        let jobs = jobs::Entity::find()
            .filter(jobs::Column::AccountId.is_in(accounts.clone()))
            .filter(jobs::Column::Kind.eq(PROVISION))
            .filter(jobs::Column::Subject.is_in(domain_ids.clone()))
            .lock_exclusive()
            .all(tx)
            .await?;
        let orders = orders::Entity::find()
            .filter(orders::Column::AccountId.is_in(accounts.clone()))
            .filter(orders::Column::Id.is_in(order_ids.clone()))
            .all(tx)
            .await?;
        let places = order_domains::Entity::find()
            .filter(order_domains::Column::AccountId.is_in(accounts.clone()))
            .filter(order_domains::Column::DomainId.is_in(domain_ids.clone()))
            .filter(order_domains::Column::OrderId.is_in(order_ids))
            .all(tx)
            .await?;
        let domains = domains::Entity::find()
            .filter(domains::Column::AccountId.is_in(accounts))
            .filter(domains::Column::Id.is_in(domain_ids))
            .all(tx)
            .await?;
        Ok(Self {
            jobs: jobs
                .into_iter()
                .map(|row| ((row.account_id.clone(), row.subject.clone()), row))
                .collect(),
            orders: orders
                .into_iter()
                .map(|row| ((row.account_id.clone(), row.id.clone()), row))
                .collect(),
            // A domain may have a place on an earlier order too, and that order a job in this batch.
            places: places
                .into_iter()
                .filter(|row| asked.contains(&(row.order_id.as_str(), row.domain_id.as_str())))
                .map(|row| ((row.account_id.clone(), row.domain_id.clone()), row))
                .collect(),
            domains: domains
                .into_iter()
                .map(|row| ((row.account_id.clone(), row.id.clone()), row))
                .collect(),
            changed_orders: BTreeSet::new(),
            changed_domains: BTreeSet::new(),
            changed_jobs: BTreeSet::new(),
            ended_jobs: BTreeSet::new(),
            new_inboxes: Vec::new(),
            inbox_changes: Vec::new(),
            actions: Vec::new(),
            order_events: Vec::new(),
            failed_orders: Vec::new(),
            freed: BTreeMap::new(),
        })
    }

    fn holds_lease(&self, job: &DomainJob) -> bool {
        let row = self.jobs.get(&key(&job.account, job.domain.as_str()));
        row.is_some_and(|row| {
            row.lease_token.as_deref() == Some(&job.lease)
                && row.order_id.as_deref() == Some(job.order.as_str())
        })
    }

    fn order(&mut self, step: &Step) -> Result<&mut orders::Model> {
        let key = key(&step.job.account, step.job.order.as_str());
        self.changed_orders.insert(key.clone());
        self.orders
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its order {}", key.1)))
    }

    fn place(&mut self, step: &Step) -> Result<&mut order_domains::Model> {
        let key = key(&step.job.account, step.job.domain.as_str());
        self.changed_domains.insert(key.clone());
        self.places
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its place {}", key.1)))
    }

    fn domain(&mut self, step: &Step) -> Result<&mut domains::Model> {
        let key = key(&step.job.account, step.job.domain.as_str());
        self.changed_domains.insert(key.clone());
        self.domains
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its domain {}", key.1)))
    }

    fn job(&mut self, step: &Step) -> Result<&mut jobs::Model> {
        let key = key(&step.job.account, step.job.domain.as_str());
        self.changed_jobs.insert(key.clone());
        self.jobs.get_mut(&key).ok_or(StoreError::LeaseLost)
    }

    fn end_job(&mut self, step: &Step) {
        self.ended_jobs
            .insert(key(&step.job.account, step.job.domain.as_str()));
    }

    fn apply(&mut self, work: &mut Work<'_>, step: &Step) -> Result<Next> {
        let failed = self.order(step)?.status == OrderStatus::Failed.as_str();
        let leaving = is_leaving(self.place(step)?, step.now);
        match &step.change {
            Change::Registered { next_step, until } => {
                // Even when the domain is to be taken back: what was bought is the partner's.
                self.registered(step, next_step, *until)?;
                Ok(if failed || leaving {
                    Next::TakeBack
                } else {
                    Next::Continue
                })
            }
            Change::Retry { run_at, error } => {
                let job = self.job(step)?;
                job.run_at = run_at.as_millis();
                job.lease_token = None;
                job.last_error = Some(error.clone());
                Ok(Next::Stop)
            }
            Change::Released if failed => self.released(work, step).map(|()| Next::Stop),
            Change::Released => self.left(work, step).map(|()| Next::Stop),
            _ if failed || leaving => Ok(Next::TakeBack),
            Change::InboxesNamed { next_step, inboxes } => {
                self.inboxes_named(step, next_step, inboxes)?;
                Ok(Next::Continue)
            }
            Change::Connected => self.connected(work, step).map(|()| Next::Stop),
            Change::Blocked(blockers) => self.blocked(work, step, blockers).map(|()| Next::Stop),
            Change::OrderFailed { message } => {
                self.order_failed(step, message).map(|()| Next::TakeBack)
            }
        }
    }

    fn registered(&mut self, step: &Step, next_step: &str, until: Option<Timestamp>) -> Result<()> {
        self.place(step)?.step = next_step.to_owned();
        let domain = self.domain(step)?;
        domain.owned = true;
        // The purchase is followed by our own delegation, so there is nothing for a customer to do.
        domain.delegated = true;
        if let Some(until) = until {
            domain.registered_until = Some(until.as_millis());
        }
        self.job(step)?.attempts = 0;
        Ok(())
    }

    fn inboxes_named(&mut self, step: &Step, next_step: &str, new: &[NewInbox]) -> Result<()> {
        let place = self.place(step)?;
        place.step = next_step.to_owned();
        let provider = place.provider.clone();
        self.job(step)?.attempts = 0;
        self.new_inboxes
            .extend(new.iter().map(|inbox| inboxes::Model {
                account_id: step.job.account.to_string(),
                id: inbox.id.to_string(),
                order_id: step.job.order.to_string(),
                domain_id: step.job.domain.to_string(),
                email: inbox.email.clone(),
                first_name: inbox.first_name.clone(),
                last_name: inbox.last_name.clone(),
                provider: provider.clone(),
                status: InboxStatus::InProgress.to_string(),
                created_at: step.now.as_millis(),
            }));
        Ok(())
    }

    fn connected(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let place = self.place(step)?;
        place.state = ACTIVE.to_owned();
        let inboxes = place.inboxes;
        let domain = self.domain(step)?;
        domain.status = domain
            .status
            .parse::<DomainStatus>()?
            .transition(DomainStatus::Active)?
            .to_string();
        let shown = to_view(domain)?;
        let order = Some(step.job.order.as_str());
        work.emit(
            &step.job.account,
            EventType::DomainConnected,
            order,
            &shown,
            step.now,
        )?;
        self.inbox_changes.push((
            key(&step.job.account, step.job.domain.as_str()),
            InboxStatus::Active,
        ));
        self.end_job(step);
        let order = self.order(step)?;
        order.domains_active += 1;
        order.inboxes_active += inboxes;
        self.complete_if_all_active(step)
    }

    fn complete_if_all_active(&mut self, step: &Step) -> Result<()> {
        let order = self.order(step)?;
        if order.domains_active < order.domain_count {
            return Ok(());
        }
        order.sealed_password = None;
        let status = order.status.parse::<OrderStatus>()?;
        // An order that is to be cancelled stays so, however far its work is.
        if matches!(
            status,
            OrderStatus::InProgress | OrderStatus::ActionRequired
        ) {
            order.status = status.transition(OrderStatus::Completed)?.to_string();
            self.tell(step, EventType::OrderCompleted);
        }
        Ok(())
    }

    fn blocked(&mut self, work: &mut Work<'_>, step: &Step, blockers: &[Blocker]) -> Result<()> {
        let place = self.place(step)?;
        place.state = ACTION_REQUIRED.to_owned();
        let name = place.name.clone();
        let domain = self.domain(step)?;
        domain.status = domain
            .status
            .parse::<DomainStatus>()?
            .transition(DomainStatus::ActionRequired)?
            .to_string();
        let shown = to_view(domain)?;
        let order = Some(step.job.order.as_str());
        let user_id = self.order(step)?.user_id.clone();
        for blocker in blockers {
            let id = ActionId::new(step.now);
            self.actions.push(pending_actions::Model {
                account_id: step.job.account.to_string(),
                id: id.to_string(),
                order_id: step.job.order.to_string(),
                domain_id: step.job.domain.to_string(),
                kind: blocker.reason.kind().to_owned(),
                reason: blocker.reason.to_string(),
                status: ActionStatus::Open.to_string(),
                message: blocker.message.clone(),
                created_at: step.now.as_millis(),
                persona: blocker
                    .persona
                    .as_ref()
                    .map(serde_json::to_string)
                    .transpose()?,
                domain: name.clone(),
                user_id: user_id.clone(),
                resolved_at: None,
            });
            let account = &step.job.account;
            match blocker.reason {
                ActionReason::UpdateNameservers => {
                    work.enqueue(NewJob::new(
                        account,
                        DELEGATION,
                        step.job.domain.as_str(),
                        step.now,
                    ));
                }
                ActionReason::ProfilePictureNotAccessible => {
                    let at = step.now.plus_seconds(PICTURE_RECHECK_SECONDS);
                    work.enqueue(NewJob::new(account, PICTURE, id.as_str(), at));
                }
                ActionReason::ReplaceDomain => {}
            }
            work.emit(
                account,
                EventType::DomainActionRequired,
                order,
                &shown,
                step.now,
            )?;
        }
        self.end_job(step);
        let order = self.order(step)?;
        let status = order.status.parse::<OrderStatus>()?;
        if status != OrderStatus::CancelScheduled {
            order.status = status.transition(OrderStatus::ActionRequired)?.to_string();
            for _ in blockers {
                self.tell(step, EventType::OrderActionRequired);
            }
        }
        Ok(())
    }

    fn order_failed(&mut self, step: &Step, message: &str) -> Result<()> {
        let order = self.order(step)?;
        order.status = order
            .status
            .parse::<OrderStatus>()?
            .transition(OrderStatus::Failed)?
            .to_string();
        order.failure = Some(message.to_owned());
        order.sealed_password = None;
        order.renews_at = None;
        order.cancellation_scheduled_at = None;
        order.cancels_at = None;
        let fingerprint = (order.account_id.clone(), order.fingerprint.clone());
        self.failed_orders.push((
            key(&step.job.account, step.job.order.as_str()),
            fingerprint,
            step.now,
        ));
        self.tell(step, EventType::OrderFailed);
        Ok(())
    }

    /// Takes the domain off a failed order and refunds what was not delivered.
    fn released(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let (place, bought) = self.free_domain(step, RELEASED)?;
        let order = self.order(step)?;
        let mut refund = license_share(&place, order)?;
        if place.source == Source::Registered.as_str() && !bought {
            refund = refund + Cents(place.price_cents);
        }
        work.refund(&step.job.account, refund, step.job.order.as_str(), step.now)
    }

    /// Takes a cancelled domain off its order, which shrinks by it unless all of the order is cancelled. What was
    /// paid for a purchase that never came about is given back; the licenses ran until now.
    fn left(&mut self, work: &mut Work<'_>, step: &Step) -> Result<()> {
        let whole = self.order(step)?.status == OrderStatus::CancelScheduled.as_str();
        let (place, bought) = self.free_domain(step, if whole { RELEASED } else { LEFT })?;
        let registered = place.source == Source::Registered.as_str();
        if registered && !bought {
            let price = Cents(place.price_cents);
            work.refund(&step.job.account, price, step.job.order.as_str(), step.now)?;
        }
        if whole {
            return Ok(());
        }
        let order = self.order(step)?;
        order.total_cents -= license_share(&place, order)?.0;
        if registered {
            order.total_cents -= place.price_cents;
        }
        order.domain_count -= 1;
        order.inbox_count -= place.inboxes;
        match place.provider.parse()? {
            MailProvider::Google => order.google_licenses -= place.inboxes,
            MailProvider::Microsoft => order.microsoft_licenses -= 1,
        }
        self.complete_if_all_active(step)
    }

    /// Ends the domain's part in the order. Gives back its place as it was and whether the account owns the domain.
    fn free_domain(&mut self, step: &Step, state: &str) -> Result<(order_domains::Model, bool)> {
        let place = self.place(step)?;
        let before = place.clone();
        place.state = state.to_owned();
        let domain = self.domain(step)?;
        let owned = domain.owned;
        let status = match (owned, domain.delegated) {
            (true, true) => DomainStatus::Available,
            (true, false) => DomainStatus::ActionRequired,
            (false, _) => DomainStatus::Failed,
        };
        domain.status = domain
            .status
            .parse::<DomainStatus>()?
            .transition(status)?
            .to_string();
        domain.category = if owned {
            Category::Inventory.as_str()
        } else {
            CANDIDATE
        }
        .to_owned();
        domain.order_id = None;
        domain.user_id = None;
        domain.provider = None;
        domain.forwarding_url = None;
        self.inbox_changes.push((
            key(&step.job.account, step.job.domain.as_str()),
            InboxStatus::Removed,
        ));
        self.end_job(step);
        // Whoever asked for this job meanwhile asked for a place that is no more.
        self.job(step)?.wanted_again = false;
        let freed = self
            .freed
            .entry(key(&step.job.account, step.job.order.as_str()));
        let freed = freed.or_insert_with(|| Freed {
            domains: BTreeSet::new(),
            now: step.now,
        });
        freed.domains.insert(step.job.domain.to_string());
        if before.state == ACTIVE {
            let order = self.order(step)?;
            order.domains_active -= 1;
            order.inboxes_active -= before.inboxes;
        }
        Ok((before, owned))
    }

    fn tell(&mut self, step: &Step, kind: EventType) {
        self.order_events.push((
            key(&step.job.account, step.job.order.as_str()),
            kind,
            step.now,
        ));
    }

    async fn store(mut self, work: &mut Work<'_>) -> Result<()> {
        let changed = self.changed_domains.clone();
        let domains = changed
            .iter()
            .filter_map(|key| self.domains.remove(key))
            .collect();
        let places = changed
            .iter()
            .filter_map(|key| self.places.remove(key))
            .collect();
        write_back::<domains::Entity, _>(work.tx(), domains).await?;
        write_back::<order_domains::Entity, _>(work.tx(), places).await?;
        self.settle_freed(work).await?;
        self.tell_orders(work).await?;
        let orders = self
            .changed_orders
            .iter()
            .filter_map(|key| self.orders.remove(key))
            .collect();
        let tx = work.tx();
        write_back::<orders::Entity, _>(tx, orders).await?;
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
            let opened_now = self
                .actions
                .iter()
                .any(|action| (&action.account_id, &action.order_id) == (&account, &id));
            let waits = opened_now || has_open_actions(work.tx(), &account, &id).await?;
            let staying = places_left(work.tx(), &account, &id).await?;
            let Some(order) = self.orders.get_mut(&(account.clone(), id.clone())) else {
                continue;
            };
            let status: OrderStatus = order.status.parse()?;
            match status {
                OrderStatus::Failed => continue,
                OrderStatus::CancelScheduled if staying.is_empty() => {
                    order.status = status.transition(OrderStatus::Cancelled)?.to_string();
                    order.sealed_password = None;
                    order.renews_at = None;
                    free_fingerprint(work.tx(), &account, &order.fingerprint, &id).await?;
                    self.order_events
                        .push(((account, id), EventType::OrderCancelled, now));
                    continue;
                }
                OrderStatus::ActionRequired if !waits => {
                    order.status = status.transition(OrderStatus::InProgress)?.to_string();
                }
                _ => {}
            }
            if staying.iter().all(|place| place.leaves_at.is_none()) {
                order.cancels_at = None;
                order.cancellation_scheduled_at = None;
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
            rows.iter()
                .map(|row| (row.account_id.as_str(), row.user_id.as_str())),
        )
        .await?;
        let places = order_domains::Entity::find()
            .filter(
                order_domains::Column::AccountId
                    .is_in(rows.iter().map(|row| row.account_id.as_str())),
            )
            .filter(order_domains::Column::OrderId.is_in(rows.iter().map(|row| row.id.as_str())))
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
            work.emit(
                &AccountId::from_stored(key.0.clone()),
                *kind,
                Some(&key.1),
                &shown,
                *now,
            )?;
        }
        Ok(())
    }

    async fn store_jobs(&mut self, work: &Work<'_>) -> Result<()> {
        let again: Vec<Key> = self
            .ended_jobs
            .iter()
            .filter(|key| self.jobs.get(*key).is_some_and(|job| job.wanted_again))
            .cloned()
            .collect();
        for key in again {
            // Somebody asked for the job while it ran: it is not over.
            self.ended_jobs.remove(&key);
            if let Some(job) = self.jobs.get_mut(&key) {
                job.lease_token = None;
                job.run_at = job.created_at;
                self.changed_jobs.insert(key);
            }
        }
        let changed = self
            .changed_jobs
            .difference(&self.ended_jobs)
            .filter_map(|key| self.jobs.get(key).cloned())
            .collect();
        write_back::<jobs::Entity, _>(work.tx(), changed).await?;
        if self.ended_jobs.is_empty() {
            return Ok(());
        }
        jobs::Entity::delete_many()
            .filter(jobs::Column::AccountId.is_in(self.ended_jobs.iter().map(|key| key.0.as_str())))
            .filter(jobs::Column::Kind.eq(PROVISION))
            .filter(jobs::Column::Subject.is_in(self.ended_jobs.iter().map(|key| key.1.as_str())))
            .exec(work.tx())
            .await?;
        Ok(())
    }

    /// Sends the other domains of orders that failed in this batch on their way back, and frees the fingerprint, so
    /// that the same body is a new order (contract §1).
    async fn take_back_failed(&self, work: &mut Work<'_>) -> Result<()> {
        for ((account, order), (_, fingerprint), now) in &self.failed_orders {
            let places = order_domains::Entity::find()
                .filter(order_domains::Column::AccountId.eq(account))
                .filter(order_domains::Column::OrderId.eq(order))
                .all(work.tx())
                .await?;
            free_fingerprint(work.tx(), account, fingerprint, order).await?;
            let account_id = AccountId::from_stored(account.clone());
            let order_id = OrderId::from_stored(order.clone());
            for place in places {
                // A worker in this batch finds out with its answer or its next write.
                let key = (account.clone(), place.domain_id.clone());
                let at_work = self
                    .jobs
                    .get(&key)
                    .is_some_and(|job| job.lease_token.is_some());
                if !at_work || self.ended_jobs.contains(&key) {
                    work.enqueue(NewJob::provision(
                        &account_id,
                        &order_id,
                        &place.domain_id,
                        *now,
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Whether the domain's time on its order is over.
fn is_leaving(place: &order_domains::Model, now: Timestamp) -> bool {
    place.leaves_at.is_some_and(|at| at <= now.as_millis())
}

/// The fingerprint of an order that ended stands for it no longer, so that the same body is a new order (contract §1).
async fn free_fingerprint(
    tx: &DatabaseTransaction,
    account: &str,
    fingerprint: &str,
    order: &str,
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
    tx: &DatabaseTransaction,
    account: &str,
    order: &str,
    domains: &BTreeSet<String>,
    now: Timestamp,
) -> Result<()> {
    pending_actions::Entity::update_many()
        .set(pending_actions::ActiveModel {
            status: Set(ActionStatus::Resolved.to_string()),
            resolved_at: Set(Some(now.as_millis())),
            ..Default::default()
        })
        .filter(pending_actions::Column::AccountId.eq(account))
        .filter(pending_actions::Column::OrderId.eq(order))
        .filter(pending_actions::Column::Status.eq(ActionStatus::Open.as_str()))
        .filter(pending_actions::Column::DomainId.is_in(domains))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether somebody still has to do something for the order.
async fn has_open_actions(tx: &DatabaseTransaction, account: &str, order: &str) -> Result<bool> {
    let open = pending_actions::Entity::find()
        .filter(pending_actions::Column::AccountId.eq(account))
        .filter(pending_actions::Column::OrderId.eq(order))
        .filter(pending_actions::Column::Status.eq(ActionStatus::Open.as_str()))
        .limit(1)
        .one(tx)
        .await?;
    Ok(open.is_some())
}

/// The places of domains that are still on the order.
async fn places_left(
    tx: &DatabaseTransaction,
    account: &str,
    order: &str,
) -> Result<Vec<order_domains::Model>> {
    Ok(order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.is_not_in(OVER))
        .all(tx)
        .await?)
}

/// What the licenses of one domain cost a month.
fn license_share(place: &order_domains::Model, order: &orders::Model) -> Result<Cents> {
    Ok(match place.provider.parse()? {
        MailProvider::Google => Cents(order.google_license_cents) * unsigned(place.inboxes)?,
        MailProvider::Microsoft => Cents(order.microsoft_license_cents),
    })
}

async fn change_inboxes(tx: &DatabaseTransaction, changes: &[(Key, InboxStatus)]) -> Result<()> {
    for status in [InboxStatus::Active, InboxStatus::Removed] {
        let keys: Vec<&Key> = changes
            .iter()
            .filter(|(_, to)| *to == status)
            .map(|(key, _)| key)
            .collect();
        if keys.is_empty() {
            continue;
        }
        inboxes::Entity::update_many()
            .set(inboxes::ActiveModel {
                status: Set(status.to_string()),
                ..Default::default()
            })
            .filter(inboxes::Column::AccountId.is_in(keys.iter().map(|key| key.0.as_str())))
            .filter(inboxes::Column::DomainId.is_in(keys.iter().map(|key| key.1.as_str())))
            .filter(inboxes::Column::Status.ne(InboxStatus::Removed.as_str()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// What a worker has to know to go on with a job.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The order.
    pub order: orders::Model,
    /// The domain's place on it.
    pub place: order_domains::Model,
    /// The domain.
    pub domain: domains::Model,
}

/// Reads what the job is about; `None` when the place was released, so that there is nothing left to do.
pub async fn assignment(
    db: &crate::environment::EnvironmentDb,
    job: &DomainJob,
) -> Result<Option<Assignment>> {
    let account = job.account.as_str();
    let order = orders::Entity::find_by_id((account.to_owned(), job.order.to_string()))
        .one(&db.pools.reader)
        .await?;
    let place = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::DomainId.eq(job.domain.as_str()))
        .filter(order_domains::Column::OrderId.eq(job.order.as_str()))
        .one(&db.pools.reader)
        .await?;
    let domain = domains::Entity::find_by_id((account.to_owned(), job.domain.to_string()))
        .one(&db.pools.reader)
        .await?;
    let (Some(order), Some(place), Some(domain)) = (order, place, domain) else {
        return Err(StoreError::Corrupt(format!(
            "job of domain {} has no order",
            job.domain
        )));
    };
    Ok(
        (!OVER.contains(&place.state.as_str())).then_some(Assignment {
            order,
            place,
            domain,
        }),
    )
}

/// Ends a job that has nothing left to do; one that was asked for while it ran becomes due again instead. Does nothing
/// when the lease is somebody else's by now.
pub async fn end_job(db: &crate::environment::EnvironmentDb, job: &DomainJob) -> Result<()> {
    let ours = Condition::all()
        .add(jobs::Column::AccountId.eq(job.account.as_str()))
        .add(jobs::Column::Kind.eq(PROVISION))
        .add(jobs::Column::Subject.eq(job.domain.as_str()))
        .add(jobs::Column::LeaseToken.eq(&job.lease));
    let writer = &db.pools.writer;
    jobs::Entity::delete_many()
        .filter(ours.clone())
        .filter(jobs::Column::WantedAgain.eq(false))
        .exec(writer)
        .await?;
    // What is still there was asked for meanwhile; `created_at` lies in the past, so it is due.
    jobs::Entity::update_many()
        .col_expr(jobs::Column::RunAt, Expr::col(jobs::Column::CreatedAt))
        .col_expr(jobs::Column::LeaseToken, Expr::value(None::<String>))
        .filter(ours)
        .exec(writer)
        .await?;
    Ok(())
}

/// The addresses laid down for a domain on an order and not removed since.
pub async fn laid_down(
    db: &crate::environment::EnvironmentDb,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<String>> {
    let rows: Vec<String> = inboxes::Entity::find()
        .select_only()
        .column(inboxes::Column::Email)
        .filter(inboxes::Column::AccountId.eq(account.as_str()))
        .filter(inboxes::Column::DomainId.eq(domain.as_str()))
        .filter(inboxes::Column::Status.ne(InboxStatus::Removed.as_str()))
        .into_tuple()
        .all(&db.pools.reader)
        .await?;
    Ok(rows)
}

impl Assignment {
    /// Whether the domain's time on its order is over.
    pub fn is_leaving(&self, now: Timestamp) -> bool {
        is_leaving(&self.place, now)
    }

    /// Whether the domain is still to be set up.
    pub fn is_pending(&self) -> bool {
        self.place.state == PENDING
    }
}
