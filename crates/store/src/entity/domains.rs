//! Rows of `domains`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, DomainId, ImportId, OrderId, UserId};
use peeker_domain::{Cents, DomainCategory, DomainStatus, MailProvider, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "columns of a table, each a fact of its own"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DomainId,
    pub name: String,
    pub category: DomainCategory,
    pub status: DomainStatus,
    pub owned: bool,
    pub google_only: bool,
    pub order_id: Option<OrderId>,
    pub user_id: Option<UserId>,
    pub provider: Option<MailProvider>,
    pub forwarding_url: Option<String>,
    pub registered_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub import_id: Option<ImportId>,
    pub nameservers: Option<String>,
    pub delegated: bool,
    pub renewal_price_cents: Cents,
    pub renewing_until: Option<Timestamp>,
    pub renewal_refused: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
