//! Smartlead: clients, mailboxes and their warm-up, with the key in the query.
//!
//! A mailbox is only taken when it opens: with the password of a user of the Google or Microsoft fakes, or with a token that they
//! gave out for that user. Smartlead's own descriptions differ from each other, so an account keeps to one edition of them; the
//! current one adds an address twice when it is asked twice.
//!
//! Delay by `PUT /lag/smartlead`: log-ins to a new mailbox that fail.
//!
//! # What an account can be opened with and changed to
//!
//! | field | does |
//! |---|---|
//! | `credentials_refused` | the key is unknown |
//! | `edition` | `current`, or `older`: ids in `emailAccountId` and `clientId`, no bounds for the warm-up, 400 for an address that is there already, 404 for a log-in that fails |
//! | `log_in_failure_status` | of the current edition: 406 as seen live, or 400 as described |
//! | `plain_answers` | whether updates, warm-up settings and deletions answer in plain text |
//!
//! `PUT /smartlead/mailboxes/{id}` takes `smtp_works`, `imap_works`, `reputation`, `spam` and `blocked_reason`.
//!
//! Rate limit: `second`. Counted: `clients`, `mailboxes`, `mailboxes_updated`, `mailboxes_deleted`, `warmup_changes`.

mod admin;
mod clients;
mod error;
mod fields;
mod log_in;
mod mailboxes;
mod save;
mod state;
mod warmup;

use serde_json::Value;

use crate::World;
use crate::call::{Answer, Call};
use crate::limits::Limit;
use crate::route::Route;
use crate::strict::Refusal;
use crate::vendor::Vendor;
use crate::vendor_api::VendorApi;

pub(crate) use state::State;

const ROUTES: &[Route] = &[
    Route::at_once("GET /api/v1/client", clients::list),
    Route::at_once("GET /api/v1/client/", clients::list),
    Route::at_once("POST /api/v1/client/save", clients::save),
    Route::at_once("GET /api/v1/email-accounts/", mailboxes::list),
    Route::at_once("POST /api/v1/email-accounts/save", save::save),
    Route::at_once("POST /api/v1/email-accounts/save-oauth", save::save_oauth),
    Route::at_once("GET /api/v1/email-accounts/{}/", mailboxes::get),
    Route::at_once("POST /api/v1/email-accounts/{}", mailboxes::update),
    Route::at_once("DELETE /api/v1/email-accounts/{}", mailboxes::delete),
    Route::at_once("POST /api/v1/email-accounts/{}/warmup", warmup::settings),
    Route::at_once("GET /api/v1/email-accounts/{}/warmup-stats", warmup::stats),
];

/// The narrowest of what is published, for each key.
const PER_SECOND: Limit = Limit {
    vendor: Vendor::Smartlead,
    name: "second",
    most: 1,
    seconds: 1,
};

/// The sequencer.
pub(crate) struct Smartlead;

impl VendorApi for Smartlead {
    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        error::refuse(refusal)
    }

    fn authenticate(&self, world: &World, call: &Call) -> Result<String, Answer> {
        let key = call.query("api_key").unwrap_or_default();
        let mut accounts = world.smartlead.accounts.iter();
        let found = accounts.find(|(_, account)| account.api_key == key && !account.refused);
        found.map_or_else(|| Err(error::unauthorized()), |(id, _)| Ok(id.clone()))
    }

    fn limit(
        &self,
        world: &mut World,
        _: &Call,
        account: Option<&str>,
    ) -> Result<Vec<(&'static str, String)>, Answer> {
        let now = world.clock.now_ms();
        let key = account.unwrap_or("anonymous");
        let standing = world.limits.take(&PER_SECOND, key, 1, now);
        let reset_at = now / 1000 + standing.reset_in;
        let headers = vec![
            ("x-ratelimit-limit", standing.most.to_string()),
            ("x-ratelimit-remaining", standing.left.to_string()),
            ("x-ratelimit-reset", reset_at.to_string()),
        ];
        if standing.within {
            return Ok(headers);
        }
        let mut refused = error::too_many(standing.reset_in);
        refused.headers.extend(headers);
        Err(refused)
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
