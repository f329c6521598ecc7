//! How a provider can refuse. The class is all that a workflow branches on; the message is for people.

use peeker_domain::excerpt::{SENTENCE, excerpt};

/// How much a permanent refusal concerns (contract §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One domain: it needs a replacement, the order's other domains go on.
    Domain,
    /// The whole order: mail tenant or sequencer log-in refused, account blocked.
    Order,
}

/// What a workflow is to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Try again, not before `after_ms` milliseconds when the provider said so, else after the usual back-off.
    Retry {
        /// Milliseconds to wait.
        after_ms: Option<i64>,
    },
    /// The object exists and could not be adopted at once: look again, then go on or ask for help.
    Conflict,
    /// A quota of the provider account is used up. The job that met it waits; others find out when they call.
    Quota {
        /// Milliseconds until the quota is renewed, when the provider said so.
        after_ms: Option<i64>,
    },
    /// Only an operator can mend it; trying again changes nothing.
    NeedsHuman,
    /// Refused for good.
    Permanent {
        /// How much it concerns.
        scope: Scope,
    },
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failed call to a provider.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// What to do about it.
    pub class: ErrorClass,
    /// A sentence that is safe to log and to show to an operator: no secret, no vendor body.
    pub message: String,
    source: Option<Cause>,
}

impl ProviderError {
    /// An error of this class. A sentence that is no sentence is cut: rows, events and log lines repeat it.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: excerpt(&message.into(), SENTENCE).into_owned(),
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
