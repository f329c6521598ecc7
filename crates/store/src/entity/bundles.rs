//! Rows of `bundles`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bundles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub monthly_sending_volume: i32,
    pub google_percent: Option<i32>,
    pub microsoft_percent: Option<i32>,
    pub send_on_weekends: bool,
    pub google_inboxes_per_domain: i32,
    pub status: String,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
