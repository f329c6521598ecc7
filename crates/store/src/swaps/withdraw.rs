//! Ending a swap before anything has come of it: the facts that `peeker_domain::order::withdraw` decides on, read and answered
//! in one transaction under the account's lock.

use peeker_domain::id::{AccountId, SwapId};
use peeker_domain::order::{Order, Swap, WithdrawFacts, Withdrawn, withdraw};
use peeker_domain::{SwapReason, SwapStatus, SwapType, Timestamp, view};
use sea_orm::EntityTrait;

use super::rename::live_inboxes;
use crate::aggregate::write::{write_domains, write_order, write_order_domains, write_swaps};
use crate::aggregate::{effects, read};
use crate::entity::swaps::Entity;
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::jobs::{ClaimedJob, finish, has_begun};
use crate::unit_of_work::UnitOfWork;

/// What became of a wish to cancel a swap.
#[derive(Debug)]
pub enum Cancelled {
    /// It has ended.
    Ended(view::Swap),
    /// It is over already, or too far.
    TooLate(SwapStatus),
}

/// Cancels a swap; refunds what it paid. `None` when there is no such swap.
pub async fn cancel(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &SwapId,
    now: Timestamp,
) -> Result<Option<Cancelled>> {
    let mut work = UnitOfWork::begin(db, [account]).await?;
    let Some(swap) = find(&work, account, id).await? else {
        return Ok(None);
    };
    let status = swap.status;
    if swap.reason == Some(SwapReason::Cancelled) {
        return Ok(Some(Cancelled::Ended(swap.view())));
    }
    let Some(ended) = end(&mut work, swap, SwapReason::Cancelled, now).await? else {
        return Ok(Some(Cancelled::TooLate(status)));
    };
    work.commit().await?;
    Ok(Some(Cancelled::Ended(ended)))
}

/// Ends a swap that has waited for too long. Ends the job.
pub async fn expire(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    finish(&work, job).await?;
    let id = SwapId::from_stored(job.subject.clone());
    let swap = find(&work, &job.account, &id).await?;
    let waits = |swap: &Swap| swap.status == SwapStatus::ActionRequired;
    if let Some(swap) = swap.filter(waits) {
        end(&mut work, swap, SwapReason::Expired, now).await?;
    }
    work.commit().await
}

async fn find(work: &UnitOfWork<'_>, account: &AccountId, id: &SwapId) -> Result<Option<Swap>> {
    let row = Entity::find_by_id((account.clone(), id.clone()));
    let row = row.one(work.tx()).await?;
    row.map(Swap::try_from).transpose()
}

async fn end(
    work: &mut UnitOfWork<'_>,
    swap: Swap,
    reason: SwapReason,
    now: Timestamp,
) -> Result<Option<view::Swap>> {
    let account = swap.account_id.clone();
    let order = read::order(work, &account, &swap.order_id).await?;
    let order =
        order.ok_or_else(|| StoreError::Corrupt(format!("swap {} has no order", swap.id)))?;
    let facts = WithdrawFacts {
        about: about(work, &swap, &order).await?,
        swap,
        order,
    };
    let Some(ended) = withdraw(facts, reason, now)? else {
        return Ok(None);
    };
    let shown = ended.swap.view();
    write_swaps(work, vec![ended.swap]).await?;
    write_order(work, ended.order).await?;
    write_order_domains(work, ended.part.into_iter().collect()).await?;
    write_domains(work, ended.domain.into_iter().collect()).await?;
    effects::carry_out(work, &account, ended.effects, now).await?;
    Ok(Some(shown))
}

async fn about(work: &UnitOfWork<'_>, swap: &Swap, order: &Order) -> Result<Option<Withdrawn>> {
    let (account, id) = (&swap.account_id, &order.id);
    if swap.kind == SwapType::UserNames {
        let Some(part) = read::part_of(work, account, id, &swap.domain_id).await? else {
            return Ok(None);
        };
        let open = read::open_renames(work.tx(), account, &swap.domain_id).await?;
        let others = open.into_iter().filter(|other| other.id != swap.id);
        return Ok(Some(Withdrawn::Renaming {
            inboxes: live_inboxes(work, account, &swap.domain_id).await?,
            others: others.collect(),
            part,
        }));
    }
    let Some(new) = &swap.replacement_domain_id else {
        return Ok(None);
    };
    let part = read::part_of(work, account, id, new).await?;
    let (Some(part), Some(domain)) = (part, read::domain(work, account, new).await?) else {
        return Ok(None);
    };
    let begun = has_begun(work, account, std::slice::from_ref(new)).await?;
    Ok(Some(Withdrawn::Replacement {
        part,
        domain: Box::new(domain),
        begun: !begun.is_empty(),
    }))
}
