//! Rows of `inboxes`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, DomainId, InboxId, OrderId};
use peeker_domain::{InboxStatus, MailProvider, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inboxes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InboxId,
    pub order_id: OrderId,
    pub domain_id: DomainId,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub provider: MailProvider,
    pub status: InboxStatus,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
