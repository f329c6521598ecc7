//! Microsoft: tokens, Graph and the Exchange admin API, one tenant for each account.
//!
//! One port stands for three of Microsoft's hosts: `/{tenant}/oauth2/v2.0/token` gives tokens for `https://graph.microsoft.com`
//! and `https://outlook.office365.com`, or for SMTP and IMAP of a user by password; `/v1.0` is Graph; `/adminapi/beta/{tenant}`
//! runs the cmdlets for DKIM. Domains are proved, and DKIM is enabled, only by what the resolver of the fakes finds. Domains that
//! begin with `othertenant-` cannot be added; one that another account has proved cannot be proved.
//!
//! A deleted user keeps its name until it is deleted for good.
//!
//! Delays by `PUT /lag/microsoft`, for each new thing: requests that answer 404 for a domain, user or DKIM config; reads that call
//! a proved domain unverified, or show no mail records; cmdlets that do not know a domain; log-ins of a new user that fail; photo
//! requests after the licence that find no mailbox; reads that still show a domain that was deleted by force.
//!
//! # What an account can be opened with and changed to
//!
//! | field | does |
//! |---|---|
//! | `credentials_refused` | the secret is wrong (7000215) |
//! | `secret_expired` | the secret is expired (7000222) |
//! | `revoke_tokens` | `true` takes all access tokens away |
//! | `roles`, `exchange_roles` | the app's permissions for Graph and for Exchange; new tokens tell them |
//! | `delegated_scopes` | what users have consented to; else 65001 |
//! | `ropc_refused` | log-ins by password need a second factor (50076) |
//! | `smtp_auth` | whether users may send with a password |
//! | `photo_hold_ms` | how long a photo request takes; with more than four at once for a mailbox, 429 |
//! | `seats` | `{"EXCHANGESTANDARD": 5}`: seats by part number |
//!
//! Rate limits: `writes`, `units`. Counted: `domains`, `domains_deleted`, `verifications`, `users`, `users_deleted`,
//! `users_purged`, `licences`, `photos`, `dkim_configs`.

mod admin;
mod auth;
mod batch;
mod deleted;
mod domain_records;
mod domains;
mod error;
mod exchange;
mod filter;
mod licences;
mod photos;
mod state;
mod token;
mod user_fields;
mod user_list;
mod users;

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call};
use crate::route::Route;
use crate::strict::Refusal;
use crate::vendor_api::VendorApi;

pub(crate) use state::State;

const ROUTES: &[Route] = &[
    Route::at_once(token::ROUTE, token::token),
    Route::waits(exchange::ROUTE, exchange::invoke),
    Route::waits(batch::ROUTE, batch::run),
    Route::at_once("GET /v1.0/domains", domains::list),
    Route::at_once("POST /v1.0/domains", domains::create),
    Route::at_once("GET /v1.0/domains/{}", domains::get),
    Route::at_once("PATCH /v1.0/domains/{}", domains::update),
    Route::at_once("DELETE /v1.0/domains/{}", domains::delete),
    Route::at_once("POST /v1.0/domains/{}/forceDelete", domains::force_delete),
    Route::waits("POST /v1.0/domains/{}/verify", domains::verify),
    Route::at_once(
        "GET /v1.0/domains/{}/verificationDnsRecords",
        domain_records::verification,
    ),
    Route::at_once(
        "GET /v1.0/domains/{}/serviceConfigurationRecords",
        domain_records::service_configuration,
    ),
    Route::at_once("GET /v1.0/users", user_list::list),
    Route::at_once("POST /v1.0/users", users::create),
    Route::at_once("GET /v1.0/users/{}", users::get),
    Route::at_once("PATCH /v1.0/users/{}", users::update),
    Route::at_once("DELETE /v1.0/users/{}", users::delete),
    Route::at_once("POST /v1.0/users/{}/assignLicense", licences::assign),
    Route::waits("GET /v1.0/users/{}/photo/$value", photos::get),
    Route::waits("PUT /v1.0/users/{}/photo/$value", photos::put),
    Route::at_once(
        "GET /v1.0/directory/deletedItems/microsoft.graph.user",
        user_list::deleted,
    ),
    Route::at_once("GET /v1.0/directory/deletedItems/{}", deleted::get),
    Route::at_once("DELETE /v1.0/directory/deletedItems/{}", deleted::delete),
    Route::at_once("GET /v1.0/subscribedSkus", licences::skus),
];

/// The second mailbox provider.
pub(crate) struct Microsoft;

impl VendorApi for Microsoft {
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

    fn holdings(&self, world: &World) -> Value {
        admin::holdings(world)
    }
}
