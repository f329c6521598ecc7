//! Rows of `forwarding_domains`; the columns are explained in `migrations/environment/`.

use peeker_domain::JobDomainState;
use peeker_domain::id::{AccountId, DomainId, ForwardingId};
use peeker_domain::view::FailureReason;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "forwarding_domains")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub forwarding_id: ForwardingId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub name: String,
    pub domain_id: Option<DomainId>,
    pub state: JobDomainState,
    pub reason: Option<FailureReason>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
