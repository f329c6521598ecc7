//! `GET /orders/pending`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::actions::{self as use_case, ActionFilter};
use peeker_domain::id::UserId;
use peeker_domain::view::{Page, PendingAction};
use peeker_domain::{ActionStatus, EmailAddress};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::values::{email_text, id_text, word};
use crate::extract::{List, ListQuery, Parameters};

/// The filters of `GET /orders/pending`.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListActions {
    /// Only actions of the order with this `ord_` id.
    pub order_id: Option<String>,
    /// Only actions of the customer with this `usr_` id or address.
    #[param(example = "client@example.com")]
    pub user: Option<String>,
    /// Only actions of the domain with this `dom_` id.
    pub domain_id: Option<String>,
    /// `open` when left out.
    pub status: Option<ActionStatus>,
}

/// A customer, by id or by address.
enum User {
    Id(UserId),
    Email(EmailAddress),
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Email(email) => email.fmt(f),
        }
    }
}

fn user(text: &str) -> Result<User, String> {
    if text.starts_with("usr_") {
        id_text(text).map(User::Id)
    } else {
        email_text(text).map(User::Email)
    }
}

impl ListQuery for ActionFilter {
    fn read(parameters: &mut Parameters) -> Self {
        let (user_id, user_email) = match parameters.filter("user", user) {
            Some(User::Id(id)) => (Some(id), None),
            Some(User::Email(email)) => (None, Some(email)),
            None => (None, None),
        };
        Self {
            order_id: parameters.filter("order_id", id_text),
            user_id,
            user_email,
            domain_id: parameters.filter("domain_id", id_text),
            status: parameters.filter_or("status", ActionStatus::Open, word(ActionStatus::ALL)),
        }
    }
}

/// List pending actions
///
/// What orders wait for: nameservers that the customer has to set, domains that need a swap, pictures that cannot be
/// loaded. An action is resolved by the facts; the order then goes on by itself.
#[utoipa::path(
    get, path = "/orders/pending", operation_id = "listPendingActions", tag = "Orders", params(ListActions),
    responses(
        (status = 200, description = "A page of actions.", body = Page<PendingAction>),
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
    }: List<ActionFilter>,
) -> Result<Json<Page<PendingAction>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}
