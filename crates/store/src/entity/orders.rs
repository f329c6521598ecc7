//! Rows of `orders`; the columns are explained in `migrations/environment/`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub user_id: String,
    pub bundle_id: Option<String>,
    pub status: String,
    pub domain_count: i32,
    pub inbox_count: i32,
    pub domains_active: i32,
    pub inboxes_active: i32,
    pub total_cents: i64,
    pub google_licenses: i32,
    pub microsoft_licenses: i32,
    pub google_license_cents: i64,
    pub microsoft_license_cents: i64,
    pub personas: String,
    pub client_id: Option<String>,
    pub login_email: String,
    pub sealed_password: Option<String>,
    pub fingerprint: String,
    pub failure: Option<String>,
    pub renews_at: Option<i64>,
    pub cancellation_scheduled_at: Option<i64>,
    pub cancels_at: Option<i64>,
    pub created_at: i64,
    pub months_paid: i32,
    pub overdue_since: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
