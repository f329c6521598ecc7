//! Domains, users and aliases.

use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use super::{DIRECTORY, Tenant, reason, user};
use crate::client::start;

fn users(query: &str) -> String {
    format!("{DIRECTORY}/users?{query}")
}

fn user_path(key: &str) -> String {
    format!("{DIRECTORY}/users/{key}")
}

fn emails(answer: &Value) -> Vec<&str> {
    let users = answer["users"].as_array();
    let users = users.into_iter().flatten();
    users
        .map(|user| user["primaryEmail"].as_str().unwrap())
        .collect()
}

fn made(fakes: &Fakes, what: &str, of: &str) -> u64 {
    fakes.counts().made(Vendor::Google, what, of)
}

#[tokio::test]
async fn a_domain_is_added_once_and_unverified() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (status, answer) = tenant.add_domain("Get-Brand.com").await;
    assert_eq!(status, 200);
    assert_eq!(answer["domainName"], "get-brand.com");
    assert_eq!(answer["verified"], false);
    assert_eq!(answer["isPrimary"], false);
    assert!(answer["creationTime"].is_string());
    let (status, answer) = tenant.add_domain("get-brand.com").await;
    assert_eq!((status, reason(&answer)), (409, "duplicate"));
    assert_eq!(made(&fakes, "domains", "get-brand.com"), 1);
    let path = format!("{DIRECTORY}/customer/{}/domains", tenant.id());
    let (_, answer) = tenant.get(&path).await;
    assert_eq!(answer["domains"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_domain_of_another_tenant_is_a_conflict() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let other = Tenant::open(&fakes, json!({})).await;
    other.add_domain("get-brand.com").await;
    for domain in ["get-brand.com", "othertenant-brand.com"] {
        let (status, answer) = tenant.add_domain(domain).await;
        assert_eq!((status, reason(&answer)), (409, "conflict"));
        assert_eq!(tenant.domain(domain).await.0, 404);
    }
}

#[tokio::test]
async fn a_domain_must_be_a_name_and_known_fields_only() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    for name in ["", "brand", "-brand.com", "brand..com", "bränd.com"] {
        let (status, answer) = tenant.add_domain(name).await;
        assert_eq!((status, reason(&answer)), (400, "invalid"), "{name}");
    }
    let path = format!("{DIRECTORY}/customer/my_customer/domains");
    let body = json!({ "domainName": "brand.com", "domain": "brand.com" });
    let (status, answer) = tenant.post(&path, body).await;
    assert_eq!((status, reason(&answer)), (400, "badRequest"));
    let bare = tenant.request(Method::POST, &path).body("{}");
    assert_eq!(bare.send().await.unwrap().status(), 400);
    let (status, answer) = tenant.get(&format!("{path}?page=1")).await;
    assert_eq!((status, reason(&answer)), (400, "badRequest"));
    let elsewhere = format!("{DIRECTORY}/customer/C0elsewhere/domains");
    assert_eq!(tenant.get(&elsewhere).await.0, 403);
}

#[tokio::test]
async fn a_domain_with_users_cannot_be_deleted() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant.add_verified("get-brand.com").await;
    tenant.add_user("jane@get-brand.com").await;
    let path = format!("{DIRECTORY}/customer/my_customer/domains/get-brand.com");
    let (status, answer) = tenant.delete(&path).await;
    assert_eq!((status, reason(&answer)), (400, "badRequest"));
    assert_eq!(tenant.delete(&user_path("jane@get-brand.com")).await.0, 204);
    assert_eq!(tenant.delete(&path).await.0, 204);
    assert_eq!(tenant.delete(&path).await.0, 404);
    let primary = format!(
        "{DIRECTORY}/customer/my_customer/domains/{}",
        tenant.primary_domain()
    );
    assert_eq!(tenant.delete(&primary).await.0, 400);
}

#[tokio::test]
async fn a_new_domain_is_seen_after_some_reads() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Google, 2);
    tenant.add_domain("get-brand.com").await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(tenant.domain("get-brand.com").await.0);
    }
    assert_eq!(statuses, [404, 404, 200]);
}

#[tokio::test]
async fn a_user_is_made_once_on_a_verified_domain() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (status, answer) = tenant.add_user("jane@get-brand.com").await;
    assert_eq!((status, reason(&answer)), (404, "notFound"));
    tenant.add_domain("get-brand.com").await;
    let (status, answer) = tenant.add_user("jane@get-brand.com").await;
    assert_eq!((status, reason(&answer)), (400, "invalid"));
    tenant.add_verified("on-brand.com").await;
    let (status, answer) = tenant.add_user("Jane@on-brand.com").await;
    assert_eq!(status, 200);
    assert_eq!(answer["primaryEmail"], "jane@on-brand.com");
    assert_eq!(answer["name"]["fullName"], "Jane Doe");
    assert_eq!(answer["customerId"], tenant.id());
    assert!(answer.get("password").is_none());
    let (status, answer) = tenant.add_user("jane@on-brand.com").await;
    assert_eq!((status, reason(&answer)), (409, "duplicate"));
    assert_eq!(made(&fakes, "users", "jane@on-brand.com"), 1);
}

#[tokio::test]
async fn each_field_of_a_user_is_held_against_its_rule() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let email = format!("jane@{}", tenant.primary_domain());
    for (name, value) in [
        (
            "primaryEmail",
            json!(format!("ja ne@{}", tenant.primary_domain())),
        ),
        ("primaryEmail", json!("jane")),
        ("name", json!({ "givenName": "Jane" })),
        ("name", json!({ "givenName": "Jane", "familyName": "" })),
        (
            "name",
            json!({ "givenName": "J".repeat(61), "familyName": "Doe" }),
        ),
        ("password", json!("short")),
        ("password", json!("pässword1")),
        ("password", json!("x".repeat(101))),
        ("hashFunction", json!("SHA-1")),
        ("orgUnitPath", json!("/nowhere")),
        ("nickname", json!("jd")),
        ("suspended", json!("no")),
    ] {
        let mut body = user(&email);
        body[name] = value.clone();
        let (status, answer) = tenant.post(&format!("{DIRECTORY}/users"), body).await;
        assert_eq!(status, 400, "{name} {value}");
        assert!(["invalid", "badRequest"].contains(&reason(&answer)));
    }
    for missing in ["primaryEmail", "name", "password"] {
        let mut body = user(&email);
        body.as_object_mut().unwrap().remove(missing);
        assert_eq!(
            tenant.post(&format!("{DIRECTORY}/users"), body).await.0,
            400
        );
    }
    assert_eq!(tenant.get(&user_path(&email)).await.0, 404);
}

#[tokio::test]
async fn a_full_tenant_takes_no_user() {
    let fakes = start().await;
    let tenant = Tenant::open(&fakes, json!({ "users_max": 2 })).await;
    let domain = tenant.primary_domain();
    assert_eq!(tenant.add_user(&format!("jane@{domain}")).await.0, 200);
    let (status, answer) = tenant.add_user(&format!("joe@{domain}")).await;
    assert_eq!((status, reason(&answer)), (412, "limitExceeded"));
}

#[tokio::test]
async fn a_new_user_is_not_found_and_not_complete_at_first() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Google, 1);
    let email = format!("jane@{}", tenant.primary_domain());
    tenant.add_user(&email).await;
    assert_eq!(tenant.get(&user_path(&email)).await.0, 404);
    assert_eq!(tenant.get(&user_path(&email)).await.0, 200);
    let suspend = json!({ "suspended": true });
    let (status, answer) = tenant
        .send(Method::PATCH, &user_path(&email), suspend.clone())
        .await;
    assert_eq!((status, reason(&answer)), (412, "conditionNotMet"));
    assert_eq!(answer["error"]["message"], "User creation is not complete.");
    let (status, answer) = tenant
        .send(Method::PATCH, &user_path(&email), suspend)
        .await;
    assert_eq!((status, &answer["suspended"]), (200, &json!(true)));
}

#[tokio::test]
async fn lists_are_of_a_domain_or_a_customer_in_pages() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let domain = tenant.primary_domain();
    for n in 0..3 {
        tenant.add_user(&format!("jane{n}@{domain}")).await;
    }
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..2 {
        let path = users(&format!("domain={domain}&maxResults=2&pageToken={token}"));
        let path = path.trim_end_matches("&pageToken=");
        let (status, answer) = tenant.get(path).await;
        assert_eq!(status, 200);
        found.extend(emails(&answer).into_iter().map(str::to_owned));
        token = answer["nextPageToken"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
    }
    found.sort();
    let all = ["admin", "jane0", "jane1", "jane2"].map(|name| format!("{name}@{domain}"));
    assert_eq!((found, token.as_str()), (all.to_vec(), ""));
    let by_query = users(&format!(
        "customer=my_customer&query=email%3Djane1@{domain}"
    ));
    assert_eq!(
        emails(&tenant.get(&by_query).await.1),
        [format!("jane1@{domain}")]
    );
}

#[tokio::test]
async fn lists_refuse_what_they_do_not_know() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    for (query, status) in [
        ("", 400),
        ("customer=my_customer&maxResults=501", 400),
        ("customer=my_customer&maxResults=0", 400),
        ("customer=my_customer&pageToken=%21", 400),
        ("customer=my_customer&limit=5", 400),
        ("customer=my_customer&query=name%3AJane", 400),
        ("domain=nowhere.example", 404),
        ("customer=C0elsewhere", 403),
    ] {
        assert_eq!(tenant.get(&users(query)).await.0, status, "{query}");
    }
}

#[tokio::test]
async fn a_renamed_user_keeps_the_old_address_as_an_alias() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let domain = tenant.primary_domain();
    let (old, new) = (format!("jane@{domain}"), format!("jane.doe@{domain}"));
    tenant.add_user(&old).await;
    tenant.add_user(&format!("joe@{domain}")).await;
    let taken = json!({ "primaryEmail": format!("joe@{domain}") });
    let (status, answer) = tenant.send(Method::PUT, &user_path(&old), taken).await;
    assert_eq!((status, reason(&answer)), (409, "duplicate"));
    let body = json!({ "primaryEmail": new });
    let (status, answer) = tenant.send(Method::PUT, &user_path(&old), body).await;
    assert_eq!((status, &answer["primaryEmail"]), (200, &json!(new)));
    assert_eq!(answer["aliases"], json!([old]));
    let (_, answer) = tenant.get(&user_path(&old)).await;
    assert_eq!(answer["primaryEmail"], new);
}

#[tokio::test]
async fn aliases_are_addresses_of_the_tenant_that_nobody_has() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let domain = tenant.primary_domain();
    let path = format!("{}/aliases", user_path(&format!("jane@{domain}")));
    tenant.add_user(&format!("jane@{domain}")).await;
    assert_eq!(tenant.get(&path).await.1.get("aliases"), None);
    let alias = format!("jd@{domain}");
    let (status, answer) = tenant.post(&path, json!({ "alias": alias })).await;
    assert_eq!((status, &answer["alias"]), (200, &json!(alias)));
    let (status, answer) = tenant.post(&path, json!({ "alias": alias })).await;
    assert_eq!((status, reason(&answer)), (409, "duplicate"));
    let foreign = json!({ "alias": "jd@nowhere.example" });
    assert_eq!(tenant.post(&path, foreign).await.0, 404);
    assert_eq!(tenant.post(&path, json!({})).await.0, 400);
    assert_eq!(tenant.get(&path).await.1["aliases"][0]["alias"], alias);
    assert_eq!(tenant.delete(&format!("{path}/{alias}")).await.0, 204);
    assert_eq!(tenant.delete(&format!("{path}/{alias}")).await.0, 404);
}
