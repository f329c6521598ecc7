//! Rows of `events`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, EventId, OrderId};
use peeker_domain::{EventType, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    pub id: EventId,
    #[sea_orm(column_name = "type")]
    pub kind: EventType,
    pub order_id: Option<OrderId>,
    pub created_at: Timestamp,
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
