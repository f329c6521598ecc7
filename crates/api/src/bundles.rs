//! Bundles: `/bundles` (contract §2).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::bundles::{self as use_case, BundleFilter, BundlePatch, NewBundle, Split};
use peeker_domain::BundleStatus;
use peeker_domain::view::{self, Page, Single};

use crate::access::{Access, Read, Write};
use crate::error::ApiError;
use crate::extract::parameter::{filter, one_of};
use crate::extract::presence::{absent_is_null, optional, optional_or, required, together};
use crate::extract::rule::or_null;
use crate::extract::values::{boolean, choice, integer, label};
use crate::extract::{Body, Fields, List, NoQuery, PathId, Refused, object, query};

/// Largest volume in e-mails a month (contract §2).
const MAX_VOLUME: u32 = 10_000_000;
/// Google inboxes that a domain may bear.
const GOOGLE_DENSITIES: &[u32] = &[2, 3];
const DEFAULT_GOOGLE_DENSITY: u32 = 2;

object! {
    /// A new bundle.
    pub CreateBundle -> NewBundle {
        /// The partner's name for it.
        #[example = "Growth 25k"]
        name: required(label()),
        /// E-mails a month.
        #[example = 25_000]
        monthly_sending_volume: required(integer(1..=MAX_VOLUME)),
        split: together::<NewSplit>(),
        /// Spread the volume over 30 days rather than 22.
        send_on_weekends: optional_or(boolean(), false),
        /// Google inboxes on each Google domain: 2 or 3.
        google_inboxes_per_domain: optional_or(choice(GOOGLE_DENSITIES), DEFAULT_GOOGLE_DENSITY),
    }
}

object! {
    /// Both shares; neither, or both `null`, stands for the recommended split.
    pub NewSplit -> Option<Split> {
        /// Share on Google; give both shares, adding up to 100, or neither to follow the recommended split.
        #[example = 70]
        #[with = "microsoft_percent"]
        google_percent: absent_is_null(or_null(integer(0..=100))),
        /// Share on Microsoft.
        #[example = 30]
        #[with = "google_percent"]
        microsoft_percent: absent_is_null(or_null(integer(0..=100))),
    }
    => |fields| split(fields, google_percent?, microsoft_percent?)
}

object! {
    /// A change of a bundle; a field that is left out stays as it is.
    pub UpdateBundle -> BundlePatch {
        /// New name.
        #[example = "Growth 30k"]
        name: optional(label()),
        /// New volume.
        #[example = 30_000]
        monthly_sending_volume: optional(integer(1..=MAX_VOLUME)),
        split: together::<ChangedSplit>(),
        /// New spread.
        send_on_weekends: optional(boolean()),
        /// New density: 2 or 3.
        google_inboxes_per_domain: optional(choice(GOOGLE_DENSITIES)),
    }
}

object! {
    /// As [`NewSplit`], where leaving both out changes nothing. One share without the other is refused even as `null`: it
    /// cannot be told what was meant by it.
    pub ChangedSplit -> Option<Option<Split>> {
        /// New share on Google; give both shares, adding up to 100, or both `null` to follow the recommended split.
        #[example = 70]
        #[with = "microsoft_percent"]
        google_percent: optional(or_null(integer(0..=100))),
        /// New share on Microsoft.
        #[example = 30]
        #[with = "google_percent"]
        microsoft_percent: optional(or_null(integer(0..=100))),
    }
    => |fields| match (google_percent?, microsoft_percent?) {
        (None, None) => Ok(None),
        (Some(google), Some(microsoft)) => split(fields, google, microsoft).map(Some),
        _ => Err(only_one_share(fields)),
    }
}

/// The split that two shares make.
fn split(
    fields: &Fields<'_>,
    google: Option<u32>,
    microsoft: Option<u32>,
) -> Result<Option<Split>, Refused> {
    match (google, microsoft) {
        (Some(google_percent), Some(microsoft_percent))
            if google_percent + microsoft_percent == 100 =>
        {
            Ok(Some(Split {
                google_percent,
                microsoft_percent,
            }))
        }
        (Some(_), Some(_)) => {
            Err(fields.refuse("google_percent", "and microsoft_percent must add up to 100"))
        }
        (None, None) => Ok(None),
        _ => Err(only_one_share(fields)),
    }
}

fn only_one_share(fields: &Fields<'_>) -> Refused {
    let what = "and microsoft_percent must be given together or not at all";
    fields.refuse("google_percent", what)
}

query! {
    /// The filters of `GET /bundles`.
    pub ListBundles -> BundleFilter {
        /// Only bundles with this status.
        status: filter(one_of(BundleStatus::ALL)),
    }
}

/// Add a bundle
///
/// A bundle is a saved order template, sized in e-mails a month. The answer tells how many domains an order of it needs.
#[utoipa::path(
    post, path = "/bundles", operation_id = "createBundle", tag = "Bundles",
    request_body(content = CreateBundle, examples(
        ("recommended" = (summary = "The recommended split", value = json!({
            "name": "Growth 25k", "monthly_sending_volume": 25_000
        }))),
        ("own_split" = (summary = "A split of your own", value = json!({
            "name": "Scale 100k", "monthly_sending_volume": 100_000, "google_percent": 70, "microsoft_percent": 30,
            "send_on_weekends": false, "google_inboxes_per_domain": 2
        }))),
    )),
    responses(
        (status = 201, description = "The new bundle.", body = Single<view::Bundle>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn create(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body(new): Body<CreateBundle>,
) -> Result<(StatusCode, Json<Single<view::Bundle>>), ApiError> {
    let data = use_case::create(&app, &access.actor, new).await?;
    Ok((StatusCode::CREATED, Json(Single { data })))
}

/// List bundles
///
/// Newest first, archived ones included unless filtered away.
#[utoipa::path(
    get, path = "/bundles", operation_id = "listBundles", tag = "Bundles", params(ListBundles),
    responses(
        (status = 200, description = "A page of bundles.", body = Page<view::Bundle>),
        (status = 400, description = "`invalid_request`."),
    )
)]
pub async fn list(
    State(app): State<App>,
    access: Access<Read>,
    List {
        filter,
        page,
        frame,
    }: List<ListBundles>,
) -> Result<Json<Page<view::Bundle>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}

/// Get a bundle
///
/// `effective` is the split in force at this moment, the bundle's own or the recommended one.
#[utoipa::path(
    get, path = "/bundles/{id}", operation_id = "getBundle", tag = "Bundles",
    params(("id" = String, Path, description = "The bundle's `bun_` id.")),
    responses(
        (status = 200, description = "The bundle.", body = Single<view::Bundle>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<view::Bundle>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// Change a bundle
///
/// Only the fields that are sent change; orders that were placed with the bundle stay as they are. An archived bundle
/// cannot be changed.
#[utoipa::path(
    patch, path = "/bundles/{id}", operation_id = "updateBundle", tag = "Bundles",
    params(("id" = String, Path, description = "The bundle's `bun_` id.")),
    request_body(content = UpdateBundle, examples(
        ("resize" = (summary = "More volume", value = json!({"monthly_sending_volume": 30_000}))),
        ("recommended" = (summary = "Back to the recommended split", value = json!({
            "google_percent": null, "microsoft_percent": null
        }))),
    )),
    responses(
        (status = 200, description = "The bundle as it is now.", body = Single<view::Bundle>),
        (status = 400, description = "`invalid_request`."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn update(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
    Body(patch): Body<UpdateBundle>,
) -> Result<Json<Single<view::Bundle>>, ApiError> {
    let data = use_case::update(&app, &access.actor, &id, patch).await?;
    Ok(Json(Single { data }))
}

/// Delete or archive a bundle
///
/// A bundle that no order ever used is removed; any other is archived, so that its orders keep it.
#[utoipa::path(
    delete, path = "/bundles/{id}", operation_id = "deleteBundle", tag = "Bundles",
    params(("id" = String, Path, description = "The bundle's `bun_` id.")),
    responses(
        (status = 200, description = "What became of the bundle.", body = Single<view::BundleRemoved>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn delete(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<view::BundleRemoved>>, ApiError> {
    let data = use_case::delete(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}
