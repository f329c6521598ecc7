//! Delivery of webhooks: at least once, on the contract's schedule, and no receiver in another's way.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use peeker_app::{partners, runner, webhooks};
use peeker_domain::id::AccountId;
use peeker_domain::{DeliveryState, EventType, FailureClass, Tier};
use peeker_store::deliveries as rows;
use peeker_store::entity::{deliveries, delivery_attempts};
use peeker_store::{EnvironmentDb, UnitOfWork};
use peeker_testkit::{Faults, Process, Receiver, TestApp, apply, on_both_engines};
use sea_orm::{EntityTrait, QuerySelect};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// The waits after each attempt, in seconds: +1 min, +10 min, +1 h, +5 h, +17 h 49 min.
const WAITS: [i64; 5] = [60, 600, 3_600, 18_000, 64_140];
/// Far more than anything local takes, and less than a send that gets no answer.
const SOON: Duration = Duration::from_secs(8);

fn db(app: &TestApp) -> &EnvironmentDb {
    &app.app.store().sandbox.db
}

pub(crate) async fn emit(app: &TestApp, account: &AccountId, count: usize) {
    let mut work = UnitOfWork::begin(db(app), [account]).await.unwrap();
    for number in 0..count {
        let data = json!({ "number": number });
        work.emit(account, EventType::SwapCreated, None, &data, app.now())
            .unwrap();
    }
    work.commit().await.unwrap();
}

pub(crate) async fn delivery(app: &TestApp, sequence: i64) -> deliveries::Model {
    let key = (app.partner.id.clone(), sequence);
    deliveries::Entity::find_by_id(key)
        .one(&db(app).pools.reader)
        .await
        .unwrap()
        .unwrap()
}

pub(crate) async fn attempts(app: &TestApp, sequence: i64) -> Vec<delivery_attempts::Model> {
    rows::attempts(db(app), &app.partner.id, sequence)
        .await
        .unwrap()
}

pub(crate) async fn count(app: &TestApp, state: DeliveryState) -> u64 {
    rows::count_unscoped(db(app), state).await.unwrap()
}

pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[apply(on_both_engines!)]
async fn a_failing_receiver_is_tried_on_the_schedule_and_then_given_up(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[500, 503, 404, 301, 429, 500]);
    let secret = app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    assert_eq!(
        app.run_until_idle().await,
        1,
        "the first attempt is at once"
    );
    for (index, wait) in WAITS.into_iter().enumerate() {
        assert_eq!(receiver.received().len(), index + 1);
        let row = delivery(app, 1).await;
        assert_eq!(
            (row.state, row.attempts, row.lease_token),
            (
                DeliveryState::Pending,
                i32::try_from(index).unwrap() + 1,
                None
            )
        );
        let left = row.next_attempt_at.millis_since(app.now());
        assert!(
            (wait * 900..=wait * 1_000).contains(&left),
            "after attempt {}: {left} ms",
            index + 1
        );
        app.advance_seconds((left - 1) / 1_000);
        assert_eq!(app.run_until_idle().await, 0, "before its time");
        app.advance_seconds(1);
        assert_eq!(app.run_until_idle().await, 1);
        receiver.received()[index + 1].verify(&secret, app.now().as_seconds());
        let sent_at = receiver.received()[index + 1]
            .header("peeker-timestamp")
            .map(str::to_owned);
        assert_eq!(
            sent_at,
            Some(app.now().as_seconds().to_string()),
            "signed anew"
        );
    }
    assert_eq!(delivery(app, 1).await.state, DeliveryState::Failed);
    app.advance_seconds(30 * 24 * 60 * 60);
    assert_eq!(app.run_until_idle().await, 0, "given up is given up");
    let received = receiver.received();
    assert_eq!(received.len(), 6);
    let event = &app.events().await[0];
    for one in &received {
        assert_eq!(one.header("peeker-event-id"), Some(event.id.as_str()));
        assert_eq!(one.header("webhook-id"), Some(event.id.as_str()));
        assert_eq!(one.body, event.body.as_bytes());
    }
    let signatures = received
        .iter()
        .filter_map(|one| one.header("peeker-signature"));
    assert_eq!(
        signatures.collect::<std::collections::BTreeSet<_>>().len(),
        6
    );
    let attempts = attempts(app, 1).await;
    let statuses: Vec<_> = attempts.iter().map(|attempt| attempt.http_status).collect();
    assert_eq!(statuses, [500, 503, 404, 301, 429, 500].map(Some));
    assert_eq!(
        attempts
            .iter()
            .map(|attempt| attempt.number)
            .collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.failure == Some(FailureClass::Status))
    );
}

#[apply(on_both_engines!)]
async fn any_2xx_ends_it(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[500, 204]);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    app.advance_seconds(60);
    app.run_until_idle().await;
    let row = delivery(app, 1).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Delivered, 2));
    app.advance_seconds(7 * 24 * 60 * 60);
    assert_eq!(app.run_until_idle().await, 0);
    assert_eq!(receiver.received().len(), 2);
}

#[apply(on_both_engines!)]
async fn a_redirect_is_a_failure_and_not_followed(app: &TestApp) {
    let target = Receiver::start().await;
    let location = target.url.clone();
    let url = serve(Router::new().fallback(move || async move {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, location)],
        )
    }))
    .await;
    app.set_webhook(&url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    assert_eq!(target.received().len(), 0);
    assert_eq!(delivery(app, 1).await.state, DeliveryState::Pending);
    assert_eq!(attempts(app, 1).await[0].http_status, Some(307));
}

#[apply(on_both_engines!)]
async fn a_receiver_that_is_not_there_is_tried_again(app: &TestApp) {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    app.set_webhook(&format!("http://{closed}/")).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    let attempts = attempts(app, 1).await;
    assert_eq!(
        (attempts[0].http_status, attempts[0].failure),
        (None, Some(FailureClass::Connect))
    );
    assert_eq!(delivery(app, 1).await.state, DeliveryState::Pending);
}

#[apply(on_both_engines!)]
async fn without_an_endpoint_events_are_skipped(app: &TestApp) {
    emit(app, &app.partner.id, 2).await;
    assert_eq!(app.run_until_idle().await, 2);
    assert_eq!(count(app, DeliveryState::Skipped).await, 2);
    assert!(attempts(app, 1).await.is_empty());
    assert_eq!(app.events().await.len(), 2, "the log has them all the same");
    app.advance_seconds(24 * 60 * 60);
    assert_eq!(app.run_until_idle().await, 0);
}

#[apply(on_both_engines!)]
async fn each_environment_and_partner_has_its_own_secret(app: &TestApp) {
    let receiver = Receiver::start().await;
    let ours = app.set_webhook(&receiver.url).await;
    let other = partners::create(&app.app, "Globex", Tier::Base)
        .await
        .unwrap()
        .partner;
    let theirs = webhooks::set_endpoint(&app.app, &other.id, None, &receiver.url)
        .await
        .unwrap()
        .unwrap();
    emit(app, &other.id, 1).await;
    app.run_until_idle().await;
    let received = receiver.received().remove(0);
    let theirs =
        peeker_webhooks::SigningSecret::parse(secrecy::ExposeSecret::expose_secret(&theirs.test))
            .unwrap();
    received.verify(&theirs, app.now().as_seconds());
    let with_ours = peeker_webhooks::verify(
        &ours,
        peeker_webhooks::SignatureFamily::Peeker,
        |name| received.header(name),
        &received.body,
        app.now().as_seconds(),
        300,
    );
    assert!(with_ours.is_err());
}

#[apply(on_both_engines!)]
async fn a_sender_killed_after_the_answer_sends_again(app: &TestApp) {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let answer = Arc::new(Notify::new());
    let router = Router::new()
        .fallback(receive)
        .with_state((arrived, Arc::clone(&answer)));
    app.set_webhook(&serve(router).await).await;
    emit(app, &app.partner.id, 1).await;
    let process = Process::start(app.options(), &Faults::default());
    let first = arrivals.recv().await.unwrap();
    // The receiver answers, but nothing can be recorded any more before the process dies.
    let blocker = UnitOfWork::begin(db(app), [&app.partner.id]).await.unwrap();
    deliveries::Entity::find()
        .lock_exclusive()
        .all(blocker.tx())
        .await
        .unwrap();
    answer.notify_one();
    tokio::task::yield_now().await;
    process.kill().await;
    blocker.commit().await.unwrap();
    assert!(
        attempts(app, 1).await.is_empty(),
        "nothing of the first attempt was recorded"
    );

    assert_eq!(
        app.run_until_idle().await,
        0,
        "the dead sender still holds its lease"
    );
    app.advance_seconds(60);
    answer.notify_one();
    assert_eq!(app.run_until_idle().await, 1);
    let second = arrivals.recv().await.unwrap();
    assert_eq!(second, first, "the same event and body");
    let row = delivery(app, 1).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Delivered, 1));
}

#[apply(on_both_engines!)]
async fn a_receiver_that_hangs_holds_up_nobody_else(app: &TestApp) {
    // It accepts connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}/", silent.local_addr().unwrap());
    let (accepted, mut hanging) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
            let _ = accepted.send(());
        }
    });
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let answer = Arc::new(Notify::new());
    let router = Router::new()
        .fallback(receive)
        .with_state((arrived, Arc::clone(&answer)));
    let healthy = partners::create(&app.app, "Globex", Tier::Base)
        .await
        .unwrap()
        .partner;
    app.set_webhook(&silent_url).await;
    webhooks::set_endpoint(&app.app, &healthy.id, None, &serve(router).await)
        .await
        .unwrap();

    // More than all places for sends together.
    emit(
        app,
        &app.partner.id,
        app.app.settings().delivery_concurrency + 50,
    )
    .await;
    let shutdown = CancellationToken::new();
    let workers = tokio::spawn(runner::run(app.app.clone(), shutdown.clone()));
    tokio::time::timeout(SOON, hanging.recv())
        .await
        .unwrap()
        .unwrap();
    emit(app, &healthy.id, 3).await;
    for _ in 0..3 {
        answer.notify_one();
        let arrival = tokio::time::timeout(SOON, arrivals.recv()).await;
        assert!(arrival.is_ok(), "held up by the receiver that hangs");
    }
    workers.abort();
}

type Gate = (
    mpsc::UnboundedSender<(String, axum::body::Bytes)>,
    Arc<Notify>,
);

/// Tells of the arrival, then answers when it may.
async fn receive(
    State((arrived, answer)): State<Gate>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> impl IntoResponse {
    let id = headers["peeker-event-id"].to_str().unwrap().to_owned();
    arrived.send((id, body)).unwrap();
    answer.notified().await;
    StatusCode::OK
}
