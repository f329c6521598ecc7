//! The `OpenAPI` document at `/openapi.json` and a page to read and try it at `/docs`. The page and all it loads are
//! embedded in the binary, so it works without a network.

use axum::Router;
use peeker_app::App;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The two routes.
pub(crate) fn routes(document: OpenApi) -> Router<App> {
    // The page would otherwise show a badge that sends the document's address to a public validator.
    let config = Config::new(["/openapi.json"]).validator_url("none");
    SwaggerUi::new("/docs")
        .url("/openapi.json", document)
        .config(config)
        .into()
}
