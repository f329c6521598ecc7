//! Rows of `jobs`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::{JobKind, JobState, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: JobKind,
    #[sea_orm(primary_key, auto_increment = false)]
    pub subject: String,
    pub order_id: Option<OrderId>,
    pub run_at: Timestamp,
    pub attempts: i32,
    pub lease_token: Option<String>,
    pub rerun_requested: bool,
    pub state: JobState,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub in_line: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
