//! What vendors are paid for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

stored_enum! {
    /// What a call buys.
    PaymentKind {
        /// The first year of a domain.
        Registration = "registration",
        /// Another year of a domain.
        Renewal = "renewal",
        /// Seats of a subscription.
        Seats = "seats",
    }
}

stored_enum! {
    /// What is known of a payment. The row stands before the call is made, so what was paid without our hearing of it is
    /// still on the bill, as intended.
    PaymentState {
        /// The call may be under way, or its answer was lost.
        Intended = "intended",
        Paid = "paid",
        /// The vendor refused, and took nothing.
        NotPaid = "not_paid",
    }
}
