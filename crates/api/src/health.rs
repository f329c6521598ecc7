//! For load balancers and operators: is the process up, and can it serve.

use axum::Json;
use axum::extract::State;
use peeker_app::{App, readiness};
use peeker_domain::view::Single;
use serde::Serialize;

use crate::error::ApiError;

/// The answer of both checks.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> Json<Single<Health>> {
    Json(Single {
        data: Health { status: "ok" },
    })
}

/// `GET /readyz`: the databases can be read and written too; 503 when they cannot.
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Single<Health>>, ApiError> {
    readiness::check(&app).await?;
    Ok(Json(Single {
        data: Health { status: "ready" },
    }))
}
