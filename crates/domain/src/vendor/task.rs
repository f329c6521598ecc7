//! What only the operator can do, because a vendor has no API for it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::status::stored_enum;

stored_enum! {
    /// A thing to do by hand, about one domain.
    OperatorTask {
        /// Make the DKIM key in the Google Admin console and enter its TXT value here.
        GoogleDkim = "google_dkim",
        /// Turn DKIM on in the Microsoft Defender portal and enter the two CNAME targets here.
        MicrosoftDkim = "microsoft_dkim",
        /// The registry or the registrar has taken the domain off the DNS, mostly for an unverified registrant.
        ClientHold = "client_hold",
    }
}

stored_enum! {
    TaskState {
        Open = "open",
        Done = "done",
    }
}
