//! `GET /domains/import?domains=…`.

use peeker_testkit::{TestApp, apply, names, on_both_engines};
use serde_json::json;

use super::{begin, import, let_a_day_pass};

#[apply(on_both_engines!)]
async fn each_imported_name_has_its_row(app: &TestApp) {
    let client = app.client();
    let first = import(&client, &["found-a.com", "bücher.de"]).await;
    let second = import(&client, &["nspending-b.com"]).await;
    begin(&client, &["begun.com"]).await;
    app.may_leave_jobs();
    let path = "/domains/import?domains=nspending-b.com,never.com,%20B%C3%BCCHER.de.,found-a.com,found-a.com";
    let found = client.get(path).await.data(200);
    let nameservers = |name: &str| {
        let groups = [&first, &second]
            .map(|job| job["nameserver_groups"].as_array().unwrap().clone())
            .concat();
        let group = groups
            .into_iter()
            .find(|group| group["domains"].as_array().unwrap().contains(&json!(name)));
        group.unwrap()["nameservers"].clone()
    };
    let expected = |name: &str, job: &serde_json::Value, status: &str| {
        json!({
            "domain": name, "import_id": job["id"], "status": status, "nameservers": nameservers(name),
        })
    };
    assert_eq!(
        found,
        json!([
            expected("nspending-b.com", &second, "action_required"),
            expected("xn--bcher-kva.de", &first, "action_required"),
            expected("found-a.com", &first, "action_required"),
        ])
    );
    app.run_until_idle().await;
    assert_eq!(
        client.get(path).await.data(200),
        json!([
            expected("nspending-b.com", &second, "action_required"),
            expected("xn--bcher-kva.de", &first, "available"),
            expected("found-a.com", &first, "available"),
        ])
    );
    assert_eq!(app.stranger().await.get(path).await.data(200), json!([]));
}

#[apply(on_both_engines!)]
async fn the_last_import_is_shown(app: &TestApp) {
    let client = app.client();
    import(&client, &["twice.com"]).await;
    let last = import(&client, &["twice.com"]).await;
    let found = client
        .get("/domains/import?domains=twice.com")
        .await
        .data(200);
    assert_eq!(found[0]["import_id"], last["id"]);
    let_a_day_pass(app).await;
}

#[apply(on_both_engines!)]
async fn names_are_needed(app: &TestApp) {
    let client = app.client();
    let many = names("many", 501).join(",");
    for (query, field) in [
        (String::new(), "domains"),
        ("?domains=".to_owned(), "domains"),
        ("?domains=a.com,".to_owned(), "domains"),
        ("?domains=nonsense".to_owned(), "domains"),
        ("?domains=a.com,mail.b.com".to_owned(), "domains"),
        (format!("?domains={many}"), "domains"),
        ("?domains=a.com&domain=b.com".to_owned(), "domain"),
    ] {
        let error = client
            .get(&format!("/domains/import{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field, "{query}");
    }
    let most = names("many", 500).join(",");
    assert_eq!(
        client
            .get(&format!("/domains/import?domains={most}"))
            .await
            .data(200),
        json!([])
    );
}
