//! An order is cancelled in the middle of its set-up, at whatever call, and placed anew at once: nothing of the first is left.

use std::collections::BTreeSet;

use peeker_app::runner;
use peeker_domain::{Environment, OrderStatus};
use peeker_testkit::{
    Fault, Faults, Process, TestApp, apply, custom_order, microsoft_order, mixed_order, names,
    on_both_engines, with,
};
use serde_json::{Value, json};

use crate::books::{
    assert_balanced, inboxes_of, order, paid, places, settle, simulated, simulated_inboxes,
};

/// One Google domain with two inboxes and one at Microsoft with 25.
fn body(names: &[String], first_name: &str) -> Value {
    let persona =
        json!({ "first_name": first_name, "last_name": "Lee", "profile_picture_url": null });
    with(
        mixed_order((2, 2), (1, 25), names),
        "/personas",
        json!([persona]),
    )
}

async fn place(app: &TestApp, body: Value) -> Option<String> {
    let answer = app.client().post("/orders", body).await;
    if answer.status == 200 {
        return Some(answer.body["data"]["id"].as_str().unwrap().to_owned());
    }
    // A name that may just be bought is free when its job has asked the registrar.
    let code = answer.body["error"]["code"].as_str().unwrap();
    assert_eq!(code, "domain_already_in_active_order", "{}", answer.text);
    None
}

/// The providers have the inboxes of this order, and no other.
async fn assert_has(app: &TestApp, names: &[String], id: &str) {
    let mut made = BTreeSet::new();
    for (name, provider) in names.iter().zip(["google", "microsoft"]) {
        made.extend(simulated_inboxes(app, provider, name).await);
    }
    assert_eq!(made, inboxes_of(app, id, "active").await);
}

/// Cancels while the call of this number has worked and does not return. Gives back whether there was such a call.
async fn cancelled_at(app: &TestApp, number: usize) -> bool {
    app.client()
        .post_text("/sandbox/reset", "")
        .await
        .expect(200);
    let names = names("again", 2);
    let first = place(app, body(&names, "Ann")).await.unwrap();
    let faults = Faults::default();
    faults.plan_number(number, Fault::HangsAfter);
    let mut process = Process::start(app.options(), &faults);
    let reached = tokio::select! {
        () = faults.hanging() => true,
        _ = process.idle() => false,
    };
    let path = format!("/orders/{first}/cancel");
    let ended = app.client().post(&path, json!({})).await.data(200);
    let second = if ended["status"] == "cancelled" {
        place(app, body(&names, "Bob")).await
    } else {
        None
    };
    process.kill().await;
    settle(app, &app.app).await;
    if ended["status"] == "cancelled" {
        let second = match second {
            Some(second) => second,
            None => place(app, body(&names, "Bob")).await.unwrap(),
        };
        settle(app, &app.app).await;
        assert_eq!(
            order(app, &second).await.status,
            OrderStatus::Completed,
            "call {number}"
        );
        assert_has(app, &names, &second).await;
        let rows = places(app, &first).await;
        assert!(
            rows.iter()
                .all(|row| row.state.is_over() && !row.deprovision_pending),
            "call {number}: {rows:?}"
        );
        // What was bought is kept, and nothing else was paid for.
        let kept = order(app, &first).await.total_cents;
        assert_eq!(paid(app, &first).await, kept, "call {number}");
    } else {
        assert_has(app, &names, &first).await;
    }
    assert_balanced(app).await;
    reached
}

#[apply(on_both_engines!)]
async fn nothing_is_left_of_an_order_that_is_cancelled_at_any_call(app: &TestApp) {
    app.may_leave_jobs();
    let mut number = 1;
    while cancelled_at(app, number).await {
        number += 1;
    }
    assert!(number > 12, "there were only {number} calls");
}

#[apply(on_both_engines!)]
async fn a_redirect_that_is_asked_for_meanwhile_is_set_afterwards(app: &TestApp) {
    let client = app.client();
    let names = names("moved", 2);
    let owned = json!({ "domains": [names[0]] });
    client.post("/domains/import", owned).await.expect(200);
    app.run_until_idle().await;
    let id = place(app, body(&names, "Ann")).await.unwrap();
    let wish = json!({ "domains": names, "forwarding_url": "https://www.example.com/" });
    let job = client.post("/domains/forwarding", wish).await.data(202);
    let path = format!("/orders/{id}/cancel");
    let ended = client.post(&path, json!({})).await.data(200);
    assert_eq!(ended["status"], "cancelled");
    settle(app, &app.app).await;
    let redirect = simulated(app, "redirect", &names[0]).await;
    let target = json!({ "target": "https://www.example.com/" });
    assert_eq!(redirect, Some(target));
    let path = format!("/domains/forwarding/{}", job["id"].as_str().unwrap());
    let done = client.get(&path).await.data(200);
    assert_eq!(done["completed"], json!([names[0]]));
    // The other was never bought, and is nobody's.
    let failed = json!([{ "domain": names[1], "reason": "not_found" }]);
    assert_eq!(
        (&done["status"], &done["failed"]),
        (&json!("partial_success"), &failed)
    );
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_let_go_twice_is_cleared_where_its_inboxes_are(app: &TestApp) {
    let client = app.client();
    let owned = ["twice.com".to_owned()];
    let import = json!({ "domains": owned });
    client.post("/domains/import", import).await.expect(200);
    app.run_until_idle().await;
    let faults = Faults::default();
    let server = app.faulty_server(&faults).await;
    // Its inboxes are made at Google without our hearing of it.
    let an_hour = Some(60 * 60 * 1_000);
    faults.plan("mail.ensure_inboxes", &owned[0], Fault::LostAfter, an_hour);
    let google = place(app, custom_order(&owned)).await.unwrap();
    runner::run_until_idle(&server, Environment::Test)
        .await
        .unwrap();
    assert_eq!(simulated_inboxes(app, "google", &owned[0]).await.len(), 2);
    let cancel = async |id: &str| {
        let path = format!("/orders/{id}/cancel");
        let ended = client.post(&path, json!({})).await.data(200);
        assert_eq!(ended["status"], "cancelled");
    };
    cancel(&google).await;
    let microsoft = place(app, microsoft_order((1, 25), &owned)).await.unwrap();
    cancel(&microsoft).await;
    settle(app, &app.app).await;
    for provider in ["google", "microsoft"] {
        assert!(
            simulated_inboxes(app, provider, &owned[0]).await.is_empty(),
            "inboxes are left at {provider}"
        );
    }
    assert_balanced(app).await;
}
