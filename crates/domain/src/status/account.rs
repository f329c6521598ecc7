//! The statuses of what else an account has: customers, bundles, replays of its events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::declare::{stored_enum, transitions};

stored_enum! {
    /// The state of a customer (contract §2).
    UserStatus {
        Active = "active",
        /// Marked as deleted; history stays attached.
        Deleted = "deleted",
    }
}

stored_enum! {
    /// The state of a bundle (contract §2).
    BundleStatus {
        /// Selectable for new orders.
        Active = "active",
        Archived = "archived",
    }
}

stored_enum! {
    /// The state of a job that sends events again.
    EventReplayStatus {
        /// Events are being put in line.
        InProgress = "in_progress",
        /// Every event of the window was put in line.
        Completed = "completed",
    }
}

transitions! {
    "event replay": EventReplayStatus {
        InProgress => [Completed],
        Completed => [],
    }
}
