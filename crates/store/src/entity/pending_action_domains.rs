//! Rows of `pending_action_domains`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, ActionId, DomainId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_action_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub action_id: ActionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain_id: DomainId,
    pub domain: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
