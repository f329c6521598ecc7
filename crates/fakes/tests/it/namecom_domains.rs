//! name.com: domains that an account holds.

use peeker_fakes::Vendor;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{admin, client, credential, read, start};
use crate::namecom::{buy, contact, get, post, request};

#[tokio::test]
async fn domains_are_listed_in_pages_and_by_filters() {
    let fakes = start().await;
    for name in ["a.com", "b.com", "c.net"] {
        buy(&fakes, name).await;
    }
    let first = request(&fakes, Method::GET, "/domains?perPage=2")
        .send()
        .await
        .unwrap();
    assert!(
        first.headers()["link"]
            .to_str()
            .unwrap()
            .contains("rel=\"next\"")
    );
    let (_, first) = read(first).await;
    assert_eq!(
        (
            &first["from"],
            &first["to"],
            &first["totalCount"],
            &first["nextPage"],
            &first["lastPage"]
        ),
        (&json!(1), &json!(2), &json!(3), &json!(2), &json!(2))
    );
    let (_, last) = get(&fakes, "/domains?perPage=2&page=2").await;
    assert_eq!(last["domains"][0]["domainName"], "c.net");
    assert!(last.get("nextPage").is_none());
    for (filter, n) in [
        ("tld=com", 2),
        ("domainName=*.net", 1),
        ("domainName=b.com", 1),
        ("locked=true", 3),
        ("autorenewEnabled=false", 0),
        ("expireDateEnd=2000-01-01", 0),
        ("createDateStart=2000-01-01", 3),
    ] {
        let found = get(&fakes, &format!("/domains?{filter}")).await.1;
        assert_eq!(found["domains"].as_array().unwrap().len(), n, "{filter}");
    }
    assert_eq!(get(&fakes, "/domains?filter=x").await.0, 400);
    assert_eq!(get(&fakes, "/domains?page=0").await.0, 400);
    assert_eq!(get(&fakes, "/domains/elsewhere.com").await.0, 404);
}

#[tokio::test]
async fn a_domain_of_another_account_is_not_found() {
    let fakes = start().await;
    buy(&fakes, "a.com").await;
    let other = fakes.open_account(Vendor::NameCom, &json!({})).unwrap();
    let url = format!("{}/core/v1/domains/a.com", fakes.url(Vendor::NameCom));
    let asked = client()
        .get(url)
        .basic_auth(other["username"].as_str().unwrap(), other["token"].as_str());
    assert_eq!(asked.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn settings_change_together_or_not_at_all() {
    let fakes = start().await;
    for name in ["a.com", "a.de", "a.us"] {
        buy(&fakes, name).await;
    }
    let patch = async |path: &str, body: Value| {
        let sent = request(&fakes, Method::PATCH, path)
            .json(&body)
            .send()
            .await
            .unwrap();
        read(sent).await
    };
    let (status, domain) = patch(
        "/domains/a.com",
        json!({ "autorenewEnabled": false, "locked": false }),
    )
    .await;
    assert_eq!(status, 200);
    assert!(domain["autorenewEnabled"] == false && domain["locked"] == false);
    assert_eq!(patch("/domains/a.com", json!({})).await.0, 400);
    assert_eq!(
        patch("/domains/b.com", json!({ "locked": true })).await.0,
        404
    );
    assert_eq!(
        patch(
            "/domains/a.de",
            json!({ "autorenewEnabled": false, "locked": true })
        )
        .await
        .0,
        409
    );
    assert_eq!(
        get(&fakes, "/domains/a.de").await.1["autorenewEnabled"],
        true
    );
    assert_eq!(
        patch("/domains/a.us", json!({ "privacyEnabled": true }))
            .await
            .0,
        409
    );
    fakes
        .change(
            Vendor::NameCom,
            "domains",
            "a.com",
            &json!({ "expires": "2020-01-01T00:00:00Z" }),
        )
        .unwrap();
    assert_eq!(
        patch("/domains/a.com", json!({ "locked": true })).await.0,
        403
    );
}

#[tokio::test]
async fn name_servers_are_host_names() {
    let fakes = start().await;
    buy(&fakes, "a.com").await;
    let set = |hosts: Value| {
        post(
            &fakes,
            "/domains/a.com:setNameservers",
            json!({ "nameservers": hosts }),
        )
    };
    let (status, domain) = set(json!(["x.ns.cloudflare.com", "y.ns.cloudflare.com"])).await;
    assert_eq!(status, 200);
    assert_eq!(
        domain["nameservers"],
        json!(["x.ns.cloudflare.com", "y.ns.cloudflare.com"])
    );
    for wrong in [
        json!([]),
        json!(["x"]),
        json!(["x.com", "X.com"]),
        json!(["x y.com"]),
    ] {
        assert_eq!(set(wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(
        post(
            &fakes,
            "/domains/b.com:setNameservers",
            json!({ "nameservers": ["x.com"] })
        )
        .await
        .0,
        404
    );
}

#[tokio::test]
async fn an_unverified_address_is_listed_until_it_is_verified() {
    let fakes = start().await;
    fakes.set_lag(Vendor::NameCom, 1);
    let domain = json!({ "domainName": "a.com", "contacts": { "registrant": contact() } });
    post(&fakes, "/domains", json!({ "domain": domain })).await;
    assert_eq!(
        get(&fakes, "/contacts/unverified").await.1["unverifiedContacts"],
        json!([])
    );
    let (_, listed) = get(&fakes, "/contacts/unverified").await;
    let one = &listed["unverifiedContacts"][0];
    assert_eq!(
        (&one["email"], &one["domains"]),
        (&json!("jane@brand.example"), &json!(["a.com"]))
    );
    let path = format!("/contacts/verify/{}", one["verificationId"]);
    assert_eq!(post(&fakes, &path, json!({})).await.0, 204);
    assert_eq!(post(&fakes, &path, json!({})).await.0, 404);
    assert_eq!(
        get(&fakes, "/contacts/unverified").await.1["unverifiedContacts"],
        json!([])
    );
}

#[tokio::test]
async fn a_hold_shows_in_the_locks() {
    let fakes = start().await;
    buy(&fakes, "a.com").await;
    let hold =
        admin(&fakes, Method::PUT, "/namecom/domains/a.com").json(&json!({ "client_hold": true }));
    assert_eq!(hold.send().await.unwrap().status(), 204);
    assert_eq!(
        get(&fakes, "/domains/a.com").await.1["locks"],
        json!(["clientTransferProhibited", "clientHold"])
    );
}

#[tokio::test]
async fn an_account_can_get_answers_without_default_values() {
    let fakes = start().await;
    let user = credential(&fakes, Vendor::NameCom, "username");
    let change = json!({ "omits_defaults": true, "balance_cents": 1099 });
    fakes
        .change(Vendor::NameCom, "accounts", &user, &change)
        .unwrap();
    buy(&fakes, "a.com").await;
    let (_, domain) = get(&fakes, "/domains/a.com").await;
    assert!(domain.get("privacyEnabled").is_none());
    assert_eq!(domain["locked"], true);
    assert_eq!(get(&fakes, "/accountinfo/balance").await.1, json!({}));
    let names = json!({ "domainNames": ["taken-a.com"] });
    let (_, checked) = post(&fakes, "/domains:checkAvailability", names).await;
    assert!(checked["results"][0].get("purchasable").is_none());
}
