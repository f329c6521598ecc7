//! Deliveries: claimed once, by lease; an outcome counts only under the lease.

use peeker_domain::delivery::Pause;
use peeker_domain::id::AccountId;
use peeker_domain::view::PauseReason;
use peeker_domain::{DeliveryState, EventType, Timestamp};
use peeker_store::deliveries::endpoint_health;
use peeker_store::deliveries::{self, Attempt, ClaimedDelivery, RecordAttempt, Recorded};
use peeker_store::entity::deliveries as rows;
use peeker_store::{Batch, EnvironmentDb, UnitOfWork, events};
use peeker_testkit::{EPOCH, Engine, TestApp, apply, claim_deliveries, on_both_engines};
use sea_orm::{EntityTrait, QuerySelect};
use serde_json::json;

async fn emit(app: &TestApp, count: usize) -> &EnvironmentDb {
    let db = &app.app.store().sandbox.db;
    emit_for(db, &app.partner.id, count).await;
    db
}

async fn emit_for(db: &EnvironmentDb, account: &AccountId, count: usize) {
    let mut work = UnitOfWork::begin(db, [account]).await.unwrap();
    for _ in 0..count {
        work.emit(account, EventType::SwapCreated, None, &json!({}), EPOCH)
            .unwrap();
    }
    work.commit().await.unwrap();
}

async fn claim(db: &EnvironmentDb, now: Timestamp, most: usize) -> Vec<ClaimedDelivery> {
    let token = peeker_domain::id::OrderId::new(now).to_string();
    claim_deliveries(db, now, now.plus_seconds(60), &token, most).await
}

async fn any_due(db: &EnvironmentDb) -> bool {
    let line = deliveries::line_up_unscoped(db, EPOCH, None).await.unwrap();
    line.fell_due || !line.accounts.is_empty()
}

async fn count(db: &EnvironmentDb, state: DeliveryState) -> u64 {
    deliveries::count_unscoped(db, state).await.unwrap()
}

fn outcome(delivery: &ClaimedDelivery, state: DeliveryState, http_status: u16) -> Recorded {
    Recorded {
        delivery: delivery.clone(),
        attempt: Some(Attempt {
            started_at: EPOCH,
            ended_at: EPOCH,
            http_status: Some(http_status),
            failure: None,
            latency_ms: 5,
            response_excerpt: "with a NUL \0 in it".to_owned(),
        }),
        state,
        next_attempt_at: EPOCH,
        retry_until: None,
    }
}

#[apply(on_both_engines!)]
async fn senders_that_race_claim_each_event_once(app: &TestApp) {
    let second = app.another_server().await;
    emit(app, 120).await;
    let senders = (0..6).map(|sender| {
        let server = if sender % 2 == 0 {
            app.app.clone()
        } else {
            second.clone()
        };
        tokio::spawn(async move {
            let db = &server.store().sandbox.db;
            let mut sequences = Vec::new();
            while any_due(db).await {
                let claimed = claim(db, EPOCH, 7).await;
                assert!(claimed.len() <= 7);
                sequences.extend(claimed.into_iter().map(|delivery| delivery.sequence));
            }
            sequences
        })
    });
    let senders: Vec<_> = senders.collect();
    let mut all = Vec::new();
    for sender in senders {
        all.extend(sender.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=120).collect::<Vec<i64>>());
}

#[apply(on_both_engines!)]
async fn an_outcome_under_a_lost_lease_is_on_record_and_changes_nothing(app: &TestApp) {
    let db = emit(app, 1).await;
    let lost = claim(db, EPOCH, 5).await.remove(0);
    assert_eq!(claim(db, EPOCH.plus_seconds(59), 5).await.len(), 0);
    let held = claim(db, EPOCH.plus_seconds(60), 5).await.remove(0);
    assert_eq!(
        (&held.event, &held.body, held.number),
        (&lost.event, &lost.body, 1)
    );
    let lane = &app.app.store().sandbox.attempts;
    lane.submit(outcome(&lost, DeliveryState::Failed, 500))
        .await
        .unwrap();
    assert_eq!(
        deliveries::count_unscoped(db, DeliveryState::Failed)
            .await
            .unwrap(),
        0
    );
    lane.submit(outcome(&held, DeliveryState::Delivered, 200))
        .await
        .unwrap();
    assert_eq!(
        deliveries::count_unscoped(db, DeliveryState::Delivered)
            .await
            .unwrap(),
        1
    );
    let attempts = deliveries::attempts(db, &app.partner.id, 1).await.unwrap();
    let seen: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.number, attempt.http_status))
        .collect();
    assert_eq!(seen, [(1, Some(500)), (2, Some(200))]);
    assert_eq!(deliveries::next_due_unscoped(db).await.unwrap(), None);
}

#[apply(on_both_engines!)]
async fn an_outcome_under_a_lost_lease_does_not_hide_the_one_that_counts(app: &TestApp) {
    let db = emit(app, 20).await;
    let lost = claim(db, EPOCH, 20).await;
    let held = claim(db, EPOCH.plus_seconds(60), 20).await;
    // Together, so that the lane writes both of a delivery at once.
    let late = lost
        .iter()
        .map(|delivery| outcome(delivery, DeliveryState::Pending, 500));
    let right = held
        .iter()
        .map(|delivery| outcome(delivery, DeliveryState::Delivered, 200));
    let lane = &app.app.store().sandbox.attempts;
    let written = late.chain(right).map(|recorded| lane.submit(recorded));
    for written in futures::future::join_all(written).await {
        written.unwrap();
    }
    assert_eq!(count(db, DeliveryState::Delivered).await, 20);
}

#[apply(on_both_engines!)]
async fn a_replay_counts_what_was_sent_and_nothing_else(app: &TestApp) {
    let db = emit(app, 2).await;
    let claimed = claim(db, EPOCH, 2).await;
    for delivery in &claimed {
        let found = events::replay(db, &app.partner.id, &delivery.event, EPOCH)
            .await
            .unwrap();
        assert_eq!(found.unwrap().delivery.attempts, 0);
    }
    // The first had been sent when it was replayed, the second waited for its turn.
    let lane = &app.app.store().sandbox.attempts;
    lane.submit(outcome(&claimed[0], DeliveryState::Pending, 500))
        .await
        .unwrap();
    lane.submit(Recorded::postponed(
        claimed[1].clone(),
        EPOCH.plus_seconds(9),
    ))
    .await
    .unwrap();
    let mut again = claim(db, EPOCH, 2).await;
    again.sort_by_key(|delivery| delivery.sequence);
    let first = claimed[0].sequence;
    for delivery in &again {
        let made = u32::from(delivery.sequence == first);
        assert_eq!(
            (delivery.number, delivery.try_number),
            (made + 1, 1),
            "the schedule starts anew"
        );
        lane.submit(outcome(delivery, DeliveryState::Delivered, 200))
            .await
            .unwrap();
        let found = events::find(db, &app.partner.id, &delivery.event)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.delivery.attempts, made + 1);
    }
    let attempts = deliveries::attempts(db, &app.partner.id, first)
        .await
        .unwrap();
    assert_eq!(
        attempts
            .iter()
            .map(|attempt| attempt.number)
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

#[apply(on_both_engines!)]
async fn what_is_on_its_way_during_a_pause_is_recorded_and_nothing_is_given_up(app: &TestApp) {
    let db = emit(app, 4).await;
    let claimed = claim(db, EPOCH, 3).await;
    let gone = Pause {
        at: EPOCH,
        reason: PauseReason::Gone,
    };
    let probe_at = EPOCH.plus_seconds(60);
    let failed = |index: usize, state| outcome(&claimed[index], state, 410);
    assert!(
        endpoint_health::pause(db, &failed(0, DeliveryState::Pending), gone, probe_at)
            .await
            .unwrap()
    );
    // The second was received after all, the third failed for the last time.
    let lane = &app.app.store().sandbox.attempts;
    lane.submit(outcome(&claimed[1], DeliveryState::Delivered, 200))
        .await
        .unwrap();
    assert!(
        !endpoint_health::pause(db, &failed(2, DeliveryState::Failed), gone, probe_at)
            .await
            .unwrap(),
        "paused already"
    );
    emit(app, 1).await;
    assert_eq!(count(db, DeliveryState::Waiting).await, 4);
    assert_eq!(
        (
            count(db, DeliveryState::Delivered).await,
            count(db, DeliveryState::Failed).await
        ),
        (1, 0)
    );
    assert_eq!(claim(db, EPOCH.plus_seconds(1_000_000), 10).await.len(), 0);
    assert_eq!(
        endpoint_health::resume(db, &app.partner.id, EPOCH)
            .await
            .unwrap(),
        Some(4)
    );
    let resumed = claim(db, EPOCH.plus_seconds(1), 10).await;
    let place =
        |delivery: &ClaimedDelivery| (delivery.sequence, delivery.number, delivery.try_number);
    let mut places: Vec<_> = resumed.iter().map(place).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [(1, 2, 1), (3, 2, 1), (4, 1, 1), (5, 1, 1)],
        "attempts go on being counted"
    );
    assert_eq!(
        endpoint_health::next_probe_at(db, &app.partner.id)
            .await
            .unwrap(),
        None
    );
}

#[apply(on_both_engines!)]
async fn events_recorded_while_a_pause_begins_are_none_left_behind(app: &TestApp) {
    let db = emit(app, 1).await;
    let claimed = claim(db, EPOCH, 1).await.remove(0);
    let gone = Pause {
        at: EPOCH,
        reason: PauseReason::Gone,
    };
    let failed = outcome(&claimed, DeliveryState::Pending, 410);
    let emitting = futures::future::join_all((0..20).map(|_| emit(app, 5)));
    let pausing = endpoint_health::pause(db, &failed, gone, EPOCH.plus_seconds(60));
    let (_, paused) = futures::future::join(emitting, pausing).await;
    assert!(paused.unwrap());
    assert_eq!(count(db, DeliveryState::Waiting).await, 101);
    let emitting = futures::future::join_all((0..20).map(|_| emit(app, 5)));
    let resuming = endpoint_health::resume(db, &app.partner.id, EPOCH);
    let (_, resumed) = futures::future::join(emitting, resuming).await;
    assert!(resumed.unwrap().unwrap() >= 101);
    assert_eq!(
        (
            count(db, DeliveryState::Waiting).await,
            count(db, DeliveryState::Pending).await
        ),
        (0, 201)
    );
}

#[tokio::test]
async fn an_outcome_waits_for_nobody_elses_delivery() {
    let app = TestApp::start(Engine::Postgres).await;
    let db = emit(&app, 2).await;
    let other = AccountId::new(EPOCH);
    emit_for(db, &other, 2).await;
    let claimed = claim(db, EPOCH, 10).await;
    // Of two accounts that count alike, somebody holds the first delivery of one and the second of the other.
    let of = |account: &AccountId, sequence| {
        let mut found = claimed.iter();
        found
            .find(|claimed| claimed.account == *account && claimed.sequence == sequence)
            .unwrap()
    };
    let blocker = db.pools.begin().await.unwrap();
    for (account, sequence) in [(&app.partner.id, 1), (&other, 2)] {
        let row = rows::Entity::find_by_id((account.clone(), sequence));
        row.lock_exclusive().one(&blocker).await.unwrap().unwrap();
    }
    let outcomes = [of(&app.partner.id, 2), of(&other, 1)]
        .map(|delivery| outcome(delivery, DeliveryState::Delivered, 200));
    let recorded = async {
        let mut work = UnitOfWork::begin(db, []).await.unwrap();
        let items: Vec<&Recorded> = outcomes.iter().collect();
        RecordAttempt::write(&mut work, &items).await.unwrap();
        work.commit().await.unwrap();
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), recorded)
        .await
        .expect("it waits for a lock");
    blocker.commit().await.unwrap();
    assert_eq!(count(db, DeliveryState::Delivered).await, 2);
    app.may_leave_jobs();
    app.finish().await;
}
