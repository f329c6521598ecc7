//! Rows of `provider_paces`; the columns are explained in `migrations/control/`.

use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::Bucket;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_paces")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_account_id: ProviderAccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: Bucket,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub arrival_ms: i64,
    pub tail_ms: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
