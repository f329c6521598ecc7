//! How a provider can refuse. The class is all that decides what follows (`peeker_domain::provider_error`); the message is
//! for people.

use peeker_domain::excerpt::{SENTENCE, excerpt};
pub use peeker_domain::provider_error::{ErrorClass, Scope};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Whom a call is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    Registrar,
    Dns,
    Mail,
    Sequencer,
    Probes,
}

/// A failed call to a provider.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What kind of failure it was.
    pub class: ErrorClass,
    /// A sentence that is safe to log and to show to an operator: no secret, no vendor body.
    pub message: String,
    /// Who said so; `None` outside a call.
    pub port: Option<Port>,
    source: Option<Cause>,
}

impl ProviderError {
    /// An error of this class. A sentence that is no sentence is cut: rows, events and log lines repeat it.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: excerpt(&message.into(), SENTENCE).into_owned(),
            port: None,
            source: None,
        }
    }

    /// [`ErrorClass::Permanent`].
    pub fn permanent(scope: Scope, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Permanent { scope }, message)
    }

    /// [`ErrorClass::Retry`]; `after_ms` in milliseconds, `None` for the usual back-off.
    pub fn retry(after_ms: Option<i64>, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::Retry { after_ms }, message)
    }

    /// Keeps the cause for the log; it must hold no secret either.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }
}
