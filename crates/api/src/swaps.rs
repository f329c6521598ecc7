//! Swaps: `/swaps` (contract §5).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use peeker_app::App;
use peeker_app::swaps::{self as use_case, SwapFilter, SwapRequest};
use peeker_domain::id::{DomainId, OrderId, UserId};
use peeker_domain::order::Persona;
use peeker_domain::view::{Page, Single, Swap, SwapList};
use peeker_domain::{SwapStatus, SwapType};

use crate::access::{Access, Read, Write};
use crate::error::ApiError;
use crate::extract::parameter::{filter, id, one_of};
use crate::extract::presence::required;
use crate::extract::values::{domain_name, string, word};
use crate::extract::{Body, List, NoBody, NoQuery, PathId, object, query};
use crate::orders::request::personas;

/// The types that `POST /swaps` takes; renaming has an operation of its own.
const DOMAIN_SWAPS: &[SwapType] = &[SwapType::Standard, SwapType::Premium];

object! {
    /// A domain that is to take the place of another.
    pub CreateSwap -> SwapRequest {
        /// `standard`: the old domain goes when the new one is live. `premium`: it stays warm for 14 days beside it; Microsoft
        /// domains only.
        kind as "type": required(word(DOMAIN_SWAPS)),
        /// The `dom_` id of the domain that is to go.
        #[example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4"]
        domain_id: required(string()),
        /// The name that is to come: one of the inventory, or one that can be registered or imported.
        #[example = "acme-mail.com"]
        replacement as "replacement_domain": required(domain_name()),
    }
}

object! {
    /// Whose names the inboxes of a domain are to bear.
    pub RenameInboxes -> (String, Vec<Persona>) {
        /// The `dom_` id of the domain.
        #[example = "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4"]
        domain_id: required(string()),
        /// Whose names the inboxes bear, in turn.
        personas: required(personas()),
    }
    => |_| Ok((domain_id?, personas?))
}

query! {
    /// The filters of `GET /swaps`.
    pub ListSwaps -> SwapFilter {
        /// Only swaps on orders of the customer with this `usr_` id.
        user_id: filter(id::<UserId>()),
        /// Only swaps on the order with this `ord_` id.
        order_id: filter(id::<OrderId>()),
        /// Only swaps that take the domain with this `dom_` id off, or bring it in.
        domain_id: filter(id::<DomainId>()),
        /// Only swaps with this status.
        status: filter(one_of(SwapStatus::ALL)),
    }
}

/// Replace a domain
///
/// The replacement gets the same provider and the same inboxes on the same order. It is bought, or taken from the
/// inventory; one that is registered elsewhere waits for its import and goes on by itself. A swap of a domain that has
/// one in flight is answered with a failed one.
#[utoipa::path(
    post, path = "/swaps", operation_id = "createSwap", tag = "Swaps",
    request_body(content = CreateSwap, examples(("standard" = (summary = "A standard swap", value = json!({
        "type": "standard", "domain_id": "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4", "replacement_domain": "acme-next.com"
    }))))),
    responses(
        (status = 201, description = "The swap; a duplicate has the status `failed`.", body = Single<Swap>),
        (status = 400, description = "`invalid_request` with `details.reason` `domain_not_connected`, \
            `premium_microsoft_only`, `premium_quota_exceeded` or `premium_cooldown`; \
            `domain_already_in_active_order`, `domain_not_usable_for_provider`, `domains_not_submittable`, \
            `premium_domain_not_supported` about the replacement."),
        (status = 402, description = "`insufficient_funds`: nothing was done."),
        (status = 404, description = "`not_found`: no such domain."),
    )
)]
pub async fn create(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body(request): Body<CreateSwap>,
) -> Result<(StatusCode, Json<Single<Swap>>), ApiError> {
    let data = use_case::create(&app, &access.actor, request).await?;
    Ok((StatusCode::CREATED, Json(Single { data })))
}

/// Rename the inboxes of a domain
///
/// One swap per inbox, each with its own life and events. DNS, warm-up and order stay; an address changes only where the
/// one made from the new name differs.
#[utoipa::path(
    post, path = "/swaps/user_names", operation_id = "renameInboxes", tag = "Swaps",
    request_body(content = RenameInboxes, examples(("one" = (summary = "One persona", value = json!({
        "domain_id": "dom_01KJZ4V1B6E8N2Q4R6S8T0V2W4",
        "personas": [{"first_name": "Sam", "last_name": "Lee", "profile_picture_url": null}]
    }))))),
    responses(
        (status = 201, description = "One swap per inbox.", body = Single<SwapList>),
        (status = 400, description = "`invalid_request`; with `details.reason` `domain_not_connected` when the domain \
            is on no active order or still being set up."),
        (status = 404, description = "`not_found`: no such domain."),
    )
)]
pub async fn rename(
    State(app): State<App>,
    access: Access<Write>,
    _: NoQuery,
    Body((domain_id, personas)): Body<RenameInboxes>,
) -> Result<(StatusCode, Json<Single<SwapList>>), ApiError> {
    let data = use_case::rename(&app, &access.actor, &domain_id, personas).await?;
    Ok((StatusCode::CREATED, Json(Single { data })))
}

/// List swaps
///
/// Every swap of the account, newest first.
#[utoipa::path(
    get, path = "/swaps", operation_id = "listSwaps", tag = "Swaps", params(ListSwaps),
    responses(
        (status = 200, description = "A page of swaps.", body = Page<Swap>),
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
    }: List<ListSwaps>,
) -> Result<Json<Page<Swap>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}

/// Get a swap
///
/// How far it is, and why it failed or what it waits for.
#[utoipa::path(
    get, path = "/swaps/{id}", operation_id = "getSwap", tag = "Swaps",
    params(("id" = String, Path, description = "The swap's `swp_` id.")),
    responses(
        (status = 200, description = "The swap.", body = Single<Swap>),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn get(
    State(app): State<App>,
    access: Access<Read>,
    PathId(id): PathId,
    _: NoQuery,
) -> Result<Json<Single<Swap>>, ApiError> {
    let data = use_case::get(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}

/// Cancel a swap
///
/// While it is `created` or `action_required`, or its replacement is neither bought nor set up: what it paid is refunded, it
/// reads `failed` with the reason `cancelled`, and the domain stays as it was. A name that was bought meanwhile is in the
/// inventory. Cancelling it again gives the same answer.
#[utoipa::path(
    post, path = "/swaps/{id}/cancel", operation_id = "cancelSwap", tag = "Swaps",
    params(("id" = String, Path, description = "The swap's `swp_` id.")),
    responses(
        (status = 200, description = "The swap, `failed`.", body = Single<Swap>),
        (status = 400, description = "`invalid_request`: it is over, or its replacement is bought or being set up."),
        (status = 404, description = "`not_found`."),
    )
)]
pub async fn cancel(
    State(app): State<App>,
    access: Access<Write>,
    PathId(id): PathId,
    _: NoQuery,
    _: NoBody,
) -> Result<Json<Single<Swap>>, ApiError> {
    let data = use_case::cancel(&app, &access.actor, &id).await?;
    Ok(Json(Single { data }))
}
