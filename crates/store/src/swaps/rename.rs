//! Renaming the inboxes of a domain: one swap per inbox, all worked on by the domain's own job (contract §5).

use std::collections::BTreeMap;

use peeker_domain::id::{AccountId, ActionId, DomainId, InboxId, SwapId};
use peeker_domain::order::{
    Domain, Inbox, OpenRename, Order, OrderDomain, PendingAction, RenameFacts, RenameOutcome,
    RenameRequest, Swap, accept_rename, record_rename, start_renames,
};
use peeker_domain::{
    ActionReason, ActionStatus, DomainCategory, InboxStatus, JobKind, SwapType, Timestamp, view,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::actions;
use crate::aggregate::read::{open_of_domains, open_renames};
use crate::aggregate::rows::all;
use crate::aggregate::write::{add_swaps, write_all, write_order_domains, write_swaps};
use crate::aggregate::{effects, read};
use crate::entity::inboxes;
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::jobs::DomainJob;
use crate::jobs::held_by;
use crate::unit_of_work::UnitOfWork;

/// What blocks inboxes from bearing a name.
const PICTURE: ActionReason = ActionReason::ProfilePictureNotAccessible;

async fn live_inboxes(
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
    effects::carry_out(&mut work, account, renaming.effects, request.now).await?;
    if let Some(accepted) = renaming.accepted {
        write_order_domains(&work, vec![accepted.part]).await?;
        write_swaps(&work, accepted.superseded).await?;
        if let Some(coming_in) = accepted.coming_in {
            let domain = coming_in.domain_id.clone();
            write_order_domains(&work, vec![coming_in]).await?;
            unblock(&mut work, request, &domain).await?;
        }
        if accepted.unblocks {
            unblock(&mut work, request, &request.domain).await?;
        }
    }
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

/// What the pictures of the former personas blocked goes on with the new ones.
async fn unblock(
    work: &mut UnitOfWork<'_>,
    request: &RenameRequest,
    domain: &DomainId,
) -> Result<()> {
    let (account, now) = (&request.account, request.now);
    actions::resolve_for_domain(work, account, domain, PICTURE, now).await?;
    Ok(())
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
    let (mut changed, mut renamed) = (Vec::new(), Vec::new());
    for (rename, outcome) in outcomes {
        let Some(mut swap) = open.remove(&rename.id) else {
            continue;
        };
        let mut inbox = swap.inbox_id.as_ref().and_then(|id| inboxes.remove(id));
        let effect = record_rename(&mut swap, inbox.as_mut(), rename, outcome)?;
        effects::carry_out(&mut work, account, vec![effect], now).await?;
        if let RenameOutcome::PictureUnreachable(message) = outcome {
            open_action(&mut work, &swap, rename, message, now).await?;
        }
        renamed.extend(inbox);
        changed.push(swap);
    }
    write_all::<inboxes::Model, _, _>(&work, renamed).await?;
    write_swaps(&work, changed).await?;
    work.commit().await
}

/// Opens the action about a picture, unless another inbox of the same persona has opened it already.
async fn open_action(
    work: &mut UnitOfWork<'_>,
    swap: &Swap,
    rename: &OpenRename,
    message: &str,
    now: Timestamp,
) -> Result<()> {
    let domain = read::domain(work, &swap.account_id, &swap.domain_id).await?;
    let action = PendingAction {
        account_id: swap.account_id.clone(),
        id: ActionId::new(now),
        order_id: swap.order_id.clone(),
        domain_id: swap.domain_id.clone(),
        kind: PICTURE.kind(),
        reason: PICTURE,
        status: ActionStatus::Open,
        message: message.to_owned(),
        created_at: now,
        persona: Some(rename.persona.clone()),
        domain: domain.map(|domain| domain.name).unwrap_or_default(),
        user_id: swap.user_id.clone(),
        resolved_at: None,
    };
    actions::open(work, action, now).await
}
