//! What a partner asks for with `POST /orders`, after the body has been read and before it is planned.

use secrecy::SecretString;

use crate::client_id::ClientId;
use crate::email::EmailAddress;
use crate::id::UserId;
use crate::name::DomainName;
use crate::persona::Persona;
use crate::sizing::Sizing;
use crate::web_url::WebUrl;

/// Most personas on one order (contract §4).
pub const MAX_PERSONAS: usize = 10;

/// Whom the order is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Customer {
    /// A customer that exists.
    Id(UserId),
    /// A customer to be found by address, or made.
    Email(EmailAddress),
}

/// The sequencer an order's inboxes are handed to, and the log-in to do it with.
#[derive(Debug, Clone)]
pub struct Sequencer {
    /// The client; `None` is the account's default route.
    pub client_id: Option<ClientId>,
    pub login_email: EmailAddress,
    /// The log-in's password: sealed at rest, wiped after the hand-over.
    pub login_password: SecretString,
}

/// One domain of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedDomain {
    pub name: DomainName,
    /// Its own forwarding target, or the order's default.
    pub forwarding_url: Option<WebUrl>,
}

/// A read and checked `POST /orders` body.
#[derive(Debug, Clone)]
pub struct OrderRequest {
    /// Whom it is for.
    pub customer: Customer,
    pub sizing: Sizing,
    /// Where the inboxes go.
    pub sequencer: Sequencer,
    /// The domains, in submitted order, no name twice.
    pub domains: Vec<RequestedDomain>,
    /// The personas, in submitted order, 1 to 10.
    pub personas: Vec<Persona>,
}
