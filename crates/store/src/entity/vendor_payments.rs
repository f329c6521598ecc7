//! Rows of `vendor_payments`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, PaymentId, ProviderAccountId};
use peeker_domain::vendor::{PaymentKind, PaymentState};
use peeker_domain::{Cents, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vendor_payments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PaymentId,
    pub provider_account_id: ProviderAccountId,
    pub kind: PaymentKind,
    pub subject: String,
    pub purchase: String,
    pub expected_cents: Cents,
    pub state: PaymentState,
    pub paid_cents: Option<Cents>,
    pub reference: Option<String>,
    pub created_at: Timestamp,
    pub tried_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
