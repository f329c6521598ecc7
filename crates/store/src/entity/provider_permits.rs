//! Rows of `provider_permits`; the columns are explained in `migrations/control/`.

use peeker_domain::Timestamp;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::Bucket;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_permits")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_account_id: ProviderAccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: Bucket,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    pub held_until: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
