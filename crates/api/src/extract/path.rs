//! The id in a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use peeker_domain::Error;

use crate::error::ApiError;

/// The id as it stands in the path; the use-case decides whether there is such a record, and a malformed id has none.
#[derive(Debug)]
pub struct PathId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Ok(Path(id)) = Path::from_request_parts(parts, state).await else {
            return Err(Error::not_found("record").into());
        };
        Ok(Self(id))
    }
}
