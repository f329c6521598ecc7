//! Rows of `pending_actions`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, ActionId, OrderId, UserId};
use peeker_domain::persona::Persona;
use peeker_domain::{ActionKind, ActionReason, ActionStatus, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_actions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ActionId,
    pub order_id: OrderId,
    #[sea_orm(column_name = "type")]
    pub kind: ActionKind,
    pub reason: ActionReason,
    pub status: ActionStatus,
    pub message: String,
    pub created_at: Timestamp,
    pub persona: Option<Persona>,
    pub user_id: UserId,
    pub resolved_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
