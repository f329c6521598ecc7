//! Rows of `deliveries`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: i64,
    pub lease_token: Option<String>,
    pub retry_until: Option<i64>,
    pub attempts_before: i32,
    pub in_line: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
