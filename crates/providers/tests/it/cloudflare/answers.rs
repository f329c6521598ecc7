//! What Cloudflare's answers mean, where the fake does not give them.

use peeker_domain::vendor::Vendor;
use peeker_providers::cloudflare::Cloudflare;
use peeker_providers::{Dns, ErrorClass};
use serde_json::{Value, json};

use super::mail_set;
use crate::scripted::{Script, Scripted};
use crate::world::{REFUSED, World, account_id, class, domain, is_retry, look};

const FIND: &str = "GET /client/v4/zones";
const MAKE: &str = "POST /client/v4/zones";
const LIST: &str = "GET /client/v4/zones/z1/dns_records";
const BATCH: &str = "POST /client/v4/zones/z1/dns_records/batch";

async fn speaking(world: &World, script: Script) -> (Scripted, Cloudflare) {
    let vendor = Scripted::start(script).await;
    let settings = [("account_id", "a1")];
    let mut account = world.account(Vendor::Cloudflare, "pacc_0", "token".to_owned(), &settings);
    account.base_url = Some(vendor.url.parse().unwrap());
    let cloudflare = Cloudflare::new(account, &world.memory.services()).unwrap();
    (vendor, cloudflare)
}

fn found(zones: &Value) -> (&'static str, u16, Value) {
    let count = zones.as_array().unwrap().len();
    let info = json!({"page": 1, "per_page": 20, "count": count, "total_count": count});
    (
        FIND,
        200,
        json!({"success": true, "errors": [], "messages": [], "result": zones, "result_info": info}),
    )
}

fn zone() -> Value {
    json!([{"id": "z1", "name": "acme.com", "status": "pending", "name_servers": ["ada.ns.example", "bob.ns.example"]}])
}

fn refusal(code: u32, message: &str) -> Value {
    json!({"success": false, "errors": [{"code": code, "message": message}], "messages": [], "result": null})
}

#[tokio::test]
async fn each_refusal_of_a_zone_has_its_class() {
    let world = World::new().await;
    let hour = ErrorClass::Quota {
        after_ms: Some(3_600_000),
    };
    for (status, body, expected) in [
        (
            400,
            refusal(
                1118,
                "You have exceeded the limit for adding zones. Please activate some zones.",
            ),
            Some(hour),
        ),
        (
            400,
            refusal(
                9,
                "The zone name provided is subject to a hold which disallows the creation",
            ),
            Some(REFUSED),
        ),
        (
            400,
            refusal(1061, "acme.com already exists"),
            Some(ErrorClass::Conflict),
        ),
        (
            400,
            refusal(1049, "acme.com is not a registered domain"),
            None,
        ),
        (400, refusal(4_711, "Something new"), None),
        (404, json!("no envelope"), None),
        (403, json!("a wall before the API"), None),
        (
            200,
            json!({"success": true, "errors": [], "result": null}),
            None,
        ),
    ] {
        let (_, cloudflare) = speaking(
            &world,
            vec![found(&json!([])), (MAKE, status, body.clone())],
        )
        .await;
        let refused = cloudflare
            .ensure_zone(world.call("k"), &domain("acme.com"))
            .await;
        let class = class(refused);
        match expected {
            Some(expected) => assert_eq!(class, expected, "{body}"),
            None => assert!(is_retry(class), "{body}: {class:?}"),
        }
    }
    assert_eq!(world.memory.attention(&account_id(0)), None);
    let missing = refusal(
        0,
        "Requires permission \"com.cloudflare.api.account.zone.create\"",
    );
    let (_, cloudflare) = speaking(&world, vec![found(&json!([])), (MAKE, 403, missing)]).await;
    let refused = cloudflare
        .ensure_zone(world.call("k"), &domain("acme.com"))
        .await;
    assert_eq!(class(refused), ErrorClass::NeedsHuman);
}

#[tokio::test]
async fn a_zone_without_nameservers_is_not_ready() {
    let world = World::new().await;
    let bare = json!([{"id": "z1", "name": "acme.com", "status": "initializing"}]);
    let (_, cloudflare) = speaking(&world, vec![found(&bare)]).await;
    let unready = cloudflare
        .ensure_zone(world.call("k"), &domain("acme.com"))
        .await;
    assert!(is_retry(class(unready)));
}

#[tokio::test]
async fn a_change_that_keeps_clashing_is_looked_at_again_later() {
    let world = World::new().await;
    let empty =
        json!({"success": true, "errors": [], "result": [], "result_info": {"total_count": 0}});
    for (code, expected) in [
        (81_044, ErrorClass::Conflict),
        (81_053, ErrorClass::Conflict),
        (81_054, ErrorClass::Conflict),
        (81_057, ErrorClass::Conflict),
        (81_058, ErrorClass::Conflict),
        (81_045, REFUSED),
    ] {
        let script = vec![
            found(&zone()),
            (LIST, 200, empty.clone()),
            (BATCH, 400, refusal(code, "No.")),
        ];
        let (vendor, cloudflare) = speaking(&world, script).await;
        let name = domain("acme.com");
        let refused = cloudflare
            .put_records(world.call("k"), &name, &mail_set("acme.com"))
            .await;
        assert_eq!(class(refused), expected, "{code}");
        let looks = vendor.asked().iter().filter(|asked| *asked == LIST).count();
        assert_eq!(looks, if expected == REFUSED { 1 } else { 2 });
    }
}

#[tokio::test]
async fn too_many_calls_rest_the_account_whatever_the_status() {
    let world = World::new().await;
    let busy = refusal(
        971,
        "Please wait and consider throttling your request speed",
    );
    let (_, cloudflare) = speaking(&world, vec![(FIND, 400, busy)]).await;
    let refused = cloudflare
        .records(world.call("k"), &domain("acme.com"))
        .await;
    assert!(matches!(class(refused), ErrorClass::Quota { .. }));
    assert_eq!(world.memory.state().slow_downs.len(), 1);
}

#[tokio::test]
async fn a_token_that_has_ended_is_named() {
    let world = World::new().await;
    let ended = json!({"success": true, "errors": [], "result": {"id": "t1", "status": "expired"}});
    let script = vec![("GET /client/v4/user/tokens/verify", 200, ended)];
    let (_, cloudflare) = speaking(&world, script).await;
    assert_eq!(class(look(&cloudflare).await), ErrorClass::NeedsHuman);
    let reason = world.memory.attention(&account_id(0)).unwrap();
    assert!(reason.contains("expired"), "{reason}");
}
