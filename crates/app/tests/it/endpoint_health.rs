//! An endpoint that is broken or gone is paused with its backlog, and resumed without losing any of it.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use peeker_app::webhooks::health;
use peeker_app::{partners, runner, webhooks};
use peeker_domain::view::{EndpointStatus, PauseReason, WebhookEndpoint};
use peeker_domain::{DeliveryState, Environment, Tier};
use peeker_store::entity::deliveries;
use peeker_testkit::{Receiver, TestApp, apply, on_both_engines};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use crate::delivery::{attempts, count, delivery, emit, serve};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

async fn endpoint(app: &TestApp) -> WebhookEndpoint {
    health::show(&app.app, &app.partner.id, Environment::Test)
        .await
        .unwrap()
}

/// The event ids that arrived, each once, in order of their first arrival.
fn arrived(receiver: &Receiver) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for one in receiver.received() {
        let id = one.header("peeker-event-id").unwrap().to_owned();
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

async fn event_ids(app: &TestApp) -> Vec<String> {
    app.events()
        .await
        .into_iter()
        .map(|event| event.id.into())
        .collect()
}

/// Runs what is due, and what is due a moment later: a released backlog goes out a millisecond apart.
async fn run_backlog(app: &TestApp) {
    app.run_until_idle().await;
    app.advance_seconds(1);
    app.run_until_idle().await;
}

/// An event every six hours to a receiver that only fails, for so long.
async fn fail_for(app: &TestApp, hours: i64) {
    for _ in 0..hours / 6 {
        emit(app, &app.partner.id, 1).await;
        for _ in 0..6 {
            app.run_until_idle().await;
            app.advance_seconds(HOUR);
        }
    }
}

#[apply(on_both_engines!)]
async fn a_410_pauses_at_once_and_keeps_what_comes(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[410]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    let seen = endpoint(app).await;
    assert_eq!(
        (seen.status, seen.paused_reason),
        (EndpointStatus::Paused, Some(PauseReason::Gone))
    );
    assert_eq!((seen.paused_at, seen.waiting_count), (Some(app.now()), 1));
    assert_eq!(seen.next_probe_at, Some(app.now().plus_seconds(DAY)));
    assert_eq!(attempts(app, 1).await[0].http_status, Some(410));

    emit(app, &app.partner.id, 3).await;
    app.advance_seconds(DAY - 1);
    assert_eq!(
        app.run_until_idle().await,
        0,
        "nothing goes to an address that is gone"
    );
    assert_eq!(count(app, DeliveryState::Waiting).await, 4);
    app.advance_seconds(1);
    run_backlog(app).await;
    assert_eq!(count(app, DeliveryState::Delivered).await, 4);
    let seen = endpoint(app).await;
    assert_eq!(
        (seen.status, seen.waiting_count, seen.next_probe_at),
        (EndpointStatus::Active, 0, None)
    );
    assert_eq!(
        (seen.paused_at, seen.paused_reason, seen.failing_since),
        (None, None, None)
    );
}

#[apply(on_both_engines!)]
async fn nothing_more_is_sent_after_a_410(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(410);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 40).await;
    app.run_until_idle().await;
    assert!(
        receiver.received().len() <= 4,
        "those under way at the first answer: {}",
        receiver.received().len()
    );
    assert_eq!(count(app, DeliveryState::Waiting).await, 40);
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn five_days_of_failures_pause_and_none_is_given_up_from_then_on(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(500);
    app.set_webhook(&receiver.url).await;
    let began = app.now();
    fail_for(app, 5 * 24 - 6).await;
    assert_eq!(endpoint(app).await.status, EndpointStatus::Active);
    let given_up = count(app, DeliveryState::Failed).await;
    fail_for(app, 12).await;
    let seen = endpoint(app).await;
    assert_eq!(
        (seen.status, seen.paused_reason),
        (EndpointStatus::Paused, Some(PauseReason::Failing))
    );
    assert_eq!(seen.failing_since, Some(began));
    assert!(seen.paused_at.unwrap() >= began.plus_seconds(5 * DAY));
    let lost = count(app, DeliveryState::Failed).await;
    assert!(lost <= given_up + 1, "{lost} of which {given_up} before");

    emit(app, &app.partner.id, 2).await;
    let waiting = endpoint(app).await.waiting_count;
    app.advance_seconds(10 * DAY);
    app.run_until_idle().await;
    let seen = endpoint(app).await;
    assert_eq!(
        (seen.status, seen.waiting_count),
        (EndpointStatus::Paused, waiting)
    );
    assert_eq!(
        count(app, DeliveryState::Failed).await,
        lost,
        "given up during the pause"
    );

    receiver.answer_always(200);
    // After ten days it is tried every ten hours and a little.
    let wait = seen.next_probe_at.unwrap().as_seconds() - app.now().as_seconds();
    assert!((10 * HOUR..11 * HOUR).contains(&wait), "{wait}");
    app.advance_seconds(wait);
    run_backlog(app).await;
    assert_eq!(count(app, DeliveryState::Delivered).await, waiting);
    assert_eq!(endpoint(app).await.status, EndpointStatus::Active);
}

#[apply(on_both_engines!)]
async fn probes_are_hourly_with_the_oldest_event_and_on_record(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(500);
    app.set_webhook(&receiver.url).await;
    fail_for(app, 5 * 24 + 6).await;
    assert_eq!(endpoint(app).await.status, EndpointStatus::Paused);
    app.run_until_idle().await;
    let before = receiver.received().len();
    let oldest = oldest_waiting(app).await;
    let recorded = attempts(app, oldest).await.len();
    for probe in 1..=3 {
        app.advance_seconds(HOUR);
        assert_eq!(app.run_until_idle().await, 1);
        assert_eq!(receiver.received().len(), before + probe);
        assert_eq!(attempts(app, oldest).await.len(), recorded + probe);
        assert_eq!(
            endpoint(app).await.next_probe_at,
            Some(app.now().plus_seconds(HOUR))
        );
    }
    let ids = event_ids(app).await;
    let sent = receiver.received().pop().unwrap();
    let index = usize::try_from(oldest).unwrap() - 1;
    assert_eq!(sent.header("peeker-event-id"), Some(&*ids[index]));
    // One that says it is gone is tried less often from then on.
    receiver.answer_with(&[410]);
    app.advance_seconds(HOUR);
    app.run_until_idle().await;
    let seen = endpoint(app).await;
    assert_eq!(seen.paused_reason, Some(PauseReason::Gone));
    assert_eq!(seen.next_probe_at, Some(app.now().plus_seconds(DAY)));
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn one_failure_after_quiet_days_pauses_nothing(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[500; 7]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    for _ in 0..30 {
        app.run_until_idle().await;
        app.advance_seconds(HOUR);
    }
    assert_eq!(delivery(app, 1).await.state, DeliveryState::Failed);
    app.advance_seconds(7 * DAY);
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    assert_eq!(endpoint(app).await.status, EndpointStatus::Active);
    app.advance_seconds(60);
    app.run_until_idle().await;
    assert_eq!(delivery(app, 2).await.state, DeliveryState::Delivered);
}

#[apply(on_both_engines!)]
async fn a_success_now_and_then_pauses_nothing(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(500);
    app.set_webhook(&receiver.url).await;
    fail_for(app, 4 * 24).await;
    receiver.answer_with(&[200]);
    fail_for(app, 4 * 24).await;
    let seen = endpoint(app).await;
    assert_eq!(seen.status, EndpointStatus::Active);
    assert!(seen.last_success_at < seen.failing_since);
}

#[apply(on_both_engines!)]
async fn a_resumed_backlog_goes_out_in_sequence_with_all_its_retries(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[410]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    emit(app, &app.partner.id, 9).await;
    app.advance_seconds(3 * HOUR);
    let resumed = health::resume(&app.app, &app.partner.id, Environment::Test)
        .await
        .unwrap();
    assert_eq!(resumed, Some(10));
    let rows = deliveries::Entity::find()
        .filter(deliveries::Column::AccountId.eq(&app.partner.id))
        .order_by_asc(deliveries::Column::Sequence)
        .all(&app.app.store().sandbox.db.pools.reader)
        .await
        .unwrap();
    let due: Vec<i64> = rows
        .iter()
        .map(|row| row.next_attempt_at.millis_since(app.now()))
        .collect();
    assert_eq!(due, (0..10).collect::<Vec<i64>>());
    assert!(rows.iter().all(|row| row.attempts == row.attempts_before
        && row.state == DeliveryState::Pending
        && row.lease_token.is_none()));
    run_backlog(app).await;
    assert_eq!(count(app, DeliveryState::Delivered).await, 10);
    let mut arrivals = arrived(&receiver);
    arrivals.sort();
    let mut ids = event_ids(app).await;
    ids.sort();
    assert_eq!(arrivals, ids);
    let again = health::resume(&app.app, &app.partner.id, Environment::Test)
        .await
        .unwrap();
    assert_eq!(again, None, "nothing to resume");
}

#[apply(on_both_engines!)]
async fn a_new_address_gets_the_backlog_at_once(app: &TestApp) {
    let (gone, moved) = (Receiver::start().await, Receiver::start().await);
    gone.answer_always(410);
    app.set_webhook(&gone.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    emit(app, &app.partner.id, 4).await;
    webhooks::set_endpoint(&app.app, &app.partner.id, None, &moved.url)
        .await
        .unwrap();
    app.advance_seconds(1);
    run_backlog(app).await;
    assert_eq!(arrived(&moved).len(), 5);
    assert_eq!(gone.received().len(), 1);
    assert_eq!(endpoint(app).await.status, EndpointStatus::Active);
}

#[apply(on_both_engines!)]
async fn the_answer_of_an_address_that_was_replaced_meanwhile_pauses_nothing(app: &TestApp) {
    let (asked, mut asking) = mpsc::unbounded_channel();
    let answer = Arc::new(Notify::new());
    let may_answer = Arc::clone(&answer);
    let router = Router::new().fallback(move || {
        let (asked, answer) = (asked.clone(), Arc::clone(&may_answer));
        async move {
            asked.send(()).unwrap();
            answer.notified().await;
            StatusCode::GONE
        }
    });
    app.set_webhook(&serve(router).await).await;
    emit(app, &app.partner.id, 1).await;
    let sender = app.app.clone();
    let sending =
        tokio::spawn(async move { runner::run_until_idle(&sender, Environment::Test).await });
    asking.recv().await.unwrap();
    let moved = Receiver::start().await;
    webhooks::set_endpoint(&app.app, &app.partner.id, None, &moved.url)
        .await
        .unwrap();
    answer.notify_one();
    sending.await.unwrap().unwrap();
    assert_eq!(endpoint(app).await.status, EndpointStatus::Active);
    app.advance_seconds(60);
    app.run_until_idle().await;
    assert_eq!(delivery(app, 1).await.state, DeliveryState::Delivered);
    assert_eq!(moved.received().len(), 1);
}

#[apply(on_both_engines!)]
async fn a_pause_concerns_one_partner_in_one_environment(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[410]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    app.may_leave_jobs();
    let other = partners::create(&app.app, "Globex", Tier::Base)
        .await
        .unwrap()
        .partner;
    webhooks::set_endpoint(&app.app, &other.id, None, &receiver.url)
        .await
        .unwrap();
    emit(app, &other.id, 1).await;
    app.run_until_idle().await;
    assert_eq!(count(app, DeliveryState::Delivered).await, 1);
    let live = health::show(&app.app, &app.partner.id, Environment::Live)
        .await
        .unwrap();
    assert_eq!(live.status, EndpointStatus::Active);
    let paused = health::paused_unscoped(&app.app, Environment::Test)
        .await
        .unwrap();
    assert_eq!(paused, std::slice::from_ref(&app.partner.id));
}

#[apply(on_both_engines!)]
async fn an_emptied_sandbox_is_not_paused(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[410]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 2).await;
    app.run_until_idle().await;
    app.client()
        .post("/sandbox/reset", json!({}))
        .await
        .expect(200);
    let seen = endpoint(app).await;
    assert_eq!(
        (seen.status, seen.waiting_count, seen.last_success_at),
        (EndpointStatus::Active, 0, None)
    );
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    assert_eq!(count(app, DeliveryState::Delivered).await, 1);
}

async fn oldest_waiting(app: &TestApp) -> i64 {
    let row = deliveries::Entity::find()
        .filter(deliveries::Column::AccountId.eq(&app.partner.id))
        .filter(deliveries::Column::State.eq(DeliveryState::Waiting))
        .order_by_asc(deliveries::Column::Sequence)
        .one(&app.app.store().sandbox.db.pools.reader)
        .await
        .unwrap();
    row.unwrap().sequence
}
