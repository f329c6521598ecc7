//! The job table: claimed once, by lease, and never lost.

use std::collections::HashSet;

use peeker_domain::NewJob;
use peeker_domain::id::{AccountId, DomainId, OrderId};
use peeker_domain::{JobState, Timestamp};
use peeker_store::jobs::DomainJob;
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::orders::progress::{self};
use peeker_store::{EnvironmentDb, StoreError, UnitOfWork};
use peeker_testkit::{EPOCH, TestApp, apply, claim_jobs, on_both_engines};

const LEASE_SECONDS: i64 = 120;

async fn enqueue(db: &EnvironmentDb, account: &AccountId, subjects: &[DomainId], at: Timestamp) {
    let order = OrderId::from_stored("ord_of_these".to_owned());
    let mut work = UnitOfWork::begin(db, [account]).await.unwrap();
    for subject in subjects {
        work.enqueue(NewJob::provision(account, &order, subject, at));
    }
    work.commit().await.unwrap();
}

async fn claim(db: &EnvironmentDb, now: Timestamp, most: usize) -> Vec<ClaimedJob> {
    let token = OrderId::new(now).to_string();
    claim_jobs(db, now, now.plus_seconds(LEASE_SECONDS), &token, most).await
}

async fn any_due(db: &EnvironmentDb, now: Timestamp) -> bool {
    let line = jobs::line_up_unscoped(db, now, None).await.unwrap();
    line.fell_due || !line.accounts.is_empty()
}

async fn end_job(db: &EnvironmentDb, job: &ClaimedJob) -> peeker_store::Result<()> {
    progress::end_job(db, &DomainJob::of(job).unwrap()).await
}

fn subjects(count: usize) -> Vec<DomainId> {
    (0..count).map(|_| DomainId::new(EPOCH)).collect()
}

/// One job, enqueued now.
async fn one(app: &TestApp) -> (&EnvironmentDb, DomainId) {
    app.may_leave_jobs();
    let db: &EnvironmentDb = &app.app.store().sandbox.db;
    let subject = DomainId::new(EPOCH);
    enqueue(db, &app.partner.id, std::slice::from_ref(&subject), EPOCH).await;
    (db, subject)
}

#[apply(on_both_engines!)]
async fn workers_that_race_claim_each_job_once(app: &TestApp) {
    app.may_leave_jobs();
    let second = app.another_server().await;
    let wanted = subjects(300);
    enqueue(&app.app.store().sandbox.db, &app.partner.id, &wanted, EPOCH).await;
    let workers = (0..8).map(|worker| {
        let server = if worker % 2 == 0 {
            app.app.clone()
        } else {
            second.clone()
        };
        tokio::spawn(async move {
            let db = &server.store().sandbox.db;
            let mut claimed = Vec::new();
            while any_due(db, EPOCH).await {
                let jobs = claim(db, EPOCH, 7).await;
                assert!(jobs.len() <= 7, "{} jobs for a limit of 7", jobs.len());
                claimed.extend(jobs.into_iter().map(|job| job.subject));
            }
            claimed
        })
    });
    let workers: Vec<_> = workers.collect();
    let (mut all, mut busy) = (Vec::new(), 0);
    for worker in workers {
        let claimed = worker.await.unwrap();
        busy += usize::from(!claimed.is_empty());
        all.extend(claimed);
    }
    assert!(busy > 1, "only one worker got work, so nothing raced");
    assert_eq!(all.len(), 300);
    assert_eq!(
        all.into_iter().collect::<HashSet<_>>(),
        wanted.into_iter().map(String::from).collect::<HashSet<_>>()
    );
}

#[apply(on_both_engines!)]
async fn a_claim_takes_exactly_as_many_as_asked_oldest_first(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let (late, early) = (subjects(30), subjects(20));
    enqueue(db, &app.partner.id, &late, EPOCH.plus_seconds(1)).await;
    enqueue(db, &app.partner.id, &early, EPOCH).await;
    let now = EPOCH.plus_seconds(10);
    for _ in 0..4 {
        let claimed = claim(db, now, 5).await;
        assert_eq!(claimed.len(), 5);
        assert!(
            claimed
                .iter()
                .all(|job| early.iter().any(|id| id.as_str() == job.subject))
        );
    }
    assert_eq!(claim(db, now, 100).await.len(), 30, "what is left");
    assert_eq!(claim(db, now, 100).await.len(), 0);
}

#[apply(on_both_engines!)]
async fn a_job_is_not_due_before_its_time(app: &TestApp) {
    let (db, _) = one(app).await;
    let before = EPOCH.plus_millis(-1);
    assert!(!any_due(db, before).await);
    assert_eq!(claim(db, before, 5).await.len(), 0);
    assert_eq!(jobs::next_due_unscoped(db).await.unwrap(), Some(EPOCH));
    assert!(any_due(db, EPOCH).await);
    assert_eq!(claim(db, EPOCH, 5).await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_lease_that_ran_out_makes_the_job_claimable(app: &TestApp) {
    let (db, subject) = one(app).await;
    let first = claim(db, EPOCH, 5).await.remove(0);
    assert_eq!((first.attempts, &*first.subject), (1, subject.as_str()));
    let end = EPOCH.plus_seconds(LEASE_SECONDS);
    assert_eq!(claim(db, end.plus_millis(-1), 5).await.len(), 0);
    let second = claim(db, end, 5).await.remove(0);
    assert_eq!((second.attempts, &*second.subject), (2, subject.as_str()));
    assert_ne!(second.lease, first.lease);
}

#[apply(on_both_engines!)]
async fn whoever_lost_the_lease_changes_nothing(app: &TestApp) {
    let (db, _) = one(app).await;
    let lost = claim(db, EPOCH, 5).await.remove(0);
    let end = EPOCH.plus_seconds(LEASE_SECONDS);
    let held = claim(db, end, 5).await.remove(0);
    let late = jobs::release(db, &lost, EPOCH, "too late", true).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    end_job(db, &lost).await.unwrap();
    assert_eq!(jobs::count_unscoped(db, JobState::Ready).await.unwrap(), 1);
    assert_eq!(jobs::count_unscoped(db, JobState::Dead).await.unwrap(), 0);
    assert_eq!(claim(db, end, 5).await.len(), 0, "still leased");
    end_job(db, &held).await.unwrap();
    assert_eq!(jobs::count_unscoped(db, JobState::Ready).await.unwrap(), 0);
}

#[apply(on_both_engines!)]
async fn a_released_job_runs_again_at_its_time_or_is_dead(app: &TestApp) {
    let (db, _) = one(app).await;
    let job = claim(db, EPOCH, 5).await.remove(0);
    let at = EPOCH.plus_seconds(30);
    jobs::release(db, &job, at, "the database went away", false)
        .await
        .unwrap();
    assert_eq!(claim(db, at.plus_millis(-1), 5).await.len(), 0);
    let job = claim(db, at, 5).await.remove(0);
    assert_eq!(job.attempts, 2);
    jobs::release(db, &job, at, "gave up", true).await.unwrap();
    assert_eq!(claim(db, at.plus_seconds(1_000_000), 5).await.len(), 0);
    assert_eq!(jobs::count_unscoped(db, JobState::Dead).await.unwrap(), 1);
    assert_eq!(jobs::next_due_unscoped(db).await.unwrap(), None);
}

#[apply(on_both_engines!)]
async fn a_job_asked_for_while_it_runs_runs_again(app: &TestApp) {
    let (db, subject) = one(app).await;
    let running = claim(db, EPOCH, 5).await.remove(0);
    let later = EPOCH.plus_seconds(5);
    enqueue(db, &app.partner.id, std::slice::from_ref(&subject), later).await;
    assert_eq!(claim(db, later, 5).await.len(), 0, "never twice at once");
    end_job(db, &running).await.unwrap();
    let again = claim(db, later, 5).await;
    assert_eq!(again.len(), 1, "the wish was lost");
    end_job(db, &again[0]).await.unwrap();
    assert_eq!(
        jobs::count_unscoped(db, JobState::Ready).await.unwrap(),
        0,
        "asked for once, run once more"
    );
}

#[apply(on_both_engines!)]
async fn a_job_asked_for_during_its_last_run_is_not_dead(app: &TestApp) {
    let (db, subject) = one(app).await;
    let running = claim(db, EPOCH, 5).await.remove(0);
    enqueue(db, &app.partner.id, std::slice::from_ref(&subject), EPOCH).await;
    jobs::release(db, &running, EPOCH, "gave up", true)
        .await
        .unwrap();
    assert_eq!(claim(db, EPOCH, 5).await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_waiting_job_is_brought_forward_and_a_dead_one_revived(app: &TestApp) {
    let (db, subject) = one(app).await;
    for dead in [false, true] {
        let job = claim(db, EPOCH, 5).await.remove(0);
        jobs::release(db, &job, EPOCH.plus_seconds(1_000), "not now", dead)
            .await
            .unwrap();
        assert_eq!(claim(db, EPOCH, 5).await.len(), 0);
        enqueue(db, &app.partner.id, std::slice::from_ref(&subject), EPOCH).await;
    }
    assert_eq!(claim(db, EPOCH, 5).await.len(), 1);
}

#[apply(on_both_engines!)]
async fn ending_all_leases_makes_the_work_of_the_dead_due(app: &TestApp) {
    let (db, _) = one(app).await;
    let job = claim(db, EPOCH, 5).await.remove(0);
    let now = EPOCH.plus_seconds(1);
    jobs::end_all_leases_unscoped(db, now).await.unwrap();
    assert_eq!(claim(db, now, 5).await.len(), 1);
    end_job(db, &job).await.unwrap();
    assert_eq!(
        jobs::count_unscoped(db, JobState::Ready).await.unwrap(),
        1,
        "the old lease is worth nothing"
    );
}
