//! Rows of `order_domains`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub domain_id: String,
    pub name: String,
    pub provider: String,
    pub source: String,
    pub inboxes: i32,
    pub price_cents: i64,
    pub renewal_price_cents: i64,
    pub forwarding_url: Option<String>,
    pub step: String,
    pub state: String,
    pub leaves_at: Option<i64>,
    pub personas: Option<String>,
    pub swap_in_id: Option<String>,
    pub swap_out_id: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
