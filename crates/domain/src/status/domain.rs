//! The statuses of domains, and of the jobs that import and forward them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::declare::{stored_enum, transitions};

stored_enum! {
    /// The state of a domain in a partner's account (contract §3).
    DomainStatus {
        /// In inventory, on no order.
        Available = "available",
        InProgress = "in_progress",
        Active = "active",
        Failed = "failed",
        /// Waits for the partner or the customer.
        ActionRequired = "action_required",
    }
}

transitions! {
    "domain": DomainStatus {
        Available => [InProgress, ActionRequired, Failed],
        InProgress => [Active, Failed, ActionRequired, Available],
        Active => [ActionRequired, Available, Failed],
        ActionRequired => [InProgress, Active, Available, Failed],
        Failed => [InProgress, Available, ActionRequired],
    }
}

stored_enum! {
    /// What a name is to the account that knows it.
    DomainCategory {
        /// Owned, on no order.
        Inventory = "inventory",
        /// On an active order.
        Connected = "connected",
        /// A name that an order failed to get: neither owned nor on an order, so partners do not see it.
        Candidate = "candidate",
    }
}

stored_enum! {
    /// How far a domain of an import or forwarding job is.
    JobDomainState {
        Pending = "pending",
        /// It has its zone, or its redirect.
        Completed = "completed",
        /// It cannot have it.
        Failed = "failed",
    }
}

stored_enum! {
    /// The state of a domain import job (contract §3).
    ImportStatus {
        /// Zones are being made.
        InProgress = "in_progress",
        /// Every domain was tried and at least one has a zone.
        Completed = "completed",
        /// No domain has a zone.
        Failed = "failed",
        /// A day has passed and some domains are not delegated.
        ActionRequired = "action_required",
    }
}

transitions! {
    "import": ImportStatus {
        InProgress => [Completed, Failed],
        Completed => [ActionRequired],
        ActionRequired => [Completed],
        Failed => [],
    }
}

stored_enum! {
    /// The state of a domain forwarding job (contract §3).
    ForwardingStatus {
        /// Redirects are being set.
        InProgress = "in_progress",
        Completed = "completed",
        PartialSuccess = "partial_success",
        Failed = "failed",
    }
}

transitions! {
    "forwarding job": ForwardingStatus {
        InProgress => [Completed, PartialSuccess, Failed],
        Completed => [],
        PartialSuccess => [],
        Failed => [],
    }
}
