//! Pending actions: opened once, resolved by the facts, and what they block goes on by itself (contract §4).

use peeker_domain::id::{AccountId, ActionId, DomainId, OrderId, UserId};
use peeker_domain::order::{self, Effect, PendingAction, Persona};
use peeker_domain::{
    ActionReason, ActionStatus, EmailAddress, NewJob, OrderDomainState, Timestamp, view,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::aggregate::rows::all;
use crate::aggregate::write::{
    write_all, write_domains, write_order, write_order_domains, write_swaps,
};
use crate::aggregate::{effects, read};
use crate::entity::order_domains;
use crate::entity::pending_actions::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};
use crate::unit_of_work::UnitOfWork;
use crate::users::{self, Chosen};

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
    pub status: ActionStatus,
}

fn to_view(row: Model) -> Result<view::PendingAction> {
    Ok(PendingAction::try_from(row)?.view())
}

/// A page of actions.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &ActionFilter,
    page: &PageRequest,
) -> Result<Slice<view::PendingAction>> {
    let chosen = users::chosen(
        db,
        account,
        filter.user_id.as_ref(),
        filter.user_email.as_ref(),
    );
    let user_id = match chosen.await? {
        Chosen::All => None,
        Chosen::One(id) => Some(id),
        Chosen::Nobody => return Ok(Slice::empty()),
    };
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

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ActionId,
) -> Result<Option<view::PendingAction>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    row.map(to_view).transpose()
}

/// An action by its id alone, and whose it is.
pub async fn find_unscoped(
    db: &EnvironmentDb,
    id: &ActionId,
) -> Result<Option<(AccountId, view::PendingAction)>> {
    let row = Entity::find()
        .filter(Column::Id.eq(id))
        .one(&db.pools.reader)
        .await?;
    row.map(|row| Ok((row.account_id.clone(), to_view(row)?)))
        .transpose()
}

/// Resolves the open actions of a domain for one reason; what they blocked goes on. Gives back how many there were.
pub async fn resolve_for_domain(
    work: &mut UnitOfWork<'_>,
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
    let open: Vec<PendingAction> = all(open)?;
    let count = open.len();
    for action in open {
        resolve(work, action, now).await?;
    }
    Ok(count)
}

/// Resolves one action, if it is open; what it blocked goes on.
pub async fn resolve_one(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    id: &ActionId,
    now: Timestamp,
) -> Result<()> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(work.tx())
        .await?;
    match row.filter(|row| row.status == ActionStatus::Open) {
        Some(row) => resolve(work, PendingAction::try_from(row)?, now).await,
        None => Ok(()),
    }
}

/// Opens an action beside provisioning, which opens its own, unless the same one is open.
pub(crate) async fn open(
    work: &mut UnitOfWork<'_>,
    action: PendingAction,
    now: Timestamp,
) -> Result<()> {
    let account = action.account_id.clone();
    let mut effects: Vec<Effect> = action.watch(now).map(Effect::Enqueue).into_iter().collect();
    effects.push(Effect::OpenAction(action));
    effects::carry_out(work, &account, effects, now).await
}

/// Whether a picture keeps the domain from being set up.
pub(crate) async fn has_open_picture(
    work: &UnitOfWork<'_>,
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
    work: &mut UnitOfWork<'_>,
    mut action: PendingAction,
    now: Timestamp,
) -> Result<()> {
    let (account, order) = (action.account_id.clone(), action.order_id.clone());
    let (domain, persona) = (action.domain_id.clone(), action.persona.clone());
    action.resolve(now);
    write_all::<Model, _, _>(work, vec![action]).await?;
    if let Some(persona) = &persona {
        resume_renames(work, (&account, &order, &domain), persona, now).await?;
    }
    if open_on(work, &account, &order, &domain).await? == 0 {
        resume_domain(work, &account, &order, &domain, now).await?;
    }
    if !any_waits(work, &account, &order).await?
        && let Some(mut order) = read::order(work, &account, &order).await?
    {
        order.resume()?;
        write_order(work, order).await?;
    }
    Ok(())
}

/// Open actions about one domain of an order.
async fn open_on(
    work: &UnitOfWork<'_>,
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
async fn any_waits(work: &UnitOfWork<'_>, account: &AccountId, order: &OrderId) -> Result<bool> {
    let waiting = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(order))
        .filter(order_domains::Column::State.eq(OrderDomainState::ActionRequired))
        .count(work.tx())
        .await?;
    Ok(waiting > 0)
}

/// The domain goes on, if it waits.
async fn resume_domain(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
    now: Timestamp,
) -> Result<()> {
    let part = read::part_of(work, account, order, domain).await?;
    let row = read::domain(work, account, domain).await?;
    let (Some(mut part), Some(mut domain)) = (part, row) else {
        return Ok(());
    };
    let mut swaps = read::swaps_in(work, std::slice::from_ref(&part)).await?;
    let effects = order::resume(&mut part, &mut domain, swaps.first_mut(), now)?;
    write_order_domains(work, vec![part]).await?;
    write_domains(work, vec![domain]).await?;
    write_swaps(work, swaps).await?;
    effects::carry_out(work, account, effects, now).await
}

/// Lets the renamings go on that wait for the picture of this persona.
async fn resume_renames(
    work: &mut UnitOfWork<'_>,
    (account, order, domain): (&AccountId, &OrderId, &DomainId),
    persona: &Persona,
    now: Timestamp,
) -> Result<()> {
    let mut waiting = read::open_renames(work.tx(), account, domain).await?;
    let effects = order::resume_renames(&mut waiting, Some(persona))?;
    if effects.is_empty() {
        return Ok(());
    }
    write_swaps(work, waiting).await?;
    effects::carry_out(work, account, effects, now).await?;
    work.enqueue(NewJob::provision(account, order, domain, now));
    Ok(())
}
