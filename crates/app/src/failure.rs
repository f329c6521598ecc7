//! The one place where the store's errors become the partner's: with a code, and the cause kept for the log.

use peeker_domain::{Code, Error, Result};
use peeker_store::StoreError;

/// A failed query of a use-case: 503 when the database is not available, else 500. What `doing` names goes to the log
/// only.
pub fn internal(doing: &'static str) -> impl Fn(StoreError) -> Error {
    move |source| {
        let later = source.is_unavailable() || source.is_transient();
        let context = Context { doing, source };
        if later {
            Error::unavailable(DATABASE_UNAVAILABLE).with_source(context)
        } else {
            Error::internal(context)
        }
    }
}

/// What a partner reads while the database cannot be reached, has no room, or fails.
const DATABASE_UNAVAILABLE: &str = "The database is not available at the moment. What this request asked for may or may not be stored; send the \
     same request again later";

/// A failed write of a job. A lost lease is no failure: somebody else has the job now.
pub(crate) fn unless_lost(outcome: peeker_store::Result<()>) -> Result<()> {
    match outcome {
        Ok(()) | Err(StoreError::LeaseLost) => Ok(()),
        Err(error) => Err(Error::internal(error)),
    }
}

/// A failure while starting: an operator reads it, so it says what was being done and why it failed.
pub fn starting(error: StoreError, doing: &'static str) -> Error {
    let cause = Error::internal(Context {
        doing,
        source: error,
    });
    let message = format!(
        "Could not {doing}: {}",
        cause.chain().rsplit(": ").next().unwrap_or_default()
    );
    Error::new(Code::InternalError, message).with_source(cause)
}

#[derive(Debug, thiserror::Error)]
#[error("could not {doing}")]
struct Context {
    doing: &'static str,
    source: StoreError,
}
