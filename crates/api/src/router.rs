//! The table of contents: every route of the API.

use axum::Router;
use axum::routing::get;
use peeker_app::App;
use peeker_domain::Error;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::openapi::{base, complete};
use crate::{
    bundles, docs, domains, events, forwarding, health, imports, me, middleware, orders, sandbox,
    swaps, users, wallet, webhook_check, webhooks,
};

/// Where the API lives, and its alias with the same behaviour (contract §1).
const PREFIXES: [&str; 2] = ["/partner/v1", "/api/partner/v1"];

/// The partner routes, below the prefix.
fn partner_routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(base())
        .routes(routes!(me::get))
        .routes(routes!(users::create, users::list))
        .routes(routes!(users::get, users::update, users::delete))
        .routes(routes!(bundles::create, bundles::list))
        .routes(routes!(bundles::get, bundles::update, bundles::delete))
        .routes(routes!(domains::list))
        .routes(routes!(domains::get))
        .routes(routes!(imports::create, imports::find))
        .routes(routes!(imports::create_job))
        .routes(routes!(imports::get))
        .routes(routes!(imports::get_job))
        .routes(routes!(forwarding::create))
        .routes(routes!(forwarding::get))
        .routes(routes!(orders::create::create, orders::list::list))
        .routes(routes!(orders::get::get))
        .routes(routes!(orders::inboxes::inboxes))
        .routes(routes!(orders::history::history))
        .routes(routes!(orders::pending::list))
        .routes(routes!(orders::cancel::cancel))
        .routes(routes!(events::list::list))
        .routes(routes!(events::stream::stream))
        .routes(routes!(events::replay::replay_window))
        .routes(routes!(events::replay::get))
        .routes(routes!(events::list::get))
        .routes(routes!(events::list::deliveries))
        .routes(routes!(events::replay::replay))
        .routes(routes!(swaps::create, swaps::list))
        .routes(routes!(swaps::rename))
        .routes(routes!(swaps::get))
        .routes(routes!(swaps::cancel))
        .routes(routes!(wallet::get))
        .routes(routes!(wallet::transactions))
        .routes(routes!(webhooks::get_endpoint))
        .routes(routes!(sandbox::resolve_action))
        .routes(routes!(sandbox::reset))
        .routes(routes!(sandbox::clock))
        .routes(routes!(sandbox::advance_clock))
}

/// More of them: those that change nothing, though they are POSTs. Nothing is kept under their idempotency keys.
fn questions() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(domains::availability))
        .routes(routes!(orders::quote::quote))
        .routes(routes!(webhook_check::check))
}

/// The whole HTTP interface, middleware included.
pub fn router(app: App) -> Router {
    let (changes, questions) = (partner_routes().into(), questions().into());
    let routes = middleware::guard(changes, questions, &app);
    let served = PREFIXES
        .into_iter()
        .fold(Router::new(), |router, prefix| {
            router.nest(prefix, routes.clone())
        })
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(docs::routes(&document(app.public_url())));
    middleware::wrap(served, &app).with_state(app)
}

/// What answers where no more connections are taken: every request is told so, with what every answer needs around it.
pub fn full(app: &App) -> Router {
    let refuse = || async {
        let message = "Too many connections are open; close some, or try again in a moment";
        ApiError::from(Error::unavailable(message))
    };
    middleware::wrap(Router::new().fallback(refuse), app).with_state(app.clone())
}

/// The `OpenAPI` 3.1 document of the partner routes. `/openapi.json` serves the same, with the public address of the server.
pub fn openapi() -> OpenApi {
    document(None)
}

fn document(origin: Option<&str>) -> OpenApi {
    complete(partner_routes().merge(questions()).into_openapi(), origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_served_document_names_the_public_address() {
        let server = |origin| document(origin).servers.unwrap_or_default().remove(0).url;
        assert_eq!(server(None), "/partner/v1");
        for origin in ["https://api.example.com", "https://api.example.com/"] {
            assert_eq!(server(Some(origin)), "https://api.example.com/partner/v1");
        }
    }
}
