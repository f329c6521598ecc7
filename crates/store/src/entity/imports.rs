//! Rows of `imports`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, ImportId};
use peeker_domain::{ImportStatus, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportId,
    pub status: ImportStatus,
    pub completed_count: i32,
    pub failed_count: i32,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
