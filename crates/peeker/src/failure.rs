//! Why a command could not do what it was asked, in words that say what to do.

use std::fmt;

use peeker_domain::{Code, Error};
use serde_json::{Value, json};

/// The result of a command and its parts.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// What went wrong: a word for scripts, a sentence for people. Never holds a secret.
#[derive(Debug)]
pub struct Failure {
    code: String,
    message: String,
    field: Option<String>,
}

impl Failure {
    /// A failure with a word for scripts and a sentence for people.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            field: None,
        }
    }

    /// Something about the configuration: a flag, an environment variable, the file or the data folder.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new("configuration", message)
    }

    /// As `--json` shows it: the error envelope of the API.
    pub fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(field) = &self.field {
            error["field"] = json!(field);
        }
        json!({ "error": error })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// An operator may see the causes that partners may not: they are what has to be mended.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = json!(error.code).as_str().unwrap_or_default().to_owned();
        let says_nothing = error.message == Error::internal("").message;
        let message = if says_nothing {
            causes(&error)
        } else {
            for_operators(&error)
        };
        Self {
            code,
            message,
            field: error.field,
        }
    }
}

/// What partners are told, less what only makes sense to them, plus what an operator can do.
fn for_operators(error: &Error) -> String {
    let missing = |noun: &str| {
        error.code == Code::NotFound && error.message == Error::not_found(noun).message
    };
    if missing("partner") {
        "No such partner. See them all: peeker partner list".to_owned()
    } else if missing("key") {
        "No such key. See those of a partner: peeker key list org_…".to_owned()
    } else if missing("job") {
        "There is no job about that: it is done, or was never asked for. See those that were given up: peeker job list"
            .to_owned()
    } else if missing("pending action") {
        "No such action, in live or in the sandbox. Partners see theirs with GET /orders/pending"
            .to_owned()
    } else if missing("user") {
        "No such customer, in live or in the sandbox. Partners see their ids with GET /users"
            .to_owned()
    } else {
        error.message.clone()
    }
}

/// The causes of an error, outermost first.
fn causes(error: &dyn std::error::Error) -> String {
    let causes: Vec<_> = std::iter::successors(error.source(), |&error| error.source())
        .map(ToString::to_string)
        .collect();
    causes.join(": ")
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = causes(error);
    if causes.is_empty() {
        error.to_string()
    } else {
        format!("{error}: {causes}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_operator_the_cause_of_an_internal_error() {
        let failure = Failure::from(Error::internal("disk full"));
        assert_eq!(failure.to_string(), "disk full");
        assert_eq!(failure.to_json()["error"]["code"], "internal_error");
    }

    #[test]
    fn keeps_the_field_of_a_refused_value() {
        let failure = Failure::from(Error::invalid("url", "must start with https://"));
        assert_eq!(failure.to_string(), "url: must start with https://");
        assert_eq!(
            failure.to_json(),
            json!({"error": {"code": "invalid_request", "message": "must start with https://", "field": "url"}})
        );
    }
}
