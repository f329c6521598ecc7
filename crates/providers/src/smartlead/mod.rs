//! Smartlead: connects inboxes and hands them to clients.
//!
//! What must stay true: the API key stands in the query of every request and answers hold passwords, so neither an address nor
//! a body is ever in an error or a log line. Smartlead's own sentences are not repeated.

mod accounts;
mod api;
mod check;
mod form;
mod hand_over;
mod options;

use async_trait::async_trait;
use peeker_domain::DomainName;
use peeker_domain::order::ClientId;

use crate::vendor::{InvalidAccount, Services, Setting, VendorAccount};
use crate::{Call, HandOver, ProviderError, RouteError, SequencerPort};

use api::Api;
use options::Options;

/// What can be set for an account, beside its credentials: the API key.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "smtp_port",
        required: false,
        help: "The port that inboxes are sent through; 587 if not set.",
    },
    Setting {
        key: "warmup",
        required: false,
        help: "on warms new inboxes up, off does not; on if not set.",
    },
    Setting {
        key: "warmup_per_day",
        required: false,
        help: "The most warm-up mails that an inbox sends a day; Smartlead's own number if not set.",
    },
    Setting {
        key: "daily_rampup",
        required: false,
        help: "By how many warm-up mails a day is more than the last; Smartlead's own number if not set.",
    },
    Setting {
        key: "reply_rate",
        required: false,
        help: "How many of a hundred warm-up mails are replied to; Smartlead's own number if not set.",
    },
    Setting {
        key: "max_per_day",
        required: false,
        help: "The most mails that an inbox sends a day; Smartlead's own number if not set.",
    },
];

/// One Smartlead account.
pub struct Smartlead {
    api: Api,
    services: Services,
    options: Options,
}

impl Smartlead {
    pub fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        Ok(Self {
            options: Options::of(&account)?,
            api: Api::new(account, services)?,
            services: services.clone(),
        })
    }
}

#[async_trait]
impl SequencerPort for Smartlead {
    async fn check_route(
        &self,
        _call: Call<'_>,
        client_id: Option<&ClientId>,
    ) -> Result<(), RouteError> {
        self.find_client(client_id).await
    }

    async fn hand_over(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
    ) -> Result<(), ProviderError> {
        self.connect_missing(call, hand_over).await
    }

    async fn disconnect(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        self.disconnect_all(call, domain, addresses).await
    }
}
