//! The sandbox's clock (contract §7).

use serde::Serialize;
use utoipa::ToSchema;

use crate::Timestamp;

/// The clock of an account's sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SandboxClock {
    /// What it shows.
    pub now: Timestamp,
    /// How many seconds it is ahead of real time.
    #[schema(example = 2_592_000, minimum = 0)]
    pub offset_seconds: i64,
    /// Where it is on its way to; `null` when it has arrived.
    #[schema(required = true)]
    pub advancing_to: Option<Timestamp>,
}
