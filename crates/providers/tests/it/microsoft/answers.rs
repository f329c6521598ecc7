//! What each of Microsoft's answers means, for those that the fake has no reason to give.

use peeker_domain::vendor::Vendor;
use peeker_providers::microsoft::Microsoft;
use peeker_providers::{ErrorClass, Mail, Purpose};
use serde_json::{Value, json};

use super::{ACCOUNT, MICROSOFT, Tenant};
use crate::scripted::{Script, Scripted};
use crate::steps::{inboxes, numbered};
use crate::world::{REFUSED, World, class, domain, is_retry, look};

const TOKEN: &str = "POST /tenant/oauth2/v2.0/token";
const ADD: &str = "POST /v1.0/domains";
const LOOK: &str = "GET /v1.0/domains/acme.com";
const REMOVE: &str = "DELETE /v1.0/domains/acme.com";
const USERS: &str = "GET /v1.0/users";
const DELETED: &str = "GET /v1.0/directory/deletedItems/microsoft.graph.user";

const PASSES: ErrorClass = ErrorClass::Retry { after_ms: None };

async fn speaking(world: &World, script: Script) -> (Scripted, Microsoft) {
    let vendor = Scripted::start(script).await;
    let settings = [
        ("tenant", "tenant"),
        ("client_id", "app"),
        ("sku_id", "sku"),
    ];
    let mut account = world.account(Vendor::Microsoft, ACCOUNT, "secret".to_owned(), &settings);
    account.base_url = Some(vendor.url.parse().unwrap());
    let microsoft = Microsoft::new(account, &world.memory.services()).unwrap();
    (vendor, microsoft)
}

fn token() -> (&'static str, u16, Value) {
    let token = json!({"access_token": "opaque", "expires_in": 3_599, "token_type": "Bearer"});
    (TOKEN, 200, token)
}

fn refusal(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message, "innerError": {"request-id": "1"}}})
}

fn jane() -> Value {
    json!({"id": "1", "userPrincipalName": "jane0@acme.com", "assignedLicenses": []})
}

#[tokio::test]
async fn each_refusal_of_a_domain_has_its_class() {
    let bad = "Request_BadRequest";
    for (status, code, message, expected) in [
        (400, bad, "Invalid value.", PASSES),
        (400, bad, "It is verified in another tenant.", REFUSED),
        (
            400,
            bad,
            "Another object with the same value for property id already exists.",
            ErrorClass::Conflict,
        ),
        (
            403,
            "Authorization_RequestDenied",
            "",
            ErrorClass::NeedsHuman,
        ),
        (409, "Conflict", "", ErrorClass::Conflict),
        (418, "Teapot", "", PASSES),
    ] {
        let world = World::new().await;
        let script = vec![token(), (ADD, status, refusal(code, message))];
        let (_, microsoft) = speaking(&world, script).await;
        let (call, name) = (world.call("k"), domain("acme.com"));
        let refused = microsoft
            .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
            .await;
        assert_eq!(class(refused), expected, "{status} {message}");
    }
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_needs_the_operator() {
    let world = World::new().await;
    let script = vec![
        token(),
        (LOOK, 401, refusal("InvalidAuthenticationToken", "")),
    ];
    let (_, microsoft) = speaking(&world, script).await;
    let (call, name) = (world.call("k"), domain("acme.com"));
    let refused = microsoft.release_domain(call, MICROSOFT, &name).await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
}

/// The token goes along with every request, so a link decides where it goes.
#[tokio::test]
async fn a_list_that_goes_on_elsewhere_is_not_followed() {
    let world = World::new().await;
    let elsewhere = Scripted::start(vec![(USERS, 200, json!({"value": []}))]).await;
    let link = format!("{}/v1.0/users?$skiptoken=1", elsewhere.url);
    let script = vec![
        token(),
        (LOOK, 200, json!({"id": "acme.com", "isVerified": true})),
        (USERS, 200, json!({"value": [], "@odata.nextLink": link})),
        (
            USERS,
            200,
            json!({"value": [], "@odata.nextLink": "no address"}),
        ),
    ];
    let (_, microsoft) = speaking(&world, script).await;
    for _ in 0..2 {
        let (call, name) = (world.call("k"), domain("acme.com"));
        let stopped = microsoft.release_domain(call, MICROSOFT, &name).await;
        assert!(is_retry(class(stopped)));
    }
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn without_leave_to_remove_for_good_only_removals_wait() {
    let denied = refusal("Authorization_RequestDenied", "");
    let purge = "DELETE /v1.0/directory/deletedItems/1";
    for script in [
        vec![
            token(),
            (USERS, 200, json!({"value": [jane()]})),
            ("DELETE /v1.0/users/1", 204, json!({})),
            (purge, 403, denied.clone()),
        ],
        vec![
            token(),
            (USERS, 200, json!({"value": []})),
            (DELETED, 403, denied.clone()),
        ],
    ] {
        let world = World::new().await;
        let (_, microsoft) = speaking(&world, script).await;
        let (call, name) = (world.call("k"), domain("acme.com"));
        let addresses = numbered(&name, 1);
        let waits = microsoft
            .remove_inboxes(call, MICROSOFT, &name, &addresses)
            .await;
        let said = waits.as_ref().unwrap_err().to_string();
        assert!(said.contains("User.DeleteRestore.All"), "{said}");
        assert_eq!(class(waits), ErrorClass::NeedsHuman);
        assert_eq!(Tenant::attention(&world), None, "everything else goes on");
    }
}

#[tokio::test]
async fn each_refusal_of_a_licence_has_its_class() {
    let bad = "Request_BadRequest";
    let skus = json!({"value": [
        {"skuId": "SKU", "skuPartNumber": "EXCHANGESTANDARD", "consumedUnits": 7, "prepaidUnits": {"enabled": 7}}
    ]});
    for (status, body, skus, word) in [
        (
            400,
            refusal(
                bad,
                "Subscription with SKU sku does not have any available licenses.",
            ),
            skus,
            "7 of 7 taken",
        ),
        (
            400,
            refusal("CountViolation", ""),
            json!({"value": []}),
            "sku_id",
        ),
    ] {
        let world = World::new().await;
        let script = vec![
            token(),
            (USERS, 200, json!({"value": [jane()]})),
            ("POST /v1.0/users/1/assignLicense", status, body),
            ("GET /v1.0/subscribedSkus", 200, skus),
        ];
        let (_, microsoft) = speaking(&world, script).await;
        let (call, name) = (world.call("k"), domain("acme.com"));
        let addresses = numbered(&name, 1);
        let specs = inboxes(&addresses, None);
        let refused = microsoft
            .ensure_inboxes(call, MICROSOFT, &name, &specs)
            .await;
        assert_eq!(class(refused), ErrorClass::NeedsHuman);
        let reason = Tenant::attention(&world).unwrap();
        assert!(reason.contains(word), "{reason}");
    }
}

#[tokio::test]
async fn a_domain_that_something_refers_to_is_let_go_later() {
    let world = World::new().await;
    let script = vec![
        token(),
        (LOOK, 200, json!({"id": "acme.com", "isVerified": true})),
        (USERS, 200, json!({"value": []})),
        (
            REMOVE,
            400,
            refusal("Request_BadRequest", "Objects refer to it."),
        ),
        (REMOVE, 409, refusal("Conflict", "")),
        (REMOVE, 404, refusal("Request_ResourceNotFound", "")),
    ];
    let (_, microsoft) = speaking(&world, script).await;
    let (call, name) = (world.call("k"), domain("acme.com"));
    for _ in 0..2 {
        let kept = microsoft.release_domain(call, MICROSOFT, &name).await;
        assert!(matches!(
            class(kept),
            ErrorClass::Retry { after_ms: Some(_) }
        ));
    }
    microsoft
        .release_domain(call, MICROSOFT, &name)
        .await
        .unwrap();
}

/// Microsoft calls its tokens opaque: one day they may not be read.
#[tokio::test]
async fn a_token_that_cannot_be_read_says_nothing_of_permissions() {
    let world = World::new().await;
    let skus = json!({"value": [{"skuId": "sku", "skuPartNumber": "EXCHANGESTANDARD"}]});
    let script = vec![token(), ("GET /v1.0/subscribedSkus", 200, skus)];
    let (_, microsoft) = speaking(&world, script).await;
    let report = look(&microsoft).await.unwrap();
    assert_eq!(report.missing, Vec::<String>::new());
    assert_eq!(report.facts[1], ("seats", "0 of 0 taken".to_owned()));
}
