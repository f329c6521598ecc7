//! Cloudflare's batches of records, its export, and its redirect rules.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::start;
use crate::cloudflare::{code, get, post, request, send};
use crate::cloudflare_records::{records, total};

#[tokio::test]
async fn a_batch_is_carried_out_in_its_order_and_as_a_whole() {
    let fakes = start().await;
    let path = records(&fakes).await;
    let batches = format!("{path}/batch");
    let batch = |body: Value| post(&fakes, &batches, body);
    let (_, made) = batch(json!({ "posts": [
        { "type": "CNAME", "name": "c", "content": "x.example" },
        { "type": "TXT", "name": "t", "content": "one", "ttl": 300 },
        { "type": "TXT", "name": "u", "content": "one", "ttl": 300 },
    ] }))
    .await;
    let ids: Vec<_> = made["result"]["posts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let (status, done) = batch(json!({
        "posts": [{ "type": "A", "name": "c", "content": "192.0.2.1" }],
        "puts": [{ "id": ids[2], "type": "TXT", "name": "u", "content": "two" }],
        "patches": [{ "id": ids[1], "content": "two" }],
        "deletes": [{ "id": ids[0], "name": "c.a.com" }],
    }))
    .await;
    assert_eq!(status, 200, "the alias goes before the address comes");
    let done = &done["result"];
    assert_eq!(
        (&done["patches"][0]["ttl"], &done["puts"][0]["ttl"]),
        (&json!(300), &json!(1))
    );
    assert_eq!(done["deletes"][0]["id"], ids[0]);
    let failed = batch(json!({
        "deletes": [{ "id": ids[1] }],
        "posts": [{ "type": "TXT", "name": "v", "content": "v" }, { "type": "A", "name": "w", "content": "w" }],
    }))
    .await;
    assert_eq!(code(&failed), (400, 9005));
    assert_eq!(total(&fakes, &path).await, 3, "nothing of it was done");
    assert_eq!(
        code(&batch(json!({ "deletes": [{ "id": ids[0] }] })).await),
        (404, 81_044)
    );
    assert_eq!(code(&batch(json!({ "post": [] })).await), (400, 9207));
    let many: Vec<_> = (0..201)
        .map(|n| json!({ "type": "TXT", "name": format!("n{n}"), "content": "n" }))
        .collect();
    assert_eq!(batch(json!({ "posts": many })).await.0, 400);
    assert_eq!(batch(json!({ "posts": many[..197] })).await.0, 200);
    assert_eq!(
        code(&post(&fakes, &path, many[200].clone()).await),
        (400, 81_045)
    );
}

#[tokio::test]
async fn a_zone_is_exported_as_a_zone_file() {
    let fakes = start().await;
    let path = records(&fakes).await;
    post(
        &fakes,
        &path,
        json!({ "type": "MX", "name": "@", "content": "smtp.google.com", "priority": 1 }),
    )
    .await;
    let sent = request(&fakes, Method::GET, &format!("{path}/export"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.text().await.unwrap(),
        "a.com.\t1\tIN\tMX\t1 smtp.google.com.\n"
    );
}

fn rule(target: &str, status: u16) -> Value {
    json!({
        "ref": "fwd", "description": "forward", "enabled": true, "action": "redirect",
        "expression": "(http.host eq \"a.com\") or (http.host eq \"www.a.com\")",
        "action_parameters": { "from_value": {
            "target_url": { "value": target }, "status_code": status, "preserve_query_string": true,
        } },
    })
}

#[tokio::test]
async fn redirect_rules_are_put_as_a_whole() {
    let fakes = start().await;
    let zone = records(&fakes).await.replace("/dns_records", "");
    let path = format!("{zone}/rulesets/phases/http_request_dynamic_redirect/entrypoint");
    assert_eq!(code(&get(&fakes, &path).await), (404, 10_003));
    let put = |rules: Value| send(&fakes, Method::PUT, &path, json!({ "rules": rules }));
    let (status, first) = put(json!([rule("https://brand.example/", 301)])).await;
    assert_eq!((status, &first["result"]["version"]), (200, &json!("1")));
    assert_eq!(first["result"]["rules"][0]["ref"], "fwd");
    let (_, second) = put(json!([rule("https://other.example/", 302)])).await;
    assert_eq!(
        (&second["result"]["id"], &second["result"]["version"]),
        (&first["result"]["id"], &json!("2"))
    );
    let (_, read) = get(&fakes, &path).await;
    assert_eq!(read["result"], second["result"]);
    let mut unbalanced = rule("https://brand.example/", 301);
    unbalanced["expression"] = json!("(http.host eq \"a.com\"");
    let mut other = rule("https://brand.example/", 301);
    other["action"] = json!("block");
    let mut unknown = rule("https://brand.example/", 301);
    unknown["action_parameters"]["from_value"]["keep_query"] = json!(true);
    for wrong in [
        rule("/relative", 301),
        rule("https://brand.example/", 200),
        unbalanced,
        other,
        unknown,
    ] {
        assert_eq!(put(json!([wrong.clone()])).await.0, 400, "{wrong}");
    }
    let many: Vec<_> = (0..11)
        .map(|_| rule("https://brand.example/", 301))
        .collect();
    assert_eq!(put(json!(many)).await.0, 400);
    assert_eq!(put(json!([])).await.1["result"]["rules"], json!([]));
}
