//! Rows of `partners`; the columns are explained in `migrations/control/`.

use peeker_domain::id::AccountId;
use peeker_domain::{PartnerStatus, Tier, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "partners")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountId,
    pub name: String,
    pub tier: Tier,
    pub created_at: Timestamp,
    pub status: PartnerStatus,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
