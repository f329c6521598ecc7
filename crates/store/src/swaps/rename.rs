//! Renaming the inboxes of a domain: one swap per inbox, all worked on by the domain's own job (contract §5).

use std::collections::BTreeMap;

use peeker_domain::id::{AccountId, DomainId, InboxId, SwapId};
use peeker_domain::order::{
    Blocker, Domain, Inbox, LiveDomain, OpenRename, Order, OrderDomain, RenameFacts, RenameOutcome,
    RenameRequest, Swap, accept_rename, record_rename, start_renames,
};
use peeker_domain::{DomainCategory, InboxStatus, JobKind, SwapType, Timestamp, view};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::actions;
use crate::aggregate::pending::open_pictures;
use crate::aggregate::read::{open_of_domains, open_renames};
use crate::aggregate::rows::all;
use crate::aggregate::write::{
    add_swaps, write_all, write_domains, write_order, write_order_domains, write_swaps,
};
use crate::aggregate::{effects, read};
use crate::entity::inboxes;
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::jobs::DomainJob;
use crate::jobs::held_by;
use crate::unit_of_work::UnitOfWork;

pub(super) async fn live_inboxes(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<Inbox>> {
    let rows = inboxes::Entity::find()
        .filter(inboxes::Column::AccountId.eq(account))
        .filter(inboxes::Column::DomainId.eq(domain))
        .filter(inboxes::Column::Status.ne(InboxStatus::Removed))
        .order_by_asc(inboxes::Column::Id)
        .all(work.tx())
        .await?;
    all(rows)
}

/// Stores one swap per inbox with its events and its work. `None` when the account has no such domain; an empty list when
/// the domain is on no active order or still being set up.
pub async fn accept(
    db: &EnvironmentDb,
    request: &RenameRequest,
) -> Result<Option<Vec<view::Swap>>> {
    let mut work = UnitOfWork::begin(db, [&request.account]).await?;
    let account = &request.account;
    let domain = read::domain(&work, account, &request.domain).await?;
    let Some(domain) = domain.filter(|domain| domain.category != DomainCategory::Candidate) else {
        return Ok(None);
    };
    let Some(facts) = facts(&work, domain).await? else {
        return Ok(Some(Vec::new()));
    };
    let Some(renaming) = accept_rename(request, facts)? else {
        return Ok(Some(Vec::new()));
    };
    add_swaps(&work, renaming.swaps).await?;
    if let Some(accepted) = renaming.accepted {
        let parts = std::iter::once(accepted.part).chain(accepted.coming_in);
        write_order_domains(&work, parts.collect()).await?;
        write_swaps(&work, accepted.superseded).await?;
    }
    effects::carry_out(&mut work, account, renaming.effects, request.now).await?;
    work.commit().await?;
    Ok(Some(renaming.shown))
}

/// All that the decision about a renaming goes by; `None` when the domain is on no active order.
async fn facts(work: &UnitOfWork<'_>, domain: Domain) -> Result<Option<RenameFacts>> {
    let (account, id) = (&domain.account_id, &domain.id);
    let Some(order_id) = &domain.order_id else {
        return Ok(None);
    };
    let Some((order, part)) = read::active_part(work, account, order_id, id).await? else {
        return Ok(None);
    };
    Ok(Some(RenameFacts {
        waits_for_picture: actions::has_open_picture(work, account, order_id, id).await?,
        open: open_renames(work.tx(), account, id).await?,
        inboxes: live_inboxes(work, account, id).await?,
        coming_in: coming_in(work, &domain, &order).await?,
        domain,
        order,
        part,
    }))
}

/// The domain that a swap is bringing in for this one, unless its inboxes have their names already.
async fn coming_in(
    work: &UnitOfWork<'_>,
    domain: &Domain,
    order: &Order,
) -> Result<Option<OrderDomain>> {
    let account = &domain.account_id;
    let open = open_of_domains(work, account, [&domain.id]).await?;
    let mut replacing = open
        .iter()
        .filter(|swap| swap.domain_id == domain.id && swap.kind != SwapType::UserNames);
    let replacement = replacing.find_map(|swap| swap.replacement_domain_id.as_ref());
    let Some(replacement) = replacement else {
        return Ok(None);
    };
    let is_named = !live_inboxes(work, account, replacement).await?.is_empty();
    let part = read::part_of(work, account, &order.id, replacement).await?;
    Ok(part.filter(|_| !is_named))
}

/// A unit of work for a job that is still ours. Errors: [`crate::StoreError::LeaseLost`].
async fn begin_held<'d>(db: &'d EnvironmentDb, job: &DomainJob) -> Result<UnitOfWork<'d>> {
    let work = UnitOfWork::begin(db, [&job.account]).await?;
    let (account, domain) = (&job.account, job.domain.as_str());
    held_by(&work, account, JobKind::Provision, domain, &job.lease).await?;
    Ok(work)
}

/// Begins work on the accepted renamings of a domain. Gives back those that are to be done now.
/// Errors: [`crate::StoreError::LeaseLost`].
pub async fn start(db: &EnvironmentDb, job: &DomainJob, now: Timestamp) -> Result<Vec<OpenRename>> {
    if open_renames(&db.pools.reader, &job.account, &job.domain)
        .await?
        .is_empty()
    {
        return Ok(Vec::new());
    }
    let mut work = begin_held(db, job).await?;
    let mut open = open_renames(work.tx(), &job.account, &job.domain).await?;
    let effects = start_renames(&mut open)?;
    let to_do = open.iter().filter_map(Swap::rename).collect();
    write_swaps(&work, open).await?;
    effects::carry_out(&mut work, &job.account, effects, now).await?;
    work.commit().await?;
    Ok(to_do)
}

/// Records what became of renamings: the inboxes' new names, the swaps' ends, the pictures to be mended. Renamings that
/// ended meanwhile stay as they are. Errors: [`crate::StoreError::LeaseLost`].
pub async fn record(
    db: &EnvironmentDb,
    job: &DomainJob,
    outcomes: &[(OpenRename, RenameOutcome)],
    now: Timestamp,
) -> Result<()> {
    let mut work = begin_held(db, job).await?;
    let account = &job.account;
    let open = open_renames(work.tx(), account, &job.domain).await?;
    let mut open: BTreeMap<SwapId, Swap> = open
        .into_iter()
        .map(|swap| (swap.id.clone(), swap))
        .collect();
    let inboxes = live_inboxes(&work, account, &job.domain).await?;
    let mut inboxes: BTreeMap<InboxId, Inbox> = inboxes
        .into_iter()
        .map(|inbox| (inbox.id.clone(), inbox))
        .collect();
    let (mut ended, mut waiting, mut renamed) = (Vec::new(), Vec::new(), Vec::new());
    for (rename, outcome) in outcomes {
        let Some(mut swap) = open.remove(&rename.id) else {
            continue;
        };
        let refused = match outcome {
            RenameOutcome::PictureUnreachable(blocker) => {
                waiting.push((blocker, swap));
                continue;
            }
            RenameOutcome::Refused => true,
            RenameOutcome::Renamed => false,
        };
        let mut inbox = swap.inbox_id.as_ref().and_then(|id| inboxes.remove(id));
        let effect = record_rename(&mut swap, inbox.as_mut(), rename, refused)?;
        effects::carry_out(&mut work, account, vec![effect], now).await?;
        renamed.extend(inbox);
        ended.push(swap);
    }
    write_all::<inboxes::Model, _, _>(&work, renamed).await?;
    write_swaps(&work, ended).await?;
    wait(&mut work, job, waiting, now).await?;
    work.commit().await
}

/// Renamings of a live domain wait for pictures: each persona's is asked for once.
async fn wait(
    work: &mut UnitOfWork<'_>,
    job: &DomainJob,
    waiting: Vec<(&Blocker, Swap)>,
    now: Timestamp,
) -> Result<()> {
    let account = &job.account;
    let on = read::active_part(work, account, &job.order, &job.domain).await?;
    let domain = read::domain(work, account, &job.domain).await?;
    let (Some((mut order, part)), Some(mut domain), false) = (on, domain, waiting.is_empty())
    else {
        return Ok(());
    };
    let mut open_actions = open_pictures(work.tx(), account, &job.order).await?;
    let mut effects = Vec::new();
    let mut swaps = Vec::new();
    for (blocker, swap) in waiting {
        let live = LiveDomain {
            order: &mut order,
            part: &part,
            domain: &mut domain,
            open_actions: &mut open_actions,
        };
        let mut renames = [swap];
        effects.extend(live.renames_wait(&mut renames, blocker, now)?);
        swaps.extend(renames);
    }
    write_swaps(work, swaps).await?;
    write_domains(work, vec![domain]).await?;
    write_order(work, order).await?;
    effects::carry_out(work, account, effects, now).await
}
