//! Resold customers, their subscriptions and seats.

use peeker_fakes::Vendor;
use serde_json::{Value, json};

use super::{Tenant, reason};
use crate::client::start;

const CUSTOMERS: &str = "/apps/reseller/v1/customers";
const SUBSCRIPTIONS: &str = "/apps/reseller/v1/subscriptions";

fn customer(domain: &str) -> Value {
    json!({
        "customerDomain": domain,
        "alternateEmail": "owner@elsewhere.example",
        "postalAddress": {
            "contactName": "Jane Doe",
            "organizationName": "Brand",
            "countryCode": "US",
            "postalCode": "80202",
        },
    })
}

fn flexible(seats: u32) -> Value {
    json!({
        "skuId": "1010020027",
        "plan": { "planName": "FLEXIBLE" },
        "seats": { "maximumNumberOfSeats": seats },
    })
}

async fn subscribe(tenant: &Tenant<'_>, body: Value) -> (u16, Value) {
    let path = format!("{CUSTOMERS}/{}/subscriptions", tenant.id());
    tenant.post(&path, body).await
}

async fn change(tenant: &Tenant<'_>, subscription: &Value, seats: Value) -> (u16, Value) {
    let id = subscription["subscriptionId"].as_str().unwrap();
    let path = format!("{CUSTOMERS}/{}/subscriptions/{id}/changeSeats", tenant.id());
    tenant.post(&path, seats).await
}

#[tokio::test]
async fn a_customer_is_ordered_once_with_all_that_is_needed() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (status, answer) = tenant.post(CUSTOMERS, customer("brand.com")).await;
    assert_eq!(
        (status, &answer["customerDomain"]),
        (200, &json!("brand.com"))
    );
    let id = answer["customerId"].as_str().unwrap();
    for key in [id, "brand.com"] {
        assert_eq!(
            tenant.get(&format!("{CUSTOMERS}/{key}")).await.1["customerId"],
            id
        );
    }
    let (status, answer) = tenant.post(CUSTOMERS, customer("brand.com")).await;
    assert_eq!((status, reason(&answer)), (409, "duplicate"));
    assert_eq!(tenant.get(&format!("{CUSTOMERS}/nobody.com")).await.0, 404);
    for (name, value) in [
        ("customerDomain", json!("www.other.com")),
        ("alternateEmail", json!("jane@other.com")),
        ("alternateEmail", Value::Null),
        ("postalAddress", json!({ "countryCode": "US" })),
        ("company", json!("Brand")),
    ] {
        let mut body = customer("other.com");
        body[name] = value;
        assert_eq!(tenant.post(CUSTOMERS, body).await.0, 400, "{name}");
    }
}

#[tokio::test]
async fn only_a_reseller_may_ask() {
    let fakes = start().await;
    let tenant = Tenant::open(&fakes, json!({ "reseller": false })).await;
    let (status, answer) = tenant.get(SUBSCRIPTIONS).await;
    assert_eq!((status, reason(&answer)), (403, "forbidden"));
}

#[tokio::test]
async fn a_plan_takes_only_its_own_number_of_seats() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let annual = json!({ "planName": "ANNUAL_MONTHLY_PAY" });
    for (plan, seats, status) in [
        (
            json!({ "planName": "FLEXIBLE" }),
            json!({ "numberOfSeats": 5 }),
            400,
        ),
        (
            json!({ "planName": "FLEXIBLE" }),
            json!({ "maximumNumberOfSeats": 5, "numberOfSeats": 5 }),
            400,
        ),
        (annual.clone(), json!({ "maximumNumberOfSeats": 5 }), 400),
        (
            json!({ "planName": "MONTHLY" }),
            json!({ "maximumNumberOfSeats": 5 }),
            400,
        ),
        (
            json!({ "planName": "TRIAL" }),
            json!({ "maximumNumberOfSeats": 11 }),
            412,
        ),
        (annual, json!({ "numberOfSeats": 5 }), 200),
    ] {
        let body = json!({ "skuId": "1010020027", "plan": plan, "seats": seats });
        assert_eq!(subscribe(&tenant, body).await.0, status, "{plan} {seats}");
    }
    let (_, answer) = tenant.get(SUBSCRIPTIONS).await;
    let shown = &answer["subscriptions"][0];
    assert_eq!(
        shown["plan"]["planName"], "ANNUAL",
        "answers have another word"
    );
    assert_eq!(shown["seats"]["numberOfSeats"], 5);
    assert_eq!(shown["seats"].get("maximumNumberOfSeats"), None);
}

#[tokio::test]
async fn an_sku_is_subscribed_to_once() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    assert_eq!(subscribe(&tenant, flexible(5)).await.0, 200);
    let (status, answer) = subscribe(&tenant, flexible(5)).await;
    assert_eq!((status, reason(&answer)), (409, "duplicate"));
    let mut unknown = flexible(5);
    unknown["skuId"] = json!("1");
    assert_eq!(subscribe(&tenant, unknown).await.0, 400);
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Google, "subscriptions", tenant.id()),
        1
    );
}

#[tokio::test]
async fn a_change_of_seats_changes_the_id() {
    let fakes = start().await;
    let tenant = Tenant::open(&fakes, json!({ "seats_max": 20 })).await;
    let (_, first) = subscribe(&tenant, flexible(5)).await;
    let (status, second) = change(&tenant, &first, json!({ "maximumNumberOfSeats": 8 })).await;
    assert_eq!(
        (status, &second["seats"]["maximumNumberOfSeats"]),
        (200, &json!(8))
    );
    assert_ne!(first["subscriptionId"], second["subscriptionId"]);
    let (status, _) = change(&tenant, &first, json!({ "maximumNumberOfSeats": 9 })).await;
    assert_eq!(status, 404);
    let id = second["subscriptionId"].as_str().unwrap();
    let path = format!("{CUSTOMERS}/{}/subscriptions/{id}", tenant.id());
    assert_eq!(
        tenant.get(&path).await.1["seats"]["maximumNumberOfSeats"],
        8
    );
    let (status, _) = change(&tenant, &second, json!({ "maximumNumberOfSeats": 21 })).await;
    assert_eq!(status, 412, "the contract allows no more");
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Google, "seat_changes", tenant.id()),
        1
    );
}

#[tokio::test]
async fn seats_of_a_year_are_never_reduced() {
    let fakes = start().await;
    let wishes = json!({ "subscription": { "plan": "ANNUAL_YEARLY_PAY", "seats": 5 } });
    let tenant = Tenant::open(&fakes, wishes).await;
    let (_, answer) = tenant
        .get(&format!("{SUBSCRIPTIONS}?customerId={}", tenant.id()))
        .await;
    let one = &answer["subscriptions"][0];
    let (status, answer) = change(&tenant, one, json!({ "numberOfSeats": 4 })).await;
    assert_eq!((status, reason(&answer)), (412, "conditionNotMet"));
    assert_eq!(
        change(&tenant, one, json!({ "numberOfSeats": 6 })).await.0,
        200
    );
}

#[tokio::test]
async fn users_need_seats() {
    let fakes = start().await;
    let wishes = json!({ "subscription": { "plan": "FLEXIBLE", "seats": 2 } });
    let tenant = Tenant::open(&fakes, wishes).await;
    let domain = tenant.primary_domain();
    assert_eq!(tenant.add_user(&format!("jane@{domain}")).await.0, 200);
    let (status, answer) = tenant.add_user(&format!("joe@{domain}")).await;
    assert_eq!((status, reason(&answer)), (412, "limitExceeded"));
    let (_, answer) = tenant.get(SUBSCRIPTIONS).await;
    let one = &answer["subscriptions"][0];
    assert_eq!(one["seats"]["licensedNumberOfSeats"], 2);
    assert_eq!(
        change(&tenant, one, json!({ "maximumNumberOfSeats": 1 }))
            .await
            .0,
        412
    );
    assert_eq!(
        change(&tenant, one, json!({ "maximumNumberOfSeats": 3 }))
            .await
            .0,
        200
    );
    assert_eq!(tenant.add_user(&format!("joe@{domain}")).await.0, 200);
}

#[tokio::test]
async fn subscriptions_come_in_pages() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    for sku in ["1010020027", "1010020028", "1010020025"] {
        let mut body = flexible(5);
        body["skuId"] = json!(sku);
        subscribe(&tenant, body).await;
    }
    let (_, page) = tenant.get(&format!("{SUBSCRIPTIONS}?maxResults=2")).await;
    assert_eq!(page["subscriptions"].as_array().unwrap().len(), 2);
    let token = page["nextPageToken"].as_str().unwrap();
    let (_, page) = tenant
        .get(&format!("{SUBSCRIPTIONS}?maxResults=2&pageToken={token}"))
        .await;
    assert_eq!(page["subscriptions"].as_array().unwrap().len(), 1);
    assert_eq!(page.get("nextPageToken"), None);
    assert_eq!(
        tenant
            .get(&format!("{SUBSCRIPTIONS}?maxResults=101"))
            .await
            .0,
        400
    );
    assert_eq!(
        tenant
            .get(&format!("{SUBSCRIPTIONS}?customerId=nobody.com"))
            .await
            .0,
        404
    );
}
