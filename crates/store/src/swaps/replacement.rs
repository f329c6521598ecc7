//! How the replacement of a domain goes on and ends: imported, and the old one retired.

use peeker_domain::id::{AccountId, SwapId};
use peeker_domain::order::{self, Domain, Import, Swap};
use peeker_domain::{NewJob, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::aggregate::rows::all;
use crate::aggregate::write::{add_to_order, write_swaps};
use crate::aggregate::{effects, read};
use crate::entity::swaps::{Column, Entity};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::jobs::{ClaimedJob, finish};
use crate::unit_of_work::UnitOfWork;

/// Swaps that wait for an import, spelled out so that the planner can choose their index.
const WAITING: &str =
    "status = 'action_required' AND replacement_domain_id IS NULL AND type <> 'user_names'";

/// Lets the swap that waits for the import of this domain go on; the oldest, should several wait. The domain's row is
/// written already.
pub(crate) async fn imported(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    domain: &Domain,
    now: Timestamp,
) -> Result<()> {
    let waiting = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::ReplacementDomain.eq(&domain.name))
        .filter(Expr::cust(WAITING))
        .order_by_asc(Column::Id)
        .all(work.tx())
        .await?;
    let mut domain = domain.clone();
    for mut swap in all::<_, Swap>(waiting)? {
        let on = read::active_part(work, account, &swap.order_id, &swap.domain_id).await?;
        let last = read::last_position(work, account, &swap.order_id).await?;
        let on = on
            .as_ref()
            .map(|(order, part)| (order, part, last.unwrap_or_default()));
        let effects = match order::imported(&mut swap, &domain, on, now)? {
            Import::Added(added, effects) => {
                let (joined, part) = *added;
                domain = joined.clone();
                add_to_order(work, joined, part).await?;
                effects
            }
            Import::Failed(effects) => effects,
        };
        write_swaps(work, vec![swap]).await?;
        effects::carry_out(work, account, effects, now).await?;
    }
    Ok(())
}

/// The 14 days of a premium swap are over: sends the old domain on its way. Ends the job.
pub async fn retire(db: &EnvironmentDb, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    let mut work = UnitOfWork::begin(db, [&job.account]).await?;
    finish(&work, job).await?;
    let account = &job.account;
    let id = SwapId::from_stored(job.subject.clone());
    let swap = Entity::find_by_id((account.clone(), id));
    if let Some(swap) = swap.one(work.tx()).await? {
        // The order may have let the domain go before, and another order have it by now.
        let (order, domain) = (&swap.order_id, &swap.domain_id);
        let part = read::active_part(&work, account, order, domain).await?;
        if part.is_some() {
            work.enqueue(NewJob::provision(account, order, domain, now));
        }
    }
    work.commit().await
}
