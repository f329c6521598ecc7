//! Rows of `mailboxes`; the columns are explained in `migrations/environment/`.

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mailboxes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub address: String,
    pub domain: String,
    pub sealed_password: String,
    pub picture_url: Option<String>,
    pub sequencer_id: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
