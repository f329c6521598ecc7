//! Customers.

use std::collections::HashMap;

use peeker_domain::id::{AccountId, DomainId, OrderId, UserId};
use peeker_domain::order::ClientId;
use peeker_domain::{EmailAddress, PersonName, Timestamp, UserStatus, view};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, QueryTrait,
};

use crate::entity::users::{ActiveModel, Column, Entity, Model};
use crate::entity::{domains, orders};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::keys::any_of;
use crate::paging::{PageRequest, Slice, page};

#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address, unique in the account and environment.
    pub email: EmailAddress,
    pub first_name: Option<PersonName>,
    pub last_name: Option<PersonName>,
    /// Route of future orders; `None` is the default route.
    pub client_id: Option<ClientId>,
}

/// A change; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub email: Option<EmailAddress>,
    pub first_name: Option<Option<PersonName>>,
    pub last_name: Option<Option<PersonName>>,
    /// New route of future orders.
    pub client_id: Option<Option<ClientId>>,
}

/// Which customers to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    pub email: Option<EmailAddress>,
    pub status: Option<UserStatus>,
}

fn to_view(row: Model) -> view::User {
    view::User {
        id: row.id.into(),
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        status: row.status,
        sequencer: view::Sequencer {
            provider: "smartlead".to_owned(),
            client_id: row.client_id.as_deref().and_then(ClientId::from_text),
        },
        created_at: row.created_at,
    }
}

/// Makes a customer. Errors: [`crate::StoreError::Unique`] when the address is in use.
pub async fn insert(
    db: &EnvironmentDb,
    account: &AccountId,
    id: UserId,
    new: NewUser,
    now: Timestamp,
) -> Result<view::User> {
    let NewUser {
        email,
        first_name,
        last_name,
        client_id,
    } = new;
    let row = Model {
        account_id: account.clone(),
        id,
        email: email.to_string(),
        first_name: first_name.map(String::from),
        last_name: last_name.map(String::from),
        status: UserStatus::Active,
        client_id: client_id.map(|id| id.to_string()),
        created_at: now,
    };
    Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(&db.pools.writer)
        .await?;
    Ok(to_view(row))
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &UserId,
) -> Result<Option<view::User>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    Ok(row.map(to_view))
}

/// The customer with an address, deleted or not.
pub async fn find_by_email(
    db: &EnvironmentDb,
    account: &AccountId,
    email: &EmailAddress,
) -> Result<Option<view::User>> {
    let row = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Email.eq(email.as_str()))
        .one(&db.pools.reader)
        .await?;
    Ok(row.map(to_view))
}

/// A page of customers.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &UserFilter,
    page: &PageRequest,
) -> Result<Slice<view::User>> {
    let mut query = Entity::find().filter(Column::AccountId.eq(account));
    if let Some(email) = &filter.email {
        query = query.filter(Column::Email.eq(email.as_str()));
    }
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Ok(Slice::new(page, rows, |row| row.id.as_str()).map(to_view))
}

/// Changes the given fields; `None` when there is no such customer.
/// Errors: [`crate::StoreError::Unique`] when the new address is in use.
pub async fn update(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &UserId,
    patch: UserPatch,
) -> Result<Option<view::User>> {
    let UserPatch {
        email,
        first_name,
        last_name,
        client_id,
    } = patch;
    let mut change: ActiveModel = Default::default();
    if let Some(email) = email {
        change.email = Set(email.to_string());
    }
    if let Some(first_name) = first_name {
        change.first_name = Set(first_name.map(String::from));
    }
    if let Some(last_name) = last_name {
        change.last_name = Set(last_name.map(String::from));
    }
    if let Some(client_id) = client_id {
        change.client_id = Set(client_id.map(|id| id.to_string()));
    }
    apply(db, account, id, change).await
}

/// Marks a customer as deleted; `None` when there is no such customer.
pub async fn mark_deleted(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &UserId,
) -> Result<Option<view::User>> {
    let change = ActiveModel {
        status: Set(UserStatus::Deleted),
        ..Default::default()
    };
    apply(db, account, id, change).await
}

/// Makes a deleted customer active again, whosever it is; `None` when there is no such customer here.
pub async fn restore_unscoped(
    db: &EnvironmentDb,
    id: &UserId,
) -> Result<Option<(AccountId, view::User)>> {
    let found = Entity::find().filter(Column::Id.eq(id));
    let Some(row) = found.one(&db.pools.reader).await? else {
        return Ok(None);
    };
    let account = row.account_id;
    let change = ActiveModel {
        status: Set(UserStatus::Active),
        ..Default::default()
    };
    let user = apply(db, &account, id, change).await?;
    Ok(user.map(|user| (account, user)))
}

async fn apply(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &UserId,
    change: ActiveModel,
) -> Result<Option<view::User>> {
    if change.is_changed() {
        Entity::update_many()
            .set(change)
            .filter(Column::AccountId.eq(account))
            .filter(Column::Id.eq(id))
            .exec(&db.pools.writer)
            .await?;
    }
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.writer)
        .await?;
    Ok(row.map(to_view))
}

/// The address of the customer that an order is for.
pub async fn email_of_order(
    db: &EnvironmentDb,
    account: &AccountId,
    order: &OrderId,
) -> Result<Option<EmailAddress>> {
    let customer = orders::Entity::find()
        .select_only()
        .column(orders::Column::UserId)
        .filter(orders::Column::AccountId.eq(account))
        .filter(orders::Column::Id.eq(order));
    email_of(db, account, customer.into_query()).await
}

/// The address of the customer whose order a domain is on.
pub async fn email_of_domain(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &DomainId,
) -> Result<Option<EmailAddress>> {
    let customer = domains::Entity::find()
        .select_only()
        .column(domains::Column::UserId)
        .filter(domains::Column::AccountId.eq(account))
        .filter(domains::Column::Id.eq(domain));
    email_of(db, account, customer.into_query()).await
}

async fn email_of(
    db: &EnvironmentDb,
    account: &AccountId,
    customer: SelectStatement,
) -> Result<Option<EmailAddress>> {
    let email: Option<String> = Entity::find()
        .select_only()
        .column(Column::Email)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Id.in_subquery(customer))
        .into_tuple()
        .one(&db.pools.reader)
        .await?;
    Ok(email.map(EmailAddress::from_stored))
}

/// The customer that a list is to be of.
#[derive(Debug)]
pub(crate) enum Chosen {
    /// Any.
    All,
    /// This one.
    One(UserId),
    /// None there is: no customer has the address, or another one than was asked for.
    Nobody,
}

/// Whom a filter by id, by address, by both or by neither chooses.
pub(crate) async fn chosen(
    db: &EnvironmentDb,
    account: &AccountId,
    id: Option<&UserId>,
    email: Option<&EmailAddress>,
) -> Result<Chosen> {
    let Some(email) = email else {
        return Ok(id.map_or(Chosen::All, |id| Chosen::One(id.clone())));
    };
    let Some(user) = find_by_email(db, account, email).await? else {
        return Ok(Chosen::Nobody);
    };
    let found = UserId::from_stored(user.id);
    Ok(if id.is_some_and(|id| *id != found) {
        Chosen::Nobody
    } else {
        Chosen::One(found)
    })
}

/// Addresses of customers, by account and id.
pub(crate) type Emails = HashMap<(AccountId, UserId), String>;

/// The address of a customer. Errors: [`StoreError::Corrupt`], as nobody that an order names is ever gone.
pub(crate) async fn email(
    db: &impl ConnectionTrait,
    account: &AccountId,
    user: &UserId,
) -> Result<String> {
    let found = emails(db, [(account, user)]).await?;
    let email = found.into_values().next();
    email.ok_or_else(|| StoreError::Corrupt(format!("customer {user} is not there")))
}

/// The addresses of some customers of any accounts.
pub(crate) async fn emails<'k>(
    db: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = (&'k AccountId, &'k UserId)>,
) -> Result<Emails> {
    let rows: Vec<(AccountId, UserId, String)> = Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::Id, Column::Email])
        .filter(any_of(Column::AccountId, Column::Id, keys))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(account, id, email)| ((account, id), email))
        .collect())
}
