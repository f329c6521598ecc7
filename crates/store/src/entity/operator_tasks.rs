//! Rows of `operator_tasks`; the columns are explained in `migrations/environment/`.

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, ProviderAccountId, TaskId};
use peeker_domain::vendor::{OperatorTask, TaskState};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator_tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: OperatorTask,
    pub id: TaskId,
    pub provider_account_id: ProviderAccountId,
    pub instructions: String,
    pub state: TaskState,
    pub answer: Option<String>,
    pub created_at: Timestamp,
    pub done_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
