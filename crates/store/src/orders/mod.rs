//! Orders: reading them, and the views of their rows. What a new one goes by is read in [`facts`],
//! accepting is in [`accept`], provisioning in [`progress`].

pub mod accept;
pub mod billing;
pub mod cancel;
pub mod facts;
pub mod progress;

use peeker_domain::id::{AccountId, BundleId, OrderId, UserId};
use peeker_domain::money::CURRENCY;
use peeker_domain::order::{Order, OrderDomain};
use peeker_domain::{Cents, EmailAddress, OrderStatus, Timestamp, view};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select, SelectModel, Selector,
};

use crate::aggregate::rows;
use crate::entity::orders::{Column, Entity, Model};
use crate::entity::{inboxes, order_domains, order_history};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::number::unsigned;
use crate::paging::{PageRequest, Slice, page};
use crate::users::{self, Chosen};

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of the customer with this address.
    pub user_email: Option<EmailAddress>,
    /// Only of this bundle.
    pub bundle_id: Option<BundleId>,
    pub status: Option<OrderStatus>,
}

/// What a receipt shows of an order's row: not the personas, which take time to decode.
#[derive(FromQueryResult)]
struct Receipt {
    account_id: AccountId,
    id: OrderId,
    user_id: UserId,
    bundle_id: Option<BundleId>,
    status: OrderStatus,
    domain_count: i32,
    total_cents: Cents,
    renews_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl Receipt {
    fn select(query: Select<Entity>) -> Selector<SelectModel<Self>> {
        let columns = [
            Column::AccountId,
            Column::Id,
            Column::UserId,
            Column::BundleId,
            Column::Status,
            Column::DomainCount,
            Column::TotalCents,
            Column::RenewsAt,
            Column::CreatedAt,
        ];
        query.select_only().columns(columns).into_model()
    }

    fn view(self, email: String) -> Result<view::OrderReceipt> {
        Ok(view::OrderReceipt {
            id: self.id.into(),
            user_id: self.user_id.into(),
            email,
            bundle_id: self.bundle_id.map(String::from),
            status: self.status,
            domain_count: unsigned(self.domain_count)?,
            costs: view::Costs {
                total_cents: self.total_cents,
                currency: CURRENCY,
            },
            renews_at: self.renews_at,
            created_at: self.created_at,
        })
    }
}

/// A page of orders.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &OrderFilter,
    page: &PageRequest,
) -> Result<Slice<view::OrderReceipt>> {
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
    let mut query = Entity::find().filter(Column::AccountId.eq(account));
    if let Some(user_id) = &user_id {
        query = query.filter(Column::UserId.eq(user_id));
    }
    if let Some(bundle_id) = &filter.bundle_id {
        query = query.filter(Column::BundleId.eq(bundle_id));
    }
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status));
    }
    let rows = Receipt::select(page!(query, Column::Id, page));
    let rows = rows.all(&db.pools.reader).await?;
    let slice = Slice::new(page, rows, |row| row.id.as_str());
    let keys = slice.rows.iter().map(|row| (&row.account_id, &row.user_id));
    let mut emails = users::emails(&db.pools.reader, keys).await?;
    // Several rows may share a customer, so the address is copied, not taken.
    slice.try_map(|row| {
        let email = emails
            .entry((row.account_id.clone(), row.user_id.clone()))
            .or_default()
            .clone();
        row.view(email)
    })
}

/// Whose an order is; `None` when there is no such order.
pub async fn account_unscoped(db: &EnvironmentDb, id: &OrderId) -> Result<Option<AccountId>> {
    Ok(Entity::find()
        .select_only()
        .column(Column::AccountId)
        .filter(Column::Id.eq(id))
        .into_tuple()
        .one(&db.pools.reader)
        .await?)
}

/// The receipt of one order.
pub async fn find_receipt(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
) -> Result<Option<view::OrderReceipt>> {
    let reader = &db.pools.reader;
    let query = Entity::find_by_id((account.clone(), id.clone()));
    let Some(row) = Receipt::select(query).one(reader).await? else {
        return Ok(None);
    };
    let email = users::email(reader, account, &row.user_id).await?;
    row.view(email).map(Some)
}

/// One order in full.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
) -> Result<Option<view::OrderDetail>> {
    let Some(row) = find_row(&db.pools.reader, account, id).await? else {
        return Ok(None);
    };
    let email = users::email(&db.pools.reader, account, &row.user_id).await?;
    let domains = order_domains::Entity::find()
        .filter(order_domains::Column::AccountId.eq(account))
        .filter(order_domains::Column::OrderId.eq(id))
        .order_by_asc(order_domains::Column::Position)
        .all(&db.pools.reader)
        .await?;
    let domains: Vec<OrderDomain> = rows::all(domains)?;
    Ok(Some(Order::try_from(row)?.detail(email, &domains)))
}

async fn find_row(
    db: &impl ConnectionTrait,
    account: &AccountId,
    id: &OrderId,
) -> Result<Option<Model>> {
    Ok(Entity::find_by_id((account.clone(), id.clone()))
        .one(db)
        .await?)
}

/// A page of an order's inboxes; `None` when there is no such order.
pub async fn inboxes(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
    page: &PageRequest,
) -> Result<Option<Slice<view::Inbox>>> {
    if find_row(&db.pools.reader, account, id).await?.is_none() {
        return Ok(None);
    }
    let query = inboxes::Entity::find()
        .filter(inboxes::Column::AccountId.eq(account))
        .filter(inboxes::Column::OrderId.eq(id));
    let rows = page!(query, inboxes::Column::Id, page)
        .all(&db.pools.reader)
        .await?;
    Slice::new(page, rows, |row| row.id.as_str())
        .try_map(inbox)
        .map(Some)
}

fn inbox(row: inboxes::Model) -> Result<view::Inbox> {
    let domain = row
        .email
        .rsplit_once('@')
        .map(|(_, domain)| domain.to_owned());
    Ok(view::Inbox {
        domain: domain
            .ok_or_else(|| StoreError::Corrupt(format!("address of inbox {}", row.id)))?,
        id: row.id.into(),
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        provider: row.provider,
        domain_id: row.domain_id.into(),
        status: row.status,
        created_at: row.created_at,
    })
}

/// A page of what happened to an order; `None` when there is no such order.
pub async fn history(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &OrderId,
    page: &PageRequest,
) -> Result<Option<Slice<view::HistoryEntry>>> {
    if find_row(&db.pools.reader, account, id).await?.is_none() {
        return Ok(None);
    }
    let query = order_history::Entity::find()
        .filter(order_history::Column::AccountId.eq(account))
        .filter(order_history::Column::OrderId.eq(id));
    let rows = page!(query, order_history::Column::Id, page)
        .all(&db.pools.reader)
        .await?;
    let slice = Slice::new(page, rows, |row| row.id.as_str());
    Ok(Some(slice.map(|row| view::HistoryEntry {
        id: row.id.into(),
        kind: row.kind.to_string(),
        message: row.message,
        amount_cents: row.amount_cents,
        created_at: row.created_at,
    })))
}
