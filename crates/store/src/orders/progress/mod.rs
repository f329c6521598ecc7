//! How far an order's domains are: what a provisioning worker writes, many domains at a time.
//!
//! Every write is guarded by the lease of the domain's job: a worker that lost it changes nothing. One job per
//! domain exists for as long as there is something to do for it on its order, so two workers never act on one domain.
//!
//! When an order fails, each of its domains is taken back by that same job: the worker sees the order's status, here
//! or when it starts, and turns from setting up to taking back.
//!
//! What a step changes is decided by `peeker_domain::order::DomainOnOrder`, on rows in memory (`rows.rs`); what follows for
//! others is carried out by `orders/effects.rs`. What a worker reads to go on is in `assignment.rs`.

mod assignment;
mod rows;
mod subjects;

use rows::Rows;

pub use assignment::{Assignment, Assignments, end_job, planned_addresses};

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;
use peeker_domain::order::{Change, Next};

use crate::error::Result;
use crate::jobs::DomainJob;
use crate::lane::Batch;
use crate::unit_of_work::UnitOfWork;

/// The lane that records progress.
#[derive(Debug)]
pub enum Progress {}

/// One thing that happened to one domain of an order.
#[derive(Debug)]
pub struct Step {
    /// The job that it happened in; its lease guards the write.
    pub job: DomainJob,
    pub change: Change,
    pub now: Timestamp,
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

    async fn write(work: &mut UnitOfWork<'_>, items: &[&Step]) -> Result<Vec<Next>> {
        let mut rows = Rows::load(work.tx(), items).await?;
        let next = items.iter().map(|step| rows.apply(work, step));
        let next = next.collect::<Result<_>>()?;
        rows.store(work).await?;
        Ok(next)
    }
}
