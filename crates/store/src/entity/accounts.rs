//! Rows of `accounts`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    pub event_sequence: i64,
    pub balance_cents: i64,
    pub deliveries_paused_at: Option<i64>,
    pub deliveries_paused_reason: Option<String>,
    pub replay_sequence: i64,
    pub clock_offset_ms: i64,
    pub clock_target: Option<i64>,
    pub microsoft_inboxes_active: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
