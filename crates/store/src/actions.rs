//! Pending actions: opened once, resolved by the facts, and what they block goes on by itself (contract §4).

use peeker_domain::id::{AccountId, ActionId, DomainId, OrderId, SwapId, UserId};
use peeker_domain::view::{self, PendingAction};
use peeker_domain::{
    ActionReason, ActionStatus, DomainStatus, EmailAddress, JobKind, OrderDomainState, OrderStatus,
    SwapStatus, Timestamp,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::entity::pending_actions::{Column, Entity, Model};
use crate::entity::{domains, order_domains, orders, swaps as swap_rows};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::{insert_all, write_back};
use crate::jobs::NewJob;
use crate::orders::progress::PICTURE_RECHECK_SECONDS;
use crate::paging::{PageRequest, Slice, page};
use crate::swaps;
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
        id: row.id.into(),
        kind: row.kind.to_string(),
        reason: row.reason,
        status: row.status,
        order_id: row.order_id.into(),
        domain_id: row.domain_id.into(),
        domain: row.domain,
        user,
        message: row.message,
        created_at: row.created_at,
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
        .filter(Column::AccountId.eq(account))
        .filter(Column::Status.eq(filter.status));
    if let Some(order_id) = &filter.order_id {
        query = query.filter(Column::OrderId.eq(order_id));
    }
    if let Some(domain_id) = &filter.domain_id {
        query = query.filter(Column::DomainId.eq(domain_id));
    }
    if let Some(user_id) = &user_id {
        query = query.filter(Column::UserId.eq(user_id));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Slice::new(page, rows, |row| row.id.as_str()).try_map(to_view)
}

/// One action.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ActionId,
) -> Result<Option<PendingAction>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    row.map(to_view).transpose()
}

/// Resolves the open actions of a domain for one reason; what they blocked goes on. Gives back how many there were.
pub async fn resolve_for_domain(
    work: &mut Work<'_>,
    account: &AccountId,
    domain: &DomainId,
    reason: ActionReason,
    now: Timestamp,
) -> Result<usize> {
    let open = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::DomainId.eq(domain))
        .filter(Column::Reason.eq(reason))
        .filter(Column::Status.eq(ActionStatus::Open))
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
    id: &ActionId,
    now: Timestamp,
) -> Result<()> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(work.tx())
        .await?;
    match row.filter(|row| row.status == ActionStatus::Open) {
        Some(action) => resolve(work, account, action, now).await,
        None => Ok(()),
    }
}

/// An action to be opened beside provisioning, which opens its own.
#[derive(Debug)]
pub(crate) struct NewAction {
    pub account: AccountId,
    pub order_id: OrderId,
    pub domain_id: DomainId,
    pub domain: String,
    pub user_id: UserId,
    pub reason: ActionReason,
    pub message: String,
    pub persona: Option<view::Persona>,
}

/// Opens an action, unless the same one is open; a picture is looked at again by itself.
pub(crate) async fn open(work: &mut Work<'_>, new: NewAction, now: Timestamp) -> Result<()> {
    let id = ActionId::new(now);
    let account = new.account.clone();
    let row = Model {
        account_id: new.account,
        id: id.clone(),
        order_id: new.order_id,
        domain_id: new.domain_id,
        kind: new.reason.kind(),
        reason: new.reason,
        status: ActionStatus::Open,
        message: new.message,
        created_at: now,
        persona: new
            .persona
            .as_ref()
            .map(serde_json::to_string)
            .transpose()?,
        domain: new.domain,
        user_id: new.user_id,
        resolved_at: None,
    };
    let ignore = OnConflict::new().do_nothing().to_owned();
    insert_all::<Entity, _>(work.tx(), vec![row], Some(ignore)).await?;
    if new.reason == ActionReason::ProfilePictureNotAccessible {
        let at = now.plus_seconds(PICTURE_RECHECK_SECONDS);
        work.enqueue(NewJob::timer(&account, JobKind::Picture, id.as_str(), at));
    }
    Ok(())
}

/// Whether a picture keeps the domain from being set up.
pub(crate) async fn has_open_picture(
    work: &Work<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
) -> Result<bool> {
    let open = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::OrderId.eq(order))
        .filter(Column::DomainId.eq(domain))
        .filter(Column::Status.eq(ActionStatus::Open))
        .filter(Column::Reason.eq(ActionReason::ProfilePictureNotAccessible))
        .count(work.tx())
        .await?;
    Ok(open > 0)
}

async fn resolve(
    work: &mut Work<'_>,
    account: &AccountId,
    mut action: Model,
    now: Timestamp,
) -> Result<()> {
    let (order_id, domain_id) = (action.order_id.clone(), action.domain_id.clone());
    let persona = action.persona.clone();
    action.status = ActionStatus::Resolved;
    action.resolved_at = Some(now);
    write_back::<Entity, _>(work.tx(), vec![action]).await?;
    if persona.is_some()
        && swaps::resume_renames(work, account, &domain_id, persona.as_deref(), now).await?
    {
        work.enqueue(NewJob::provision(account, &order_id, &domain_id, now));
    }
    if open_on(work, account, &order_id, &domain_id).await? == 0 {
        resume_domain(work, account, &order_id, &domain_id, now).await?;
    }
    if !any_waits(work, account, &order_id).await? {
        resume_order(work, account, &order_id).await?;
    }
    Ok(())
}

/// Open actions about one domain of an order.
async fn open_on(
    work: &Work<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
) -> Result<u64> {
    Ok(Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::OrderId.eq(order))
        .filter(Column::Status.eq(ActionStatus::Open))
        .filter(Column::DomainId.eq(domain))
        .count(work.tx())
        .await?)
}

/// Whether a domain of the order waits for somebody. The picture of a renaming holds no domain.
async fn any_waits(work: &Work<'_>, account: &AccountId, order: &OrderId) -> Result<bool> {
    let waiting = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.eq(OrderDomainState::ActionRequired))
        .count(work.tx())
        .await?;
    Ok(waiting > 0)
}

async fn resume_domain(
    work: &mut Work<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
    now: Timestamp,
) -> Result<()> {
    let place = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::DomainId.eq(domain))
        .filter(order_domains::Column::State.eq(OrderDomainState::ActionRequired))
        .one(work.tx())
        .await?;
    let Some(mut place) = place else {
        return Ok(());
    };
    place.state = OrderDomainState::Pending;
    let swap_id = place.swap_in_id.clone();
    write_back::<order_domains::Entity, _>(work.tx(), vec![place]).await?;
    let row = domains::Entity::find_by_id((account.clone(), domain.clone()))
        .one(work.tx())
        .await?;
    if let Some(mut row) = row {
        row.status = row.status.transition(DomainStatus::InProgress)?;
        write_back::<domains::Entity, _>(work.tx(), vec![row]).await?;
    }
    if let Some(swap_id) = swap_id {
        resume_swap(work, account, swap_id, now).await?;
    }
    work.enqueue(NewJob::provision(account, order, domain, now));
    Ok(())
}

/// The replacement of a domain goes on.
async fn resume_swap(
    work: &mut Work<'_>,
    account: &AccountId,
    id: SwapId,
    now: Timestamp,
) -> Result<()> {
    let row = swap_rows::Entity::find_by_id((account.clone(), id))
        .one(work.tx())
        .await?;
    if let Some(mut row) = row.filter(|row| row.status == SwapStatus::ActionRequired) {
        swaps::turn(work, &mut row, SwapStatus::InProgress, None, now)?;
        write_back::<swap_rows::Entity, _>(work.tx(), vec![row]).await?;
    }
    Ok(())
}

async fn resume_order(work: &Work<'_>, account: &AccountId, order: &OrderId) -> Result<()> {
    let row = orders::Entity::find_by_id((account.clone(), order.clone()))
        .one(work.tx())
        .await?;
    if let Some(mut row) = row.filter(|row| row.status == OrderStatus::ActionRequired) {
        row.status = row.status.transition(OrderStatus::InProgress)?;
        write_back::<orders::Entity, _>(work.tx(), vec![row]).await?;
    }
    Ok(())
}
