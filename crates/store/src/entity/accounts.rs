//! Rows of `accounts`; the columns are explained in `migrations/environment/`.

use peeker_domain::delivery::Pause;
use peeker_domain::id::AccountId;
use peeker_domain::view::PauseReason;
use peeker_domain::{Cents, ClockOffset, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    pub event_sequence: i64,
    pub balance_cents: Cents,
    pub deliveries_paused_at: Option<Timestamp>,
    pub deliveries_paused_reason: Option<PauseReason>,
    pub replay_sequence: i64,
    pub clock_offset_ms: ClockOffset,
    pub clock_target: Option<Timestamp>,
    pub microsoft_inboxes_active: i64,
}

impl Model {
    /// Why nothing is delivered to the account's endpoint, if it is paused.
    pub fn pause(&self) -> Option<Pause> {
        Some(Pause {
            at: self.deliveries_paused_at?,
            reason: self.deliveries_paused_reason?,
        })
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
