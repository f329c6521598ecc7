//! Pending actions: opened once, resolved by the facts, and what they block goes on by itself (contract §4).

use peeker_domain::id::{AccountId, ActionId, DomainId, OrderId, UserId};
use peeker_domain::order::{Cause, Domain, Effect, PendingAction};
use peeker_domain::{ActionReason, ActionStatus, EmailAddress, Timestamp, view};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use crate::aggregate::effects;
use crate::aggregate::pending::{open_about, with_domains};
use crate::entity::pending_action_domains;
use crate::entity::pending_actions::{Column, Entity};
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
        query = query.filter(Column::Id.in_subquery(about(account, domain_id)));
    }
    if let Some(user_id) = &user_id {
        query = query.filter(Column::UserId.eq(user_id));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    let actions = with_domains(&db.pools.reader, rows).await?;
    Ok(Slice::new(page, actions, |action| action.id.as_str()).map(|action| action.view()))
}

/// The actions that a domain is one of the domains of.
fn about(account: &AccountId, domain: &DomainId) -> SelectStatement {
    use pending_action_domains::Column;
    pending_action_domains::Entity::find()
        .select_only()
        .column(Column::ActionId)
        .filter(Column::AccountId.eq(account))
        .filter(Column::DomainId.eq(domain))
        .into_query()
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &ActionId,
) -> Result<Option<view::PendingAction>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    let found = with_domains(&db.pools.reader, row.into_iter().collect()).await?;
    Ok(found.first().map(PendingAction::view))
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
    let found = with_domains(&db.pools.reader, row.into_iter().collect()).await?;
    let found = found.first();
    Ok(found.map(|action| (action.account_id.clone(), action.view())))
}

/// Resolves one action, if it is open; what it blocked goes on.
pub async fn resolve(
    work: &mut UnitOfWork<'_>,
    account: &AccountId,
    id: &ActionId,
    now: Timestamp,
) -> Result<()> {
    let effect = Effect::ResolveAction(id.clone());
    effects::carry_out(work, account, vec![effect], now).await
}

/// The domain waits no longer for that reason on its order; it goes on.
pub(crate) async fn release(
    work: &mut UnitOfWork<'_>,
    domain: &Domain,
    reason: ActionReason,
    now: Timestamp,
) -> Result<()> {
    let Some(order) = domain.order_id.clone() else {
        return Ok(());
    };
    let effect = Effect::ReleaseActions {
        order,
        domains: [domain.id.clone()].into(),
        cause: Cause::Reason(reason),
    };
    effects::carry_out(work, &domain.account_id, vec![effect], now).await
}

/// Whether a picture keeps the domain from being set up.
pub(crate) async fn has_open_picture(
    work: &UnitOfWork<'_>,
    account: &AccountId,
    order: &OrderId,
    domain: &DomainId,
) -> Result<bool> {
    let domains = [domain.clone()].into();
    let picture = Cause::Reason(ActionReason::ProfilePictureNotAccessible);
    let open = open_about(work.tx(), account, order, &domains, &picture).await?;
    Ok(!open.is_empty())
}
