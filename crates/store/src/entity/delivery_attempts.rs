//! Rows of `delivery_attempts`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, AttemptId};
use peeker_domain::{FailureClass, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttemptId,
    pub event_sequence: i64,
    pub number: i32,
    pub started_at: Timestamp,
    pub http_status: Option<i32>,
    pub failure: Option<FailureClass>,
    pub latency_ms: i64,
    pub response_excerpt: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
