//! Domains of an account.

use std::collections::HashMap;

use peeker_domain::id::{AccountId, DomainId, OrderId, UserId};
use peeker_domain::order::{Domain, KnownDomain};
use peeker_domain::view::Category;
use peeker_domain::{
    DomainCategory, DomainName, DomainStatus, EmailAddress, MailProvider, Timestamp, view,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::aggregate::rows::all;
use crate::entity::domains::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};
use crate::users::{self, Chosen};

/// The condition of the index of domains that can host Microsoft, spelled out: a planner that sees a variable there
/// cannot choose the index. It names [`MailProvider::Google`] and [`DomainCategory::Candidate`].
const USABLE_FOR_MICROSOFT: &str =
    "(provider IS NULL OR provider = 'google') AND google_only = FALSE AND category <> 'candidate'";

/// The one category that domains of a status are in; `None` when there is none such.
const fn category_of(status: DomainStatus) -> Option<Category> {
    match status {
        DomainStatus::Available => Some(Category::Inventory),
        DomainStatus::InProgress | DomainStatus::Active => Some(Category::Connected),
        DomainStatus::ActionRequired | DomainStatus::Failed => None,
    }
}

/// Which domains to list.
#[derive(Debug, Clone, Default)]
pub struct DomainFilter {
    /// Only inventory or only connected.
    pub category: Option<Category>,
    /// Only the one with this name.
    pub domain: Option<DomainName>,
    /// Only those on this order.
    pub order_id: Option<OrderId>,
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of the customer with this address.
    pub user_email: Option<EmailAddress>,
    /// Only those that can host this provider.
    pub usable_for: Option<MailProvider>,
    pub status: Option<DomainStatus>,
}

pub(crate) fn to_view(row: Model) -> Result<view::Domain> {
    Ok(Domain::try_from(row)?.view())
}

/// One domain that is owned or on an order.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &DomainId,
) -> Result<Option<view::Domain>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .filter(Column::Category.ne(DomainCategory::Candidate))
        .one(&db.pools.reader)
        .await?;
    row.map(to_view).transpose()
}

/// A page of domains that are owned or on an order.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &DomainFilter,
    page: &PageRequest,
) -> Result<Slice<view::Domain>> {
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
    let only = filter.status.and_then(category_of);
    if only.is_some_and(|only| filter.category.is_some_and(|asked| asked != only)) {
        // Nothing can match, and looking for it would read every domain of that status.
        return Ok(Slice::empty());
    }
    let mut query = Entity::find().filter(Column::AccountId.eq(account));
    query = match filter.category {
        Some(category) => query.filter(Column::Category.eq(DomainCategory::from(category))),
        None => query.filter(Column::Category.ne(DomainCategory::Candidate)),
    };
    if let Some(name) = &filter.domain {
        query = query.filter(Column::Name.eq(name.as_str()));
    }
    if let Some(order) = &filter.order_id {
        query = query.filter(Column::OrderId.eq(order));
    }
    if let Some(user_id) = &user_id {
        query = query.filter(Column::UserId.eq(user_id));
    }
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status));
    }
    if filter.usable_for == Some(MailProvider::Microsoft) {
        query = query.filter(Expr::cust(USABLE_FOR_MICROSOFT));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Slice::new(page, rows, |row| row.id.as_str()).try_map(to_view)
}

/// What the account knows of some names; names it has never seen are not in the answer.
pub async fn known(
    db: &EnvironmentDb,
    account: &AccountId,
    names: &[&DomainName],
    now: Timestamp,
) -> Result<HashMap<String, KnownDomain>> {
    let domains = named(db, account, names).await?;
    Ok(known_at(domains, now))
}

pub(crate) fn known_at(domains: Vec<Domain>, now: Timestamp) -> HashMap<String, KnownDomain> {
    let known = domains.into_iter().map(|domain| {
        let seen = domain.known(now);
        (domain.name, seen)
    });
    known.collect()
}

/// The domains with some names that the account has seen.
pub(crate) async fn named(
    db: &EnvironmentDb,
    account: &AccountId,
    names: &[&DomainName],
) -> Result<Vec<Domain>> {
    let mut found = Vec::new();
    for chunk in names.chunks(10_000) {
        let rows = Entity::find()
            .filter(Column::AccountId.eq(account))
            .filter(Column::Name.is_in(chunk.iter().map(|name| name.as_str())))
            .all(&db.pools.reader)
            .await?;
        found.extend(all::<_, Domain>(rows)?);
    }
    Ok(found)
}
