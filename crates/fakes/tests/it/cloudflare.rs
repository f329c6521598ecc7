//! Cloudflare: zones, records, rules, and its refusals.

use peeker_fakes::{Fakes, Vendor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{client, credential, read, start};
use crate::namecom;

pub struct Made {
    pub id: String,
    pub nameservers: Vec<String>,
}

pub fn request(fakes: &Fakes, method: Method, path: &str) -> RequestBuilder {
    let url = format!("{}/client/v4{path}", fakes.url(Vendor::Cloudflare));
    let token = credential(fakes, Vendor::Cloudflare, "api_token");
    client().request(method, url).bearer_auth(token)
}

pub async fn get(fakes: &Fakes, path: &str) -> (u16, Value) {
    read(request(fakes, Method::GET, path).send().await.unwrap()).await
}

pub async fn send(fakes: &Fakes, method: Method, path: &str, body: Value) -> (u16, Value) {
    read(
        request(fakes, method, path)
            .json(&body)
            .send()
            .await
            .unwrap(),
    )
    .await
}

pub async fn post(fakes: &Fakes, path: &str, body: Value) -> (u16, Value) {
    send(fakes, Method::POST, path, body).await
}

pub async fn create(fakes: &Fakes, name: &str) -> (u16, Value) {
    let account = credential(fakes, Vendor::Cloudflare, "account_id");
    let body = json!({ "account": { "id": account }, "name": name, "type": "full" });
    post(fakes, "/zones", body).await
}

pub async fn zone(fakes: &Fakes, name: &str) -> Made {
    let (status, made) = create(fakes, name).await;
    assert_eq!(status, 200, "{made}");
    let hosts = made["result"]["name_servers"].as_array().unwrap();
    Made {
        id: made["result"]["id"].as_str().unwrap().to_owned(),
        nameservers: hosts
            .iter()
            .map(|host| host.as_str().unwrap().to_owned())
            .collect(),
    }
}

/// A domain that was bought, with a zone that it is delegated to and that has seen it.
pub async fn active_zone(fakes: &Fakes, name: &str) -> Made {
    namecom::buy(fakes, name).await;
    let made = zone(fakes, name).await;
    namecom::delegate(fakes, name, &made.nameservers).await;
    send(
        fakes,
        Method::PUT,
        &format!("/zones/{}/activation_check", made.id),
        json!({}),
    )
    .await;
    let (_, read) = get(fakes, &format!("/zones/{}", made.id)).await;
    assert_eq!(read["result"]["status"], "active");
    made
}

pub fn code(answer: &(u16, Value)) -> (u16, u64) {
    (
        answer.0,
        answer.1["errors"][0]["code"].as_u64().unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_token_is_verified_and_knows_its_account() {
    let fakes = start().await;
    let (status, answer) = get(&fakes, "/user/tokens/verify").await;
    assert_eq!(
        (status, &answer["result"]["status"], &answer["success"]),
        (200, &json!("active"), &json!(true))
    );
    let (_, accounts) = get(&fakes, "/accounts").await;
    let id = credential(&fakes, Vendor::Cloudflare, "account_id");
    assert_eq!(accounts["result"][0]["id"], id);
    assert_eq!(accounts["result_info"]["total_count"], 1);
    assert_eq!(
        get(&fakes, &format!("/accounts/{id}")).await.1["result"]["id"],
        id
    );
    assert_eq!(
        code(&get(&fakes, &format!("/accounts/{}", "0".repeat(32))).await),
        (403, 9109)
    );
}

#[tokio::test]
async fn credentials_are_refused_by_what_is_wrong_with_them() {
    let fakes = start().await;
    let url = |path: &str| format!("{}/client/v4{path}", fakes.url(Vendor::Cloudflare));
    let none = read(client().get(url("/zones")).send().await.unwrap()).await;
    assert_eq!(code(&none), (400, 9106));
    let short = read(
        client()
            .get(url("/zones"))
            .bearer_auth("x y")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(code(&short), (400, 6003));
    assert_eq!(short.1["errors"][0]["error_chain"][0]["code"], 6111);
    let wrong = client().get(url("/zones")).bearer_auth("a".repeat(40));
    assert_eq!(code(&read(wrong.send().await.unwrap()).await), (403, 9109));
    let wrong = client()
        .get(url("/user/tokens/verify"))
        .bearer_auth("a".repeat(40));
    assert_eq!(code(&read(wrong.send().await.unwrap()).await), (401, 1000));
    let account = credential(&fakes, Vendor::Cloudflare, "account_id");
    let missing = json!({ "permissions_missing": ["/dns_records"] });
    fakes
        .change(Vendor::Cloudflare, "accounts", &account, &missing)
        .unwrap();
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    let made = zone(&fakes, "a.com").await;
    assert_eq!(
        code(&get(&fakes, &format!("/zones/{}/dns_records", made.id)).await),
        (403, 10_000)
    );
    fakes
        .change(
            Vendor::Cloudflare,
            "accounts",
            &account,
            &json!({ "credentials_refused": true }),
        )
        .unwrap();
    assert_eq!(code(&get(&fakes, "/zones").await), (403, 9109));
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_the_envelope() {
    let fakes = start().await;
    for (method, path, wanted) in [
        (Method::GET, "/nothing", (404, 7000)),
        (Method::PUT, "/zones", (405, 7001)),
        (Method::GET, "/zones/example.com", (404, 7003)),
        (
            Method::GET,
            "/zones/0123456789abcdef0123456789abcdef",
            (403, 9109),
        ),
        (Method::GET, "/zones?unknown=1", (400, 9208)),
        (Method::GET, "/zones?per_page=51", (400, 9208)),
        (Method::GET, "/zones?per_page=4", (400, 9208)),
        (Method::POST, "/zones", (415, 6007)),
    ] {
        let answer = read(request(&fakes, method, path).send().await.unwrap()).await;
        assert_eq!(code(&answer), wanted, "{path}");
        assert_eq!(
            (&answer.1["success"], &answer.1["result"]),
            (&json!(false), &Value::Null)
        );
    }
    let account = credential(&fakes, Vendor::Cloudflare, "account_id");
    let body = json!({ "account": account, "name": "a.com" });
    assert_eq!(
        code(&post(&fakes, "/zones", body).await),
        (400, 9207),
        "the account is an object"
    );
}

#[tokio::test]
async fn too_many_requests_block_all_for_five_minutes() {
    let fakes = start().await;
    let fine = request(&fakes, Method::GET, "/zones").send().await.unwrap();
    assert!(
        fine.headers()["ratelimit"]
            .to_str()
            .unwrap()
            .starts_with("\"default\";r=")
    );
    assert!(
        fine.headers()["ratelimit-policy"]
            .to_str()
            .unwrap()
            .contains(";w=300")
    );
    fakes.set_limit(Vendor::Cloudflare, "requests", Some(1));
    assert_eq!(get(&fakes, "/zones").await.0, 200);
    let refused = request(&fakes, Method::GET, "/zones").send().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((290..=300).contains(&wait));
    assert_eq!(code(&read(refused).await), (429, 10_100));
    fakes.set_limit(Vendor::Cloudflare, "requests", None);
    fakes.advance_seconds(200);
    assert_eq!(get(&fakes, "/zones").await.0, 429);
    fakes.advance_seconds(100);
    assert_eq!(get(&fakes, "/zones").await.0, 200);
}
