//! What each of Google's answers means, for those that the fake has no reason to give.

use peeker_domain::vendor::Vendor;
use peeker_fakes::Vendor as Fake;
use peeker_providers::google::Google;
use peeker_providers::{ErrorClass, Mail, Purpose};
use serde_json::{Value, json};

use super::{GOOGLE, Tenant};
use crate::scripted::{Script, Scripted};
use crate::world::{REFUSED, World, class, domain};

const TOKEN: &str = "POST /token";
const LOOK: &str = "GET /admin/directory/v1/customer/my_customer/domains/acme.com";
const ADD: &str = "POST /admin/directory/v1/customer/my_customer/domains";
const REMOVE: &str = "DELETE /admin/directory/v1/customer/my_customer/domains/acme.com";
const USERS: &str = "GET /admin/directory/v1/users";

const PASSES: ErrorClass = ErrorClass::Retry { after_ms: None };

async fn speaking(world: &World, script: Script) -> (Scripted, Google) {
    let vendor = Scripted::start(script).await;
    let credentials = world.fakes.credentials(Fake::Google).remove(0);
    let key_file = credentials["service_account"].to_string();
    let admin = [("admin", "admin@acme.com")];
    let mut account = world.account(Vendor::Google, "pacc_google", key_file, &admin);
    account.base_url = Some(vendor.url.parse().unwrap());
    let google = Google::new(account, &world.memory.services()).unwrap();
    (vendor, google)
}

fn token() -> (&'static str, u16, Value) {
    let token = json!({"access_token": "t", "expires_in": 3_599, "token_type": "Bearer"});
    (TOKEN, 200, token)
}

fn refusal(code: u16, reason: &str, message: &str) -> Value {
    let errors = json!([{"domain": "global", "reason": reason, "message": message}]);
    json!({"error": {"code": code, "message": message, "errors": errors}})
}

#[tokio::test]
async fn each_refusal_of_a_domain_has_its_class() {
    const ROOM: ErrorClass = ErrorClass::Quota {
        after_ms: Some(3_600_000),
    };
    const PACE: ErrorClass = ErrorClass::Quota {
        after_ms: Some(60_000),
    };
    for (status, reason, message, expected) in [
        (400, "invalid", "Invalid Input", PASSES),
        (403, "forbidden", "Not Authorized", ErrorClass::NeedsHuman),
        (
            403,
            "accessNotConfigured",
            "Not used before",
            ErrorClass::NeedsHuman,
        ),
        (403, "quotaExceeded", "Too many", PACE),
        (403, "limitExceeded", "Domain limit reached", ROOM),
        (
            409,
            "duplicate",
            "Entity already exists.",
            ErrorClass::Conflict,
        ),
        (
            409,
            "conflict",
            "The domain is in use by another customer.",
            REFUSED,
        ),
        (412, "limitExceeded", "Domain limit reached", ROOM),
        (418, "teapot", "", PASSES),
    ] {
        let world = World::new().await;
        let script = vec![token(), (ADD, status, refusal(status, reason, message))];
        let (_, google) = speaking(&world, script).await;
        let (call, name) = (world.call("k"), domain("acme.com"));
        let refused = google
            .prepare_domain(call, GOOGLE, &name, Purpose::Order)
            .await;
        assert_eq!(class(refused), expected, "{status} {reason}");
        // One that may concern the request alone does not stop the account.
        let stops = expected == ErrorClass::NeedsHuman && reason != "forbidden";
        let stopped = Tenant::attention(&world).is_some();
        assert_eq!(stopped, stops, "{status} {reason}");
    }
}

#[tokio::test]
async fn each_refusal_of_a_token_has_its_class() {
    for (status, body, expected) in [
        (
            400,
            json!({"error": "invalid_grant"}),
            ErrorClass::NeedsHuman,
        ),
        (
            401,
            json!({"error": "unauthorized_client"}),
            ErrorClass::NeedsHuman,
        ),
        (
            403,
            json!({"error": "access_denied"}),
            ErrorClass::NeedsHuman,
        ),
        (401, json!("?"), ErrorClass::NeedsHuman),
        (400, json!({"error": "invalid_request"}), PASSES),
        (200, json!({"token": "t"}), PASSES),
    ] {
        let world = World::new().await;
        let (_, google) = speaking(&world, vec![(TOKEN, status, body)]).await;
        let (call, name) = (world.call("k"), domain("acme.com"));
        let refused = google
            .prepare_domain(call, GOOGLE, &name, Purpose::Order)
            .await;
        assert_eq!(class(refused), expected, "{status}");
    }
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_needs_the_operator() {
    let world = World::new().await;
    let script = vec![token(), (LOOK, 401, refusal(401, "authError", ""))];
    let (_, google) = speaking(&world, script).await;
    let (call, name) = (world.call("k"), domain("acme.com"));
    let refused = google.release_domain(call, GOOGLE, &name).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
}

#[tokio::test]
async fn a_domain_that_is_held_on_to_is_let_go_later() {
    let world = World::new().await;
    let there = json!({"domainName": "acme.com", "isPrimary": false, "verified": true});
    let script = vec![
        token(),
        (LOOK, 200, there),
        (USERS, 200, json!({})),
        (
            REMOVE,
            400,
            refusal(400, "badRequest", "It still has users."),
        ),
        (REMOVE, 412, refusal(412, "conditionNotMet", "Later.")),
        (REMOVE, 404, refusal(404, "notFound", "Domain not found.")),
    ];
    let (vendor, google) = speaking(&world, script).await;
    let (call, name) = (world.call("k"), domain("acme.com"));
    for _ in 0..2 {
        let kept = google.release_domain(call, GOOGLE, &name).await;
        assert!(matches!(
            class(kept),
            ErrorClass::Retry { after_ms: Some(_) }
        ));
    }
    google.release_domain(call, GOOGLE, &name).await.unwrap();
    let tokens = vendor
        .asked()
        .iter()
        .filter(|asked| *asked == TOKEN)
        .count();
    assert_eq!(tokens, 2, "one for domains, one for users");
}
