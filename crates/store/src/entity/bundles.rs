//! Rows of `bundles`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, BundleId};
use peeker_domain::{BundleStatus, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bundles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BundleId,
    pub name: String,
    pub monthly_sending_volume: i32,
    pub google_percent: Option<i32>,
    pub microsoft_percent: Option<i32>,
    pub send_on_weekends: bool,
    pub google_inboxes_per_domain: i32,
    pub status: BundleStatus,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
