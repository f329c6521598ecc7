//! Rows of `event_replays`; the columns are explained in `migrations/environment/`.

use peeker_domain::id::{AccountId, EventReplayId};
use peeker_domain::{EventReplayStatus, Timestamp};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event_replays")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: AccountId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventReplayId,
    pub status: EventReplayStatus,
    pub since_at: Timestamp,
    pub until_at: Timestamp,
    pub types: Option<String>,
    pub only_failed: bool,
    pub next_sequence: i64,
    pub last_sequence: i64,
    pub matched_count: i64,
    pub replayed_count: i64,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
