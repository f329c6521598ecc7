//! Rows of `swaps`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "swaps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(column_name = "type")]
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
    pub order_id: String,
    pub user_id: String,
    pub domain_id: String,
    pub replacement_domain: Option<String>,
    pub replacement_domain_id: Option<String>,
    pub inbox_id: Option<String>,
    pub persona: Option<String>,
    pub old_email: Option<String>,
    pub new_email: Option<String>,
    pub inboxes: i32,
    pub price_cents: i64,
    pub license_cents: i64,
    pub retires_at: Option<i64>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
