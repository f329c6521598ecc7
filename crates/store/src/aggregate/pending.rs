//! Pending actions and the domains that each is about.

use std::collections::{BTreeMap, BTreeSet};

use peeker_domain::id::{AccountId, ActionId, DomainId, OrderId};
use peeker_domain::order::{ActionDomain, Cause, PendingAction};
use peeker_domain::{ActionReason, ActionStatus, view};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::read::CHUNK;
use crate::entity::{pending_action_domains, pending_actions};
use crate::error::Result;
use crate::keys::any_of;

/// Actions with their domains, in the order of the rows.
pub(crate) async fn with_domains(
    db: &impl ConnectionTrait,
    rows: Vec<pending_actions::Model>,
) -> Result<Vec<PendingAction>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys = rows.iter().map(|row| (&row.account_id, &row.id));
    let of_actions = pending_action_domains::Entity::find()
        .filter(any_of(
            pending_action_domains::Column::AccountId,
            pending_action_domains::Column::ActionId,
            keys,
        ))
        .order_by_asc(pending_action_domains::Column::DomainId)
        .all(db)
        .await?;
    let mut domains: BTreeMap<(AccountId, ActionId), Vec<ActionDomain>> = BTreeMap::new();
    for row in of_actions {
        let of_action = domains.entry((row.account_id, row.action_id)).or_default();
        of_action.push(ActionDomain {
            id: row.domain_id,
            name: row.domain,
        });
    }
    let action = |row: pending_actions::Model| {
        let key = (row.account_id.clone(), row.id.clone());
        let domains = domains.remove(&key).unwrap_or_default();
        action_of(row, domains)
    };
    Ok(rows.into_iter().map(action).collect())
}

fn action_of(row: pending_actions::Model, domains: Vec<ActionDomain>) -> PendingAction {
    PendingAction {
        account_id: row.account_id,
        id: row.id,
        order_id: row.order_id,
        domains,
        kind: row.kind,
        reason: row.reason,
        status: row.status,
        message: row.message,
        created_at: row.created_at,
        persona: row.persona,
        user_id: row.user_id,
        resolved_at: row.resolved_at,
    }
}

/// An action as rows.
pub(crate) fn rows_of(
    action: PendingAction,
) -> (pending_actions::Model, Vec<pending_action_domains::Model>) {
    let domains = action
        .domains
        .iter()
        .map(|domain| domain_row(action.account_id.clone(), action.id.clone(), domain.clone()));
    let domains = domains.collect();
    let row = pending_actions::Model {
        account_id: action.account_id,
        id: action.id,
        order_id: action.order_id,
        kind: action.kind,
        reason: action.reason,
        status: action.status,
        message: action.message,
        created_at: action.created_at,
        persona: action.persona,
        user_id: action.user_id,
        resolved_at: action.resolved_at,
    };
    (row, domains)
}

pub(crate) fn domain_row(
    account_id: AccountId,
    action_id: ActionId,
    domain: ActionDomain,
) -> pending_action_domains::Model {
    pending_action_domains::Model {
        account_id,
        action_id,
        domain_id: domain.id,
        domain: domain.name,
    }
}

fn open_of_order(account: &AccountId, order: &OrderId) -> sea_orm::Select<pending_actions::Entity> {
    pending_actions::Entity::find()
        .filter(pending_actions::Column::AccountId.eq(account))
        .filter(pending_actions::Column::OrderId.eq(order))
        .filter(pending_actions::Column::Status.eq(ActionStatus::Open))
}

/// Whether an action of the order is open.
pub(crate) async fn is_any_open(
    db: &impl ConnectionTrait,
    account: &AccountId,
    order: &OrderId,
) -> Result<bool> {
    Ok(open_of_order(account, order).count(db).await? > 0)
}

/// The open actions of an order about pictures, without their domains.
pub(crate) async fn open_pictures(
    db: &impl ConnectionTrait,
    account: &AccountId,
    order: &OrderId,
) -> Result<Vec<PendingAction>> {
    let picture = ActionReason::ProfilePictureNotAccessible;
    let rows = open_of_order(account, order)
        .filter(pending_actions::Column::Reason.eq(picture))
        .all(db)
        .await?;
    let without_domains = |row| action_of(row, Vec::new());
    Ok(rows.into_iter().map(without_domains).collect())
}

/// The open actions of an order, without their domains, that are about one of these domains because of that.
pub(crate) async fn open_about(
    db: &impl ConnectionTrait,
    account: &AccountId,
    order: &OrderId,
    domains: &BTreeSet<DomainId>,
    cause: &Cause,
) -> Result<Vec<PendingAction>> {
    let mut open = open_of_order(account, order);
    let picture = ActionReason::ProfilePictureNotAccessible;
    open = match cause {
        Cause::Anything => open,
        Cause::Reason(reason) => open.filter(pending_actions::Column::Reason.eq(*reason)),
        Cause::Picture(persona) => open
            .filter(pending_actions::Column::Reason.eq(picture))
            .filter(pending_actions::Column::Persona.eq(persona.clone())),
    };
    let open = open.all(db).await?;
    let ids: Vec<&ActionId> = open.iter().map(|row| &row.id).collect();
    let concerned = concerned(db, account, &ids, domains).await?;
    let about = |row: &pending_actions::Model| concerned.iter().any(|(id, _)| *id == row.id);
    let about = open.into_iter().filter(about);
    Ok(about.map(|row| action_of(row, Vec::new())).collect())
}

/// The open actions about these domains because of that reason, whatever orders they are on.
pub(crate) async fn open_for(
    db: &impl ConnectionTrait,
    account: &AccountId,
    domains: &[DomainId],
    reason: ActionReason,
) -> Result<Vec<view::OpenAction>> {
    use pending_action_domains::{Column, Entity};
    let about = Entity::find()
        .select_only()
        .column(Column::ActionId)
        .filter(Column::AccountId.eq(account))
        .filter(Column::DomainId.is_in(domains));
    let open = pending_actions::Entity::find()
        .filter(pending_actions::Column::AccountId.eq(account))
        .filter(pending_actions::Column::Status.eq(ActionStatus::Open))
        .filter(pending_actions::Column::Reason.eq(reason))
        .filter(pending_actions::Column::Id.in_subquery(about.into_query()))
        .order_by_asc(pending_actions::Column::Id)
        .all(db)
        .await?;
    let open = with_domains(db, open).await?;
    let summaries = |action: &PendingAction| {
        let of_action = action.domains.iter();
        let summaries = of_action.map(|domain| action.summary(domain));
        summaries.collect::<Vec<_>>()
    };
    Ok(open.iter().flat_map(summaries).collect())
}

/// Which of these actions are about which of these domains.
pub(crate) async fn concerned(
    db: &impl ConnectionTrait,
    account: &AccountId,
    actions: &[&ActionId],
    domains: &BTreeSet<DomainId>,
) -> Result<BTreeSet<(ActionId, DomainId)>> {
    use pending_action_domains::{Column, Entity};
    let mut found = BTreeSet::new();
    if actions.is_empty() {
        return Ok(found);
    }
    let all: Vec<&DomainId> = domains.iter().collect();
    for chunk in all.chunks(CHUNK) {
        let rows: Vec<(ActionId, DomainId)> = Entity::find()
            .select_only()
            .columns([Column::ActionId, Column::DomainId])
            .filter(Column::AccountId.eq(account))
            .filter(Column::ActionId.is_in(actions.iter().copied()))
            .filter(Column::DomainId.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}
