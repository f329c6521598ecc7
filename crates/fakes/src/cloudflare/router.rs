//! The routes, and what the framework asks of Cloudflare.

use serde_json::Value;

use super::envelope::{TOO_MANY, refuse, throttled};
use super::{account, auth, batch, new_zone, record_list, records, ruleset, zone};
use crate::World;
use crate::call::{Answer, Call};
use crate::limits::Limit;
use crate::route::Route;
use crate::strict::Refusal;
use crate::vendor::Vendor;
use crate::vendor_api::VendorApi;

const ROUTES: &[Route] = &[
    Route::at_once("GET /client/v4/user/tokens/verify", account::verify),
    Route::at_once("GET /client/v4/accounts", account::list),
    Route::at_once("GET /client/v4/accounts/{}", account::get),
    Route::at_once("GET /client/v4/accounts/{}/tokens/verify", account::verify),
    Route::at_once("POST /client/v4/zones", new_zone::create),
    Route::at_once("GET /client/v4/zones", zone::list),
    Route::at_once("GET /client/v4/zones/{}", zone::get),
    Route::at_once("PATCH /client/v4/zones/{}", zone::edit),
    Route::at_once("DELETE /client/v4/zones/{}", zone::delete),
    Route::at_once(
        "PUT /client/v4/zones/{}/activation_check",
        zone::activation_check,
    ),
    Route::at_once("POST /client/v4/zones/{}/dns_records/batch", batch::batch),
    Route::at_once(
        "GET /client/v4/zones/{}/dns_records/export",
        record_list::export,
    ),
    Route::at_once("GET /client/v4/zones/{}/dns_records", record_list::list),
    Route::at_once("POST /client/v4/zones/{}/dns_records", records::create),
    Route::at_once("GET /client/v4/zones/{}/dns_records/{}", records::get),
    Route::at_once("PUT /client/v4/zones/{}/dns_records/{}", records::overwrite),
    Route::at_once("PATCH /client/v4/zones/{}/dns_records/{}", records::patch),
    Route::at_once("DELETE /client/v4/zones/{}/dns_records/{}", records::delete),
    Route::at_once(
        "GET /client/v4/zones/{}/rulesets/phases/{}/entrypoint",
        ruleset::get,
    ),
    Route::at_once(
        "PUT /client/v4/zones/{}/rulesets/phases/{}/entrypoint",
        ruleset::put,
    ),
];

const REQUESTS: Limit = Limit {
    vendor: Vendor::Cloudflare,
    name: "requests",
    most: 1200,
    seconds: 300,
};

/// Who exceeds the limit waits this long, whatever is left of the window.
const PENALTY_MS: u64 = 300_000;

/// The first DNS and edge.
pub(crate) struct Cloudflare;

impl VendorApi for Cloudflare {
    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        refuse(refusal)
    }

    fn authenticate(&self, world: &World, call: &Call) -> Result<String, Answer> {
        auth::authenticate(world, call)
    }

    fn limit(
        &self,
        world: &mut World,
        _: &Call,
        account: Option<&str>,
    ) -> Result<Vec<(&'static str, String)>, Answer> {
        zone::expire(world);
        let (now, key) = (world.clock.now_ms(), account.unwrap_or("anonymous"));
        let standing = world.limits.take(&REQUESTS, key, 1, now);
        let account = world.cloudflare.accounts.get_mut(key);
        if let Some(account) = account {
            if !standing.within && account.throttled_until_ms <= now {
                account.throttled_until_ms = now + PENALTY_MS;
            }
            if account.throttled_until_ms > now {
                let seconds = (account.throttled_until_ms - now).div_ceil(1000);
                return Err(throttled(10_100, TOO_MANY, seconds));
            }
        } else if !standing.within {
            return Err(throttled(10_100, TOO_MANY, standing.reset_in));
        }
        let (most, left, seconds) = (standing.most, standing.left, standing.reset_in);
        Ok(vec![
            ("ratelimit", format!("\"default\";r={left};t={seconds}")),
            ("ratelimit-policy", format!("\"default\";q={most};w=300")),
        ])
    }

    fn open_account(&self, world: &mut World, wishes: &Value) -> Result<Value, String> {
        account::open(world, wishes)
    }

    fn credentials(&self, world: &World) -> Vec<Value> {
        account::all_credentials(world)
    }

    fn change(
        &self,
        world: &mut World,
        what: &str,
        id: &str,
        change: &Value,
    ) -> Result<(), String> {
        if what == "accounts" {
            account::change(world, id, change)
        } else {
            Err(format!("there are no {what} to change"))
        }
    }

    fn holdings(&self, world: &World) -> Value {
        account::holdings(world)
    }
}
