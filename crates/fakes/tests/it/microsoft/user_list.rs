//! Lists of users: filters, pages and counts.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Tenant, code};
use crate::client::{client, read, start};

async fn advanced(tenant: &Tenant<'_>, query: &str) -> (u16, Value) {
    let request = tenant.request(Method::GET, &format!("/v1.0/users?{query}"));
    let request = request.header("ConsistencyLevel", "eventual");
    read(request.send().await.unwrap()).await
}

fn names(answer: &Value) -> Vec<&str> {
    let users = answer["value"].as_array().unwrap().iter();
    let names = users.map(|user| user["userPrincipalName"].as_str().unwrap());
    let mut names: Vec<_> = names.map(|upn| upn.split('@').next().unwrap()).collect();
    names.sort_unstable();
    names
}

async fn filled(tenant: &Tenant<'_>) {
    for name in ["jane", "janet", "joe"] {
        tenant.add_user(name).await;
    }
}

#[tokio::test]
async fn filters_find_by_equality_and_by_the_begin() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    filled(&tenant).await;
    let domain = tenant.text("tenant_domain");
    for (filter, found) in [
        (
            format!("userPrincipalName eq 'JANE@{domain}'"),
            vec!["jane"],
        ),
        (
            format!("userPrincipalName eq 'jane@{domain}' or userPrincipalName eq 'joe@{domain}'"),
            vec!["jane", "joe"],
        ),
        (
            "startsWith(userPrincipalName,'jan')".to_owned(),
            vec!["jane", "janet"],
        ),
        (
            "startsWith(userPrincipalName,'jan') and displayName eq 'Nobody''s'".to_owned(),
            vec![],
        ),
        (
            "accountEnabled eq true".to_owned(),
            vec!["jane", "janet", "joe"],
        ),
    ] {
        let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let (status, answer) = tenant.get(&format!("/users?$filter={filter}")).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(names(&answer), found);
    }
}

#[tokio::test]
async fn the_end_of_a_name_needs_the_header_and_the_count() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    filled(&tenant).await;
    let filter = format!(
        "$filter=endsWith(userPrincipalName,'@{}')",
        tenant.text("tenant_domain")
    );
    let counted = format!("{filter}&$count=true");
    for (status, answer) in [
        tenant.get(&format!("/users?{counted}")).await,
        advanced(&tenant, &filter).await,
        advanced(&tenant, "$filter=endsWith(displayName,'Doe')&$count=true").await,
    ] {
        assert_eq!((status, code(&answer)), (400, "Request_UnsupportedQuery"));
    }
    let (status, answer) = advanced(&tenant, &counted).await;
    assert_eq!((status, &answer["@odata.count"]), (200, &json!(3)));
    assert_eq!(names(&answer), ["jane", "janet", "joe"]);
}

#[tokio::test]
async fn pages_are_followed_by_their_links() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    filled(&tenant).await;
    let (_, first) = tenant
        .get("/users?$top=2&$select=id,userPrincipalName")
        .await;
    assert_eq!(first["value"].as_array().unwrap().len(), 2);
    let link = first["@odata.nextLink"].as_str().unwrap();
    let next = client()
        .get(link)
        .bearer_auth(&tenant.token)
        .send()
        .await
        .unwrap();
    let (status, second) = read(next).await;
    assert_eq!(status, 200, "{second}");
    assert_eq!(second.get("@odata.nextLink"), None);
    let all = [names(&first), names(&second)].concat();
    assert_eq!(all.len(), 3);
    assert_eq!(second["value"][0].get("displayName"), None);
}

#[tokio::test]
async fn what_graph_does_not_know_is_refused() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    for query in [
        "$top=1000",
        "$top=0",
        "$skip=5",
        "top=5",
        "$filter=nonsense",
        "$filter=shoeSize%20eq%20'44'",
        "$filter=displayName%20eq%20'O'Brien'",
        "$select=shoeSize",
        "$skiptoken=nobody",
    ] {
        assert_eq!(
            tenant.get(&format!("/users?{query}")).await.0,
            400,
            "{query}"
        );
    }
}
