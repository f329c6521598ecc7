//! `GET /me`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{self, Single};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::NoQuery;

/// See which key and partner this is
///
/// Checks that the key is valid and tells which environment it acts in, what its preset allows and whose it is.
#[utoipa::path(
    get, path = "/me", operation_id = "getMe", tag = "Account",
    responses((status = 200, description = "The key and its partner.", body = Single<view::Me>))
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    _: NoQuery,
) -> Result<Json<Single<view::Me>>, ApiError> {
    let data = peeker_app::me::get(&app, &access.actor).await?;
    Ok(Json(Single { data }))
}
