//! `GET /wallet` and `GET /wallet/transactions`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_domain::view::{self, Page, Single, WalletTransaction};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::{List, NoQuery};

/// See what the wallet holds
///
/// Orders, renewals and swaps are paid from it. The sandbox has a wallet of its own, which is filled up when an order
/// needs more than it holds.
#[utoipa::path(
    get, path = "/wallet", operation_id = "getWallet", tag = "Wallet",
    responses((status = 200, description = "The wallet.", body = Single<view::Wallet>))
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    _: NoQuery,
) -> Result<Json<Single<view::Wallet>>, ApiError> {
    let data = peeker_app::wallet::get(&app, &access.actor).await?;
    Ok(Json(Single { data }))
}

/// List what went into the wallet and out of it
///
/// Newest first. The amounts add up to the balance.
#[utoipa::path(
    get, path = "/wallet/transactions", operation_id = "listWalletTransactions", tag = "Wallet",
    responses(
        (status = 200, description = "A page of transactions.", body = Page<WalletTransaction>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn transactions(
    State(app): State<App>,
    access: Access<Read>,
    List { page, frame, .. }: List<()>,
) -> Result<Json<Page<WalletTransaction>>, ApiError> {
    let slice = peeker_app::wallet::transactions(&app, &access.actor, page).await?;
    Ok(frame.reply(slice)?)
}
