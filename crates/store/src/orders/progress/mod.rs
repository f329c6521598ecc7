//! How far an order's domains are: what a provisioning worker writes, many domains at a time.
//!
//! Every write is guarded by the lease of the domain's job: a worker that lost it changes nothing. One job per
//! domain exists for as long as there is something to do for it on its order, so two workers never act on one domain.
//!
//! When an order fails, each of its domains is taken back by that same job: the worker sees the order's status, here
//! or when it starts, and turns from setting up to taking back.
//!
//! A batch of steps is applied to rows in memory (`rows.rs`), then written with everything that follows from it
//! (`settle.rs`), ends of domains and swaps among it (`end.rs`, `swap.rs`); what a worker reads to go on is in `assignment.rs`.

mod apply;
mod assignment;
mod end;
mod loaded;
mod rows;
mod settle;
mod subjects;
mod swap;

use rows::Rows;

pub(crate) use rows::license_share;
pub(crate) use swap::has_joined;

pub use assignment::{Assignment, Assignments, end_job, planned_addresses};

use peeker_domain::id::{AccountId, DomainId, InboxId, OrderId};
use peeker_domain::view::Persona;
use peeker_domain::{ActionReason, ClockOffset, JobKind, Timestamp};

use crate::entity::order_domains;
use crate::error::Result;
use crate::jobs::ClaimedJob;
use crate::lane::Batch;
use crate::work::Work;

/// When a picture that cannot be loaded is looked at again.
pub(crate) const PICTURE_RECHECK_SECONDS: i64 = 10 * 60;

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
    /// The account's clock when the job was claimed.
    pub clock: ClockOffset,
}

/// A domain of an account.
type DomainKey = (AccountId, DomainId);
/// An order of an account.
type OrderKey = (AccountId, OrderId);

impl DomainJob {
    fn domain_key(&self) -> DomainKey {
        (self.account.clone(), self.domain.clone())
    }

    fn order_key(&self) -> OrderKey {
        (self.account.clone(), self.order.clone())
    }

    /// Takes a claimed job that is about a domain of an order; `None` for any other.
    pub fn of(job: &ClaimedJob) -> Option<Self> {
        (job.kind == JobKind::Provision).then_some(())?;
        Some(Self {
            account: job.account.clone(),
            domain: DomainId::from_stored(job.subject.clone()),
            order: job.order.clone()?,
            attempts: job.attempts,
            lease: job.lease.clone(),
            clock: job.clock,
        })
    }
}

/// What happened.
#[derive(Debug)]
pub enum Change {
    /// The domain is ours at the registrar; its set-up goes on with `ProvisionStep::Zone`.
    Registered {
        /// Until when the registration is paid; `None` when it was ours before.
        until: Option<Timestamp>,
    },
    /// The inboxes are about to be made; the set-up goes on with `ProvisionStep::Inboxes`.
    InboxesNamed {
        /// The inboxes; those that are there already stay.
        inboxes: Vec<NewInbox>,
        /// The personas of the place that they are named after. Should it have others by now, the job runs again.
        personas: Option<String>,
    },
    /// Domain and inboxes are live and handed over. Ends the job, unless the domain is to redirect elsewhere by now.
    Connected {
        /// Where it redirects to.
        redirect: Option<String>,
    },
    /// A provider asked for patience. The job runs again at `run_at`.
    Retry {
        /// When, on the account's clock.
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
    /// Everything that was made for the domain is removed. Ends the job, unless the domain redirects elsewhere by now.
    Released {
        /// The redirect that was removed with it.
        redirect: Option<String>,
    },
    /// Work on the swap that brings the domain in has begun.
    SwapBegun,
    /// The domain cannot take the place of another. The swap fails, nothing else; the job goes on with taking back.
    SwapFailed,
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
    Deprovision,
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

/// Whether the domain's time on its order is over.
fn is_leaving(place: &order_domains::Model, now: Timestamp) -> bool {
    place.leaves_at.is_some_and(|at| at <= now)
}
