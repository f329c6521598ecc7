//! Google: Workspace directory, site verification and the reseller API, one tenant for each account.
//!
//! Tokens come from `POST /token` for a service account with domain-wide delegation; its `aud` is Google's own address or this
//! server's. They last an hour of the machine's time. Directory and reseller calls must act as the tenant's admin. A domain is
//! verified when that admin has proved it by a TXT record, which is looked up through the resolver of the fakes. Domains that
//! begin with `othertenant-` are always somebody else's, as are the domains of other accounts.
//!
//! Delays by `PUT /lag/google`, for each new thing: reads of a domain, user or photo that answer 404; reads that call a proved
//! domain unverified; writes to a user that answer 412.
//!
//! # What an account can be opened with and changed to
//!
//! | field | does |
//! |---|---|
//! | `primary_domain` | only when it is opened: the tenant's own domain |
//! | `credentials_refused` | the service account is unknown at `/token` |
//! | `revoke_tokens` | `true` takes all access tokens away |
//! | `delegated_scopes` | the scopes that the admin has delegated, as whole addresses; others are `unauthorized_client` |
//! | `users_max` | how many users fit in; then 412 |
//! | `reseller` | whether the tenant is a reseller |
//! | `seats_max` | how many seats its contract allows |
//! | `subscription` | `{"plan": "FLEXIBLE", "seats": 5}`: the tenant's own subscription; its seats bound its users |
//!
//! `POST /google/{account}/console/dkim` with `{"domain": "…"}` makes the DKIM key of a verified domain and answers
//! `{"selector", "value"}`; the holdings tell whether that record is published.
//!
//! Rate limit: `minute`. Counted: `domains`, `domains_deleted`, `verifications`, `users`, `users_deleted`, `aliases`, `photos`,
//! `customers`, `subscriptions`, `seat_changes`.

mod admin;
mod aliases;
mod auth;
mod customers;
mod domains;
mod error;
mod key;
mod photos;
mod state;
mod subscription;
mod subscriptions;
mod token;
mod user_fields;
mod user_list;
mod users;
mod verification;

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call};
use crate::route::Route;
use crate::strict::Refusal;
use crate::vendor_api::VendorApi;

pub(crate) use state::State;

const ROUTES: &[Route] = &[
    Route::at_once(token::ROUTE, token::token),
    Route::at_once("GET /admin/directory/v1/customer/{}/domains", domains::list),
    Route::at_once(
        "POST /admin/directory/v1/customer/{}/domains",
        domains::insert,
    ),
    Route::at_once(
        "GET /admin/directory/v1/customer/{}/domains/{}",
        domains::get,
    ),
    Route::at_once(
        "DELETE /admin/directory/v1/customer/{}/domains/{}",
        domains::delete,
    ),
    Route::at_once("GET /admin/directory/v1/users", user_list::list),
    Route::at_once("POST /admin/directory/v1/users", users::insert),
    Route::at_once("GET /admin/directory/v1/users/{}", users::get),
    Route::at_once("PUT /admin/directory/v1/users/{}", users::update),
    Route::at_once("PATCH /admin/directory/v1/users/{}", users::update),
    Route::at_once("DELETE /admin/directory/v1/users/{}", users::delete),
    Route::at_once("GET /admin/directory/v1/users/{}/aliases", aliases::list),
    Route::at_once("POST /admin/directory/v1/users/{}/aliases", aliases::insert),
    Route::at_once(
        "DELETE /admin/directory/v1/users/{}/aliases/{}",
        aliases::delete,
    ),
    Route::at_once(
        "GET /admin/directory/v1/users/{}/photos/thumbnail",
        photos::get,
    ),
    Route::at_once(
        "PUT /admin/directory/v1/users/{}/photos/thumbnail",
        photos::update,
    ),
    Route::at_once(
        "PATCH /admin/directory/v1/users/{}/photos/thumbnail",
        photos::update,
    ),
    Route::at_once("POST /siteVerification/v1/token", verification::token),
    Route::waits(
        "POST /siteVerification/v1/webResource",
        verification::insert,
    ),
    Route::at_once("GET /siteVerification/v1/webResource", verification::list),
    Route::at_once("GET /siteVerification/v1/webResource/{}", verification::get),
    Route::at_once("POST /apps/reseller/v1/customers", customers::insert),
    Route::at_once("GET /apps/reseller/v1/customers/{}", customers::get),
    Route::at_once("GET /apps/reseller/v1/subscriptions", subscriptions::list),
    Route::at_once(
        "POST /apps/reseller/v1/customers/{}/subscriptions",
        subscriptions::insert,
    ),
    Route::at_once(
        "GET /apps/reseller/v1/customers/{}/subscriptions/{}",
        subscriptions::get,
    ),
    Route::at_once(
        "POST /apps/reseller/v1/customers/{}/subscriptions/{}/changeSeats",
        subscriptions::change_seats,
    ),
];

/// The first mailbox provider.
pub(crate) struct Google;

impl VendorApi for Google {
    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        error::refuse(refusal)
    }

    fn authenticate(&self, world: &World, call: &Call) -> Result<String, Answer> {
        auth::authenticate(world, call)
    }

    fn limit(
        &self,
        world: &mut World,
        call: &Call,
        account: Option<&str>,
    ) -> Result<Vec<(&'static str, String)>, Answer> {
        auth::limit(world, call, account)
    }

    fn open_account(&self, world: &mut World, wishes: &Value) -> Result<Value, String> {
        admin::open(world, wishes)
    }

    fn credentials(&self, world: &World) -> Vec<Value> {
        admin::credentials(world)
    }

    fn change(
        &self,
        world: &mut World,
        what: &str,
        id: &str,
        change: &Value,
    ) -> Result<(), String> {
        admin::change(world, what, id, change)
    }

    fn console(
        &self,
        world: &mut World,
        account: &str,
        what: &str,
        input: &Value,
    ) -> Result<Value, String> {
        admin::console(world, account, what, input)
    }

    fn holdings(&self, world: &World) -> Value {
        admin::holdings(world)
    }
}
