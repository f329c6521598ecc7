//! Rows of `domain_providers`; the columns are explained in `migrations/environment/`.

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::Slot;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domain_providers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot: Slot,
    pub provider_account_id: ProviderAccountId,
    pub assigned_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
