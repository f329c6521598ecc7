//! The one error that crosses crate borders. It knows no HTTP; `peeker-api` gives it a status.
//!
//! `message` and `details` are for the partner and must never hold a secret or an internal cause; the cause goes
//! into the source chain, which only the log sees.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::excerpt::{self, excerpt};

/// Most violations that one answer lists; the rest is counted in `details.violations_omitted`.
pub const MAX_VIOLATIONS: usize = 100;

/// The result of everything that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the closed list that partners branch on (contract §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A field or parameter is missing, of the wrong type or out of range.
    InvalidRequest,
    /// The key is missing, malformed, unknown or revoked.
    Unauthorized,
    /// The key is valid but its preset does not allow this.
    Forbidden,
    /// No such record in this account and environment.
    NotFound,
    /// Too many requests; `details.retry_after_seconds` says when to come back.
    RateLimited,
    /// `sequencer.provider` is not a supported sequencer.
    ProviderNotSupported,
    /// The account has no working sequencer connection.
    SmartleadConnectionRequired,
    /// `sequencer.client_id` is unknown to the sequencer.
    SmartleadClientNotFound,
    /// `bundle_id` together with license or density fields.
    OrderShapeConflict,
    /// The number of domains is not what the order plan needs.
    DomainCountMismatch,
    /// An import of the domain exists but is not finished.
    DomainNotImported,
    /// Domains that cannot be registered.
    DomainsNotSubmittable,
    /// The replacement of a swap is a premium domain.
    PremiumDomainNotSupported,
    /// A domain cannot host the provider that the plan has left for it.
    DomainNotUsableForProvider,
    /// A domain is on another active order.
    DomainAlreadyInActiveOrder,
    /// The wallet does not hold enough.
    InsufficientFunds,
    /// Our fault, or a part of the system is not available.
    InternalError,
}

impl Code {
    /// Every code, in the order of the contract's table.
    pub const ALL: [Self; 17] = [
        Self::InvalidRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::RateLimited,
        Self::ProviderNotSupported,
        Self::SmartleadConnectionRequired,
        Self::SmartleadClientNotFound,
        Self::OrderShapeConflict,
        Self::DomainCountMismatch,
        Self::DomainNotImported,
        Self::DomainsNotSubmittable,
        Self::PremiumDomainNotSupported,
        Self::DomainNotUsableForProvider,
        Self::DomainAlreadyInActiveOrder,
        Self::InsufficientFunds,
        Self::InternalError,
    ];
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Violation {
    /// Where, as a path: `personas[0].last_name`.
    #[schema(example = "personas[0].last_name")]
    pub field: String,
    /// What is wrong with it, in plain English.
    pub message: String,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A refusal or a failure: a code, a sentence for the partner, and what is known beside it.
#[derive(Debug)]
pub struct Error {
    /// What partners branch on.
    pub code: Code,
    /// A sentence for the partner.
    pub message: String,
    /// The request field at fault.
    pub field: Option<String>,
    /// More, in the shape that the contract gives for the code.
    pub details: Map<String, Value>,
    /// With [`Code::InternalError`]: a needed part is missing or down, and a later try may work.
    pub unavailable: bool,
    source: Option<Cause>,
}

impl Error {
    /// An error with this code and sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            details: Map::new(),
            unavailable: false,
            source: None,
        }
    }

    /// [`Code::InvalidRequest`] about one field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, message).with_field(field)
    }

    /// [`Code::InvalidRequest`] from the violations of a request, and from `more` that were counted only; `None` when
    /// there are none. The first gives `field` and the message; when there are several, `details.violations` lists the
    /// first [`MAX_VIOLATIONS`].
    pub fn from_violations(mut violations: Vec<Violation>, more: usize) -> Option<Self> {
        let first = violations.first()?;
        let mut error = Self::invalid(first.field.clone(), first.message.clone());
        let omitted = violations.len().saturating_sub(MAX_VIOLATIONS) + more;
        violations.truncate(MAX_VIOLATIONS);
        if violations.len() > 1 {
            error = error.with_detail("violations", json!(violations));
        }
        if omitted > 0 {
            excerpt::note_omitted(&mut error.details, "violations", omitted);
        }
        Some(error)
    }

    /// [`Code::NotFound`] for a noun such as `"order"`.
    pub fn not_found(noun: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("No such {noun} in this account and environment"),
        )
    }

    /// [`Code::InternalError`] with its cause; the partner sees a fixed sentence.
    pub fn internal(source: impl Into<Cause>) -> Self {
        let mut error = Self::new(
            Code::InternalError,
            "Something went wrong on our side; retrying is safe",
        );
        error.source = Some(source.into());
        error
    }

    /// [`Code::InternalError`] because a part is not configured or not reachable; `message` names it.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let mut error = Self::new(Code::InternalError, message);
        error.unavailable = true;
        error
    }

    /// Names the request field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Adds one entry to `details`.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The error as it may be sent: whatever a caller wrote that is in it, it stays below 64 KiB of JSON.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        self.message = excerpt(&self.message, excerpt::SENTENCE).into_owned();
        self.field = self
            .field
            .map(|field| excerpt(&field, excerpt::FIELD).into_owned());
        excerpt::bound(&mut self.details);
        self
    }

    /// The error and its causes, for the log; never for a partner. Cut, since a cause may repeat what a caller sent.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        excerpt(&text, excerpt::CAUSE).into_owned()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}
