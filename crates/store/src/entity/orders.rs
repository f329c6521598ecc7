//! Rows of `orders`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, BundleId, OrderId, UserId};
use peeker_domain::persona::Personas;
use peeker_domain::{Cents, OrderFailureReason, OrderStatus, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrderId,
    pub user_id: UserId,
    pub bundle_id: Option<BundleId>,
    pub status: OrderStatus,
    pub domain_count: i32,
    pub inbox_count: i32,
    pub domains_active: i32,
    pub inboxes_active: i32,
    pub total_cents: Cents,
    pub google_licenses: i32,
    pub microsoft_licenses: i32,
    pub google_license_cents: Cents,
    pub microsoft_license_cents: Cents,
    pub personas: Personas,
    pub client_id: Option<String>,
    pub login_email: String,
    pub sealed_password: Option<String>,
    pub fingerprint: String,
    pub failure: Option<String>,
    pub failure_reason: Option<OrderFailureReason>,
    pub renews_at: Option<Timestamp>,
    pub cancellation_scheduled_at: Option<Timestamp>,
    pub cancels_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub months_paid: i32,
    pub overdue_since: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
