//! Domains of an account.

use std::collections::HashMap;

use peeker_domain::id::{AccountId, DomainId, UserId};
use peeker_domain::view::Category;
use peeker_domain::{
    Cents, DomainCategory, DomainName, DomainStatus, EmailAddress, MailProvider, Timestamp, view,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::domains::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::paging::{PageRequest, Slice, page};
use crate::users;

/// The row of a name that is new to the account: not owned, on no order.
pub(crate) fn candidate(account: &AccountId, id: DomainId, name: &str, now: Timestamp) -> Model {
    Model {
        account_id: account.clone(),
        id,
        name: name.to_owned(),
        category: DomainCategory::Candidate,
        status: DomainStatus::Failed,
        owned: false,
        google_only: false,
        order_id: None,
        user_id: None,
        provider: None,
        forwarding_url: None,
        registered_until: None,
        created_at: now,
        import_id: None,
        nameservers: None,
        delegated: false,
        renewal_price_cents: Cents::ZERO,
        renewing_until: None,
        renewal_refused: false,
    }
}

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
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of the customer with this address.
    pub user_email: Option<EmailAddress>,
    /// Only those that can host this provider.
    pub usable_for: Option<MailProvider>,
    /// Only this status.
    pub status: Option<DomainStatus>,
}

/// What an order has to know of a name that the account has seen before.
#[derive(Debug, Clone)]
pub struct KnownDomain {
    /// Whether the account owns it.
    pub owned: bool,
    /// Whether an active order holds it.
    pub on_order: bool,
    /// Providers it can host.
    pub usable_for: Vec<MailProvider>,
}

/// Contract §3: nobody or Google on it → both; Microsoft on it → Google only.
pub(crate) fn usable_for(row: &Model) -> Vec<MailProvider> {
    let microsoft_on_it = row.provider == Some(MailProvider::Microsoft);
    if row.category == DomainCategory::Candidate {
        Vec::new()
    } else if microsoft_on_it || row.google_only {
        vec![MailProvider::Google]
    } else {
        vec![MailProvider::Google, MailProvider::Microsoft]
    }
}

/// Whether what was bought of a domain is over: its registration has ended and nobody has paid for another year.
pub(crate) fn has_lapsed(row: &Model, now: Timestamp) -> bool {
    let over = row.registered_until.is_some_and(|until| until <= now);
    over && row.renewing_until.is_none()
}

/// Ends the ownership of a domain that has lapsed: from now on it is a name like any other.
pub(crate) fn disown(row: &mut Model) {
    row.owned = false;
    row.delegated = false;
    row.registered_until = None;
    row.renewal_price_cents = Cents::ZERO;
    row.renewal_refused = false;
}

pub(crate) fn to_view(row: &Model) -> view::Domain {
    let connected = row.order_id.is_some();
    view::Domain {
        id: row.id.to_string(),
        domain: row.name.clone(),
        category: if connected {
            Category::Connected
        } else {
            Category::Inventory
        },
        status: row.status,
        usable_for: usable_for(row),
        provider: row.provider,
        user_id: row.user_id.as_ref().map(ToString::to_string),
        order_id: row.order_id.as_ref().map(ToString::to_string),
        forwarding_url: connected.then(|| row.forwarding_url.clone()),
        created_at: row.created_at,
    }
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
    Ok(row.as_ref().map(to_view))
}

/// A page of domains that are owned or on an order.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &DomainFilter,
    page: &PageRequest,
) -> Result<Slice<view::Domain>> {
    let mut user_id = filter.user_id.clone();
    if let Some(email) = &filter.user_email {
        let Some(user) = users::find_by_email(db, account, email).await? else {
            return Ok(Slice::empty());
        };
        if user_id.as_ref().is_some_and(|id| id.as_str() != user.id) {
            return Ok(Slice::empty());
        }
        user_id = Some(UserId::from_stored(user.id));
    }
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
    Ok(Slice::new(page, rows, |row| row.id.as_str()).map(|row| to_view(&row)))
}

/// What the account knows of some names; names it has never seen are not in the answer. One that has lapsed is not
/// owned any more, even before the job that says so has run.
pub async fn known(
    db: &EnvironmentDb,
    account: &AccountId,
    names: &[&DomainName],
    now: Timestamp,
) -> Result<HashMap<String, KnownDomain>> {
    let mut known = HashMap::with_capacity(names.len());
    for chunk in names.chunks(10_000) {
        let rows = Entity::find()
            .filter(Column::AccountId.eq(account))
            .filter(Column::Name.is_in(chunk.iter().map(|name| name.as_str())))
            .all(&db.pools.reader)
            .await?;
        known.extend(rows.into_iter().map(|row| {
            let usable_for = usable_for(&row);
            let owned = row.owned && !has_lapsed(&row, now);
            (
                row.name,
                KnownDomain {
                    owned,
                    on_order: row.order_id.is_some(),
                    usable_for,
                },
            )
        }));
    }
    Ok(known)
}
