//! Rows of `pending_actions`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_actions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub order_id: String,
    pub domain_id: String,
    #[sea_orm(column_name = "type")]
    pub kind: String,
    pub reason: String,
    pub status: String,
    pub message: String,
    pub created_at: i64,
    pub persona: Option<String>,
    pub domain: String,
    pub user_id: String,
    pub resolved_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
