//! What every request passes, outermost first: request id, log and metrics, envelope, panic guard, time limit, count of what
//! no route takes, size limit; and on the partner routes the key with its rate limit and the idempotency key.

mod authenticate;
mod body_limit;
mod envelope;
mod idempotency;
mod observe;
mod panic;
mod request_id;
mod timeout;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use peeker_app::App;
use tower_http::catch_panic::CatchPanicLayer;

/// Puts the key, its rate limit and the idempotency key in front of the partner routes: `changes`, and `questions`, whose
/// calls change nothing whatever their method. Unknown paths are answered without them, and counted in [`wrap`].
pub(crate) fn guard(changes: Router<App>, questions: Router<App>, app: &App) -> Router<App> {
    // The last layer added is the first to run.
    changes
        .route_layer(from_fn_with_state(app.clone(), idempotency::run))
        .merge(questions.route_layer(from_fn(idempotency::check)))
        // Also here, so that the answer to a panic still gets the headers of the rate limit.
        .route_layer(CatchPanicLayer::custom(panic::answer))
        .route_layer(from_fn_with_state(app.clone(), authenticate::run))
}

/// Puts what every answer needs around all routes, the unknown ones included.
pub(crate) fn wrap(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .layer(from_fn(body_limit::run))
        .layer(from_fn_with_state(
            app.clone(),
            authenticate::count_unrouted,
        ))
        .layer(from_fn(timeout::run))
        .layer(CatchPanicLayer::custom(panic::answer))
        .layer(from_fn(envelope::run))
        .layer(from_fn(observe::run))
        .layer(from_fn_with_state(app.clone(), request_id::run))
}
