//! How swaps go on and end: imported replacements, retirement, failure, completion.

use peeker_domain::id::{AccountId, DomainId, SwapId};
use peeker_domain::view::Source;
use peeker_domain::{Cents, HistoryKind, SwapReason, SwapStatus, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use super::place::{Incoming, add, current};
use super::turn;
use crate::domains::usable_for;
use crate::entity::domains;
use crate::entity::swaps::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::{ClaimedJob, NewJob, finish};
use crate::work::Work;

/// Swaps whose [`SwapStatus`] is open, spelled out, so that the planner can choose their index.
const IS_OPEN: &str = "status IN ('created', 'in_progress', 'action_required')";
/// Swaps of domains, not of names, in [`SwapStatus::ActionRequired`] whose replacement is to be imported; spelled out for the
/// same reason.
const AWAITS_IMPORT: &str =
    "status = 'action_required' AND replacement_domain_id IS NULL AND type <> 'user_names'";

/// Swaps that are not over and take one of these domains off or bring it in, oldest first.
pub(crate) async fn open_of_domains<'d>(
    work: &Work<'_>,
    account: &AccountId,
    domains: impl IntoIterator<Item = &'d DomainId> + Clone,
) -> Result<Vec<Model>> {
    let either = Condition::any()
        .add(Column::DomainId.is_in(domains.clone()))
        .add(Column::ReplacementDomainId.is_in(domains));
    Ok(Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(either)
        .filter(Expr::cust(IS_OPEN))
        .order_by_asc(Column::Id)
        .all(work.tx())
        .await?)
}

/// Ends a swap that is not to be. What was paid for licenses is given back; the registration was refunded, or is the
/// partner's, when the new domain is taken back.
pub(crate) async fn fail(
    work: &mut Work<'_>,
    mut swap: Model,
    reason: SwapReason,
    now: Timestamp,
) -> Result<()> {
    let account = swap.account_id.clone();
    let refund = swap.license_cents;
    work.refund(&account, refund, &swap.order_id, now)?;
    if refund > Cents::ZERO {
        let message = "The licenses of a failed swap were refunded";
        work.note(
            &account,
            &swap.order_id,
            HistoryKind::SwapFailed,
            message,
            Some(refund),
            now,
        );
    }
    turn(work, &mut swap, SwapStatus::Failed, Some(reason), now)?;
    write_back::<Entity, _>(work.tx(), vec![swap]).await
}

/// Ends a swap whose new domain is live and whose old one is off.
pub(crate) async fn complete(work: &mut Work<'_>, mut swap: Model, now: Timestamp) -> Result<()> {
    turn(work, &mut swap, SwapStatus::Completed, None, now)?;
    let account = swap.account_id.clone();
    let name = swap.replacement_domain.as_deref().unwrap_or_default();
    let message = format!("The swap to {name} is done");
    work.note(
        &account,
        &swap.order_id,
        HistoryKind::SwapCompleted,
        message,
        None,
        now,
    );
    write_back::<Entity, _>(work.tx(), vec![swap]).await
}

/// Lets the swap that waits for the import of this domain go on; the oldest, should several wait. The domain's row is
/// written already.
pub(crate) async fn imported(
    work: &mut Work<'_>,
    account: &AccountId,
    domain: &domains::Model,
    now: Timestamp,
) -> Result<()> {
    let waiting = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::ReplacementDomain.eq(&domain.name))
        .filter(Expr::cust(AWAITS_IMPORT))
        .order_by_asc(Column::Id)
        .all(work.tx())
        .await?;
    let mut domain = domain.clone();
    for mut swap in waiting {
        let Some((order, old)) =
            current(work, &swap.account_id, &swap.order_id, &swap.domain_id).await?
        else {
            fail(work, swap, SwapReason::OrderEnded, now).await?;
            continue;
        };
        if domain.order_id.is_some() {
            let taken = SwapReason::DomainAlreadyInActiveOrder;
            fail(work, swap, taken, now).await?;
            continue;
        }
        if !usable_for(&domain).contains(&old.provider) {
            fail(work, swap, SwapReason::DomainNotUsableForProvider, now).await?;
            continue;
        }
        let incoming = Incoming {
            name: domain.name.clone(),
            google_only: domain.google_only,
            known: Some(domain.clone()),
            source: Source::Imported,
            price: Cents::ZERO,
            renewal_price: Cents::ZERO,
        };
        add(work, &order, &old, &mut swap, incoming, now).await?;
        domain.order_id = Some(order.id);
        turn(work, &mut swap, SwapStatus::InProgress, None, now)?;
        write_back::<Entity, _>(work.tx(), vec![swap]).await?;
    }
    Ok(())
}

/// The 14 days of a premium swap are over: sends the old domain on its way. Ends the job.
pub async fn retire(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = Work::begin(db, [&job.account]).await?;
    finish(&work, job).await?;
    let key = (
        job.account.clone(),
        SwapId::from_stored(job.subject.clone()),
    );
    if let Some(swap) = Entity::find_by_id(key).one(work.tx()).await? {
        // The order may have let the domain go before, and another order have it by now.
        let (account, order, domain) = (&swap.account_id, &swap.order_id, &swap.domain_id);
        if current(&work, account, order, domain).await?.is_some() {
            work.enqueue(NewJob::provision(&job.account, order, domain, now));
        }
    }
    work.commit().await
}
