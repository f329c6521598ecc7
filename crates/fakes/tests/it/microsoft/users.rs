//! Users: making, reading, changing and deleting them.

use peeker_fakes::Vendor;
use serde_json::json;

use super::{Tenant, code, message, user};
use crate::client::start;

#[tokio::test]
async fn a_user_is_made_once_on_a_verified_domain() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    tenant
        .post("/domains", json!({ "id": "on-brand.com" }))
        .await;
    for domain in ["nowhere.example", "on-brand.com"] {
        let (status, answer) = tenant.post("/users", user(&format!("jane@{domain}"))).await;
        assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
        assert!(message(&answer).contains("verified domain names"));
    }
    tenant.add_verified("get-brand.com").await;
    let (status, answer) = tenant.post("/users", user("jane@get-brand.com")).await;
    assert_eq!(
        (status, &answer["userPrincipalName"]),
        (201, &json!("jane@get-brand.com"))
    );
    assert_eq!(
        answer.get("accountEnabled"),
        None,
        "only what is usual is shown"
    );
    let (status, answer) = tenant.post("/users", user("JANE@get-brand.com")).await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    assert_eq!(answer["error"]["details"][0]["code"], "ObjectConflict");
    assert_eq!(answer["error"]["details"][0]["target"], "userPrincipalName");
    assert_eq!(
        fakes
            .counts()
            .made(Vendor::Microsoft, "users", "jane@get-brand.com"),
        1
    );
}

#[tokio::test]
async fn each_field_of_a_user_is_held_against_its_rule() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let upn = format!("jane@{}", tenant.text("tenant_domain"));
    for (name, value) in [
        ("userPrincipalName", json!("jane")),
        (
            "userPrincipalName",
            json!(format!("ja ne@{}", tenant.text("tenant_domain"))),
        ),
        (
            "userPrincipalName",
            json!(format!("jané@{}", tenant.text("tenant_domain"))),
        ),
        ("mailNickname", json!("ja ne")),
        ("mailNickname", json!("")),
        ("usageLocation", json!("usa")),
        ("displayName", json!("x".repeat(257))),
        ("passwordProfile", json!({ "password": "alllowercase" })),
        ("passwordProfile", json!({ "password": "Sh0rt" })),
        (
            "passwordProfile",
            json!({ "password": "Correct-horse-1", "force": true }),
        ),
        ("passwordPolicies", json!("Never")),
        ("nickname", json!("jd")),
        ("accountEnabled", json!("yes")),
    ] {
        let mut body = user(&upn);
        body[name] = value.clone();
        assert_eq!(tenant.post("/users", body).await.0, 400, "{name} {value}");
    }
    for missing in [
        "accountEnabled",
        "displayName",
        "mailNickname",
        "userPrincipalName",
        "passwordProfile",
    ] {
        let mut body = user(&upn);
        body.as_object_mut().unwrap().remove(missing);
        let (status, answer) = tenant.post("/users", body).await;
        assert_eq!(status, 400);
        assert!(message(&answer).contains(missing), "{missing}");
    }
    assert_eq!(tenant.get(&format!("/users/{upn}")).await.0, 404);
}

#[tokio::test]
async fn a_user_is_read_by_id_or_name() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    for key in [&upn, &id, &upn.replace('@', "%40")] {
        let (status, answer) = tenant.get(&format!("/users/{key}")).await;
        assert_eq!((status, &answer["id"]), (200, &json!(id)));
    }
    let (_, answer) = tenant
        .get(&format!("/users/{id}?$select=id,usageLocation,mail"))
        .await;
    assert_eq!(answer["usageLocation"], "US");
    assert_eq!(answer["mail"], json!(null));
    assert_eq!(answer.get("displayName"), None);
    assert_eq!(
        tenant.get(&format!("/users/{id}?$select=licences")).await.0,
        400
    );
    let (status, answer) = tenant.get("/users/nobody@nowhere.example").await;
    assert_eq!((status, code(&answer)), (404, "Request_ResourceNotFound"));
}

#[tokio::test]
async fn a_new_user_is_not_found_at_first() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    fakes.set_lag(Vendor::Microsoft, 2);
    let (upn, _) = tenant.add_user("jane").await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(tenant.get(&format!("/users/{upn}")).await.0);
    }
    assert_eq!(statuses, [404, 404, 200]);
}

#[tokio::test]
async fn a_change_answers_nothing_and_is_kept() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    let (joe, _) = tenant.add_user("joe").await;
    let path = format!("/users/{id}");
    let (status, answer) = tenant
        .patch(&path, json!({ "userPrincipalName": joe }))
        .await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    let new = upn.replace("jane", "jane.doe");
    let change = json!({ "userPrincipalName": new, "displayName": "J. Doe", "jobTitle": "Sales" });
    assert_eq!(tenant.patch(&path, change).await, (204, json!(null)));
    let (_, answer) = tenant.get(&path).await;
    assert_eq!(answer["userPrincipalName"], new);
    assert_eq!(answer["displayName"], "J. Doe");
    assert_eq!(answer["jobTitle"], "Sales");
    assert_eq!(tenant.get(&format!("/users/{upn}")).await.0, 404);
    assert_eq!(
        tenant.patch(&path, json!({ "title": "Sales" })).await.0,
        400
    );
}

#[tokio::test]
async fn a_deleted_user_keeps_its_name_until_it_is_deleted_for_good() {
    let fakes = start().await;
    let tenant = Tenant::first(&fakes).await;
    let (upn, id) = tenant.add_user("jane").await;
    assert_eq!(tenant.delete(&format!("/users/{upn}")).await.0, 204);
    assert_eq!(tenant.get(&format!("/users/{id}")).await.0, 404);
    let (status, answer) = tenant.post("/users", user(&upn)).await;
    assert_eq!((status, code(&answer)), (400, "Request_BadRequest"));
    let all = "/directory/deletedItems/microsoft.graph.user";
    let (_, answer) = tenant.get(all).await;
    let mangled = format!("{}{upn}", id.replace('-', ""));
    assert_eq!(answer["value"][0]["id"], id);
    assert_eq!(answer["value"][0]["userPrincipalName"], mangled);
    let one = format!("/directory/deletedItems/{id}");
    assert_eq!(tenant.get(&one).await.0, 200);
    assert_eq!(tenant.delete(&one).await.0, 204);
    assert_eq!(tenant.delete(&one).await.0, 404);
    assert_eq!(tenant.post("/users", user(&upn)).await.0, 201);
}
