//! name.com: what its description says, asked as it says.

use peeker_fakes::{Fakes, Vendor};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{client, credential, read, start};

pub fn request(fakes: &Fakes, method: Method, path: &str) -> RequestBuilder {
    let (user, token) = (
        credential(fakes, Vendor::NameCom, "username"),
        credential(fakes, Vendor::NameCom, "token"),
    );
    let url = format!("{}/core/v1{path}", fakes.url(Vendor::NameCom));
    client().request(method, url).basic_auth(user, Some(token))
}

pub async fn get(fakes: &Fakes, path: &str) -> (u16, Value) {
    read(request(fakes, Method::GET, path).send().await.unwrap()).await
}

pub async fn post(fakes: &Fakes, path: &str, body: Value) -> (u16, Value) {
    let sent = request(fakes, Method::POST, path).json(&body).send();
    read(sent.await.unwrap()).await
}

pub async fn buy(fakes: &Fakes, domain: &str) -> (u16, Value) {
    post(
        fakes,
        "/domains",
        json!({ "domain": { "domainName": domain } }),
    )
    .await
}

pub async fn delegate(fakes: &Fakes, domain: &str, nameservers: &[String]) {
    let body = json!({ "nameservers": nameservers });
    let (status, answer) = post(fakes, &format!("/domains/{domain}:setNameservers"), body).await;
    assert_eq!(status, 200, "{answer}");
}

pub fn contact() -> Value {
    json!({
        "firstName": "Jane", "lastName": "Doe", "address1": "1 Main Street", "city": "Denver",
        "state": "CO", "zip": "80202", "country": "US", "email": "jane@brand.example", "phone": "+13035550123",
    })
}

#[tokio::test]
async fn availability_names_prices_and_leaves_out_what_is_not_offered() {
    let fakes = start().await;
    let names = [
        "free.com",
        "taken-a.com",
        "premium-a.com",
        "unknown-a.com",
        "free.nosuchtld",
    ];
    let body = json!({ "domainNames": names, "purchaseType": "registration" });
    let (status, answer) = post(&fakes, "/domains:checkAvailability", body).await;
    assert_eq!(status, 200);
    let results = answer["results"].as_array().unwrap();
    let of = |name: &str| results.iter().find(|one| one["domainName"] == name);
    assert_eq!(results.len(), 3);
    assert_eq!(
        of("free.com").unwrap(),
        &json!({
            "domainName": "free.com", "sld": "free", "tld": "com", "purchasable": true, "premium": false,
            "purchaseType": "registration", "purchasePrice": 10.99, "renewalPrice": 12.99,
        })
    );
    let taken = of("taken-a.com").unwrap();
    assert!(taken["purchasable"] == false && taken["reason"].is_string());
    assert!(taken.get("purchasePrice").is_none());
    assert_eq!(of("premium-a.com").unwrap()["premium"], true);
}

#[tokio::test]
async fn availability_takes_at_most_fifty_names_and_one_that_is_valid() {
    let fakes = start().await;
    let names = |n: usize| json!({ "domainNames": (0..n).map(|i| format!("n{i}.com")).collect::<Vec<_>>() });
    let path = "/domains:checkAvailability";
    let (status, answer) = post(&fakes, path, names(50)).await;
    assert_eq!(
        (status, answer["results"].as_array().unwrap().len()),
        (200, 50)
    );
    let order: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["domainName"].clone())
        .collect();
    let mut sorted = order.clone();
    sorted.sort_by_key(Value::to_string);
    assert_ne!(order, sorted);
    assert_eq!(post(&fakes, path, names(51)).await.0, 400);
    assert_eq!(post(&fakes, path, names(0)).await.0, 400);
    assert_eq!(
        post(&fakes, path, json!({ "domainNames": ["a.nosuchtld"] }))
            .await
            .0,
        422
    );
    assert_eq!(
        post(&fakes, path, json!({ "domainNames": ["a.com"], "x": 1 }))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn a_colon_in_a_path_is_not_percent_encoded() {
    let fakes = start().await;
    let body = json!({ "domainNames": ["free.com"] });
    assert_eq!(
        post(&fakes, "/domains%3AcheckAvailability", body).await.0,
        404
    );
    assert_eq!(get(&fakes, "/domains/free.com%3AgetPricing").await.0, 404);
}

#[tokio::test]
async fn a_request_that_changes_needs_the_content_type_of_json() {
    let fakes = start().await;
    let sent = request(&fakes, Method::POST, "/domains:checkAvailability");
    let (status, answer) = read(sent.body("{}").send().await.unwrap()).await;
    assert_eq!(status, 415);
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("application/json")
    );
    let sent = request(&fakes, Method::DELETE, "/hello")
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 405);
    assert_eq!(get(&fakes, "/nothing").await.0, 404);
}

#[tokio::test]
async fn zones_tell_of_five_hundred_names() {
    let fakes = start().await;
    let names =
        json!({ "domainNames": ["free.com", "taken-a.com", "unknown-a.com", "not a name"] });
    let (status, answer) = post(&fakes, "/zonecheck", names).await;
    assert_eq!(
        (status, &answer["removed"], &answer["total"]),
        (200, &json!(1), &json!(3))
    );
    assert!(
        answer["results"]
            .as_array()
            .unwrap()
            .contains(&json!({ "domainName": "unknown-a.com", "available": null }))
    );
    assert!(
        answer["results"]
            .as_array()
            .unwrap()
            .contains(&json!({ "domainName": "taken-a.com", "available": false }))
    );
}

#[tokio::test]
async fn prices_are_told_for_names_and_for_tlds() {
    let fakes = start().await;
    let (_, two) = get(&fakes, "/domains/free.com:getPricing?years=2").await;
    assert_eq!(
        (&two["purchasePrice"], &two["renewalPrice"]),
        (&json!(21.98), &json!(25.98))
    );
    let (_, none) = get(&fakes, "/domains/unknown-a.com:getPricing").await;
    assert!(none["purchasePrice"].is_null());
    for years in ["1", "11"] {
        let path = format!("/domains/free.nosuchtld:getPricing?years={years}");
        assert_eq!(get(&fakes, &path).await.0, 422);
    }
    assert_eq!(get(&fakes, "/domains/free_:getPricing").await.0, 400);
    assert_eq!(
        get(&fakes, "/domains/free.com:getPricing?years=11").await.0,
        400
    );
    let (_, tlds) = get(&fakes, "/tldpricing?tlds=com&tlds=net").await;
    assert_eq!(tlds["totalCount"], 2);
    assert_eq!(tlds["pricing"][0]["registrationPrice"], 10.99);
}

#[tokio::test]
async fn an_event_is_subscribed_to_once() {
    let fakes = start().await;
    let body = json!({ "eventName": "domain.lock.status_change", "url": "https://a.example/hook", "active": true });
    let (status, made) = post(&fakes, "/notifications", body.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(post(&fakes, "/notifications", body).await.0, 409);
    let path = format!("/notifications/{}", made["subscription"]["id"]);
    let put = request(&fakes, Method::PUT, &path)
        .json(&json!({ "active": false }))
        .send()
        .await
        .unwrap();
    assert_eq!(read(put).await.1["subscription"]["active"], false);
    assert_eq!(
        get(&fakes, "/notifications").await.1["subscriptions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let gone = request(&fakes, Method::DELETE, &path).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(
        get(&fakes, "/notifications").await.1["subscriptions"],
        json!([])
    );
}

#[tokio::test]
async fn a_missing_permission_is_403_and_too_many_requests_are_429() {
    let fakes = start().await;
    let user = credential(&fakes, Vendor::NameCom, "username");
    let change = json!({ "permissions_missing": ["/contacts/"] });
    fakes
        .change(Vendor::NameCom, "accounts", &user, &change)
        .unwrap();
    assert_eq!(get(&fakes, "/contacts/unverified").await.0, 403);
    assert_eq!(get(&fakes, "/hello").await.0, 200);
    fakes.set_limit(Vendor::NameCom, "hour", Some(1));
    assert_eq!(get(&fakes, "/hello").await.0, 200);
    let refused = request(&fakes, Method::GET, "/hello").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let reset: u64 = refused.headers()["x-ratelimit-reset"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(reset > 1_700_000_000);
    fakes.advance_seconds(3600);
    assert_eq!(get(&fakes, "/hello").await.0, 200);
}
