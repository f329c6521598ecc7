//! What an operator decides about a partner: suspended, resumed, closed.

use peeker_app::{partners, users};
use peeker_domain::{Code, PartnerStatus, Tier};
use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines};
use serde_json::json;

#[apply(on_both_engines!)]
async fn a_suspended_partner_can_do_nothing_while_its_orders_go_on(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    let client = app.client();
    let order = client
        .post("/orders", custom_order(&names("going", 2)))
        .await;
    let order = order.data(200)["id"].as_str().unwrap().to_owned();
    let suspended = partners::suspend(&app.app, &app.partner.id).await.unwrap();
    assert_eq!(suspended.status, PartnerStatus::Suspended);
    for client in [app.client(), app.live_client()] {
        for path in ["/me", "/orders"] {
            let response = client.get(path).await;
            assert!(response.header("ratelimit-limit").is_some());
            let error = response.error(403, "forbidden");
            assert!(error["message"].as_str().unwrap().contains("suspended"));
        }
    }
    let refused = client
        .post("/orders", custom_order(&names("more", 1)))
        .await;
    refused.error(403, "forbidden");
    app.run_until_idle().await;
    let told = app.event_types().await;
    assert!(told.contains(&"order.completed".to_owned()), "{told:?}");
    assert_eq!(receiver.received().len(), told.len());

    let again = partners::suspend(&app.app, &app.partner.id).await.unwrap();
    assert_eq!(again, suspended);
    partners::resume(&app.app, &app.partner.id).await.unwrap();
    let path = format!("/orders/{order}");
    assert_eq!(client.get(&path).await.data(200)["status"], "completed");
}

#[apply(on_both_engines!)]
async fn a_closed_partner_is_unknown_and_its_orders_end_with_their_month(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    let client = app.client();
    for prefix in ["one", "two"] {
        let body = custom_order(&names(prefix, 1));
        client.post("/orders", body).await.data(200);
    }
    app.run_until_idle().await;
    let closed = partners::close(&app.app, &app.partner.id).await.unwrap();
    assert_eq!(
        (closed.partner.status, closed.cancelled_orders),
        (PartnerStatus::Closed, 2)
    );
    client.get("/me").await.error(401, "unauthorized");
    let again = partners::close(&app.app, &app.partner.id).await.unwrap();
    assert_eq!(again.cancelled_orders, 0);
    let refused = partners::suspend(&app.app, &app.partner.id).await;
    assert_eq!(refused.unwrap_err().code, Code::InvalidRequest);
    app.advance_seconds(32 * 24 * 60 * 60);
    app.run_until_idle().await;
    let told = app.event_types().await;
    let count = |kind: &str| told.iter().filter(|one| *one == kind).count();
    assert_eq!(count("order.cancelled"), 2, "{told:?}");
    assert_eq!(receiver.received().len(), told.len());

    // A slip of the finger is undone, but for what was cancelled.
    partners::resume(&app.app, &app.partner.id).await.unwrap();
    let page = client.get("/orders").await.expect(200);
    let orders = page["data"].as_array().unwrap();
    assert!(orders.iter().all(|order| order["status"] == "cancelled"));
    let spent = client
        .get("/wallet/transactions?per_page=100")
        .await
        .expect(200);
    let renewed = spent["data"].as_array().unwrap().iter();
    assert_eq!(renewed.filter(|row| row["reason"] == "renewal").count(), 0);
}

#[apply(on_both_engines!)]
async fn a_partner_is_changed_only_where_something_was_said(app: &TestApp) {
    let id = &app.partner.id;
    let changed = partners::set(&app.app, id, None, Some(Tier::VipPlus)).await;
    let changed = changed.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.tier),
        ("Acme Resellers", Tier::VipPlus)
    );
    let changed = partners::set(&app.app, id, Some("Acme"), None)
        .await
        .unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.tier),
        ("Acme", Tier::VipPlus)
    );
    let refused = partners::set(&app.app, id, Some(" "), None).await;
    assert_eq!(refused.unwrap_err().field.as_deref(), Some("name"));
    let me = app.client().get("/me").await.data(200);
    assert_eq!(me["partner"]["name"], "Acme");
}

#[apply(on_both_engines!)]
async fn a_deleted_customer_is_restored_as_it_was(app: &TestApp) {
    for client in [app.client(), app.live_client()] {
        let body = json!({ "email": "a@example.com", "sequencer": { "provider": "smartlead", "client_id": null } });
        let user = client.post("/users", body).await.data(201);
        let id = user["id"].as_str().unwrap();
        let path = format!("/users/{id}");
        client.delete(&path).await.data(200);
        for _ in 0..2 {
            let restored = users::restore(&app.app, &id.parse().unwrap())
                .await
                .unwrap();
            assert_eq!(restored.account, app.partner.id);
        }
        assert_eq!(client.get(&path).await.data(200), user);
    }
    let unknown = "usr_01M7YXRN1P00000000HYC7BHAY".parse().unwrap();
    let missing = users::restore(&app.app, &unknown).await;
    assert_eq!(missing.unwrap_err().code, Code::NotFound);
}
