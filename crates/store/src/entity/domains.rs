//! Rows of `domains`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "columns of a table, each a fact of its own"
)]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub category: String,
    pub status: String,
    pub owned: bool,
    pub google_only: bool,
    pub order_id: Option<String>,
    pub user_id: Option<String>,
    pub provider: Option<String>,
    pub forwarding_url: Option<String>,
    pub registered_until: Option<i64>,
    pub created_at: i64,
    pub import_id: Option<String>,
    pub nameservers: Option<String>,
    pub delegated: bool,
    pub renewal_price_cents: i64,
    pub renewing_until: Option<i64>,
    pub renewal_refused: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
