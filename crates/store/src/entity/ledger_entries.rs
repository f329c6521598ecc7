//! Rows of `ledger_entries`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, OrderId, TransactionId};
use peeker_domain::{Cents, LedgerAccount, LedgerReason, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub transaction_id: TransactionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ledger_account: LedgerAccount,
    pub amount_cents: Cents,
    pub reason: LedgerReason,
    pub order_id: Option<OrderId>,
    pub created_at: Timestamp,
    pub reference: Option<String>,
    pub note: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
