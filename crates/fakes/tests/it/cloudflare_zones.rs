//! Cloudflare's zones: how they are made, become active, and are refused.

use peeker_fakes::Vendor;
use reqwest::Method;
use serde_json::json;

use crate::client::{admin, client, credential, read, start};
use crate::cloudflare::{active_zone, code, create, get, post, send, zone};
use crate::namecom;

#[tokio::test]
async fn a_zone_waits_for_its_delegation() {
    let fakes = start().await;
    namecom::buy(&fakes, "a.com").await;
    let (_, made) = create(&fakes, "a.com").await;
    let made = &made["result"];
    assert_eq!(
        (&made["status"], &made["type"], &made["paused"]),
        (&json!("pending"), &json!("full"), &json!(false))
    );
    assert!(
        made["original_name_servers"][0]
            .as_str()
            .unwrap()
            .ends_with(".name.com")
    );
    let hosts: Vec<_> = made["name_servers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| host.as_str().unwrap().to_owned())
        .collect();
    assert!(
        hosts.len() == 2
            && hosts
                .iter()
                .all(|host| host.ends_with(".ns.cloudflare.com"))
    );
    let path = format!("/zones/{}", made["id"].as_str().unwrap());
    let check = format!("{path}/activation_check");
    assert_eq!(send(&fakes, Method::PUT, &check, json!({})).await.0, 200);
    assert_eq!(get(&fakes, &path).await.1["result"]["status"], "pending");
    namecom::delegate(&fakes, "a.com", &hosts).await;
    let mut reads = 0;
    while get(&fakes, &path).await.1["result"]["status"] == "pending" {
        reads += 1;
        assert!(reads < 10, "the delegation is looked at every few reads");
    }
    assert!(get(&fakes, &path).await.1["result"]["activated_on"].is_string());
    assert_eq!(
        code(&send(&fakes, Method::PUT, &check, json!({})).await),
        (400, 1223)
    );
    namecom::delegate(&fakes, "a.com", &["ns1.name.com".into()]).await;
    for _ in 0..5 {
        get(&fakes, &path).await;
    }
    assert_eq!(get(&fakes, &path).await.1["result"]["status"], "moved");
}

#[tokio::test]
async fn a_delegation_is_checked_once_an_hour() {
    let fakes = start().await;
    fakes.set_limit(Vendor::Cloudflare, "activation_check", Some(1));
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    let made = zone(&fakes, "a.com").await;
    let path = format!("/zones/{}/activation_check", made.id);
    let check = || send(&fakes, Method::PUT, &path, json!({}));
    assert_eq!(check().await.0, 200);
    assert_eq!(code(&check().await), (400, 1224));
    fakes.advance_seconds(3600);
    assert_eq!(check().await.0, 200);
}

#[tokio::test]
async fn names_are_refused_by_their_reason() {
    let fakes = start().await;
    for name in [
        "held-a.com",
        "blocked-a.com",
        "banned-a.com",
        "lookup-a.com",
        "a.com",
    ] {
        fakes.register_elsewhere(name, &["ns1.host.example"]);
    }
    for (name, wanted) in [
        ("nobody.com", 1049),
        ("localhost", 1099),
        ("www.a.com", 1116),
        ("held-a.com", 1118),
        ("blocked-a.com", 1105),
        ("banned-a.com", 1097),
        ("lookup-a.com", 1110),
    ] {
        assert_eq!(code(&create(&fakes, name).await), (400, wanted), "{name}");
    }
    assert_eq!(create(&fakes, "a.com").await.0, 200);
    let again = create(&fakes, "a.com").await;
    assert_eq!(code(&again), (400, 1061));
    assert!(
        again.1["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("already exists")
    );
    let body = json!({ "account": { "id": "0".repeat(32) }, "name": "a.com" });
    assert_eq!(code(&post(&fakes, "/zones", body).await), (403, 9109));
}

#[tokio::test]
async fn what_is_new_is_seen_after_some_tries() {
    let fakes = start().await;
    fakes.set_lag(Vendor::Cloudflare, 1);
    namecom::buy(&fakes, "a.com").await;
    assert_eq!(
        code(&create(&fakes, "a.com").await),
        (400, 1049),
        "the registry does not tell at once"
    );
    let made = zone(&fakes, "a.com").await;
    let path = format!("/zones/{}/dns_records", made.id);
    assert_eq!(
        code(&get(&fakes, &path).await),
        (403, 10_000),
        "nor does the token know the zone"
    );
    assert_eq!(get(&fakes, &path).await.0, 200);
    fakes.register_elsewhere("b.com", &["ns1.host.example"]);
    zone(&fakes, "b.com").await;
    assert_eq!(
        get(&fakes, "/zones?name=b.com").await.1["result"],
        json!([])
    );
    assert_eq!(
        get(&fakes, "/zones?name=b.com").await.1["result"][0]["name"],
        "b.com"
    );
}

#[tokio::test]
async fn zones_are_listed_in_pages_and_by_filters() {
    let fakes = start().await;
    for n in 0..7 {
        fakes.register_elsewhere(&format!("z{n}.com"), &["ns1.host.example"]);
        zone(&fakes, &format!("z{n}.com")).await;
    }
    let (_, first) = get(&fakes, "/zones?per_page=5").await;
    assert_eq!(
        first["result_info"],
        json!({ "page": 1, "per_page": 5, "count": 5, "total_count": 7, "total_pages": 2 })
    );
    let (_, last) = get(&fakes, "/zones?per_page=5&page=2").await;
    assert_eq!(last["result"].as_array().unwrap().len(), 2);
    let account = credential(&fakes, Vendor::Cloudflare, "account_id");
    for (filter, n) in [
        ("name=z3.com".to_owned(), 1),
        (format!("name=z3.com&account.id={account}"), 1),
        ("account.id=other".to_owned(), 0),
        ("status=active".to_owned(), 0),
        ("status=pending".to_owned(), 7),
    ] {
        let (_, found) = get(&fakes, &format!("/zones?{filter}")).await;
        assert_eq!(found["result_info"]["total_count"], n, "{filter}");
    }
}

#[tokio::test]
async fn the_same_name_can_be_a_zone_of_two_accounts() {
    let fakes = start().await;
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    let mine = zone(&fakes, "a.com").await;
    let other = fakes.open_account(Vendor::Cloudflare, &json!({})).unwrap();
    let url = format!("{}/client/v4/zones", fakes.url(Vendor::Cloudflare));
    let token = other["api_token"].as_str().unwrap();
    let body = json!({ "account": { "id": other["account_id"] }, "name": "a.com" });
    let made = client()
        .post(&url)
        .bearer_auth(token)
        .json(&body)
        .send()
        .await
        .unwrap();
    let (status, made) = read(made).await;
    assert_eq!(status, 200);
    assert_ne!(made["result"]["name_servers"], json!(mine.nameservers));
    let theirs = client()
        .get(format!("{url}/{}", mine.id))
        .bearer_auth(token);
    assert_eq!(code(&read(theirs.send().await.unwrap()).await), (403, 9109));
    let counts = fakes.counts();
    assert_eq!(counts.most_made(Vendor::Cloudflare, "zones_created"), 1);
}

#[tokio::test]
async fn a_zone_is_paused_and_deleted() {
    let fakes = start().await;
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    let path = format!("/zones/{}", zone(&fakes, "a.com").await.id);
    let (_, edited) = send(&fakes, Method::PATCH, &path, json!({ "paused": true })).await;
    assert_eq!(edited["result"]["paused"], true);
    let two = json!({ "paused": true, "type": "full" });
    assert_eq!(send(&fakes, Method::PATCH, &path, two).await.0, 400);
    assert_eq!(send(&fakes, Method::DELETE, &path, json!({})).await.0, 200);
    assert_eq!(code(&get(&fakes, &path).await), (403, 9109));
    assert_eq!(create(&fakes, "a.com").await.0, 200);
}

#[tokio::test]
async fn a_zone_gets_new_name_servers_where_the_old_ones_prove_nothing() {
    let fakes = start().await;
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    fakes.register_elsewhere("b.com", &["ns1.host.example"]);
    let first = zone(&fakes, "a.com").await;
    send(
        &fakes,
        Method::DELETE,
        &format!("/zones/{}", first.id),
        json!({}),
    )
    .await;
    assert_eq!(
        zone(&fakes, "b.com").await.nameservers,
        first.nameservers,
        "an account has a pair"
    );
    let again = zone(&fakes, "a.com").await;
    assert_ne!(
        again.nameservers, first.nameservers,
        "it was deleted with that pair"
    );
    let preset: Vec<_> = first.nameservers.iter().map(String::as_str).collect();
    fakes.register_elsewhere("c.com", &preset);
    assert_ne!(
        zone(&fakes, "c.com").await.nameservers,
        first.nameservers,
        "it points there already"
    );
}

#[tokio::test]
async fn zones_that_wait_or_are_moved_for_too_long_are_deleted() {
    const DAY: u64 = 24 * 3600;
    let fakes = start().await;
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    let pending = format!("/zones/{}", zone(&fakes, "a.com").await.id);
    let moved = format!("/zones/{}", active_zone(&fakes, "b.com").await.id);
    namecom::delegate(&fakes, "b.com", &["ns1.name.com".into()]).await;
    for _ in 0..5 {
        get(&fakes, &moved).await;
    }
    assert_eq!(get(&fakes, &moved).await.1["result"]["status"], "moved");
    fakes.advance_seconds(6 * DAY);
    assert_eq!(get(&fakes, &moved).await.0, 200);
    fakes.advance_seconds(DAY);
    assert_eq!(code(&get(&fakes, &moved).await), (403, 9109));
    fakes.advance_seconds(20 * DAY);
    assert_eq!(get(&fakes, &pending).await.0, 200);
    fakes.advance_seconds(DAY);
    assert_eq!(code(&get(&fakes, &pending).await), (403, 9109));
}

#[tokio::test]
async fn a_domain_whose_servers_do_not_answer_is_no_zone_yet() {
    let fakes = start().await;
    namecom::buy(&fakes, "a.com").await;
    namecom::delegate(&fakes, "a.com", &["ns1.nowhere.example".into()]).await;
    assert_eq!(code(&create(&fakes, "a.com").await), (400, 1110));
    fakes
        .change(
            Vendor::NameCom,
            "domains",
            "a.com",
            &json!({ "client_hold": true }),
        )
        .unwrap();
    assert_eq!(code(&create(&fakes, "a.com").await), (400, 1049));
    fakes
        .change(
            Vendor::NameCom,
            "domains",
            "a.com",
            &json!({ "client_hold": false }),
        )
        .unwrap();
    namecom::delegate(&fakes, "a.com", &["ns1.name.com".into()]).await;
    assert_eq!(create(&fakes, "a.com").await.0, 200);
}

#[tokio::test]
async fn new_zones_are_limited_by_time_and_by_balance() {
    let fakes = start().await;
    for n in 0..53 {
        fakes.register_elsewhere(&format!("z{n}.com"), &["ns1.host.example"]);
    }
    fakes.set_limit(Vendor::Cloudflare, "zones", Some(25));
    for n in 0..25 {
        assert_eq!(create(&fakes, &format!("z{n}.com")).await.0, 200);
    }
    assert_eq!(code(&create(&fakes, "z25.com").await), (429, 971));
    fakes.set_limit(Vendor::Cloudflare, "zones", None);
    for n in 25..51 {
        assert_eq!(create(&fakes, &format!("z{n}.com")).await.0, 200);
    }
    assert_eq!(
        code(&create(&fakes, "z51.com").await),
        (429, 971),
        "51 zones, all pending"
    );
    let account = credential(&fakes, Vendor::Cloudflare, "account_id");
    let other = fakes
        .open_account(Vendor::Cloudflare, &json!({ "blocked": "1097" }))
        .unwrap();
    assert_ne!(other["account_id"], account);
    let path = format!("/accounts/cloudflare/{account}");
    let put = admin(&fakes, Method::PUT, &path).json(&json!({ "blocked": "1097" }));
    assert_eq!(put.send().await.unwrap().status(), 204);
    assert_eq!(code(&create(&fakes, "z52.com").await), (400, 1097));
}
