//! `GET /orders/pending`.

use axum::Json;
use axum::extract::State;
use peeker_app::App;
use peeker_app::actions::{self as use_case, ActionFilter};
use peeker_domain::id::{DomainId, OrderId, UserId};
use peeker_domain::view::{Page, PendingAction};
use peeker_domain::{ActionStatus, EmailAddress};

use crate::access::{Access, Read};
use crate::error::ApiError;
use crate::extract::parameter::{email_text, filter, filter_or, id, one_of};
use crate::extract::rule::TextRule;
use crate::extract::values::{string_schema, text};
use crate::extract::{List, query};

query! {
    /// The filters of `GET /orders/pending`.
    pub ListActions -> ActionFilter {
        /// Only actions of the order with this `ord_` id.
        order_id: filter(id::<OrderId>()),
        /// Only actions of the customer with this `usr_` id or address.
        #[example = "client@example.com"]
        user: filter(text(parse_user, |_| string_schema())),
        /// Only actions of the domain with this `dom_` id.
        domain_id: filter(id::<DomainId>()),
        /// `open` when left out.
        status: filter_or(one_of(ActionStatus::ALL), ActionStatus::Open),
    }
    => {
        let (user_id, user_email) = match user {
            Some(User::Id(id)) => (Some(id), None),
            Some(User::Email(email)) => (None, Some(email)),
            None => (None, None),
        };
        ActionFilter { order_id, user_id, user_email, domain_id, status }
    }, reading user, order_id, domain_id, status
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

fn parse_user(text: &str) -> Result<User, String> {
    if text.starts_with("usr_") {
        id().parse(text).map(User::Id)
    } else {
        email_text().parse(text).map(User::Email)
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
    }: List<ListActions>,
) -> Result<Json<Page<PendingAction>>, ApiError> {
    let slice = use_case::list(&app, &access.actor, filter, page).await?;
    Ok(frame.reply(slice)?)
}
