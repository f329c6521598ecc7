//! A receiver may put off the next attempt, but not beyond the 24 hours of the schedule.

use peeker_domain::DeliveryState;
use peeker_testkit::{Receiver, TestApp, apply, on_both_engines};

use crate::delivery::{attempts, delivery, emit};

const HOUR: i64 = 60 * 60;

/// Runs the first attempt of one event and says how many seconds later the next is due.
async fn next_wait(app: &TestApp, status: u16, retry_after: &str) -> i64 {
    let receiver = Receiver::start().await;
    receiver.answer_always(status);
    receiver.retry_after(retry_after);
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    let row = delivery(app, 1).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Pending, 1));
    row.next_attempt_at.millis_since(app.now()) / 1_000
}

#[apply(on_both_engines!)]
async fn a_503_may_name_seconds(app: &TestApp) {
    assert_eq!(next_wait(app, 503, "7200").await, 2 * HOUR);
}

#[apply(on_both_engines!)]
async fn a_429_may_name_a_date(app: &TestApp) {
    // Two hours after the beginning of the test.
    assert_eq!(
        next_wait(app, 429, "Fri, 08 May 2026 14:00:00 GMT").await,
        2 * HOUR
    );
}

#[apply(on_both_engines!)]
async fn a_shorter_wait_than_the_schedule_has_changes_nothing(app: &TestApp) {
    assert!((54..=60).contains(&next_wait(app, 503, "5").await));
}

#[apply(on_both_engines!)]
async fn other_failures_may_not(app: &TestApp) {
    assert!((54..=60).contains(&next_wait(app, 500, "7200").await));
}

#[apply(on_both_engines!)]
async fn what_cannot_be_read_is_not_there(app: &TestApp) {
    assert!((54..=60).contains(&next_wait(app, 503, "tomorrow").await));
}

#[apply(on_both_engines!)]
async fn no_attempt_is_later_than_24_hours_after_the_first(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_always(503);
    receiver.retry_after(&(10 * HOUR).to_string());
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    let first = app.now();
    app.run_until_idle().await;
    for _ in 0..3 {
        let row = delivery(app, 1).await;
        assert_eq!(row.state, DeliveryState::Pending);
        app.advance_seconds(row.next_attempt_at.millis_since(app.now()) / 1_000);
        assert_eq!(app.run_until_idle().await, 1);
    }
    let row = delivery(app, 1).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Failed, 4));
    let made = attempts(app, 1).await;
    let hours: Vec<_> = made
        .iter()
        .map(|attempt| attempt.started_at.millis_since(first) / 1_000 / HOUR)
        .collect();
    assert_eq!(hours, [0, 10, 20, 24]);
}

#[apply(on_both_engines!)]
async fn after_a_long_wait_the_schedule_goes_on(app: &TestApp) {
    let receiver = Receiver::start().await;
    receiver.answer_with(&[503, 500]);
    receiver.retry_after(&(2 * HOUR).to_string());
    app.set_webhook(&receiver.url).await;
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    app.advance_seconds(2 * HOUR);
    app.run_until_idle().await;
    let left = delivery(app, 1)
        .await
        .next_attempt_at
        .millis_since(app.now());
    assert!(
        (540_000..=600_000).contains(&left),
        "{left}: the wait after the second attempt"
    );
    app.advance_seconds(600);
    app.run_until_idle().await;
    assert_eq!(delivery(app, 1).await.state, DeliveryState::Delivered);
}
