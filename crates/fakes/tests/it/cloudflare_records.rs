//! Cloudflare's records, one at a time.

use peeker_fakes::{Fakes, Vendor};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::start;
use crate::cloudflare::{code, get, post, send, zone};

/// The path of a new zone's records.
pub async fn records(fakes: &Fakes) -> String {
    fakes.register_elsewhere("a.com", &["ns1.host.example"]);
    format!("/zones/{}/dns_records", zone(fakes, "a.com").await.id)
}

fn id(answer: &(u16, Value)) -> String {
    answer.1["result"]["id"].as_str().unwrap().to_owned()
}

pub async fn total(fakes: &Fakes, path: &str) -> u64 {
    get(fakes, path).await.1["result_info"]["total_count"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn a_record_is_made_with_its_full_name_and_its_defaults() {
    let fakes = start().await;
    let path = records(&fakes).await;
    let body = json!({ "type": "MX", "name": "@", "content": "SMTP.google.com.", "priority": 1, "comment": "owner=1" });
    let (status, made) = post(&fakes, &path, body).await;
    let made = &made["result"];
    assert_eq!(status, 200);
    assert_eq!(
        (
            &made["name"],
            &made["content"],
            &made["ttl"],
            &made["priority"],
            &made["proxied"],
            &made["proxiable"]
        ),
        (
            &json!("a.com"),
            &json!("smtp.google.com"),
            &json!(1),
            &json!(1),
            &json!(false),
            &json!(false)
        )
    );
    assert_eq!(made["comment"], "owner=1");
    let one = get(&fakes, &format!("{path}/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(&one.1["result"], made);
    let (_, relative) = post(
        &fakes,
        &path,
        json!({ "type": "A", "name": "Www", "content": "192.0.2.1", "proxied": true, "ttl": 300 }),
    )
    .await;
    assert_eq!(
        (&relative["result"]["name"], &relative["result"]["ttl"]),
        (&json!("www.a.com"), &json!(1))
    );
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Cloudflare, "records_created", "MX a.com"),
        1
    );
}

#[tokio::test]
async fn each_field_of_a_record_is_checked() {
    let fakes = start().await;
    let path = records(&fakes).await;
    for (body, wanted) in [
        (json!({ "type": "A", "name": "x", "content": "::1" }), 9005),
        (
            json!({ "type": "AAAA", "name": "x", "content": "192.0.2.1" }),
            9006,
        ),
        (
            json!({ "type": "CNAME", "name": "x", "content": "not a host" }),
            9007,
        ),
        (
            json!({ "type": "MX", "name": "x", "content": "smtp.google.com" }),
            9101,
        ),
        (
            json!({ "type": "TXT", "name": "x", "content": "t", "priority": 1 }),
            9101,
        ),
        (json!({ "type": "TXT", "name": "x", "content": "" }), 9019),
        (
            json!({ "type": "TXT", "name": "x", "content": "\"open" }),
            9019,
        ),
        (
            json!({ "type": "TXT", "name": "x y", "content": "t" }),
            9000,
        ),
        (
            json!({ "type": "TXT", "name": "x", "content": "t", "ttl": 59 }),
            9021,
        ),
        (
            json!({ "type": "TXT", "name": "x", "content": "t", "ttl": 86401 }),
            9021,
        ),
        (
            json!({ "type": "TXT", "name": "x", "content": "t", "proxied": true }),
            9041,
        ),
        (
            json!({ "type": "TXT", "name": "x", "content": "t", "tags": ["a:b"] }),
            9300,
        ),
        (
            json!({ "type": "TXT", "name": "x", "content": "t", "zone": "a.com" }),
            9207,
        ),
        (json!({ "type": "SPF", "name": "x", "content": "t" }), 9207),
        (json!({ "type": "TXT", "name": "x" }), 9207),
    ] {
        assert_eq!(
            code(&post(&fakes, &path, body.clone()).await),
            (400, wanted),
            "{body}"
        );
    }
    assert_eq!(total(&fakes, &path).await, 0);
}

#[tokio::test]
async fn a_text_is_kept_in_quotes_and_split_where_it_is_long() {
    let fakes = start().await;
    let path = records(&fakes).await;
    let long = "k".repeat(300);
    let split = format!("\"{}\" \"{}\"", &long[..255], &long[255..]);
    for (sent, kept) in [
        ("plain text", "\"plain text\""),
        ("\"quoted text\"", "\"quoted text\""),
        ("\"two \" \"strings\"", "\"two \" \"strings\""),
        ("\"a \\\"b\\\"\"", "\"a \\\"b\\\"\""),
        (&long, &split),
    ] {
        let made = post(
            &fakes,
            &path,
            json!({ "type": "TXT", "name": "@", "content": sent }),
        )
        .await;
        assert_eq!(made.1["result"]["content"], kept);
    }
    let same = json!({ "type": "TXT", "name": "@", "content": "\"plain \" \"text\"" });
    assert_eq!(
        code(&post(&fakes, &path, same).await),
        (400, 81_058),
        "quotes make no other record"
    );
    assert_eq!(
        total(&fakes, &format!("{path}?content.exact=%22plain%20text%22")).await,
        1
    );
    let more = |n: usize| {
        let content = format!("{n}{}", "x".repeat(2000));
        post(
            &fakes,
            &path,
            json!({ "type": "TXT", "name": "much", "content": content }),
        )
    };
    for n in 0..4 {
        assert_eq!(more(n).await.0, 200);
    }
    assert_eq!(
        code(&more(4).await),
        (400, 9020),
        "8,192 characters for one name"
    );
}

#[tokio::test]
async fn no_record_is_there_twice_and_no_address_beside_an_alias() {
    let fakes = start().await;
    let path = records(&fakes).await;
    let add = |kind: &str, name: &str, content: &str| {
        post(
            &fakes,
            &path,
            json!({ "type": kind, "name": name, "content": content }),
        )
    };
    for (kind, name, content, wanted) in [
        ("A", "a", "192.0.2.1", (200, 0)),
        ("A", "a", "192.0.2.2", (200, 0)),
        ("CNAME", "c", "x.example", (200, 0)),
        ("A", "a", "192.0.2.1", (400, 81_058)),
        ("CNAME", "a", "x.example", (400, 81_053)),
        ("CNAME", "c", "y.example", (400, 81_053)),
        ("CNAME", "c", "x.example", (400, 81_058)),
        ("A", "c", "192.0.2.1", (400, 81_054)),
        ("AAAA", "c", "2001:db8::1", (400, 81_054)),
        ("TXT", "c", "t", (200, 0)),
        ("TXT", "@", "t", (200, 0)),
        ("CNAME", "@", "x.example", (200, 0)),
        ("A", "@", "192.0.2.1", (400, 81_054)),
    ] {
        assert_eq!(
            code(&add(kind, name, content).await),
            wanted,
            "{kind} {name}"
        );
    }
    let (_, made) = add("AAAA", "v6", "2001:DB8:0::0:1").await;
    assert_eq!(made["result"]["content"], "2001:db8::1");
}

#[tokio::test]
async fn put_resets_what_it_does_not_name_and_patch_keeps_it() {
    let fakes = start().await;
    let path = records(&fakes).await;
    let body = json!({ "type": "TXT", "name": "t", "content": "one", "ttl": 300, "comment": "c" });
    let one = format!("{path}/{}", id(&post(&fakes, &path, body).await));
    let (_, patched) = send(&fakes, Method::PATCH, &one, json!({ "content": "two" })).await;
    let patched = &patched["result"];
    assert_eq!(
        (&patched["content"], &patched["ttl"], &patched["comment"]),
        (&json!("\"two\""), &json!(300), &json!("c"))
    );
    let (_, put) = send(
        &fakes,
        Method::PUT,
        &one,
        json!({ "type": "TXT", "name": "t", "content": "three" }),
    )
    .await;
    let put = &put["result"];
    assert_eq!(
        (&put["content"], &put["ttl"], &put["comment"]),
        (&json!("\"three\""), &json!(1), &Value::Null)
    );
    assert_eq!(
        code(&send(&fakes, Method::PUT, &one, json!({ "content": "x" })).await),
        (400, 9207)
    );
    assert_eq!(send(&fakes, Method::DELETE, &one, json!({})).await.0, 200);
    assert_eq!(
        code(&send(&fakes, Method::DELETE, &one, json!({})).await),
        (404, 81_044)
    );
    assert_eq!(
        code(&send(&fakes, Method::PATCH, &one, json!({ "ttl": 60 })).await),
        (404, 81_044)
    );
}

#[tokio::test]
async fn records_are_found_by_filters() {
    let fakes = start().await;
    let path = records(&fakes).await;
    for (kind, name, content, comment) in [
        ("TXT", "@", "v=spf1 -all", "owner=1"),
        ("TXT", "_dmarc", "v=DMARC1; p=none", "owner=1"),
        ("A", "www", "192.0.2.1", ""),
    ] {
        let body = json!({ "type": kind, "name": name, "content": content, "comment": comment });
        assert_eq!(post(&fakes, &path, body).await.0, 200);
    }
    for (filter, n) in [
        ("type=TXT", 2),
        ("name.exact=a.com", 1),
        ("name.endswith=a.com", 3),
        ("name.startswith=_dmarc", 1),
        (
            "type=TXT&name.exact=a.com&content.exact=%22v%3Dspf1%20-all%22&match=all",
            1,
        ),
        ("content.startswith=%22v%3D", 2),
        ("content.contains=DMARC", 1),
        ("comment.exact=owner%3D1", 2),
        ("comment.absent=true", 1),
        ("type=A&name.exact=a.com&match=any", 2),
        ("proxied=true", 0),
    ] {
        assert_eq!(
            total(&fakes, &format!("{path}?{filter}")).await,
            n,
            "{filter}"
        );
    }
    let (_, page) = get(&fakes, &format!("{path}?per_page=2&page=2&order=name")).await;
    assert_eq!(page["result"].as_array().unwrap().len(), 1);
    assert_eq!(
        code(&get(&fakes, &format!("{path}?name_exact=a.com")).await),
        (400, 9208)
    );
}
