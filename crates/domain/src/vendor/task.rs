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

impl OperatorTask {
    /// Whether the operator enters something when it is done.
    pub const fn wants_answer(self) -> bool {
        matches!(self, Self::GoogleDkim | Self::MicrosoftDkim)
    }

    /// What is to be entered.
    pub const fn answer_help(self) -> &'static str {
        match self {
            Self::GoogleDkim => {
                "the TXT value that the Admin console shows, such as v=DKIM1; k=rsa; p=…"
            }
            Self::MicrosoftDkim => {
                "the targets of selector1 and selector2, with a space between them"
            }
            Self::ClientHold => "nothing",
        }
    }
}
