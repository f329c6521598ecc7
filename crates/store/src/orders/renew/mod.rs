//! Renewing an order: one transaction per period takes its money, moves the order on, pays the registrations that end
//! in it and asks for the next run (docs/adr/0020).
//!
//! What must stay true: `months_paid`, `renews_at` and the ledger change together, under the account's lock and the
//! job's lease. A run that is repeated, late or one of many finds what is paid and goes on from there.

mod bill;

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{Cents, HistoryKind, LedgerReason, OrderStatus, Timestamp};
use sea_orm::EntityTrait;

use super::cancel::{let_go, places_of};
use crate::entity::{domains, order_domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, NewJob, finish, run_again};
use crate::work::Work;
use bill::Bill;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// For how long a bill that the wallet cannot pay is tried, once a day.
const DUNNING_SECONDS: i64 = 7 * DAY_SECONDS;
/// How long an order that was not paid goes on after its cancellation was scheduled.
const NOTICE_SECONDS: i64 = 7 * DAY_SECONDS;
/// Months of a registration.
pub(crate) const YEAR: i32 = 12;

/// Charges what is due of an order, one period, and says when the job runs next. An order that has ended or is to be
/// cancelled has no renewal: its job ends. With `simulate_empty_wallet` the wallet is found empty, whatever it holds.
/// Errors: [`StoreError::LeaseLost`]; nothing has changed then.
pub async fn run(
    db: &EnvironmentDb,
    job: &ClaimedJob,
    simulate_empty_wallet: bool,
    now: Timestamp,
) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    let key = (
        job.account.clone(),
        OrderId::from_stored(job.subject.clone()),
    );
    let order = orders::Entity::find_by_id(key).one(work.tx()).await?;
    let Some((order, renews_at)) = renewing(order) else {
        finish(&work, job).await?;
        return work.commit().await;
    };
    let run = Run {
        places: places_of(&work, &job.account, &order.id).await?,
        account: job.account.clone(),
        order,
        now,
    };
    let mut domains = bill::registered(&work, &run.places).await?;
    let next = match Bill::of(&run.order, renews_at, &run.places, &domains, now)? {
        None => Some(run.owes_nothing(&work, renews_at).await?),
        Some(bill) => match pay(&mut work, &run, &bill, simulate_empty_wallet) {
            Ok(()) => Some(run.paid(&mut work, &bill, &mut domains).await?),
            Err(StoreError::InsufficientFunds { required, balance }) => {
                run.unpaid(&mut work, &bill, required, balance).await?
            }
            Err(error) => return Err(error),
        },
    };
    match next {
        Some(next) => run_again(&work, job, next).await?,
        None => finish(&work, job).await?,
    }
    work.commit().await
}

/// The order with its next renewal, when it has one.
fn renewing(order: Option<orders::Model>) -> Option<(orders::Model, Timestamp)> {
    let order = order?;
    let renews = order.status.is_active() && order.status != OrderStatus::CancelScheduled;
    let renews_at = order.renews_at.filter(|_| renews)?;
    Some((order, renews_at))
}

/// Errors: [`StoreError::InsufficientFunds`]; nothing has changed then.
fn pay(work: &mut Work<'_>, run: &Run, bill: &Bill, simulate_empty_wallet: bool) -> Result<()> {
    let required = bill.total();
    if required > Cents::ZERO && simulate_empty_wallet {
        return Err(StoreError::InsufficientFunds {
            required,
            balance: Cents::ZERO,
        });
    }
    work.debit(
        &run.account,
        required,
        LedgerReason::Renewal,
        &run.order.id,
        run.now,
    )
}

/// An order whose time has come.
struct Run {
    account: AccountId,
    order: orders::Model,
    places: Vec<order_domains::Model>,
    now: Timestamp,
}

impl Run {
    /// What was due alone and not paid, a registration, is not needed any more: the next bill has days of its own.
    async fn owes_nothing(mut self, work: &Work<'_>, renews_at: Timestamp) -> Result<Timestamp> {
        if self.order.overdue_since.take().is_some() {
            write_back::<orders::Entity, _>(work.tx(), vec![self.order]).await?;
        }
        Ok(renews_at)
    }

    /// Writes down what the wallet has paid. Gives back when the job runs next.
    async fn paid(
        self,
        work: &mut Work<'_>,
        bill: &Bill,
        domains: &mut Vec<domains::Model>,
    ) -> Result<Timestamp> {
        let Self {
            account,
            mut order,
            now,
            ..
        } = self;
        let id = order.id.clone();
        let amount = Some(-bill.total()).filter(|amount| *amount != Cents::ZERO);
        work.note(
            &account,
            &id,
            HistoryKind::OrderRenewed,
            bill.paid_message(),
            amount,
            now,
        );
        domains.retain(|domain| bill.renews(domain));
        for domain in domains.iter_mut() {
            domain.renewing_until = domain.registered_until.map(|end| end.plus_months(YEAR));
            work.enqueue(NewJob::registration(&account, &id, &domain.id, now));
        }
        if let Some(month) = &bill.month {
            order.months_paid += 1;
            order.renews_at = Some(month.to);
        }
        order.overdue_since = None;
        let next = order.renews_at.unwrap_or(now);
        write_back::<domains::Entity, _>(work.tx(), std::mem::take(domains)).await?;
        write_back::<orders::Entity, _>(work.tx(), vec![order]).await?;
        Ok(next)
    }

    /// Writes down that the wallet could not pay. Gives back when the job tries again; `None` when it gave up and the
    /// order is to be cancelled.
    async fn unpaid(
        self,
        work: &mut Work<'_>,
        bill: &Bill,
        required: Cents,
        balance: Cents,
    ) -> Result<Option<Timestamp>> {
        let Self {
            account,
            mut order,
            places,
            now,
        } = self;
        // A server that was down for long gives the partner his days all the same.
        let noticed_late = now.as_seconds() - bill.due.as_seconds() > DAY_SECONDS;
        let first = if noticed_late { now } else { bill.due };
        let since = *order.overdue_since.get_or_insert(first);
        let gives_up = since.plus_seconds(DUNNING_SECONDS) <= now;
        let then = if gives_up {
            "it was tried for 7 days, so the order will be cancelled"
        } else {
            "it is tried again every day for 7 days"
        };
        let missing = required - balance;
        let message =
            format!("The wallet holds {balance} of {required}, {missing} are missing; {then}");
        work.note(
            &account,
            &order.id,
            HistoryKind::OrderRenewalFailed,
            message,
            None,
            now,
        );
        if gives_up {
            let all: BTreeSet<i32> = places.iter().map(|place| place.position).collect();
            let ends_at = now.plus_seconds(NOTICE_SECONDS);
            let_go(work, order, places, &all, ends_at, now).await?;
            return Ok(None);
        }
        let days = (now.as_seconds() - since.as_seconds()) / DAY_SECONDS + 1;
        write_back::<orders::Entity, _>(work.tx(), vec![order]).await?;
        Ok(Some(since.plus_seconds(days * DAY_SECONDS)))
    }
}
