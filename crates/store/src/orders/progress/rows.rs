//! The rows that a batch of steps is about, and what each step changes in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peeker_domain::id::{AccountId, ActionId};
use peeker_domain::view::Source;
use peeker_domain::{
    ActionReason, ActionStatus, Cents, DomainStatus, EventType, InboxStatus, MailProvider,
    OrderStatus, Timestamp,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::domains::to_view;
use crate::entity::{domains, inboxes, jobs, order_domains, orders, pending_actions, swaps};
use crate::error::{Result, StoreError};
use crate::jobs::{DELEGATION, NewJob, PICTURE, PROVISION};
use crate::number::unsigned;
use crate::registrations;
use crate::work::Work;

use super::swap::{Renames, Retirement};
use super::{
    ACTION_REQUIRED, ACTIVE, Blocker, Change, DomainJob, NewInbox, Next, OVER,
    PICTURE_RECHECK_SECONDS, Step, is_leaving,
};

pub(super) type Key = (String, String);

/// Everything that a batch of steps reads and changes, by (account, id).
pub(super) struct Rows {
    pub(super) jobs: HashMap<Key, jobs::Model>,
    pub(super) orders: BTreeMap<Key, orders::Model>,
    pub(super) places: HashMap<Key, order_domains::Model>,
    pub(super) domains: HashMap<Key, domains::Model>,
    pub(super) changed_orders: BTreeSet<Key>,
    pub(super) changed_domains: BTreeSet<Key>,
    pub(super) changed_jobs: BTreeSet<Key>,
    pub(super) ended_jobs: BTreeSet<Key>,
    pub(super) new_inboxes: Vec<inboxes::Model>,
    pub(super) inbox_changes: Vec<(Key, InboxStatus)>,
    pub(super) actions: Vec<pending_actions::Model>,
    /// Events that show the whole order, sent when everything else of the batch is known.
    pub(super) order_events: Vec<(Key, EventType, Timestamp)>,
    pub(super) failed_orders: Vec<(Key, Key, Timestamp)>,
    /// Domains whose part in an order ended, by order.
    pub(super) freed: BTreeMap<Key, Freed>,
    /// Orders that waited for somebody, of which every domain is live now.
    pub(super) perhaps_complete: BTreeMap<Key, Timestamp>,
    /// Swaps that bring a domain of this batch in.
    pub(super) swaps: HashMap<Key, swaps::Model>,
    pub(super) changed_swaps: BTreeSet<Key>,
    pub(super) failed_swaps: Vec<(swaps::Model, &'static str, Timestamp)>,
    pub(super) retirements: Vec<Retirement>,
    pub(super) renames: Vec<(Key, Renames, Timestamp)>,
    /// Microsoft inboxes that went live, less those that went, by account.
    pub(super) microsoft_inboxes: BTreeMap<String, i64>,
}

/// Domains that an order let go in one batch.
pub(super) struct Freed {
    pub(super) domains: BTreeSet<String>,
    pub(super) now: Timestamp,
}

pub(super) fn key(account: &AccountId, id: &str) -> Key {
    (account.to_string(), id.to_owned())
}

impl Rows {
    pub(super) async fn load(tx: &DatabaseTransaction, items: &[&Step]) -> Result<Self> {
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
            .filter(order_domains::Column::State.is_not_in(OVER))
            .all(tx)
            .await?;
        let domains = domains::Entity::find()
            .filter(domains::Column::AccountId.is_in(accounts))
            .filter(domains::Column::Id.is_in(domain_ids))
            .all(tx)
            .await?;
        let swaps = super::swap::load(tx, &places).await?;
        Ok(Self {
            swaps: swaps
                .into_iter()
                .map(|row| ((row.account_id.clone(), row.id.clone()), row))
                .collect(),
            changed_swaps: BTreeSet::new(),
            failed_swaps: Vec::new(),
            retirements: Vec::new(),
            renames: Vec::new(),
            microsoft_inboxes: BTreeMap::new(),
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
            perhaps_complete: BTreeMap::new(),
        })
    }

    pub(super) fn holds_lease(&self, job: &DomainJob) -> bool {
        let row = self.jobs.get(&key(&job.account, job.domain.as_str()));
        row.is_some_and(|row| {
            row.lease_token.as_deref() == Some(&job.lease)
                && row.order_id.as_deref() == Some(job.order.as_str())
        })
    }

    pub(super) fn order(&mut self, step: &Step) -> Result<&mut orders::Model> {
        let key = key(&step.job.account, step.job.order.as_str());
        self.changed_orders.insert(key.clone());
        self.orders
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its order {}", key.1)))
    }

    pub(super) fn place(&mut self, step: &Step) -> Result<&mut order_domains::Model> {
        let key = key(&step.job.account, step.job.domain.as_str());
        self.changed_domains.insert(key.clone());
        self.places
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its place {}", key.1)))
    }

    pub(super) fn domain(&mut self, step: &Step) -> Result<&mut domains::Model> {
        let key = key(&step.job.account, step.job.domain.as_str());
        self.changed_domains.insert(key.clone());
        self.domains
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its domain {}", key.1)))
    }

    pub(super) fn job(&mut self, step: &Step) -> Result<&mut jobs::Model> {
        let key = key(&step.job.account, step.job.domain.as_str());
        self.changed_jobs.insert(key.clone());
        self.jobs.get_mut(&key).ok_or(StoreError::LeaseLost)
    }

    pub(super) fn end_job(&mut self, step: &Step) {
        self.ended_jobs
            .insert(key(&step.job.account, step.job.domain.as_str()));
    }

    pub(super) fn apply(&mut self, work: &mut Work<'_>, step: &Step) -> Result<Next> {
        let failed = self.order(step)?.status == OrderStatus::Failed.as_str();
        let leaving = is_leaving(self.place(step)?, step.now);
        match &step.change {
            Change::Registered { next_step, until } => {
                // Even when the domain is to be taken back: what was bought is the partner's.
                self.registered(work, step, next_step, *until)?;
                Ok(if failed || leaving {
                    Next::TakeBack
                } else {
                    Next::Continue
                })
            }
            Change::Retry { run_at, error } => {
                let clock = work.clock(step.job.account.as_str());
                let job = self.job(step)?;
                // Who asked for the job meanwhile may want something else of it, so it does not wait first.
                job.run_at = if job.wanted_again {
                    job.created_at
                } else {
                    clock.system_time(*run_at).as_millis()
                };
                job.lease_token = None;
                job.last_error = Some(error.clone());
                Ok(Next::Stop)
            }
            Change::Released { redirect } if self.place(step)?.forwarding_url != *redirect => {
                self.run_now(step).map(|()| Next::Stop)
            }
            Change::Released { .. } if failed => self.released(work, step).map(|()| Next::Stop),
            Change::Released { .. } => self.left(work, step).map(|()| Next::Stop),
            _ if failed || leaving => Ok(Next::TakeBack),
            Change::InboxesNamed { personas, .. } if self.place(step)?.personas != *personas => {
                self.run_now(step).map(|()| Next::Stop)
            }
            Change::InboxesNamed {
                next_step, inboxes, ..
            } => {
                self.inboxes_named(step, next_step, inboxes)?;
                Ok(Next::Continue)
            }
            Change::Connected { redirect } if self.place(step)?.forwarding_url != *redirect => {
                self.run_now(step).map(|()| Next::Stop)
            }
            Change::Connected { .. } => self.connected(work, step).map(|()| Next::Stop),
            Change::Blocked(blockers) => self.blocked(work, step, blockers).map(|()| Next::Stop),
            Change::SwapBegun => self.swap_begun(work, step).map(|()| Next::Continue),
            Change::SwapFailed => self.swap_failed(step).map(|()| Next::TakeBack),
            Change::OrderFailed { message } => {
                self.order_failed(step, message).map(|()| Next::TakeBack)
            }
        }
    }

    /// The job runs again: what it did is not what is wanted by now.
    fn run_now(&mut self, step: &Step) -> Result<()> {
        let job = self.job(step)?;
        job.run_at = job.created_at;
        job.lease_token = None;
        Ok(())
    }

    fn registered(
        &mut self,
        work: &mut Work<'_>,
        step: &Step,
        next_step: &str,
        until: Option<Timestamp>,
    ) -> Result<()> {
        let place = self.place(step)?;
        place.step = next_step.to_owned();
        let renewal_price = place.renewal_price_cents;
        let domain = self.domain(step)?;
        domain.owned = true;
        // The purchase is followed by our own delegation, so there is nothing for a customer to do.
        domain.delegated = true;
        if let Some(until) = until {
            domain.registered_until = Some(until.as_millis());
            domain.renewal_price_cents = renewal_price;
            domain.renewal_refused = false;
            work.enqueue(registrations::watch(
                &step.job.account,
                step.job.domain.as_str(),
                until,
            ));
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
        let is_microsoft = place.provider == MailProvider::Microsoft.as_str();
        let from_inventory = place.source == Source::Imported.as_str();
        let (comes_in, renamed) = (place.swap_in_id.is_some(), place.personas.is_some());
        let domain = self.domain(step)?;
        domain.status = domain
            .status
            .parse::<DomainStatus>()?
            .transition(DomainStatus::Active)?
            .to_string();
        let until = domain.registered_until.map(Timestamp::from_millis);
        let shown = to_view(domain)?;
        // One from the inventory may end within the day, when nobody would look before it does.
        if let (Some(until), true) = (until, from_inventory) {
            let domain = step.job.domain.as_str();
            work.enqueue(registrations::watch(&step.job.account, domain, until));
        }
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
        if is_microsoft {
            self.count_microsoft(step, inboxes);
        }
        if comes_in {
            self.swap_joined(step)?;
        }
        if renamed {
            let domain = key(&step.job.account, step.job.domain.as_str());
            self.renames.push((domain, Renames::Live, step.now));
        }
        let order = self.order(step)?;
        order.domains_active += 1;
        order.inboxes_active += inboxes;
        self.complete_if_all_active(step)
    }

    pub(super) fn count_microsoft(&mut self, step: &Step, inboxes: i32) {
        let account = step.job.account.to_string();
        *self.microsoft_inboxes.entry(account).or_default() += i64::from(inboxes);
    }

    fn complete_if_all_active(&mut self, step: &Step) -> Result<()> {
        let order = self.order(step)?;
        if order.domains_active < order.domain_count {
            return Ok(());
        }
        order.sealed_password = None;
        let status = order.status.parse::<OrderStatus>()?;
        match status {
            OrderStatus::InProgress => {
                order.status = status.transition(OrderStatus::Completed)?.to_string();
                self.tell(step, EventType::OrderCompleted);
            }
            // A domain that a swap brings in may wait for somebody.
            OrderStatus::ActionRequired => {
                let key = key(&step.job.account, step.job.order.as_str());
                self.perhaps_complete.insert(key, step.now);
            }
            // One that is to be cancelled stays so, however far its work is.
            _ => {}
        }
        Ok(())
    }

    fn blocked(&mut self, work: &mut Work<'_>, step: &Step, blockers: &[Blocker]) -> Result<()> {
        let place = self.place(step)?;
        place.state = ACTION_REQUIRED.to_owned();
        let name = place.name.clone();
        let renamed = place.personas.is_some();
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
        if let Some(first) = blockers.first() {
            self.swap_blocked(work, step, first.reason.as_str())?;
        }
        if renamed {
            let personas = blockers
                .iter()
                .filter_map(|blocker| blocker.persona.as_ref());
            let personas = personas
                .map(serde_json::to_string)
                .collect::<Result<_, _>>()?;
            let domain = key(&step.job.account, step.job.domain.as_str());
            self.renames
                .push((domain, Renames::Blocked(personas), step.now));
        }
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

    fn tell(&mut self, step: &Step, kind: EventType) {
        self.order_events.push((
            key(&step.job.account, step.job.order.as_str()),
            kind,
            step.now,
        ));
    }
}

/// What the licenses of one domain cost a month.
pub(crate) fn license_share(place: &order_domains::Model, order: &orders::Model) -> Result<Cents> {
    Ok(match place.provider.parse()? {
        MailProvider::Google => Cents(order.google_license_cents) * unsigned(place.inboxes)?,
        MailProvider::Microsoft => Cents(order.microsoft_license_cents),
    })
}
