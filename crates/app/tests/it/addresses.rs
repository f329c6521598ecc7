//! Webhook addresses: one for each environment, and what becomes of those that the rules refuse.

use peeker_app::webhooks::{self, health, refused};
use peeker_domain::{DeliveryState, Environment, FailureClass};
use peeker_store::webhooks as rows;
use peeker_testkit::{Receiver, TestApp, apply, on_both_engines};
use serde_json::json;

use crate::delivery::{count, emit};

const PRIVATE: &str = "https://10.0.0.1/hook";

#[apply(on_both_engines!)]
async fn each_environment_has_an_address_of_its_own(app: &TestApp) {
    let (both, sandbox) = (Receiver::start().await, Receiver::start().await);
    let partner = &app.partner.id;
    let secrets = webhooks::set_endpoint(&app.app, partner, None, &both.url).await;
    assert!(secrets.unwrap().is_some());
    let only = Some(Environment::Test);
    let secrets = webhooks::set_endpoint(&app.app, partner, only, &sandbox.url).await;
    assert!(secrets.unwrap().is_none(), "the secrets were made before");
    for (client, url) in [(app.client(), &sandbox.url), (app.live_client(), &both.url)] {
        let endpoint = client.get("/webhooks/endpoint").await.data(200);
        assert_eq!(endpoint["url"], json!(url));
    }
    emit(app, partner, 1).await;
    app.run_until_idle().await;
    assert_eq!(sandbox.received().len(), 1);
    assert_eq!(both.received().len(), 0);
}

#[apply(on_both_engines!)]
async fn an_environment_without_an_address_gets_nothing(app: &TestApp) {
    let live = Receiver::start().await;
    let only = Some(Environment::Live);
    webhooks::set_endpoint(&app.app, &app.partner.id, only, &live.url)
        .await
        .unwrap();
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    assert_eq!(count(app, DeliveryState::Skipped).await, 1);
    let endpoint = app.client().get("/webhooks/endpoint").await.data(200);
    assert_eq!(endpoint["status"], "none");
}

#[apply(on_both_engines!)]
async fn a_new_address_resumes_its_own_environment_only(app: &TestApp) {
    let gone = Receiver::start().await;
    app.set_webhook(&gone.url).await;
    gone.answer_with(&[410]);
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    let moved = Receiver::start().await;
    let set = |only| webhooks::set_endpoint(&app.app, &app.partner.id, Some(only), &moved.url);
    let paused = || health::paused_unscoped(&app.app, Environment::Test);
    set(Environment::Live).await.unwrap();
    assert_eq!(paused().await.unwrap().len(), 1);
    set(Environment::Test).await.unwrap();
    assert_eq!(paused().await.unwrap().len(), 0);
    app.advance_seconds(2);
    app.run_until_idle().await;
    assert_eq!(moved.received().len(), 1);
}

/// An address from the time before the rules became stricter.
#[apply(on_both_engines!)]
async fn a_refusal_by_our_rules_says_so(app: &TestApp) {
    app.may_leave_jobs();
    let partner = &app.partner.id;
    app.set_webhook("https://partner.example/hook").await;
    let control = &app.app.store().control;
    rows::set_url(control, partner, &[Environment::Test], PRIVATE, app.now())
        .await
        .unwrap();
    emit(app, partner, 1).await;
    app.run_until_idle().await;
    let event = app.events().await[0].id.clone();
    let path = format!("/events/{event}/deliveries");
    let attempt = app.client().get(&path).await.expect(200)["data"][0].clone();
    assert_eq!(attempt["failure"], "refused");
    let message = attempt["failure_message"].as_str().unwrap();
    assert!(message.contains("The receiver was not asked"), "{message}");
    let last = refused::last_failure(&app.app, partner, Environment::Test).await;
    assert_eq!(last.unwrap(), Some(FailureClass::Refused));
    let refused = refused::addresses_unscoped(&app.app).await.unwrap();
    let found: Vec<_> = refused
        .iter()
        .map(|one| (one.environment, one.url.as_str()))
        .collect();
    assert_eq!(found, [(Environment::Test, PRIVATE)]);
    assert!(refused[0].why.contains("private"), "{}", refused[0].why);
}
