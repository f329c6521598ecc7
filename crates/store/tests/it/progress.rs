//! Recording progress: guarded by the lease, right for every order and domain of a batch.

use peeker_domain::NewJob;
use peeker_domain::id::{DomainId, OrderId};
use peeker_domain::order::{Change, NewOrder, Next};
use peeker_domain::{
    Cents, JobKind, JobState, OrderDomainState, OrderFailureReason, ProvisionStep, Timestamp,
};
use peeker_store::jobs;
use peeker_store::jobs::DomainJob;
use peeker_store::orders::progress::{Assignment, Assignments, Progress, Step};
use peeker_store::{Batch, EnvironmentDb, Load, UnitOfWork, wallet};
use peeker_testkit::{EPOCH, TestApp, apply, claim_jobs, on_both_engines};

use crate::orders::{accept_batch, planned};

fn sandbox(app: &TestApp) -> &EnvironmentDb {
    &app.app.store().sandbox.db
}

async fn claim_all(db: &EnvironmentDb, now: Timestamp) -> Vec<DomainJob> {
    let token = OrderId::new(now).to_string();
    let claimed = claim_jobs(db, now, now.plus_seconds(120), &token, 100).await;
    claimed.iter().filter_map(DomainJob::of).collect()
}

/// Jobs on domains that are waiting or under way. The timers of the order and its registrations do not count.
async fn left_over(db: &EnvironmentDb) -> usize {
    let ready = jobs::list_unscoped(db, JobState::Ready).await.unwrap();
    let of_domains = ready.iter().filter(|(kind, _)| *kind == JobKind::Provision);
    of_domains.count()
}

/// What a worker learns about a job.
async fn assignment(db: &EnvironmentDb, job: &DomainJob) -> Option<Assignment> {
    let mut found = Assignments::load(db, std::slice::from_ref(job))
        .await
        .unwrap();
    found.pop().unwrap()
}

/// The job of one name among claimed ones.
async fn job_of(db: &EnvironmentDb, jobs: &[DomainJob], name: &str) -> DomainJob {
    for job in jobs {
        let about = assignment(db, job).await;
        if about.is_some_and(|about| about.part.name == name) {
            return job.clone();
        }
    }
    panic!("no job for {name}");
}

fn step(job: &DomainJob, change: Change) -> Step {
    Step {
        job: job.clone(),
        change,
        now: EPOCH,
    }
}

async fn write(db: &EnvironmentDb, steps: &[Step]) -> Vec<Next> {
    let accounts = steps.iter().map(|step| &step.job.account);
    let mut work = UnitOfWork::begin(db, accounts).await.unwrap();
    let steps: Vec<&Step> = steps.iter().collect();
    let next = Progress::write(&mut work, &steps).await.unwrap();
    work.commit().await.unwrap();
    next
}

fn bought() -> Change {
    Change::Registered {
        until: Some(EPOCH.plus_months(12)),
    }
}

fn connected() -> Change {
    Change::Connected { redirect: None }
}

fn released() -> Change {
    Change::Released { redirect: None }
}

fn broken() -> Change {
    Change::OrderFailed {
        reason: OrderFailureReason::MailRefused,
        message: "the tenant is closed".to_owned(),
    }
}

/// The kept amount: what the wallet paid for the order less what it got back.
async fn paid(app: &TestApp, order: &NewOrder) -> Cents {
    let entries = wallet::entries_of_order(sandbox(app), &app.partner.id, &order.id);
    let entries = entries.await.unwrap();
    -entries.into_iter().map(|(_, amount)| amount).sum::<Cents>()
}

#[apply(on_both_engines!)]
async fn a_step_under_a_lost_lease_changes_nothing(app: &TestApp) {
    app.may_leave_jobs();
    let db = sandbox(app);
    accept_batch(db, &[&planned(&app.partner.id, &["one.com"])])
        .await
        .unwrap();
    let lost = claim_all(db, EPOCH).await.remove(0);
    let held = claim_all(db, EPOCH.plus_seconds(120)).await.remove(0);
    for change in [bought(), connected(), broken(), released()] {
        let before = format!("{:?}", assignment(db, &held).await);
        assert_eq!(write(db, &[step(&lost, change)]).await, [Next::Stop]);
        assert_eq!(format!("{:?}", assignment(db, &held).await), before);
    }
    assert_eq!(app.events().await.len(), 1, "only order.in_progress");
    assert_eq!(
        write(db, &[step(&held, bought()), step(&held, connected())]).await,
        [Next::Continue, Next::Stop]
    );
    assert_eq!(
        app.event_types().await,
        ["order.in_progress", "domain.connected", "order.completed"]
    );
}

#[apply(on_both_engines!)]
async fn a_step_after_the_end_changes_nothing(app: &TestApp) {
    let db = sandbox(app);
    accept_batch(db, &[&planned(&app.partner.id, &["one.com"])])
        .await
        .unwrap();
    let job = claim_all(db, EPOCH).await.remove(0);
    assert_eq!(write(db, &[step(&job, connected())]).await, [Next::Stop]);
    assert_eq!(write(db, &[step(&job, connected())]).await, [Next::Stop]);
    assert_eq!(
        app.event_types().await,
        ["order.in_progress", "domain.connected", "order.completed"]
    );
}

#[apply(on_both_engines!)]
async fn a_wish_that_came_while_the_job_ran_does_not_wait_for_a_retry(app: &TestApp) {
    let db = sandbox(app);
    accept_batch(db, &[&planned(&app.partner.id, &["one.com", "two.com"])])
        .await
        .unwrap();
    let claimed = claim_all(db, EPOCH).await;
    let (asked, other) = (&claimed[0], &claimed[1]);
    let mut work = UnitOfWork::begin(db, [&asked.account]).await.unwrap();
    work.enqueue(NewJob::provision(
        &asked.account,
        &asked.order,
        &asked.domain,
        EPOCH,
    ));
    work.commit().await.unwrap();
    let later = || Change::Retry {
        run_at: EPOCH.plus_seconds(3_600),
        error: "busy".to_owned(),
        is_failure: true,
        reached: ProvisionStep::FIRST,
    };
    write(db, &[step(asked, later()), step(other, later())]).await;
    let again: Vec<_> = claim_all(db, EPOCH)
        .await
        .into_iter()
        .map(|job| job.domain)
        .collect();
    assert_eq!(again, std::slice::from_ref(&asked.domain));
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn what_is_wanted_of_a_domain_is_wanted_for_the_order_that_asked_last(app: &TestApp) {
    let db = sandbox(app);
    accept_batch(db, &[&planned(&app.partner.id, &["one.com"])])
        .await
        .unwrap();
    let job = claim_all(db, EPOCH).await.remove(0);
    write(db, &[step(&job, connected())]).await;
    let next = OrderId::new(EPOCH);
    for order in [&job.order, &next] {
        let mut work = UnitOfWork::begin(db, [&job.account]).await.unwrap();
        work.enqueue(NewJob::provision(&job.account, order, &job.domain, EPOCH));
        work.commit().await.unwrap();
    }
    assert_eq!(claim_all(db, EPOCH).await.remove(0).order, next);
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_job_may_be_asked_for_many_times_at_once(app: &TestApp) {
    let db = sandbox(app);
    accept_batch(db, &[&planned(&app.partner.id, &["one.com"])])
        .await
        .unwrap();
    let job = claim_all(db, EPOCH).await.remove(0);
    let mut work = UnitOfWork::begin(db, [&job.account]).await.unwrap();
    for seconds in [60, 0, 30] {
        let at = EPOCH.plus_seconds(seconds);
        work.enqueue(NewJob::provision(
            &job.account,
            &job.order,
            &DomainId::from_stored("dom_another".to_owned()),
            at,
        ));
    }
    work.commit().await.unwrap();
    let due = claim_all(db, EPOCH).await;
    assert_eq!(due.len(), 1, "the earliest time counts");
    app.may_leave_jobs();
}

#[apply(on_both_engines!)]
async fn a_domain_that_is_to_redirect_elsewhere_by_now_is_not_done(app: &TestApp) {
    let db = sandbox(app);
    accept_batch(db, &[&planned(&app.partner.id, &["one.com"])])
        .await
        .unwrap();
    let job = claim_all(db, EPOCH).await.remove(0);
    let elsewhere = Change::Connected {
        redirect: Some("https://one.example/".to_owned()),
    };
    assert_eq!(write(db, &[step(&job, elsewhere)]).await, [Next::Stop]);
    let again = claim_all(db, EPOCH).await.remove(0);
    assert_eq!(write(db, &[step(&again, connected())]).await, [Next::Stop]);
    assert_eq!(
        app.event_types().await,
        ["order.in_progress", "domain.connected", "order.completed"]
    );
}

#[apply(on_both_engines!)]
async fn all_domains_of_an_order_may_finish_in_one_batch(app: &TestApp) {
    let db = sandbox(app);
    let order = planned(&app.partner.id, &["one.com", "two.com", "three.com"]);
    accept_batch(db, &[&order]).await.unwrap();
    let jobs = claim_all(db, EPOCH).await;
    let steps: Vec<Step> = jobs.iter().map(|job| step(job, connected())).collect();
    assert_eq!(write(db, &steps).await, [Next::Stop; 3]);
    assert_eq!(
        app.event_types().await,
        [
            "order.in_progress",
            "domain.connected",
            "domain.connected",
            "domain.connected",
            "order.completed"
        ]
    );
    let shown = &app.events_of("order.completed").await[0]["data"];
    assert_eq!(
        (&shown["status"], &shown["progress"]["domains_active"]),
        (&"completed".into(), &3.into())
    );
}

#[apply(on_both_engines!)]
async fn a_failure_turns_the_rest_of_its_batch_around(app: &TestApp) {
    let db = sandbox(app);
    let order = planned(
        &app.partner.id,
        &["live.com", "fails.com", "buys.com", "waits.com"],
    );
    accept_batch(db, &[&order]).await.unwrap();
    let jobs = claim_all(db, EPOCH).await;
    let mut of = Vec::new();
    for name in ["live.com", "fails.com", "buys.com", "waits.com"] {
        of.push(job_of(db, &jobs, name).await);
    }
    write(db, &[step(&of[0], bought()), step(&of[0], connected())]).await;
    let retry = Change::Retry {
        run_at: EPOCH.plus_seconds(900),
        error: "busy".to_owned(),
        is_failure: true,
        reached: ProvisionStep::FIRST,
    };
    let next = write(
        db,
        &[
            step(&of[1], broken()),
            step(&of[2], bought()),
            step(&of[3], retry),
        ],
    )
    .await;
    assert_eq!(next, [Next::Deprovision, Next::Deprovision, Next::Stop]);
    // The one at work with what failed, and the one that learns it here, hold their leases; the other two are due.
    let due = claim_all(db, EPOCH).await;
    assert_eq!(due.len(), 2, "{due:?}");
    let mut steps = vec![step(&of[1], released()), step(&of[2], released())];
    steps.extend(due.iter().map(|job| step(job, released())));
    assert_eq!(write(db, &steps).await, [Next::Stop; 4]);
    assert_eq!(left_over(db).await, 0);
    assert_eq!(
        paid(app, &order).await,
        Cents(2 * 3_300),
        "two were bought and are kept"
    );
    assert_eq!(app.events_of("order.failed").await.len(), 1);
    assert_eq!(
        app.events_of("order.failed").await[0]["data"]["renews_at"],
        serde_json::Value::Null
    );
}

#[apply(on_both_engines!)]
async fn a_domain_that_ends_in_the_batch_of_the_failure_is_taken_back(app: &TestApp) {
    let db = sandbox(app);
    let order = planned(&app.partner.id, &["live.com", "fails.com"]);
    accept_batch(db, &[&order]).await.unwrap();
    let jobs = claim_all(db, EPOCH).await;
    let (live, fails) = (
        job_of(db, &jobs, "live.com").await,
        job_of(db, &jobs, "fails.com").await,
    );
    write(db, &[step(&live, connected()), step(&fails, broken())]).await;
    let due = claim_all(db, EPOCH).await;
    assert_eq!(
        due.iter().map(|job| &job.domain).collect::<Vec<_>>(),
        [&live.domain]
    );
    write(db, &[step(&due[0], released()), step(&fails, released())]).await;
    assert_eq!(paid(app, &order).await, Cents::ZERO);
}

#[apply(on_both_engines!)]
async fn a_domain_on_a_second_order_does_not_disturb_the_first(app: &TestApp) {
    let db = sandbox(app);
    let first = planned(&app.partner.id, &["reused.com", "slow.com"]);
    accept_batch(db, &[&first]).await.unwrap();
    let jobs = claim_all(db, EPOCH).await;
    let (reused, slow) = (
        job_of(db, &jobs, "reused.com").await,
        job_of(db, &jobs, "slow.com").await,
    );
    write(db, &[step(&reused, bought()), step(&slow, broken())]).await;
    write(db, &[step(&reused, released())]).await;
    // Back in the inventory, it is ordered again while the first order's other domain is still at work.
    // The server that takes this order has a clock that is behind, so its id sorts before the first one's.
    let mut second = planned(&app.partner.id, &["reused.com"]);
    second.id = OrderId::new(EPOCH.plus_seconds(-1));
    second.domains[0].source = peeker_domain::view::Source::Imported;
    accept_batch(db, &[&second]).await.unwrap();
    let again = job_of(db, &claim_all(db, EPOCH).await, "reused.com").await;
    assert_eq!(again.order, second.id);
    write(db, &[step(&slow, released()), step(&again, connected())]).await;
    assert_eq!(
        assignment(db, &again).await.unwrap().part.state,
        OrderDomainState::Active
    );
    assert!(
        assignment(db, &reused).await.is_none(),
        "its place on the first order stays released"
    );
    assert_eq!(
        app.events_of("order.completed").await[0]["data"]["id"],
        second.id.as_str()
    );
    assert_eq!(paid(app, &first).await, Cents(3_300));
}

#[apply(on_both_engines!)]
async fn a_wish_while_a_job_runs_outlives_its_last_step(app: &TestApp) {
    let db = sandbox(app);
    let order = planned(&app.partner.id, &["one.com"]);
    accept_batch(db, &[&order]).await.unwrap();
    let job = claim_all(db, EPOCH).await.remove(0);
    let mut work = UnitOfWork::begin(db, [&app.partner.id]).await.unwrap();
    work.enqueue(NewJob::provision(
        &app.partner.id,
        &order.id,
        &job.domain,
        EPOCH,
    ));
    work.commit().await.unwrap();
    write(db, &[step(&job, connected())]).await;
    assert_eq!(left_over(db).await, 1);
    assert_eq!(
        app.run_until_idle().await,
        1 + 3,
        "the job once more, which finds nothing to do, and three events"
    );
    assert_eq!(left_over(db).await, 0);
    assert_eq!(app.events_of("domain.connected").await.len(), 1);
}

#[apply(on_both_engines!)]
async fn a_wish_for_a_place_that_is_no_more_is_dropped(app: &TestApp) {
    let db = sandbox(app);
    let order = planned(&app.partner.id, &["one.com", "two.com"]);
    accept_batch(db, &[&order]).await.unwrap();
    let jobs = claim_all(db, EPOCH).await;
    let (one, two) = (
        job_of(db, &jobs, "one.com").await,
        job_of(db, &jobs, "two.com").await,
    );
    write(db, &[step(&one, bought()), step(&two, broken())]).await;
    let mut work = UnitOfWork::begin(db, [&app.partner.id]).await.unwrap();
    work.enqueue(NewJob::provision(
        &app.partner.id,
        &order.id,
        &one.domain,
        EPOCH,
    ));
    work.commit().await.unwrap();
    write(db, &[step(&one, released())]).await;
    // A job of the old order would stand in the way of the next order's.
    let mut second = planned(&app.partner.id, &["one.com"]);
    second.domains[0].source = peeker_domain::view::Source::Imported;
    accept_batch(db, &[&second]).await.unwrap();
    let again = job_of(db, &claim_all(db, EPOCH).await, "one.com").await;
    assert_eq!(again.order, second.id);
    write(db, &[step(&two, released()), step(&again, connected())]).await;
    assert_eq!(left_over(db).await, 0);
}
