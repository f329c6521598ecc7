//! How the renamings of a domain go on and end.

use std::collections::BTreeMap;

use peeker_domain::id::{AccountId, DomainId, InboxId, SwapId};
use peeker_domain::order::Persona;
use peeker_domain::{ActionReason, JobKind, SwapReason, SwapStatus, Timestamp};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::begin::live_inboxes;
use super::open_of;
use crate::actions::{self, NewAction};
use crate::entity::swaps::{Entity, Model};
use crate::entity::{domains, inboxes};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::held_by;
use crate::orders::progress::DomainJob;
use crate::swaps::turn;
use crate::work::Work;

/// One inbox that is to be renamed.
#[derive(Debug, Clone)]
pub struct OpenRename {
    /// The swap.
    pub id: SwapId,
    /// Whose name the inbox is to bear.
    pub persona: Persona,
    /// The address it has.
    pub from: String,
    /// The address it is to have; may be the same.
    pub to: String,
}

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameOutcome {
    /// The inbox bears the name.
    Renamed,
    /// The persona's picture cannot be loaded; this says what to do.
    PictureUnreachable(String),
    /// The provider refuses, for good.
    Refused,
}

/// Addresses that open renamings may have given to inboxes of the domain without our hearing of it.
pub(crate) async fn addresses(
    db: &impl ConnectionTrait,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<String>> {
    let open = open_of(db, account, domain).await?;
    Ok(open.into_iter().filter_map(|swap| swap.new_email).collect())
}

/// A unit of work for a job that is still ours. Errors: [`crate::StoreError::LeaseLost`].
async fn begin_held<'d>(db: &'d EnvironmentDb, job: &DomainJob) -> Result<Work<'d>> {
    let work = Work::begin(db, [&job.account]).await?;
    let (account, domain) = (&job.account, job.domain.as_str());
    held_by(&work, account, JobKind::Provision, domain, &job.lease).await?;
    Ok(work)
}

/// Begins work on the accepted renamings of a domain. Gives back those that are to be done now: not the ones that wait
/// for a picture, nor those of inboxes that are not made yet. Errors: [`crate::StoreError::LeaseLost`].
pub async fn start(db: &EnvironmentDb, job: &DomainJob, now: Timestamp) -> Result<Vec<OpenRename>> {
    let open = open_of(&db.pools.reader, &job.account, &job.domain).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let mut work = begin_held(db, job).await?;
    let mut open = open_of(work.tx(), &job.account, &job.domain).await?;
    for swap in &mut open {
        if swap.status == SwapStatus::Created {
            turn(&mut work, swap, SwapStatus::InProgress, None, now)?;
        }
    }
    let to_do = open
        .iter()
        .filter(|swap| swap.status == SwapStatus::InProgress);
    let to_do = to_do.filter_map(|swap| to_rename(swap).transpose());
    let to_do = to_do.collect::<Result<_>>()?;
    write_back::<Entity, _>(work.tx(), open).await?;
    work.commit().await?;
    Ok(to_do)
}

fn to_rename(swap: &Model) -> Result<Option<OpenRename>> {
    let (Some(from), Some(to), Some(persona)) = (&swap.old_email, &swap.new_email, &swap.persona)
    else {
        return Ok(None);
    };
    Ok(Some(OpenRename {
        id: swap.id.clone(),
        persona: serde_json::from_str(persona)?,
        from: from.clone(),
        to: to.clone(),
    }))
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
    let mut open: BTreeMap<SwapId, Model> = open_of(work.tx(), &job.account, &job.domain)
        .await?
        .into_iter()
        .map(|swap| (swap.id.clone(), swap))
        .collect();
    let mut inboxes: BTreeMap<InboxId, inboxes::Model> =
        live_inboxes(&work, &job.account, &job.domain)
            .await?
            .into_iter()
            .map(|inbox| (inbox.id.clone(), inbox))
            .collect();
    let (mut changed, mut renamed) = (Vec::new(), Vec::new());
    for (rename, outcome) in outcomes {
        let Some(mut swap) = open.remove(&rename.id) else {
            continue;
        };
        match outcome {
            RenameOutcome::Renamed => {
                let inbox = swap.inbox_id.as_ref().and_then(|id| inboxes.remove(id));
                if let Some(mut inbox) = inbox {
                    inbox.email.clone_from(&rename.to);
                    inbox.first_name = rename.persona.first_name.to_string();
                    inbox.last_name = rename.persona.last_name.to_string();
                    renamed.push(inbox);
                }
                turn(&mut work, &mut swap, SwapStatus::Completed, None, now)?;
            }
            RenameOutcome::PictureUnreachable(message) => {
                let reason = ActionReason::ProfilePictureNotAccessible;
                turn(
                    &mut work,
                    &mut swap,
                    SwapStatus::ActionRequired,
                    Some(reason.into()),
                    now,
                )?;
                open_action(&mut work, &swap, rename, message, now).await?;
            }
            RenameOutcome::Refused => {
                turn(
                    &mut work,
                    &mut swap,
                    SwapStatus::Failed,
                    Some(SwapReason::ProviderRefused),
                    now,
                )?;
            }
        }
        changed.push(swap);
    }
    write_back::<inboxes::Entity, _>(work.tx(), renamed).await?;
    write_back::<Entity, _>(work.tx(), changed).await?;
    work.commit().await
}

/// Opens the action about a picture, unless another inbox of the same persona has opened it already.
async fn open_action(
    work: &mut Work<'_>,
    swap: &Model,
    rename: &OpenRename,
    message: &str,
    now: Timestamp,
) -> Result<()> {
    let key = (swap.account_id.clone(), swap.domain_id.clone());
    let domain = domains::Entity::find_by_id(key).one(work.tx()).await?;
    let new = NewAction {
        account: swap.account_id.clone(),
        order_id: swap.order_id.clone(),
        domain_id: swap.domain_id.clone(),
        domain: domain.map(|row| row.name).unwrap_or_default(),
        user_id: swap.user_id.clone(),
        reason: ActionReason::ProfilePictureNotAccessible,
        message: message.to_owned(),
        persona: Some((&rename.persona).into()),
    };
    actions::open(work, new, now).await
}

/// Lets the renamings go on that wait for the picture of this persona. Gives back whether there are any.
pub(crate) async fn resume(
    work: &mut Work<'_>,
    account: &AccountId,
    domain: &DomainId,
    persona: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let mut waiting = open_of(work.tx(), account, domain).await?;
    waiting.retain(|swap| {
        swap.status == SwapStatus::ActionRequired && swap.persona.as_deref() == persona
    });
    for swap in &mut waiting {
        turn(work, swap, SwapStatus::InProgress, None, now)?;
    }
    let any = !waiting.is_empty();
    write_back::<Entity, _>(work.tx(), waiting).await?;
    Ok(any)
}

/// The set-up of a domain whose inboxes are to bear new names met pictures that cannot be loaded: their swaps wait.
pub(crate) async fn block(
    work: &mut Work<'_>,
    account: &AccountId,
    domain: &DomainId,
    personas: &[String],
    now: Timestamp,
) -> Result<()> {
    let mut open = open_of(work.tx(), account, domain).await?;
    open.retain(|swap| {
        swap.persona
            .as_ref()
            .is_some_and(|persona| personas.contains(persona))
    });
    let reason = ActionReason::ProfilePictureNotAccessible;
    for swap in &mut open {
        turn(
            work,
            swap,
            SwapStatus::ActionRequired,
            Some(reason.into()),
            now,
        )?;
    }
    write_back::<Entity, _>(work.tx(), open).await
}

/// Ends the renamings of inboxes that were made with their new names (`live`), or are gone with their domain.
pub(crate) async fn end_with_domain(
    work: &mut Work<'_>,
    account: &AccountId,
    domain: &DomainId,
    live: bool,
    now: Timestamp,
) -> Result<()> {
    let mut open = open_of(work.tx(), account, domain).await?;
    // A live domain's inboxes that were there before are renamed one by one.
    open.retain(|swap| !live || swap.inbox_id.is_none());
    for swap in &mut open {
        if live && swap.status == SwapStatus::Created {
            turn(work, swap, SwapStatus::InProgress, None, now)?;
        }
        let (status, reason) = if live {
            (SwapStatus::Completed, None)
        } else {
            (SwapStatus::Failed, Some(SwapReason::OrderEnded))
        };
        turn(work, swap, status, reason, now)?;
    }
    write_back::<Entity, _>(work.tx(), open).await
}
