//! Pending actions: opened once, resolved by the facts, and what they block goes on by itself (contract §4).

use peeker_domain::id::{AccountId, ActionId, DomainId, OrderId, UserId};
use peeker_domain::view::{self, PendingAction};
use peeker_domain::{
    ActionReason, ActionStatus, DomainStatus, EmailAddress, OrderStatus, Timestamp,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::entity::pending_actions::{Column, Entity, Model};
use crate::entity::{domains, order_domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::write_back;
use crate::jobs::NewJob;
use crate::orders::progress::{ACTION_REQUIRED, PENDING};
use crate::paging::{PageRequest, Slice, page};
use crate::users;
use crate::work::Work;

/// Which actions to list.
#[derive(Debug, Clone)]
pub struct ActionFilter {
    /// Only of this order.
    pub order_id: Option<OrderId>,
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of the customer with this address.
    pub user_email: Option<EmailAddress>,
    /// Only of this domain.
    pub domain_id: Option<DomainId>,
    /// Open or resolved.
    pub status: ActionStatus,
}

fn to_view(row: Model) -> Result<PendingAction> {
    let user: Option<view::Persona> = row
        .persona
        .as_deref()
        .map(serde_json::from_str)
        .transpose()?;
    Ok(PendingAction {
        id: row.id,
        kind: row.kind,
        reason: row.reason.parse()?,
        status: row.status.parse()?,
        order_id: row.order_id,
        domain_id: row.domain_id,
        domain: row.domain,
        user,
        message: row.message,
        created_at: Timestamp::from_millis(row.created_at),
    })
}

/// A page of actions.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &ActionFilter,
    page: &PageRequest,
) -> Result<Slice<PendingAction>> {
    let mut user_id = filter.user_id.clone();
    if let Some(email) = &filter.user_email {
        let Some(user) = users::find_by_email(db, account, email).await? else {
            return Ok(Slice::empty());
        };
        user_id = Some(UserId::from_stored(user.id));
    }
    let mut query = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::Status.eq(filter.status.as_str()));
    if let Some(order_id) = &filter.order_id {
        query = query.filter(Column::OrderId.eq(order_id.as_str()));
    }
    if let Some(domain_id) = &filter.domain_id {
        query = query.filter(Column::DomainId.eq(domain_id.as_str()));
    }
    if let Some(user_id) = &user_id {
        query = query.filter(Column::UserId.eq(user_id.as_str()));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Slice::new(page, rows, |row| &row.id).try_map(to_view)
}

/// One action.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ActionId,
) -> Result<Option<PendingAction>> {
    let row = Entity::find_by_id((account.to_string(), id.to_string()))
        .one(&db.pools.reader)
        .await?;
    row.map(to_view).transpose()
}

/// Resolves the open actions of a domain for one reason; what they blocked goes on. Gives back how many there were.
pub async fn resolve_for_domain(
    work: &mut Work<'_>,
    account: &AccountId,
    domain: &str,
    reason: ActionReason,
    now: Timestamp,
) -> Result<usize> {
    let open = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::DomainId.eq(domain))
        .filter(Column::Reason.eq(reason.as_str()))
        .filter(Column::Status.eq(ActionStatus::Open.as_str()))
        .all(work.tx())
        .await?;
    let count = open.len();
    for action in open {
        resolve(work, account, action, now).await?;
    }
    Ok(count)
}

/// Resolves one action, if it is open; what it blocked goes on.
pub async fn resolve_one(
    work: &mut Work<'_>,
    account: &AccountId,
    id: &str,
    now: Timestamp,
) -> Result<()> {
    let row = Entity::find_by_id((account.to_string(), id.to_owned()))
        .one(work.tx())
        .await?;
    match row.filter(|row| row.status == ActionStatus::Open.as_str()) {
        Some(action) => resolve(work, account, action, now).await,
        None => Ok(()),
    }
}

async fn resolve(
    work: &mut Work<'_>,
    account: &AccountId,
    mut action: Model,
    now: Timestamp,
) -> Result<()> {
    let (order_id, domain_id) = (action.order_id.clone(), action.domain_id.clone());
    action.status = ActionStatus::Resolved.to_string();
    action.resolved_at = Some(now.as_millis());
    write_back::<Entity, _>(work.tx(), vec![action]).await?;
    if open_on(work, account, &order_id, Some(&domain_id)).await? == 0 {
        resume_domain(work, account, &order_id, &domain_id, now).await?;
    }
    if open_on(work, account, &order_id, None).await? == 0 {
        resume_order(work, account, &order_id).await?;
    }
    Ok(())
}

/// Open actions of an order, or of one of its domains.
async fn open_on(
    work: &Work<'_>,
    account: &AccountId,
    order: &str,
    domain: Option<&str>,
) -> Result<u64> {
    let mut query = Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::OrderId.eq(order))
        .filter(Column::Status.eq(ActionStatus::Open.as_str()));
    if let Some(domain) = domain {
        query = query.filter(Column::DomainId.eq(domain));
    }
    Ok(query.count(work.tx()).await?)
}

async fn resume_domain(
    work: &mut Work<'_>,
    account: &AccountId,
    order: &str,
    domain: &str,
    now: Timestamp,
) -> Result<()> {
    let place = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account.as_str()))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::DomainId.eq(domain))
        .filter(order_domains::Column::State.eq(ACTION_REQUIRED))
        .one(work.tx())
        .await?;
    let Some(mut place) = place else {
        return Ok(());
    };
    place.state = PENDING.to_owned();
    write_back::<order_domains::Entity, _>(work.tx(), vec![place]).await?;
    let row = domains::Entity::find_by_id((account.to_string(), domain.to_owned()))
        .one(work.tx())
        .await?;
    if let Some(mut row) = row {
        row.status = row
            .status
            .parse::<DomainStatus>()?
            .transition(DomainStatus::InProgress)?
            .to_string();
        write_back::<domains::Entity, _>(work.tx(), vec![row]).await?;
    }
    work.enqueue(NewJob::provision(
        account,
        &OrderId::from_stored(order.to_owned()),
        domain,
        now,
    ));
    Ok(())
}

async fn resume_order(work: &Work<'_>, account: &AccountId, order: &str) -> Result<()> {
    let row = orders::Entity::find_by_id((account.to_string(), order.to_owned()))
        .one(work.tx())
        .await?;
    if let Some(mut row) = row.filter(|row| row.status == OrderStatus::ActionRequired.as_str()) {
        row.status = OrderStatus::ActionRequired
            .transition(OrderStatus::InProgress)?
            .to_string();
        write_back::<orders::Entity, _>(work.tx(), vec![row]).await?;
    }
    Ok(())
}
