//! Several requests in one.

use serde_json::{Value, json};

use super::{Tenant, code};
use crate::client::start;

fn part(id: &str, method: &str, url: &str) -> Value {
    json!({ "id": id, "method": method, "url": url })
}

#[tokio::test]
async fn each_part_has_a_status_of_its_own() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let mut add = part("2", "POST", "/domains");
    add["headers"] = json!({ "Content-Type": "application/json" });
    add["body"] = json!({ "id": "get-brand.com" });
    let mut after = part("4", "GET", "/domains");
    after["dependsOn"] = json!(["3"]);
    let requests = json!([
        part("1", "GET", "/users?$top=5"),
        add,
        part("3", "GET", "/users/nobody"),
        after,
    ]);
    let (status, answer) = tenant
        .post("/$batch", json!({ "requests": requests }))
        .await;
    assert_eq!(status, 200);
    let responses = answer["responses"].as_array().unwrap();
    let statuses: Vec<_> = responses
        .iter()
        .map(|one| one["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 201, 404, 424]);
    assert_eq!(responses[1]["body"]["id"], "get-brand.com");
    assert_eq!(code(&responses[2]["body"]), "Request_ResourceNotFound");
}

#[tokio::test]
async fn parts_are_held_against_the_same_rules() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let mut bare = part("1", "POST", "/domains");
    bare["body"] = json!({ "id": "get-brand.com" });
    let (_, answer) = tenant.post("/$batch", json!({ "requests": [bare] })).await;
    assert_eq!(answer["responses"][0]["status"], 400, "no content type");
    let many: Vec<_> = (0..21)
        .map(|n| part(&n.to_string(), "GET", "/users"))
        .collect();
    assert_eq!(
        tenant.post("/$batch", json!({ "requests": many })).await.0,
        400
    );
    fakes.set_limit(peeker_fakes::Vendor::Microsoft, "units", Some(2));
    let two = json!({ "requests": [part("1", "GET", "/users"), part("2", "GET", "/users")] });
    let (_, answer) = tenant.post("/$batch", two).await;
    assert_eq!(answer["responses"][0]["status"], 200);
    assert_eq!(answer["responses"][1]["status"], 429);
    assert!(answer["responses"][1]["headers"]["retry-after"].is_string());
}
