//! Rows of `order_history`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, HistoryId, OrderId};
use peeker_domain::{Cents, HistoryKind, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: OrderId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HistoryId,
    #[sea_orm(column_name = "type")]
    pub kind: HistoryKind,
    pub message: String,
    pub amount_cents: Option<Cents>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
