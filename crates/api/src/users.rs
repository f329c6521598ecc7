//! Customers: `/users` (contract §2).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::users::{self as use_case, NewUser, UserFilter, UserPatch};
use peeker_domain::UserStatus;
use peeker_domain::order::ClientId;
use peeker_domain::view::{self, Page, Single, client_id_schema};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::access::{Access, Read, Write};
use crate::error::ApiError;
use crate::extract::values::{self, client_id, display_name_or_none, email, word};
use crate::extract::{
    Body, Fields, List, ListQuery, NoQuery, Parameters, PathId, Refused, RequestBody,
};
use crate::openapi::word_schema;

/// The one sequencer that inboxes are handed to (contract §1).
const SUPPORTED_SEQUENCER: &str = "smartlead";

/// Where the inboxes of a customer's future orders go.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSequencer {
    /// The sequencer; only `smartlead`.
    #[schema(schema_with = sequencer_schema)]
    pub provider: String,
    /// The sequencer's client: a number or a text; `null` or `""` for the default route.
    #[schema(schema_with = client_id_schema, required = true)]
    pub client_id: Value,
}

/// The schema of a sequencer's name.
pub(crate) fn sequencer_schema() -> Object {
    word_schema(&[SUPPORTED_SEQUENCER], "The sequencer; only `smartlead`.")
}

impl UserSequencer {
    fn read(fields: &mut Fields<'_>) -> Result<Option<ClientId>, Refused> {
        let provider = read_provider(fields);
        let client = fields.required_or_null("client_id", client_id);
        provider?;
        Ok(client?.flatten())
    }
}

/// Reads the field `provider` of a sequencer object; another sequencer has an error code of its own.
pub(crate) fn read_provider(fields: &mut Fields<'_>) -> Result<(), Refused> {
    let provider = fields.required("provider", |value| values::string(value).map(str::to_owned))?;
    if provider == SUPPORTED_SEQUENCER {
        return Ok(());
    }
    Err(fields.refuse_provider("provider", "is not a supported sequencer; use smartlead"))
}

/// A new customer.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Unique in the account and environment, however it is spelled.
    #[schema(example = "client@example.com", format = Email)]
    pub email: String,
    /// Given name.
    #[schema(example = "Sam", max_length = 100)]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(example = "Lee", max_length = 100)]
    pub last_name: Option<String>,
    /// Where inboxes of future orders go.
    pub sequencer: UserSequencer,
}

impl RequestBody for CreateUser {
    type Input = NewUser;

    fn read(fields: &mut Fields<'_>) -> Result<NewUser, Refused> {
        let email = fields.required("email", email);
        let first_name = fields.optional_or_null("first_name", display_name_or_none);
        let last_name = fields.optional_or_null("last_name", display_name_or_none);
        let client_id = fields.object("sequencer", UserSequencer::read);
        Ok(NewUser {
            email: email?,
            first_name: first_name?.flatten(),
            last_name: last_name?.flatten(),
            client_id: client_id?,
        })
    }
}

/// A change of a customer; a field that is left out stays as it is.
#[derive(Debug, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// New address.
    #[schema(nullable = false, example = "client@example.com", format = Email)]
    pub email: Option<String>,
    /// New given name; `null` empties it.
    #[schema(example = "Sam", max_length = 100)]
    pub first_name: Option<String>,
    /// New family name; `null` empties it.
    #[schema(example = "Lee", max_length = 100)]
    pub last_name: Option<String>,
    /// Where inboxes of future orders go; running orders stay where they are.
    #[schema(nullable = false)]
    pub sequencer: Option<UserSequencer>,
}

impl RequestBody for UpdateUser {
    type Input = UserPatch;

    fn read(fields: &mut Fields<'_>) -> Result<UserPatch, Refused> {
        let email = fields.optional("email", email);
        let has_first_name = fields.has("first_name");
        let first_name = fields.optional_or_null("first_name", display_name_or_none);
        let has_last_name = fields.has("last_name");
        let last_name = fields.optional_or_null("last_name", display_name_or_none);
        let client_id = fields.optional_object("sequencer", UserSequencer::read);
        Ok(UserPatch {
            email: email?,
            first_name: has_first_name.then_some(first_name?.flatten()),
            last_name: has_last_name.then_some(last_name?.flatten()),
            client_id: client_id?,
        })
    }
}

/// The filters of `GET /users`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListUsers {
    /// Only the customer with this address.
    #[param(example = "client@example.com")]
    pub email: Option<String>,
    /// Only customers with this status.
    pub status: Option<UserStatus>,
}

impl ListQuery for UserFilter {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            email: parameters.filter("email", values::email_text),
            status: parameters.filter("status", word(UserStatus::ALL)),
        }
    }
}

/// Add a customer
///
/// A customer is an identity that orders, domains and swaps belong to; it does not log in. An address that is in use is
/// refused with `field` `email`, and `details.user` holds the customer that has it.
#[utoipa::path(
    post, path = "/users", operation_id = "createUser", tag = "Users",
    request_body(content = CreateUser, examples(("customer" = (summary = "A customer of a sequencer client", value = json!({
        "email": "client@example.com", "first_name": "Sam", "last_name": "Lee",
        "sequencer": {"provider": "smartlead", "client_id": 366_903}
    }))))),
    responses(
        (status = 201, description = "The new customer.", body = Single<view::User>),
        (status = 400, description = "`invalid_request` or `provider_not_supported`."),
    )
)]
pub async fn create(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body(new): Body<CreateUser>,
) -> Result<(StatusCode, Json<Single<view::User>>), ApiError> {
    let data = use_case::create(&app, &access.actor, new).await?;
    Ok((StatusCode::CREATED, Json(Single { data })))
}

/// List customers
///
/// Newest first, deleted ones included unless filtered away.
#[utoipa::path(
    get, path = "/users", operation_id = "listUsers", tag = "Users", params(ListUsers),
    responses(
        (status = 200, description = "A page of customers.", body = Page<view::User>),
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
    }: List<UserFilter>,
) -> Result<Json<Page<view::User>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}

/// Get a customer
///
/// Deleted customers can still be read.
#[utoipa::path(
    get, path = "/users/{id}", operation_id = "getUser", tag = "Users",
    params(("id" = String, Path, description = "The customer's `usr_` id.")),
    responses(
        (status = 200, description = "The customer.", body = Single<view::User>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<view::User>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// Change a customer
///
/// Only the fields that are sent change; an empty object changes nothing. A new sequencer route counts for future
/// orders only.
#[utoipa::path(
    patch, path = "/users/{id}", operation_id = "updateUser", tag = "Users",
    params(("id" = String, Path, description = "The customer's `usr_` id.")),
    request_body(content = UpdateUser, examples(
        ("rename" = (summary = "A new name", value = json!({"first_name": "Samantha"}))),
        ("reroute" = (summary = "The default route", value = json!({
            "sequencer": {"provider": "smartlead", "client_id": null}
        }))),
    )),
    responses(
        (status = 200, description = "The customer as it is now.", body = Single<view::User>),
        (status = 400, description = "`invalid_request` or `provider_not_supported`."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn update(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
    Body(patch): Body<UpdateUser>,
) -> Result<Json<Single<view::User>>, ApiError> {
    let data = use_case::update(&app, &access.actor, &id, patch).await?;
    Ok(Json(Single { data }))
}

/// Delete a customer
///
/// Marks the customer as deleted; its orders, domains and swaps stay as they are. Deleting again gives the same answer.
#[utoipa::path(
    delete, path = "/users/{id}", operation_id = "deleteUser", tag = "Users",
    params(("id" = String, Path, description = "The customer's `usr_` id.")),
    responses(
        (status = 200, description = "The customer, with the status `deleted`.", body = Single<view::User>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn delete(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<view::User>>, ApiError> {
    let data = use_case::delete(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}
