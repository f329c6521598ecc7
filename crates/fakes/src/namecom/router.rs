//! The routes, and what the framework asks of name.com.

use serde_json::Value;

use super::error::{refuse, too_many};
use super::{account, auth, availability, domain, omission, outside, purchase, renewal};
use crate::World;
use crate::call::{Answer, Call};
use crate::limits::Limit;
use crate::route::Route;
use crate::strict::Refusal;
use crate::vendor::Vendor;
use crate::vendor_api::VendorApi;

const ROUTES: &[Route] = &[
    Route::at_once("GET /core/v1/hello", account::hello),
    Route::at_once("GET /core/v1/accountinfo/balance", account::balance),
    Route::at_once(
        "POST /core/v1/domains:checkAvailability",
        availability::check,
    ),
    Route::at_once("POST /core/v1/zonecheck", availability::zone_check),
    Route::at_once("GET /core/v1/tldpricing", availability::tld_pricing),
    Route::at_once("GET /core/v1/domains", domain::list),
    Route::at_once("POST /core/v1/domains", purchase::create),
    Route::at_once("GET /core/v1/domains/{}", domain::get),
    Route::at_once("PATCH /core/v1/domains/{}", domain::update),
    Route::at_once("GET /core/v1/domains/{}:getPricing", availability::pricing),
    Route::at_once("POST /core/v1/domains/{}:renew", renewal::renew),
    Route::at_once(
        "POST /core/v1/domains/{}:setNameservers",
        domain::set_nameservers,
    ),
    Route::at_once("POST /core/v1/domains/{}:setContacts", domain::set_contacts),
    Route::at_once("GET /core/v1/orders", account::orders),
    Route::at_once("GET /core/v1/orders/{}", account::order),
    Route::at_once("GET /core/v1/contacts/unverified", account::unverified),
    Route::at_once("POST /core/v1/contacts/verify/{}", account::verify),
    Route::at_once("GET /core/v1/notifications", account::subscriptions),
    Route::at_once("POST /core/v1/notifications", account::subscribe),
    Route::at_once("PUT /core/v1/notifications/{}", account::modify),
    Route::at_once("DELETE /core/v1/notifications/{}", account::unsubscribe),
];

const LIMITS: [Limit; 2] = [
    Limit {
        vendor: Vendor::NameCom,
        name: "second",
        most: 20,
        seconds: 1,
    },
    Limit {
        vendor: Vendor::NameCom,
        name: "hour",
        most: 3000,
        seconds: 3600,
    },
];

/// The first registrar.
pub(crate) struct NameCom;

impl VendorApi for NameCom {
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
        let now = world.clock.now_ms();
        let key = account.unwrap_or("anonymous");
        for limit in &LIMITS {
            let standing = world.limits.take(limit, key, 1, now);
            if !standing.within {
                return Err(too_many(standing.reset_in));
            }
        }
        Ok(Vec::new())
    }

    fn finish(&self, world: &World, call: &Call, answer: Answer) -> Answer {
        omission::finish(world, call, answer)
    }

    fn open_account(&self, world: &mut World, wishes: &Value) -> Result<Value, String> {
        outside::open_account(world, wishes)
    }

    fn credentials(&self, world: &World) -> Vec<Value> {
        outside::all_credentials(world)
    }

    fn change(
        &self,
        world: &mut World,
        what: &str,
        id: &str,
        change: &Value,
    ) -> Result<(), String> {
        outside::change(world, what, id, change)
    }

    fn holdings(&self, world: &World) -> Value {
        account::holdings(world)
    }
}
