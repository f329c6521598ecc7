//! One request for each of many things: some at the same time, and each to its end.

use std::future::Future;

use futures::{StreamExt, stream};

use crate::{ErrorClass, ProviderError};

/// Requests that are under way at the same time.
const AT_ONCE: usize = 6;

/// Runs all of them, a few at the same time. What one thing has to wait for holds up no other: the rest is done, and then
/// the longest wait is the error. An error that concerns more than one thing ends it at once.
pub(crate) async fn for_all<T>(
    works: Vec<impl Future<Output = Result<T, ProviderError>>>,
) -> Result<Vec<T>, ProviderError> {
    let mut running = stream::iter(works).buffer_unordered(AT_ONCE);
    let (mut done, mut waits) = (Vec::new(), None);
    while let Some(outcome) = running.next().await {
        match outcome {
            Ok(answer) => done.push(answer),
            Err(error) if is_of_one(error.class) => waits = Some(longer(waits, error)),
            Err(error) => return Err(error),
        }
    }
    waits.map_or(Ok(done), Err)
}

/// Whether others may fare better.
pub(crate) const fn is_of_one(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Retry { .. } | ErrorClass::Conflict)
}

/// Of two waits, the longer one.
pub(crate) fn longer(before: Option<ProviderError>, error: ProviderError) -> ProviderError {
    let ms = |error: &ProviderError| match error.class {
        ErrorClass::Retry { after_ms } => after_ms.unwrap_or(0),
        _ => 0,
    };
    match before {
        Some(before) if ms(&before) >= ms(&error) => before,
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::ready;

    use super::*;
    use crate::Scope;

    #[tokio::test]
    async fn what_one_waits_for_holds_up_no_other() {
        let made = Cell::new(0);
        let work = async |number: u32| match number {
            3 => Err(ProviderError::retry(Some(1_000), "later")),
            9 => Err(ProviderError::retry(Some(5_000), "much later")),
            _ => {
                made.set(made.get() + 1);
                Ok(())
            }
        };
        let error = for_all((0..20).map(work).collect()).await.unwrap_err();
        assert_eq!((error.message.as_str(), made.get()), ("much later", 18));
    }

    #[tokio::test]
    async fn what_concerns_all_ends_it() {
        let works = vec![
            ready(Err::<(), _>(ProviderError::retry(None, "later"))),
            ready(Err(ProviderError::permanent(Scope::Order, "closed"))),
        ];
        assert_eq!(for_all(works).await.unwrap_err().message, "closed");
    }
}
