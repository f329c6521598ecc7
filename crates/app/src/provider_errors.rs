//! Carrying out what follows a provider's failure. For work of jobs, `peeker_domain::provider_error` decides it. Two callers
//! are no such work: a request, which only the partner can repeat, and a watch, which looks again anyway.

use peeker_domain::Error;
use peeker_providers::ProviderError;

use crate::backoff;

/// Milliseconds until the next try of a job: the usual pause, and not less than `at_least_ms`. A provider that names
/// short pauses would use up all attempts in a minute.
pub(crate) fn pause_ms(at_least_ms: i64, attempts: u32) -> i64 {
    at_least_ms.max(backoff::after(attempts))
}

/// The answer to a request that needs a provider. `provider` begins the sentence.
pub(crate) fn no_answer(provider: &str, error: ProviderError) -> Error {
    Error::unavailable(format!("{provider} does not answer; retrying is safe")).with_source(error)
}

/// What a watch saw. One that could not look has seen nothing.
pub(crate) fn seen(look: Result<bool, ProviderError>) -> bool {
    look.unwrap_or_else(|error| {
        tracing::warn!(class = ?error.class, "A watch could not look: {error}");
        false
    })
}
