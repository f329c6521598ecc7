//! The port to the sequencer that sends from the inboxes.

use async_trait::async_trait;
use peeker_domain::order::ClientId;
use peeker_domain::{DomainName, EmailAddress, MailProvider};
use secrecy::SecretString;

use crate::{Call, InboxSpec, ProviderError};

/// Why inboxes cannot be handed to a client.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The account has no connection to the sequencer, or it was refused.
    #[error("the account has no working sequencer connection")]
    ConnectionRequired,
    /// The sequencer knows no such client.
    #[error("the sequencer knows no such client")]
    ClientNotFound,
    /// The sequencer could not be asked.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// The inboxes of one domain and where they go.
#[derive(Debug, Clone, Copy)]
pub struct HandOver<'a> {
    /// The domain that all `inboxes` are on.
    pub domain: &'a DomainName,
    /// The client; `None` is the account's default route.
    pub client_id: Option<&'a ClientId>,
    pub login_email: &'a EmailAddress,
    /// The log-in's password; `None` when the client is connected since an earlier hand-over of its order.
    pub login_password: Option<&'a SecretString>,
    /// Where the inboxes live.
    pub provider: MailProvider,
    pub inboxes: &'a [InboxSpec<'a>],
}

/// Where inboxes are used.
#[async_trait]
pub trait SequencerPort: Send + Sync {
    /// Whether inboxes can be handed to this client; `None` is the account's default route.
    async fn check_route(
        &self,
        call: Call<'_>,
        client_id: Option<&ClientId>,
    ) -> Result<(), RouteError>;

    /// Connects the inboxes that the client does not have yet. A refused log-in or client is permanent and concerns
    /// the whole order.
    async fn hand_over(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
    ) -> Result<(), ProviderError>;

    /// Disconnects these inboxes of `domain`; one that is not connected counts as disconnected.
    async fn disconnect(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError>;
}
