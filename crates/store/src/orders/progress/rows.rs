//! The rows that a batch of steps is about, changed in memory and written together.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId};
use peeker_domain::order::{
    Change, Domain, DomainOnOrder, JobFate, Next, OrderDomain, PendingAction, Swap, Tries,
};
use peeker_domain::{JobKind, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::Step;
use super::subjects::Subjects;
use crate::aggregate::Loaded;
use crate::aggregate::effects::{Effects, Orders};
use crate::aggregate::pending::open_pictures;
use crate::aggregate::rows::all;
use crate::aggregate::write::{write_domains, write_order_domains, write_swaps};
use crate::connections::WriteTransaction;
use crate::entity::{jobs, swaps};
use crate::error::{Result, StoreError};
use crate::insert::write_back;
use crate::jobs::DomainJob;
use crate::keys::any_of;
use crate::unit_of_work::UnitOfWork;

type Key = (AccountId, DomainId);

/// Everything that a batch of steps reads and changes.
pub(super) struct Rows {
    jobs: Loaded<Key, jobs::Model>,
    orders: Orders,
    parts: Loaded<Key, OrderDomain>,
    domains: Loaded<Key, Domain>,
    /// Swaps that bring a domain of this batch in.
    swaps: Loaded<(AccountId, SwapId), Swap>,
    /// The open actions about pictures of the orders that are blocked by one now.
    open_actions: BTreeMap<(AccountId, OrderId), Vec<PendingAction>>,
    ended_jobs: BTreeSet<Key>,
    effects: Effects,
}

fn key(job: &DomainJob) -> Key {
    (job.account.clone(), job.domain.clone())
}

impl Rows {
    pub async fn load(tx: &WriteTransaction, items: &[&Step]) -> Result<Self> {
        let of: Vec<&DomainJob> = items.iter().map(|step| &step.job).collect();
        let keys = of.iter().map(|job| (&job.account, job.domain.as_str()));
        let jobs = jobs::Entity::find()
            .filter(any_of(jobs::Column::AccountId, jobs::Column::Subject, keys))
            .filter(jobs::Column::Kind.eq(JobKind::Provision))
            .lock_exclusive()
            .all(tx)
            .await?;
        let subjects = Subjects::read(tx, &of).await?;
        let swaps = load_swaps(tx, &subjects.parts).await?;
        Ok(Self {
            jobs: Loaded::of(jobs, |row| {
                let domain = DomainId::from_stored(row.subject.clone());
                (row.account_id.clone(), domain)
            }),
            orders: Loaded::of(subjects.orders, |order| {
                (order.account_id.clone(), order.id.clone())
            }),
            parts: Loaded::of(subjects.parts, |part| {
                (part.account_id.clone(), part.domain_id.clone())
            }),
            domains: Loaded::of(subjects.domains, |domain| {
                (domain.account_id.clone(), domain.id.clone())
            }),
            swaps: Loaded::of(swaps, |swap| (swap.account_id.clone(), swap.id.clone())),
            open_actions: load_pictures(tx, items).await?,
            ended_jobs: BTreeSet::new(),
            effects: Effects::default(),
        })
    }

    /// The row of the step's job, if it is still its worker's.
    fn held(&self, job: &DomainJob) -> Option<&jobs::Model> {
        let row = self.jobs.get(&key(job));
        row.filter(|row| row.lease_token.as_deref() == Some(&job.lease))
    }

    /// Lets a step change what it is about. A worker that lost its lease changes nothing; one whose domain is on another order
    /// by now begins anew.
    pub fn apply(&mut self, work: &mut UnitOfWork<'_>, step: &Step) -> Result<Next> {
        let Step { job, change, now } = step;
        let Some(row) = self.held(job) else {
            return Ok(Next::Stop);
        };
        if row.order_id.as_ref() != Some(&job.order) {
            self.settle_job(work, job, JobFate::RunAgain);
            return Ok(Next::Stop);
        }
        let missing = |what: &str| {
            let domain = &job.domain;
            StoreError::Corrupt(format!("job of domain {domain} without its {what}"))
        };
        let part = self.parts.get_mut(&key(job));
        let part = part.ok_or_else(|| missing("part in the order"))?;
        let of_order = (job.account.clone(), part.order_id.clone());
        let swap_in = part.swap_in_id.clone();
        let swap_in = swap_in.and_then(|id| self.swaps.get_mut(&(job.account.clone(), id)));
        let domain = DomainOnOrder {
            order: self
                .orders
                .get_mut(&of_order)
                .ok_or_else(|| missing("order"))?,
            part,
            domain: self
                .domains
                .get_mut(&key(job))
                .ok_or_else(|| missing("row"))?,
            swap_in,
            open_actions: self.open_actions.entry(of_order).or_default(),
        };
        let applied = domain.apply(change, *now)?;
        self.effects
            .take(work, &job.account, applied.effects, *now)?;
        self.settle_job(work, job, applied.job);
        Ok(applied.next)
    }

    fn settle_job(&mut self, work: &UnitOfWork<'_>, job: &DomainJob, fate: JobFate) {
        let Some(row) = self.jobs.get_mut(&key(job)) else {
            return;
        };
        match fate {
            JobFate::Held => {}
            JobFate::GotOn => row.attempts = 0,
            JobFate::RunAgain => run_again(row),
            JobFate::RetryAt(at, error, tries) => {
                come_back(row, work.clock(&job.account).system_time(at), error);
                match tries {
                    Tries::Count => {}
                    // It has begun, which counts for whoever wants to stop it before that.
                    Tries::Keep => row.attempts = (row.attempts - 1).max(1),
                    Tries::StartAnew => row.attempts = 1,
                }
            }
            JobFate::Ended if row.rerun_requested => run_again(row),
            JobFate::Ended | JobFate::Dropped => {
                self.ended_jobs.insert(key(job));
            }
        }
    }

    pub async fn store(self, work: &mut UnitOfWork<'_>) -> Result<()> {
        write_domains(work, self.domains.changed()).await?;
        write_order_domains(work, self.parts.changed()).await?;
        write_swaps(work, self.swaps.changed()).await?;
        self.effects.settle(work, self.orders).await?;
        let mut jobs = self.jobs.changed();
        jobs.retain(|job| {
            let domain = DomainId::from_stored(job.subject.clone());
            !self.ended_jobs.contains(&(job.account_id.clone(), domain))
        });
        write_back::<jobs::Entity, _>(work.tx(), jobs).await?;
        end_jobs(work.tx(), &self.ended_jobs).await
    }
}

/// It is due at once: `created_at` lies in the past.
fn come_back(row: &mut jobs::Model, at: Timestamp, error: String) {
    run_again(row);
    // Who asked for the job meanwhile may want something else of it, so it does not wait first.
    if !row.rerun_requested {
        row.run_at = at;
    }
    row.last_error = Some(error);
}

fn run_again(row: &mut jobs::Model) {
    row.run_at = row.created_at;
    row.lease_token = None;
}

async fn end_jobs(tx: &WriteTransaction, ended: &BTreeSet<Key>) -> Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let keys = ended
        .iter()
        .map(|(account, domain)| (account, domain.as_str()));
    jobs::Entity::delete_many()
        .filter(any_of(jobs::Column::AccountId, jobs::Column::Subject, keys))
        .filter(jobs::Column::Kind.eq(JobKind::Provision))
        .exec(tx)
        .await?;
    Ok(())
}

async fn load_pictures(
    tx: &WriteTransaction,
    items: &[&Step],
) -> Result<BTreeMap<(AccountId, OrderId), Vec<PendingAction>>> {
    let mut found = BTreeMap::new();
    for Step { job, change, .. } in items {
        let key = (job.account.clone(), job.order.clone());
        if matches!(change, Change::Blocked(_)) && !found.contains_key(&key) {
            let open = open_pictures(tx, &job.account, &job.order).await?;
            found.insert(key, open);
        }
    }
    Ok(found)
}

async fn load_swaps(tx: &WriteTransaction, parts: &[OrderDomain]) -> Result<Vec<Swap>> {
    let keys: Vec<_> = parts
        .iter()
        .filter_map(|part| Some((&part.account_id, part.swap_in_id.as_ref()?)))
        .collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = swaps::Entity::find()
        .filter(any_of(swaps::Column::AccountId, swaps::Column::Id, keys))
        .all(tx)
        .await?;
    all(rows)
}
