//! Rows of `swaps`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, DomainId, InboxId, OrderId, SwapId, UserId};
use peeker_domain::{Cents, SwapReason, SwapStatus, SwapType, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "swaps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SwapId,
    #[sea_orm(column_name = "type")]
    pub kind: SwapType,
    pub status: SwapStatus,
    pub reason: Option<SwapReason>,
    pub order_id: OrderId,
    pub user_id: UserId,
    pub domain_id: DomainId,
    pub replacement_domain: Option<String>,
    pub replacement_domain_id: Option<DomainId>,
    pub inbox_id: Option<InboxId>,
    pub persona: Option<String>,
    pub old_email: Option<String>,
    pub new_email: Option<String>,
    pub inboxes: i32,
    pub price_cents: Cents,
    pub license_cents: Cents,
    pub retires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
