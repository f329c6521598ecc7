//! name.com: buying and renewing.

use peeker_fakes::{Fault, FaultKind, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{admin, credential, read, start};
use crate::namecom::{buy, contact, get, post, request};

#[tokio::test]
async fn a_domain_is_bought_read_and_billed() {
    let fakes = start().await;
    let body = json!({
        "domain": {
            "domainName": "Getacme.com", "autorenewEnabled": false, "privacyEnabled": true, "locked": true,
            "nameservers": ["A.ns.cloudflare.com", "b.ns.cloudflare.com"], "contacts": { "registrant": contact() },
        },
        "years": 2, "purchaseType": "registration", "purchasePrice": 21.98,
    });
    let (status, bought) = post(&fakes, "/domains", body).await;
    assert_eq!((status, &bought["totalPaid"]), (200, &json!(21.98)));
    let (status, domain) = get(&fakes, "/domains/getacme.com").await;
    assert_eq!(status, 200);
    assert_eq!(domain, bought["domain"]);
    assert_eq!(
        domain["nameservers"],
        json!(["a.ns.cloudflare.com", "b.ns.cloudflare.com"])
    );
    assert_eq!(domain["contacts"]["registrant"], contact());
    assert_eq!(domain["locks"], json!(["clientTransferProhibited"]));
    assert_eq!(domain["autorenewEnabled"], false);
    assert_eq!(
        get(&fakes, "/accountinfo/balance").await.1["balance"],
        9978.02
    );
    let (_, order) = get(&fakes, &format!("/orders/{}", bought["order"])).await;
    assert_eq!(
        (&order["finalAmount"], &order["orderItems"][0]["type"]),
        (&json!(21.98), &json!("registration"))
    );
    assert_eq!(get(&fakes, "/orders").await.1["totalCount"], 1);
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::NameCom, "registrations", "getacme.com"),
        1
    );
    assert_eq!(
        buy(&fakes, "getacme.com").await.0,
        400,
        "it is registered now"
    );
}

#[tokio::test]
async fn contacts_are_held_against_the_description() {
    let fakes = start().await;
    for (field, value) in [
        ("firstName", json!("")),
        ("email", json!("jane")),
        ("phone", json!("+1.3035550123")),
        ("phone", json!("+0303555012345")),
        ("country", json!("us")),
        ("zip", json!(null)),
        ("nickname", json!("J")),
    ] {
        let mut registrant = contact();
        registrant[field] = value;
        let domain = json!({ "domainName": "a.com", "contacts": { "registrant": registrant } });
        let (status, answer) = post(&fakes, "/domains", json!({ "domain": domain })).await;
        assert_eq!(status, 400, "{field}");
        assert!(
            answer["details"].as_str().unwrap().contains(field),
            "{answer}"
        );
    }
    assert_eq!(
        buy(&fakes, "a.com").await.0,
        200,
        "no contacts are the account's own"
    );
}

#[tokio::test]
async fn a_price_is_required_for_premium_names_and_right_for_all() {
    let fakes = start().await;
    assert_eq!(buy(&fakes, "premium-a.com").await.0, 400);
    for (name, price, status) in [
        ("premium-a.com", 349.94, 400),
        ("premium-a.com", 349.95, 200),
        ("plain.com", 12.99, 400),
        ("plain.com", 10.99, 200),
    ] {
        let body = json!({ "domain": { "domainName": name }, "purchasePrice": price });
        assert_eq!(
            post(&fakes, "/domains", body).await.0,
            status,
            "{name} {price}"
        );
    }
    let body = json!({ "domain": { "domainName": "b.com" }, "purchaseType": "expiring" });
    assert_eq!(post(&fakes, "/domains", body).await.0, 400);
    for (name, status) in [
        ("taken-a.com", 400),
        ("unknown-a.com", 422),
        ("a.nosuchtld", 422),
        ("a_.com", 400),
    ] {
        assert_eq!(buy(&fakes, name).await.0, status, "{name}");
    }
    let body = json!({ "domain": { "domainName": "b.com" }, "years": 11 });
    assert_eq!(post(&fakes, "/domains", body).await.0, 400);
}

#[tokio::test]
async fn an_empty_balance_buys_nothing() {
    let fakes = start().await;
    let user = credential(&fakes, Vendor::NameCom, "username");
    let path = format!("/accounts/namecom/{user}");
    let change = admin(&fakes, Method::PUT, &path).json(&json!({ "balance_cents": 1098 }));
    assert_eq!(change.send().await.unwrap().status(), 204);
    let (status, answer) = buy(&fakes, "a.com").await;
    assert_eq!(status, 402);
    assert_eq!(
        answer,
        json!({ "message": "Payment failed", "details": "Insufficient Funds" })
    );
    assert_eq!(get(&fakes, "/domains/a.com").await.0, 404);
    fakes
        .change(
            Vendor::NameCom,
            "accounts",
            &user,
            &json!({ "balance_cents": 1099 }),
        )
        .unwrap();
    assert_eq!(buy(&fakes, "a.com").await.0, 200);
    assert!(get(&fakes, "/accountinfo/balance").await.1["balance"] == json!(0.0));
}

#[tokio::test]
async fn a_key_buys_once_for_twelve_hours() {
    let fakes = start().await;
    let create = |domain: &str| {
        let body = json!({ "domain": { "domainName": domain } });
        request(&fakes, Method::POST, "/domains")
            .header("X-Idempotency-Key", "k1")
            .json(&body)
    };
    fakes.add_fault(Fault::next(Vendor::NameCom, 1, FaultKind::TimeoutAfterItWorked).hold_ms(0));
    assert!(create("a.com").send().await.is_err());
    let again = create("a.com").send().await.unwrap();
    assert_eq!(again.headers()["x-idempotent-replay"], "1");
    assert_eq!(again.headers()["x-idempotency-key"], "k1");
    assert_eq!(read(again).await.0, 200);
    assert_eq!(create("b.com").send().await.unwrap().status(), 409);
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::NameCom, "registrations", "a.com"),
        1
    );
    fakes.advance_seconds(12 * 3600 + 1);
    assert_eq!(create("b.com").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again_under_its_key() {
    let fakes = start().await;
    let user = credential(&fakes, Vendor::NameCom, "username");
    let change = |cents: u64| {
        let change = json!({ "balance_cents": cents });
        fakes
            .change(Vendor::NameCom, "accounts", &user, &change)
            .unwrap();
    };
    let body = json!({ "domain": { "domainName": "a.com" } });
    let create = || {
        request(&fakes, Method::POST, "/domains")
            .header("X-Idempotency-Key", "k")
            .json(&body)
            .send()
    };
    change(0);
    assert_eq!(create().await.unwrap().status(), 402);
    change(5000);
    assert_eq!(create().await.unwrap().status(), 200);
}

#[tokio::test]
async fn each_renewal_buys_another_year() {
    let fakes = start().await;
    buy(&fakes, "a.com").await;
    let first = get(&fakes, "/domains/a.com").await.1["expireDate"].clone();
    let renew = |body: Value| post(&fakes, "/domains/a.com:renew", body);
    let (status, renewed) = renew(json!({ "purchasePrice": 12.99 })).await;
    assert_eq!((status, &renewed["totalPaid"]), (200, &json!(12.99)));
    let second = renewed["domain"]["expireDate"].clone();
    assert_eq!(renew(json!({ "years": 1 })).await.0, 200);
    let third = get(&fakes, "/domains/a.com").await.1["expireDate"].clone();
    let year = |date: &Value| date.as_str().unwrap()[..4].parse::<i32>().unwrap();
    assert_eq!(
        (year(&second), year(&third)),
        (year(&first) + 1, year(&first) + 2)
    );
    let counts = fakes.counts();
    assert_eq!(counts.made(Vendor::NameCom, "renewals", "a.com"), 2);
    assert_eq!(counts.most_made(Vendor::NameCom, "renewed_terms"), 1);
    assert_eq!(renew(json!({ "purchasePrice": 10.99 })).await.0, 400);
    assert_eq!(
        renew(json!({ "years": 9 })).await.0,
        400,
        "ten years at most"
    );
    assert_eq!(post(&fakes, "/domains/b.com:renew", json!({})).await.0, 404);
}

#[tokio::test]
async fn privacy_is_added_and_billed_where_the_tld_has_it() {
    let fakes = start().await;
    let user = credential(&fakes, Vendor::NameCom, "username");
    let change = json!({ "privacy_cents": 499 });
    fakes
        .change(Vendor::NameCom, "accounts", &user, &change)
        .unwrap();
    for (name, paid, private) in [("a.com", 15.98, true), ("a.us", 7.99, false)] {
        let body = json!({ "domain": { "domainName": name, "privacyEnabled": true } });
        let (_, bought) = post(&fakes, "/domains", body).await;
        assert_eq!(bought["totalPaid"], paid, "{name}");
        assert_eq!(bought["domain"]["privacyEnabled"], private, "{name}");
    }
    assert_eq!(
        fakes.counts().made(Vendor::NameCom, "cents_paid", &user),
        2397
    );
}

#[tokio::test]
async fn purchases_at_the_same_time_under_one_key_are_one() {
    let fakes = start().await;
    let body = json!({ "domain": { "domainName": "a.com" } });
    let create = || {
        let request = request(&fakes, Method::POST, "/domains");
        request.header("X-Idempotency-Key", "k").json(&body).send()
    };
    let sent = (0..10).map(|_| tokio::spawn(create())).collect::<Vec<_>>();
    let mut replays = 0;
    for one in sent {
        let answer = one.await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        replays += u32::from(answer.headers().contains_key("x-idempotent-replay"));
    }
    assert_eq!(replays, 9);
    let counts = fakes.counts();
    assert_eq!(counts.most_made(Vendor::NameCom, "registrations"), 1);
    assert_eq!(counts.most_made(Vendor::NameCom, "cents_paid"), 1099);
}
