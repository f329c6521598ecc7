//! Replacing a domain at once.

use peeker_testkit::{TestApp, apply, custom_order, on_both_engines, stock};
use serde_json::json;

use super::{
    booked, completed, domain, event_types, get, id_of, inboxes, order, place, post_swap, state,
    status, status_with_reason, swap,
};

#[apply(on_both_engines!)]
async fn the_new_domain_takes_the_place_of_the_old_one(app: &TestApp) {
    let id = completed(app, "old").await;
    let before = order(app, &id).await;
    let created = swap(app, "standard", "old-01.com", "new-one.com").await;
    let keys: Vec<&String> = created.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "created_at",
            "domain_id",
            "id",
            "order_id",
            "replacement_domain",
            "status",
            "type"
        ]
    );
    assert_eq!(
        (&created["status"], &created["replacement_domain"]),
        (&json!("created"), &json!("new-one.com"))
    );
    assert_eq!(
        order(app, &id).await,
        before,
        "what is not live yet is not shown"
    );
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    assert_eq!(
        event_types(app, &created).await,
        ["swap.created", "swap.in_progress", "swap.completed"]
    );
    let after = order(app, &id).await;
    assert_eq!(
        after["domains"]["registered"],
        json!(["old-02.com", "old-03.com", "new-one.com"])
    );
    for same in [
        "status",
        "domain_count",
        "inbox_count",
        "costs",
        "progress",
        "users",
        "cancelling_domains",
    ] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let old = domain(app, "old-01.com").await;
    assert_eq!(
        (&old["category"], &old["status"]),
        (&json!("inventory"), &json!("available"))
    );
    let new = domain(app, "new-one.com").await;
    assert_eq!(
        (&new["status"], &new["provider"], &new["order_id"]),
        (&json!("active"), &json!("google"), &json!(id))
    );
    assert_eq!(
        inboxes(app, &id, "old-01.com", "removed").await,
        ["sam.lee@old-01.com", "samlee@old-01.com"]
    );
    assert_eq!(
        inboxes(app, &id, "new-one.com", "active").await,
        ["sam.lee@new-one.com", "samlee@new-one.com"]
    );
    assert_eq!(
        booked(app, &id).await,
        [("order".to_owned(), -11_200), ("swap".to_owned(), -3_300)]
    );
    let connected = app.events_of("domain.connected").await;
    assert_eq!(connected.last().unwrap()["data"]["domain"], "new-one.com");
}

#[apply(on_both_engines!)]
async fn a_domain_of_the_inventory_costs_nothing(app: &TestApp) {
    let id = completed(app, "old").await;
    stock(app, &["mine.com".to_owned()]).await;
    let created = swap(app, "standard", "old-03.com", "mine.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    assert_eq!(booked(app, &id).await, [("order".to_owned(), -11_200)]);
    let after = order(app, &id).await;
    assert_eq!(
        after["domains"],
        json!({ "registered": ["old-01.com", "old-02.com"], "imported": ["mine.com"] })
    );
    assert_eq!(after["costs"]["total_cents"], 7_900, "a registration less");
    assert_eq!(inboxes(app, &id, "mine.com", "active").await.len(), 25);
    assert_eq!(
        domain(app, "mine.com").await["usable_for"],
        json!(["google"])
    );
}

#[apply(on_both_engines!)]
async fn a_domain_that_was_swapped_out_can_come_back(app: &TestApp) {
    let id = completed(app, "old").await;
    swap(app, "standard", "old-01.com", "new-one.com").await;
    app.run_until_idle().await;
    let back = swap(app, "standard", "new-one.com", "old-01.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &back).await, status("completed"));
    assert_eq!(
        event_types(app, &back).await,
        ["swap.created", "swap.in_progress", "swap.completed"]
    );
    let after = order(app, &id).await;
    assert_eq!(
        after["domains"],
        json!({ "registered": ["old-02.com", "old-03.com"], "imported": ["old-01.com"] })
    );
    assert_eq!(
        (&after["status"], &after["domain_count"]),
        (&json!("completed"), &json!(3))
    );
    assert_eq!(
        inboxes(app, &id, "old-01.com", "active").await,
        ["sam.lee@old-01.com", "samlee@old-01.com"]
    );
    assert_eq!(inboxes(app, &id, "new-one.com", "active").await, [""; 0]);
    // And it leaves with the order, which ends.
    app.client()
        .post(&format!("/orders/{id}/cancel"), json!({}))
        .await
        .expect(200);
    app.advance_seconds(32 * 24 * 60 * 60);
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await["status"], "cancelled");
}

#[apply(on_both_engines!)]
async fn a_second_swap_of_a_domain_is_a_duplicate_while_the_first_is_under_way(app: &TestApp) {
    completed(app, "old").await;
    let old = id_of(app, "old-01.com").await;
    let first = swap(app, "standard", "old-01.com", "new-one.com").await;
    let second = post_swap(app, "standard", &old, "new-two.com")
        .await
        .data(201);
    assert_eq!(
        (&second["status"], &second["reason"]),
        (&json!("failed"), &json!("duplicate"))
    );
    assert_eq!(event_types(app, &second).await, ["swap.failed"]);
    app.run_until_idle().await;
    assert_eq!(state(app, &first).await, status("completed"));
    assert_eq!(
        state(app, &second).await,
        status_with_reason("failed", "duplicate")
    );
}

#[apply(on_both_engines!)]
async fn a_replacement_that_is_registered_elsewhere_waits_for_its_import(app: &TestApp) {
    let id = completed(app, "old").await;
    let created = swap(app, "standard", "old-01.com", "notimported-x.com").await;
    assert_eq!(created["status"], "created");
    app.run_until_idle().await;
    assert_eq!(
        state(app, &created).await,
        status_with_reason("action_required", "domain_not_imported")
    );
    assert_eq!(
        order(app, &id).await["status"],
        "completed",
        "the order goes on as it was"
    );
    app.client()
        .post(
            "/domains/import",
            json!({ "domains": ["notimported-x.com"] }),
        )
        .await
        .expect(200);
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    assert_eq!(
        event_types(app, &created).await,
        [
            "swap.created",
            "swap.action_required",
            "swap.in_progress",
            "swap.completed"
        ]
    );
    assert_eq!(
        order(app, &id).await["domains"]["imported"],
        json!(["notimported-x.com"])
    );
    assert_eq!(booked(app, &id).await, [("order".to_owned(), -11_200)]);
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_replacement_that_is_not_delegated_asks_for_its_nameservers(app: &TestApp) {
    let id = completed(app, "old").await;
    app.client()
        .post("/domains/import", json!({ "domains": ["nspending-x.com"] }))
        .await
        .expect(200);
    app.run_until_idle().await;
    let created = swap(app, "standard", "old-01.com", "nspending-x.com").await;
    app.run_until_idle().await;
    assert_eq!(
        state(app, &created).await,
        status_with_reason("action_required", "update_nameservers")
    );
    let actions = app.client().get("/orders/pending").await.data(200);
    assert_eq!(
        (actions.as_array().unwrap().len(), &actions[0]["domain"]),
        (1, &json!("nspending-x.com"))
    );
    assert_eq!(order(app, &id).await["status"], "action_required");
    let action = actions[0]["id"].as_str().unwrap();
    app.client()
        .post(&format!("/sandbox/actions/{action}/resolve"), json!({}))
        .await
        .expect(200);
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    assert_eq!(order(app, &id).await["status"], "completed");
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_failed_swap_leaves_everything_as_it_was(app: &TestApp) {
    let id = completed(app, "old").await;
    let before = order(app, &id).await;
    for replacement in ["swapfail-x.com", "replace-x.com", "fail-x.com"] {
        let created = swap(app, "standard", "old-01.com", replacement).await;
        app.run_until_idle().await;
        assert_eq!(
            state(app, &created).await,
            status_with_reason("failed", "replacement_refused"),
            "{replacement}"
        );
        assert_eq!(
            event_types(app, &created).await,
            ["swap.created", "swap.in_progress", "swap.failed"]
        );
        assert_eq!(order(app, &id).await, before);
        assert_eq!(domain(app, "old-01.com").await["status"], "active");
        // It was bought, so it is the partner's.
        assert_eq!(domain(app, replacement).await["category"], "inventory");
    }
    assert_eq!(
        booked(app, &id).await.len(),
        4,
        "three registrations were paid, none refunded"
    );
    // And the domain can be swapped again.
    let created = swap(app, "standard", "old-01.com", "fine.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
}

#[apply(on_both_engines!)]
async fn a_name_whose_swap_fails_can_be_ordered(app: &TestApp) {
    let id = place(app, custom_order(&["swapfail-x.com".to_owned()])).await;
    assert_eq!(order(app, &id).await["status"], "completed");
}

#[apply(on_both_engines!)]
async fn a_swap_mends_what_could_not_be_set_up(app: &TestApp) {
    let id = place(
        app,
        custom_order(&["fine.com".to_owned(), "replace-x.com".to_owned()]),
    )
    .await;
    assert_eq!(order(app, &id).await["status"], "action_required");
    let created = swap(app, "standard", "replace-x.com", "mended.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &created).await, status("completed"));
    let after = order(app, &id).await;
    assert_eq!(after["status"], "completed");
    assert_eq!(
        after["domains"]["registered"],
        json!(["fine.com", "mended.com"])
    );
    assert_eq!(
        after["progress"],
        json!({ "domains_total": 2, "domains_active": 2, "inboxes_total": 4, "inboxes_active": 4 })
    );
    assert_eq!(
        app.client().get("/orders/pending").await.data(200),
        json!([])
    );
    let resolved = app
        .client()
        .get("/orders/pending?status=resolved")
        .await
        .data(200);
    assert_eq!(resolved[0]["reason"], "replace_domain");
    assert_eq!(app.events_of("order.completed").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_swap_ends_with_its_order(app: &TestApp) {
    let id = completed(app, "old").await;
    let waiting = swap(app, "standard", "old-01.com", "notimported-x.com").await;
    app.run_until_idle().await;
    app.client()
        .post(&format!("/orders/{id}/cancel"), json!({}))
        .await
        .expect(200);
    assert_eq!(
        state(app, &waiting).await,
        status_with_reason("failed", "cancelled")
    );
    app.advance_seconds(31 * 24 * 60 * 60);
    app.run_until_idle().await;
    assert_eq!(order(app, &id).await["status"], "cancelled");
    assert_eq!(
        event_types(app, &waiting).await.last().unwrap(),
        "swap.failed"
    );
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn cancelling_a_domain_takes_its_replacement_along(app: &TestApp) {
    let id = completed(app, "old").await;
    let waiting = swap(app, "standard", "old-01.com", "slow5-new.com").await;
    app.run_until_idle().await;
    assert_eq!(state(app, &waiting).await, status("in_progress"));
    app.client()
        .post(
            &format!("/orders/{id}/cancel"),
            json!({ "domains": ["old-01.com"] }),
        )
        .await
        .expect(200);
    assert_eq!(
        state(app, &waiting).await,
        status_with_reason("failed", "cancelled")
    );
    app.advance_seconds(31 * 24 * 60 * 60);
    app.run_until_idle().await;
    let after = order(app, &id).await;
    assert_eq!(
        after["domains"]["registered"],
        json!(["old-02.com", "old-03.com"])
    );
    assert_eq!(
        (&after["status"], &after["domain_count"]),
        (&json!("completed"), &json!(2))
    );
    assert_eq!(domain(app, "slow5-new.com").await["category"], "inventory");
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn swaps_are_listed_by_customer_order_domain_and_status(app: &TestApp) {
    let id = completed(app, "old").await;
    let done = swap(app, "standard", "old-01.com", "new-one.com").await;
    app.run_until_idle().await;
    let failed = swap(app, "standard", "old-02.com", "swapfail-x.com").await;
    app.run_until_idle().await;
    let (user, old) = (
        order(app, &id).await["user_id"].clone(),
        id_of(app, "old-01.com").await,
    );
    let new = id_of(app, "new-one.com").await;
    let (done, failed) = (get(app, &done).await, get(app, &failed).await);
    let both = json!([failed, done]);
    for (query, expected) in [
        (String::new(), both.clone()),
        (format!("?user_id={}", user.as_str().unwrap()), both.clone()),
        (format!("?order_id={id}"), both),
        (format!("?domain_id={old}"), json!([done])),
        (format!("?domain_id={new}"), json!([done])),
        ("?status=failed".to_owned(), json!([failed])),
        ("?status=created".to_owned(), json!([])),
        (format!("?status=failed&domain_id={old}"), json!([])),
    ] {
        let page = app
            .client()
            .get(&format!("/swaps{query}"))
            .await
            .expect(200);
        assert_eq!(page["data"], expected, "{query}");
    }
    app.client()
        .get("/swaps?status=done")
        .await
        .error(400, "invalid_request");
    let stranger = app.stranger().await;
    assert_eq!(stranger.get("/swaps").await.data(200), json!([]));
    let path = format!("/swaps/{}", done["id"].as_str().unwrap());
    stranger.get(&path).await.error(404, "not_found");
    app.client()
        .get("/swaps/swp_1")
        .await
        .error(404, "not_found");
}
