//! Customers: `/users` (contract §2).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::users::{self as use_case, NewUser, UserFilter, UserPatch};
use peeker_domain::UserStatus;
use peeker_domain::order::ClientId;
use peeker_domain::view::{self, Page, Single};
use utoipa::openapi::{RefOr, Schema};

use crate::access::{Access, Read, Write};
use crate::error::ApiError;
use crate::extract::parameter::{email_text, filter, one_of};
use crate::extract::presence::{absent_is_null, optional, required};
use crate::extract::rule::{Components, Rule, object, or_empty};
use crate::extract::values::{client_id, email, person_name, word};
use crate::extract::{Body, Item, List, NoQuery, PathId, Refused, object, query};

/// The one sequencer that inboxes are handed to (contract §1).
const SUPPORTED_SEQUENCER: &str = "smartlead";

object! {
    /// Where the inboxes of a customer's future orders go.
    pub UserSequencer -> Option<ClientId> {
        /// The sequencer; only `smartlead`.
        provider: required(SequencerName),
        /// The sequencer's client: a number or a text; `null` or `""` for the default route.
        client_id: required(client_id()),
    }
    => |_| {
        provider?;
        client_id
    }
}

/// The name of the sequencer; another one has an error code of its own.
pub(crate) struct SequencerName;

impl Rule for SequencerName {
    type Value = ();

    fn read(&self, item: &Item<'_>) -> Result<(), Refused> {
        let is_supported = item.text(|text| Ok(text == SUPPORTED_SEQUENCER))?;
        if is_supported {
            return Ok(());
        }
        Err(item.refuse_provider("is not a supported sequencer; use smartlead"))
    }

    fn schema(&self, components: &mut Components) -> RefOr<Schema> {
        word(&[SUPPORTED_SEQUENCER]).schema(components)
    }
}

object! {
    /// A new customer.
    pub CreateUser -> NewUser {
        /// Unique in the account and environment, however it is spelled.
        #[example = "client@example.com"]
        email: required(email()),
        /// Given name.
        #[example = "Sam"]
        first_name: absent_is_null(or_empty(person_name())),
        /// Family name.
        #[example = "Lee"]
        last_name: absent_is_null(or_empty(person_name())),
        /// Where inboxes of future orders go.
        client_id as "sequencer": required(object::<UserSequencer>()),
    }
}

object! {
    /// A change of a customer; a field that is left out stays as it is.
    pub UpdateUser -> UserPatch {
        /// New address.
        #[example = "client@example.com"]
        email: optional(email()),
        /// New given name; `null` empties it.
        #[example = "Sam"]
        first_name: optional(or_empty(person_name())),
        /// New family name; `null` empties it.
        #[example = "Lee"]
        last_name: optional(or_empty(person_name())),
        /// Where inboxes of future orders go; running orders stay where they are.
        client_id as "sequencer": optional(object::<UserSequencer>()),
    }
}

query! {
    /// The filters of `GET /users`.
    pub ListUsers -> UserFilter {
        /// Only the customer with this address.
        #[example = "client@example.com"]
        email: filter(email_text()),
        /// Only customers with this status.
        status: filter(one_of(UserStatus::ALL)),
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
    }: List<ListUsers>,
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
