//! The `OpenAPI` document at `/openapi.json` and a page to read and try it at `/docs`. The page and all it loads are
//! embedded in the binary, so it works without a network.
//!
//! What must stay true: nobody needs a key for these, so an answer must hold no memory of its own. All answers share one
//! copy of the document, and the files of the page are served from the binary.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use peeker_domain::Error;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::error::ApiError;

const DOCUMENT: &str = "/openapi.json";

/// The two routes.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(document: &OpenApi) -> Router<S> {
    let written = document
        .to_json()
        .map(Bytes::from)
        .map_err(|error| error.to_string());
    let serve = async move || match written {
        Ok(text) => Ok(([(CONTENT_TYPE, "application/json")], text)),
        Err(error) => Err(ApiError::from(Error::internal(error))),
    };
    // The page would otherwise show a badge that sends the document's address to a public validator.
    let config = Config::new([DOCUMENT]).validator_url("none");
    let page: Router<S> = SwaggerUi::new("/docs").config(config).into();
    page.route(DOCUMENT, get(serve))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn answers_share_one_copy_of_what_they_serve() {
        let router: Router = routes(&crate::openapi());
        for path in [DOCUMENT, "/docs/swagger-ui-bundle.js"] {
            let answer = async || {
                let request = Request::get(path).body(Body::empty()).unwrap();
                let answer = router.clone().oneshot(request).await.unwrap();
                axum::body::to_bytes(answer.into_body(), usize::MAX)
                    .await
                    .unwrap()
            };
            let (one, other) = (answer().await, answer().await);
            assert!(one.len() > 100_000, "{path}");
            assert_eq!(one.as_ptr(), other.as_ptr(), "{path}");
        }
    }
}
