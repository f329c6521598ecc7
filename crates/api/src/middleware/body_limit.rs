//! No body above 1 MiB (contract §1): refused when its length is announced, else when it is read.
//!
//! Most clients read the answer when they have sent everything, and one whose connection is closed before is told that it
//! was reset. So the rest of such a body is taken for a moment, and thrown away.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use crate::extract::{self, TooLarge};

/// Largest body, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// How much is taken of what is above that, in bytes, and for how long.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(2);

/// Holds the body to the limit.
pub(super) async fn run(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_none_or(|length| length <= MAX_BYTES as u64) {
        return next.run(request.map(limited)).await;
    }
    // Who asks first sends nothing now.
    if !headers.contains_key(EXPECT) {
        drain(request.into_body().into_data_stream()).await;
    }
    extract::too_large().into_response()
}

/// The body up to the limit, and an error in place of what is above it.
fn limited(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let pieces = stream::try_unfold(
        (body.into_data_stream(), 0),
        |(mut rest, taken)| async move {
            let Some(piece) = rest.try_next().await? else {
                return Ok(None);
            };
            let taken = taken + piece.len();
            if taken > MAX_BYTES {
                drain(rest).await;
                return Err(axum::Error::new(TooLarge));
            }
            Ok::<_, axum::Error>(Some((piece, (rest, taken))))
        },
    );
    Body::from_stream(pieces)
}

/// Takes what comes, up to the bounds.
async fn drain(body: BodyDataStream) {
    let mut taken = 0;
    let within = |piece: &Result<Bytes, axum::Error>| {
        taken += piece.as_ref().map_or(DRAINED_BYTES, Bytes::len);
        std::future::ready(taken < DRAINED_BYTES)
    };
    let all = body.take_while(within).for_each(|_| std::future::ready(()));
    // Whatever is left then is the client's loss.
    let _ = timeout(DRAINED_FOR, all).await;
}
