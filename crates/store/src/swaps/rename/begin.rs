//! Asking for other names: the rows of a renaming.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, DomainId, SwapId};
use peeker_domain::inbox_names::{InboxName, inbox_names};
use peeker_domain::order::Persona;
use peeker_domain::{
    ActionReason, Cents, DomainCategory, InboxStatus, OrderDomainState, SwapReason, SwapStatus,
    SwapType, Timestamp, view,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::open_of;
use crate::actions::{self};
use crate::entity::swaps::{Entity, Model};
use crate::entity::{domains, inboxes, order_domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::insert::{insert_all, write_back};
use crate::jobs::NewJob;
use crate::number::unsigned;
use crate::swaps::place::current;
use crate::swaps::{open_of_domains, to_view, turn};
use crate::work::Work;

/// A wish to rename the inboxes of a domain.
#[derive(Debug, Clone)]
pub struct NewRename {
    /// Whose.
    pub account: AccountId,
    /// The domain.
    pub domain: DomainId,
    /// Whose names the inboxes are to bear, in turns.
    pub personas: Vec<Persona>,
    /// Now.
    pub now: Timestamp,
}

/// Stores one swap per inbox with its events and its work. `None` when the account has no such domain; an empty list when
/// the domain is on no active order or still being set up. While a renaming of the domain is in flight, the rows are
/// duplicates and have failed. One that waits for a picture gives way to one with other personas (contract §4).
pub async fn begin(db: &EnvironmentDb, new: &NewRename) -> Result<Option<Vec<view::Swap>>> {
    let mut work = Work::begin(db, [&new.account]).await?;
    let key = (new.account.clone(), new.domain.clone());
    let domain = domains::Entity::find_by_id(key).one(work.tx()).await?;
    let Some(domain) = domain.filter(|row| row.category != DomainCategory::Candidate) else {
        return Ok(None);
    };
    let Some((order, mut place)) = renamable(&work, &domain).await? else {
        return Ok(Some(Vec::new()));
    };
    let personas = serde_json::to_string(&new.personas)?;
    let open = open_of(work.tx(), &new.account, &new.domain).await?;
    let in_flight = is_in_flight(&open, &place, &personas);
    let existing = live_inboxes(&work, &new.account, &new.domain).await?;
    let names = inbox_names(&new.personas, unsigned(place.inboxes)?);
    let mut rows = Vec::with_capacity(names.len());
    for (name, inbox) in paired(&names, existing, &domain.name) {
        rows.push(row(new, &order, &name, inbox, &domain.name)?);
    }
    let mut shown = Vec::with_capacity(rows.len());
    for row in &mut rows {
        let (status, reason) = if in_flight {
            (SwapStatus::Failed, Some(SwapReason::Duplicate))
        } else {
            (SwapStatus::Created, None)
        };
        turn(&mut work, row, status, reason, new.now)?;
        shown.push(to_view(row));
    }
    insert_all::<Entity, _>(work.tx(), rows, None).await?;
    if !in_flight {
        let waits = place.state == OrderDomainState::ActionRequired || !open.is_empty();
        place.personas = Some(personas.clone());
        write_back::<order_domains::Entity, _>(work.tx(), vec![place]).await?;
        supersede(&mut work, open, new.now).await?;
        pass_on(&mut work, new, &order, personas).await?;
        if waits {
            // What the pictures of the former personas blocked goes on with the new ones.
            let reason = ActionReason::ProfilePictureNotAccessible;
            let domain = &new.domain;
            actions::resolve_for_domain(&mut work, &new.account, domain, reason, new.now).await?;
        }
        work.enqueue(NewJob::provision(
            &new.account,
            &order.id,
            &new.domain,
            new.now,
        ));
    }
    work.commit().await?;
    Ok(Some(shown))
}

/// Whether a renaming would repeat or disturb those that are open: it has the same personas, or inboxes are being renamed
/// right now. While a domain waits for a picture, none is.
fn is_in_flight(open: &[Model], place: &order_domains::Model, personas: &str) -> bool {
    let is_same = place.personas.as_deref() == Some(personas);
    let is_moving = open
        .iter()
        .any(|swap| swap.status != SwapStatus::ActionRequired);
    !open.is_empty() && (is_same || (is_moving && place.state != OrderDomainState::ActionRequired))
}

/// Ends renamings whose place another one takes.
async fn supersede(work: &mut Work<'_>, mut open: Vec<Model>, now: Timestamp) -> Result<()> {
    for swap in &mut open {
        turn(
            work,
            swap,
            SwapStatus::Failed,
            Some(SwapReason::Superseded),
            now,
        )?;
    }
    write_back::<Entity, _>(work.tx(), open).await
}

/// The domain that a swap is bringing in for this one gets the new names too, unless its inboxes have theirs already.
async fn pass_on(
    work: &mut Work<'_>,
    new: &NewRename,
    order: &orders::Model,
    personas: String,
) -> Result<()> {
    let open = open_of_domains(work, &new.account, [&new.domain]).await?;
    let mut replacing = open
        .iter()
        .filter(|swap| swap.domain_id == new.domain && swap.kind != SwapType::UserNames);
    let Some(replacement) = replacing.find_map(|swap| swap.replacement_domain_id.as_ref()) else {
        return Ok(());
    };
    let found = current(work, &new.account, &order.id, replacement).await?;
    let is_named = !live_inboxes(work, &new.account, replacement)
        .await?
        .is_empty();
    if let Some((_, mut place)) = found.filter(|_| !is_named) {
        place.personas = Some(personas);
        write_back::<order_domains::Entity, _>(work.tx(), vec![place]).await?;
        let reason = ActionReason::ProfilePictureNotAccessible;
        actions::resolve_for_domain(work, &new.account, replacement, reason, new.now).await?;
    }
    Ok(())
}

/// The domain's order and place, when its inboxes are live or only a picture keeps them from being made.
async fn renamable(
    work: &Work<'_>,
    domain: &domains::Model,
) -> Result<Option<(orders::Model, order_domains::Model)>> {
    let Some(order_id) = &domain.order_id else {
        return Ok(None);
    };
    let found = current(work, &domain.account_id, order_id, &domain.id).await?;
    let Some((order, place)) = found else {
        return Ok(None);
    };
    let waits_for_picture = place.state == OrderDomainState::ActionRequired
        && actions::has_open_picture(work, &domain.account_id, order_id, &domain.id).await?;
    let can_be =
        place.leaves_at.is_none() && (place.state == OrderDomainState::Active || waits_for_picture);
    Ok(can_be.then_some((order, place)))
}

pub(super) async fn live_inboxes(
    work: &Work<'_>,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Vec<inboxes::Model>> {
    Ok(inboxes::Entity::find()
        .filter(inboxes::Column::AccountId.eq(account))
        .filter(inboxes::Column::DomainId.eq(domain))
        .filter(inboxes::Column::Status.ne(InboxStatus::Removed))
        .order_by_asc(inboxes::Column::Id)
        .all(work.tx())
        .await?)
}

fn address(name: &InboxName, domain: &str) -> String {
    format!("{}@{domain}", name.local_part)
}

/// Which inbox takes which name: one that has a name's address keeps it, so that no address moves between inboxes; the
/// others take what is left, in order. An inbox that is not made yet is `None`.
fn paired(
    names: &[InboxName],
    existing: Vec<inboxes::Model>,
    domain: &str,
) -> Vec<(InboxName, Option<inboxes::Model>)> {
    let mut by_address: BTreeMap<String, inboxes::Model> = BTreeMap::new();
    let mut rest = Vec::new();
    let wanted: BTreeSet<String> = names.iter().map(|name| address(name, domain)).collect();
    for inbox in existing {
        if wanted.contains(&inbox.email) {
            by_address.insert(inbox.email.clone(), inbox);
        } else {
            rest.push(inbox);
        }
    }
    let mut rest = rest.into_iter();
    names
        .iter()
        .map(|name| {
            let kept = by_address.remove(&address(name, domain));
            (name.clone(), kept.or_else(|| rest.next()))
        })
        .collect()
}

fn row(
    new: &NewRename,
    order: &orders::Model,
    name: &InboxName,
    inbox: Option<inboxes::Model>,
    domain: &str,
) -> Result<Model> {
    let persona = new
        .personas
        .get(name.persona)
        .ok_or_else(|| StoreError::Corrupt("a name without its persona".to_owned()))?;
    let (inbox_id, old_email) = inbox.map(|inbox| (inbox.id, inbox.email)).unzip();
    Ok(Model {
        account_id: new.account.clone(),
        id: SwapId::new(new.now),
        kind: SwapType::UserNames,
        status: SwapStatus::Created,
        reason: None,
        order_id: order.id.clone(),
        user_id: order.user_id.clone(),
        domain_id: new.domain.clone(),
        replacement_domain: None,
        replacement_domain_id: None,
        inbox_id,
        persona: Some(serde_json::to_string(persona)?),
        old_email,
        new_email: Some(address(name, domain)),
        inboxes: 1,
        price_cents: Cents::ZERO,
        license_cents: Cents::ZERO,
        retires_at: None,
        created_at: new.now,
    })
}
