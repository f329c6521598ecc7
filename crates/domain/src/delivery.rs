//! What becomes of the webhooks that tell of events (contract §6).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;
use crate::time::Timestamp;

stored_enum! {
    /// Where the delivery of an event stands.
    DeliveryState {
        /// To be sent, or sent again.
        Pending = "pending",
        /// Kept until its endpoint is resumed.
        Waiting = "waiting",
        /// Received with a 2xx.
        Delivered = "delivered",
        /// Given up after the last retry.
        Failed = "failed",
        /// The partner had no endpoint when it was due.
        Skipped = "skipped",
    }
}

impl DeliveryState {
    /// Whether nothing more is sent, unless the event is replayed.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Skipped)
    }
}

stored_enum! {
    /// Why a request to an outside address did not succeed, coarse enough to show to a partner.
    FailureClass {
        /// The address policy, or the rule for schemes and ports, forbids the target; nothing was sent.
        Refused = "refused",
        /// The host name could not be resolved.
        Dns = "dns",
        /// No connection, or none within the connect timeout.
        Connect = "connect",
        /// A connection, but no trusted TLS session.
        Tls = "tls",
        /// Connected, but no answer in time.
        Timeout = "timeout",
        /// An answer outside 2xx; redirects are among these.
        Status = "status",
        /// Anything else, such as a connection closed without an answer.
        Other = "other",
    }
}

impl FailureClass {
    /// What happened, for whoever has to mend it: first of all, which side refused.
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Refused => {
                "Nothing was sent: the rules of this service do not allow the address, or where its name leads. It must \
                 be public, with https:// and port 443 or one from 1024 up. The receiver was not asked"
            }
            Self::Dns => "Nothing was sent: the host name could not be resolved",
            Self::Connect => {
                "The receiver's host refused the connection, or did not take it within 5 seconds"
            }
            Self::Tls => {
                "The receiver's host took the connection, but offered no TLS session that is trusted"
            }
            Self::Timeout => "The receiver took the request and did not answer within 15 seconds",
            Self::Status => "The receiver answered with a status outside 2xx",
            Self::Other => "The receiver closed the connection, or answered with what is no HTTP",
        }
    }
}

stored_enum! {
    /// Why nothing is sent to an endpoint.
    PauseReason {
        /// It answered 410 Gone.
        Gone = "gone",
        /// It has only failed for days.
        Failing = "failing",
    }
}

/// Since when and why nothing is sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Since when, on the account's clock.
    pub at: Timestamp,
    pub reason: PauseReason,
}
