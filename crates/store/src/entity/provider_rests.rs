//! Rows of `provider_rests`; the columns are explained in `migrations/control/`.

use peeker_domain::Timestamp;
use peeker_domain::id::ProviderAccountId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_rests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_account_id: ProviderAccountId,
    pub failures: i32,
    pub until: Timestamp,
    pub reason: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
