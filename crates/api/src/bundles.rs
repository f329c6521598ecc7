//! Bundles: `/bundles` (contract §2).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::bundles::{self as use_case, BundleFilter, BundlePatch, NewBundle, Split};
use peeker_domain::BundleStatus;
use peeker_domain::view::{self, Page, Single};
use utoipa::ToSchema;

use crate::access::{Access, Read, Write};
use crate::error::ApiError;
use crate::extract::values::{boolean, choice, display_name, integer, word};
use crate::extract::{
    Body, Fields, List, ListQuery, NoQuery, Parameters, PathId, Refused, RequestBody,
};

/// Largest volume in e-mails a month (contract §2).
const MAX_VOLUME: u32 = 10_000_000;
/// Google inboxes that a domain may bear.
const GOOGLE_DENSITIES: &[u32] = &[2, 3];
const DEFAULT_GOOGLE_DENSITY: u32 = 2;

/// A new bundle.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBundle {
    /// The partner's name for it.
    #[schema(example = "Growth 25k", min_length = 1, max_length = 120)]
    pub name: String,
    /// E-mails a month.
    #[schema(example = 25_000, minimum = 1, maximum = 10_000_000)]
    pub monthly_sending_volume: u32,
    /// Share on Google; give both shares, adding up to 100, or neither to follow the recommended split.
    #[schema(example = 70, minimum = 0, maximum = 100)]
    pub google_percent: Option<u32>,
    /// Share on Microsoft.
    #[schema(example = 30, minimum = 0, maximum = 100)]
    pub microsoft_percent: Option<u32>,
    /// Spread the volume over 30 days rather than 22.
    #[schema(nullable = false, default = false)]
    pub send_on_weekends: Option<bool>,
    /// Google inboxes on each Google domain: 2 or 3.
    #[schema(nullable = false, default = 2, minimum = 2, maximum = 3)]
    pub google_inboxes_per_domain: Option<u32>,
}

impl RequestBody for CreateBundle {
    type Input = NewBundle;

    fn read(fields: &mut Fields<'_>) -> Result<NewBundle, Refused> {
        let name = fields.required("name", display_name);
        let volume = fields.required("monthly_sending_volume", integer(1..=MAX_VOLUME));
        let split = read_split(fields);
        let weekends = fields.optional("send_on_weekends", boolean);
        let density = fields.optional("google_inboxes_per_domain", choice(GOOGLE_DENSITIES));
        Ok(NewBundle {
            name: name?,
            monthly_sending_volume: volume?,
            split: split?,
            send_on_weekends: weekends?.unwrap_or(false),
            google_inboxes_per_domain: density?.unwrap_or(DEFAULT_GOOGLE_DENSITY),
        })
    }
}

/// Reads both shares; neither, or both `null`, stands for the recommended split.
fn read_split(fields: &mut Fields<'_>) -> Result<Option<Split>, Refused> {
    let google = fields.optional_or_null("google_percent", integer(0..=100));
    let microsoft = fields.optional_or_null("microsoft_percent", integer(0..=100));
    match (google?, microsoft?) {
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
        _ => Err(fields.refuse(
            "google_percent",
            "and microsoft_percent must be given together or not at all",
        )),
    }
}

/// A change of a bundle; a field that is left out stays as it is.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateBundle {
    /// New name.
    #[schema(
        nullable = false,
        example = "Growth 30k",
        min_length = 1,
        max_length = 120
    )]
    pub name: Option<String>,
    /// New volume.
    #[schema(nullable = false, example = 30_000, minimum = 1, maximum = 10_000_000)]
    pub monthly_sending_volume: Option<u32>,
    /// New share on Google; give both shares, adding up to 100, or both `null` to follow the recommended split.
    #[schema(example = 70, minimum = 0, maximum = 100)]
    pub google_percent: Option<u32>,
    /// New share on Microsoft.
    #[schema(example = 30, minimum = 0, maximum = 100)]
    pub microsoft_percent: Option<u32>,
    /// New spread.
    #[schema(nullable = false)]
    pub send_on_weekends: Option<bool>,
    /// New density: 2 or 3.
    #[schema(nullable = false, minimum = 2, maximum = 3)]
    pub google_inboxes_per_domain: Option<u32>,
}

impl RequestBody for UpdateBundle {
    type Input = BundlePatch;

    fn read(fields: &mut Fields<'_>) -> Result<BundlePatch, Refused> {
        let name = fields.optional("name", display_name);
        let volume = fields.optional("monthly_sending_volume", integer(1..=MAX_VOLUME));
        let split = read_new_split(fields);
        let weekends = fields.optional("send_on_weekends", boolean);
        let density = fields.optional("google_inboxes_per_domain", choice(GOOGLE_DENSITIES));
        Ok(BundlePatch {
            name: name?,
            monthly_sending_volume: volume?,
            split: split?,
            send_on_weekends: weekends?,
            google_inboxes_per_domain: density?,
        })
    }
}

/// As [`read_split`], where leaving both out changes nothing. One share without the other is refused even as `null`:
/// it cannot be told what was meant by it.
#[expect(
    clippy::option_option,
    reason = "unchanged, recommended and own split are three things, as in BundlePatch"
)]
fn read_new_split(fields: &mut Fields<'_>) -> Result<Option<Option<Split>>, Refused> {
    let given = (
        fields.has("google_percent"),
        fields.has("microsoft_percent"),
    );
    let split = read_split(fields)?;
    match given {
        (true, true) => Ok(Some(split)),
        (false, false) => Ok(None),
        _ => Err(fields.refuse(
            "google_percent",
            "and microsoft_percent must be given together or not at all",
        )),
    }
}

/// The filters of `GET /bundles`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListBundles {
    /// Only bundles with this status.
    pub status: Option<BundleStatus>,
}

impl ListQuery for BundleFilter {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            status: parameters.filter("status", word(BundleStatus::ALL)),
        }
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
    }: List<BundleFilter>,
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
