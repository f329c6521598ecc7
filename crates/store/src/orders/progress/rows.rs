//! The rows that a batch of steps is about, and what follows from the steps for others.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, DomainId, OrderId, SwapId};
use peeker_domain::{Cents, EventType, InboxStatus, JobKind, MailProvider, SwapReason, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::connections::WriteTransaction;
use crate::entity::{domains, inboxes, jobs, order_domains, orders, pending_actions, swaps};
use crate::error::{Result, StoreError};
use crate::keys::any_of;
use crate::number::unsigned;

use super::loaded::Loaded;
use super::subjects::Subjects;
use super::swap::{Renames, Retirement};
use super::{DomainJob, DomainKey, OrderKey, Step};

/// Everything that a batch of steps reads and changes, by (account, id).
pub(super) struct Rows {
    pub(super) jobs: Loaded<DomainId, jobs::Model>,
    pub(super) orders: Loaded<OrderId, orders::Model>,
    pub(super) places: Loaded<DomainId, order_domains::Model>,
    pub(super) domains: Loaded<DomainId, domains::Model>,
    pub(super) ended_jobs: BTreeSet<DomainKey>,
    pub(super) new_inboxes: Vec<inboxes::Model>,
    pub(super) inbox_changes: Vec<(DomainKey, InboxStatus)>,
    pub(super) actions: Vec<pending_actions::Model>,
    /// Events that show the whole order, sent when everything else of the batch is known.
    pub(super) order_events: Vec<(OrderKey, EventType, Timestamp)>,
    /// Orders that failed, with their fingerprints.
    pub(super) failed_orders: Vec<(OrderKey, String, Timestamp)>,
    /// Domains whose part in an order ended, by order.
    pub(super) freed: BTreeMap<OrderKey, Freed>,
    /// Orders that waited for somebody, of which every domain is live now.
    pub(super) perhaps_complete: BTreeMap<OrderKey, Timestamp>,
    /// Swaps that bring a domain of this batch in.
    pub(super) swaps: Loaded<SwapId, swaps::Model>,
    pub(super) failed_swaps: Vec<(swaps::Model, SwapReason, Timestamp)>,
    pub(super) retirements: Vec<Retirement>,
    pub(super) renames: Vec<(DomainKey, Renames, Timestamp)>,
    /// Microsoft inboxes that went live, less those that went, by account.
    pub(super) microsoft_inboxes: BTreeMap<AccountId, i64>,
}

/// Domains that an order let go in one batch.
pub(super) struct Freed {
    pub(super) domains: BTreeSet<DomainId>,
    pub(super) now: Timestamp,
}

impl Rows {
    pub(super) async fn load(tx: &WriteTransaction, items: &[&Step]) -> Result<Self> {
        let of: Vec<&DomainJob> = items.iter().map(|step| &step.job).collect();
        let keys = of.iter().map(|job| (&job.account, &job.domain));
        let jobs = jobs::Entity::find()
            .filter(any_of(jobs::Column::AccountId, jobs::Column::Subject, keys))
            .filter(jobs::Column::Kind.eq(JobKind::Provision))
            .lock_exclusive()
            .all(tx)
            .await?;
        let Subjects {
            orders,
            places,
            domains,
        } = Subjects::read(tx, &of).await?;
        let swaps = super::swap::load(tx, &places).await?;
        Ok(Self {
            jobs: Loaded::of(jobs, |row| {
                let domain = DomainId::from_stored(row.subject.clone());
                (row.account_id.clone(), domain)
            }),
            orders: Loaded::of(orders, |row| (row.account_id.clone(), row.id.clone())),
            places: Loaded::of(places, |row| {
                (row.account_id.clone(), row.domain_id.clone())
            }),
            domains: Loaded::of(domains, |row| (row.account_id.clone(), row.id.clone())),
            swaps: Loaded::of(swaps, |row| (row.account_id.clone(), row.id.clone())),
            ended_jobs: BTreeSet::new(),
            new_inboxes: Vec::new(),
            inbox_changes: Vec::new(),
            actions: Vec::new(),
            order_events: Vec::new(),
            failed_orders: Vec::new(),
            freed: BTreeMap::new(),
            perhaps_complete: BTreeMap::new(),
            failed_swaps: Vec::new(),
            retirements: Vec::new(),
            renames: Vec::new(),
            microsoft_inboxes: BTreeMap::new(),
        })
    }

    pub(super) fn holds_lease(&self, job: &DomainJob) -> bool {
        let row = self.jobs.get(&job.domain_key());
        row.is_some_and(|row| {
            row.lease_token.as_deref() == Some(&job.lease)
                && row.order_id.as_ref() == Some(&job.order)
        })
    }

    pub(super) fn order(&mut self, step: &Step) -> Result<&mut orders::Model> {
        let key = step.job.order_key();
        self.orders
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its order {}", key.1)))
    }

    pub(super) fn place(&mut self, step: &Step) -> Result<&mut order_domains::Model> {
        let key = step.job.domain_key();
        self.places
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its place {}", key.1)))
    }

    pub(super) fn domain(&mut self, step: &Step) -> Result<&mut domains::Model> {
        let key = step.job.domain_key();
        self.domains
            .get_mut(&key)
            .ok_or_else(|| StoreError::Corrupt(format!("job without its domain {}", key.1)))
    }

    pub(super) fn job(&mut self, step: &Step) -> Result<&mut jobs::Model> {
        let key = step.job.domain_key();
        self.jobs.get_mut(&key).ok_or(StoreError::LeaseLost)
    }

    pub(super) fn end_job(&mut self, step: &Step) {
        self.ended_jobs.insert(step.job.domain_key());
    }
}

/// What the licenses of one domain cost a month.
pub(crate) fn license_share(place: &order_domains::Model, order: &orders::Model) -> Result<Cents> {
    Ok(match place.provider {
        MailProvider::Google => order.google_license_cents * unsigned(place.inboxes)?,
        MailProvider::Microsoft => order.microsoft_license_cents,
    })
}
