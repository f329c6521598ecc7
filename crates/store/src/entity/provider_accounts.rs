//! Rows of `provider_accounts`; the columns are explained in `migrations/control/`.

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::{AccountState, Vendor};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProviderAccountId,
    pub vendor: Vendor,
    pub label: String,
    pub partner_id: Option<AccountId>,
    pub base_url: Option<String>,
    pub settings: String,
    pub sealed_credentials: String,
    pub capacity: Option<i64>,
    pub state: AccountState,
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
