//! Rows of `import_domains`; the columns are explained in `migrations/environment/`.

use peeker_domain::JobDomainState;
use peeker_domain::id::{AccountId, DomainId, ImportId};
use peeker_domain::view::FailureReason;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: ImportId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub name: String,
    pub state: JobDomainState,
    pub reason: Option<FailureReason>,
    pub domain_id: Option<DomainId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
