//! Nobody waits for another's work: whatever one partner has in line or under way, the work of the next one is done.

use std::time::Duration;

use futures::future::join_all;
use peeker_app::runner::{self, Rounds};
use peeker_app::{App, Settings, keys, partners};
use peeker_domain::id::AccountId;
use peeker_domain::{DeliveryState, Environment, EventType, Preset, Tier};
use peeker_store::{UnitOfWork, deliveries};
use peeker_testkit::{
    Client, Engine, Fault, Faults, Receiver, TestApp, apply, custom_order, names, on_both_engines,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const TEST: Environment = Environment::Test;
/// Far more than anything here takes.
const SOON: Duration = Duration::from_mins(1);

fn few_places(places: usize) -> Settings {
    Settings {
        job_concurrency: places,
        ..Settings::default()
    }
}

/// Another partner: its account, and a client of the server.
async fn another_partner(app: &TestApp, server: &App) -> (AccountId, Client) {
    let created = partners::create(&app.app, "Globex", Tier::Base)
        .await
        .unwrap();
    let key = keys::NewKey {
        environment: TEST,
        preset: Preset::Full,
        label: None,
        requests_per_minute: 100_000,
    };
    let key = keys::create(&app.app, &created.partner.id, key)
        .await
        .unwrap();
    let client = app.client_of_with(server, key.secret.expose_secret());
    (created.partner.id, client)
}

/// Asks for imports of 500 domains each; gives back their ids.
async fn import(client: &Client, jobs: usize) -> Vec<String> {
    let asked = (0..jobs).map(|job| async move {
        let domains: Vec<String> = (0..500)
            .map(|number| format!("bulk-{job}-{number}.com"))
            .collect();
        let accepted = client
            .post("/domains/import/jobs", json!({ "domains": domains }))
            .await;
        accepted.data(202)["id"].as_str().unwrap().to_owned()
    });
    join_all(asked).await
}

async fn place(client: &Client, domains: &[String]) -> String {
    let accepted = client.post("/orders", custom_order(domains)).await;
    accepted.data(200)["id"].as_str().unwrap().to_owned()
}

async fn is_completed(client: &Client, order: &str) -> bool {
    let order = client.get(&format!("/orders/{order}")).await.data(200);
    order["status"] == "completed"
}

/// How many zones each import has.
async fn zones(client: &Client, imports: &[String]) -> Vec<u64> {
    let of_one = |id: &String| {
        let path = format!("/domains/import/{id}");
        async move {
            client.get(&path).await.data(200)["completed_count"]
                .as_u64()
                .unwrap()
        }
    };
    join_all(imports.iter().map(of_one)).await
}

#[apply(on_both_engines!)]
async fn an_order_beside_sixty_imports_of_500_is_done_in_the_next_round(app: &TestApp) {
    app.may_leave_jobs();
    let server = app.server_with(few_places(4)).await;
    let (_, heavy) = another_partner(app, &server).await;
    let imports = import(&heavy, 60).await;
    let mut rounds = Rounds::new(&server, TEST);
    for _ in 0..3 {
        assert_eq!(
            rounds.run().await.unwrap(),
            Some(4),
            "alone it has every place"
        );
    }
    let client = app.client_of(&server);
    let order = place(&client, &names("light", 1)).await;
    assert!(rounds.run().await.unwrap() >= Some(4));
    assert!(is_completed(&client, &order).await);
    let zones = zones(&heavy, &imports).await;
    assert!(zones.contains(&25), "{zones:?}");
    assert!(
        zones.iter().all(|zones| *zones <= 100),
        "an import holds its place for a slice: {zones:?}"
    );
}

#[apply(on_both_engines!)]
async fn an_order_of_many_domains_beside_another_takes_turns_with_it(app: &TestApp) {
    app.may_leave_jobs();
    let server = app.server_with(few_places(6)).await;
    let (_, heavy) = another_partner(app, &server).await;
    for number in 0..3 {
        place(&heavy, &names(&format!("heavy{number}"), 12)).await;
    }
    let client = app.client_of(&server);
    let order = place(&client, &names("light", 9)).await;
    let mut rounds = Rounds::new(&server, TEST);
    // Three places for each in a round.
    for _ in 0..3 {
        assert!(!is_completed(&client, &order).await);
        rounds.run().await.unwrap();
    }
    assert!(is_completed(&client, &order).await);
}

#[apply(on_both_engines!)]
async fn jobs_that_hang_leave_a_place_for_those_of_others(app: &TestApp) {
    app.may_leave_jobs();
    let faults = Faults::default();
    let mut options = app.options();
    options.settings = few_places(16);
    let server = App::start(options.behind(faults.layer())).await.unwrap();
    let (_, heavy) = another_partner(app, &server).await;
    let stuck = names("stuck", 20);
    for name in &stuck {
        faults.plan("registrar.register", name, Fault::HangsBefore, None);
    }
    place(&heavy, &stuck).await;
    let shutdown = CancellationToken::new();
    let workers = tokio::spawn(runner::run(server.clone(), shutdown.clone()));
    let client = app.client_of(&server);
    let done = async {
        while faults.planned() > stuck.len() - 12 {
            faults.hanging().await;
        }
        let order = place(&client, &names("light", 1)).await;
        while !is_completed(&client, &order).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, done)
        .await
        .expect("the order waits for the jobs that hang");
    assert_eq!(
        faults.planned(),
        stuck.len() - 12,
        "three of four places are one account's at most"
    );
    shutdown.cancel();
    workers.abort();
}

#[apply(on_both_engines!)]
async fn an_event_beside_a_long_backlog_of_another_is_sent_in_the_next_round(app: &TestApp) {
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let (account, _) = another_partner(app, &app.app).await;
    let (busy, quiet) = (Receiver::start().await, Receiver::start().await);
    peeker_app::webhooks::set_endpoint(&app.app, &account, None, &busy.url)
        .await
        .unwrap();
    app.set_webhook(&quiet.url).await;
    for (account, events) in [(&account, 3_000), (&app.partner.id, 1)] {
        let mut work = UnitOfWork::begin(db, [account]).await.unwrap();
        for _ in 0..events {
            work.emit(account, EventType::SwapCreated, None, &json!({}), app.now())
                .unwrap();
        }
        work.commit().await.unwrap();
    }
    Rounds::new(&app.app, TEST).run().await.unwrap();
    assert_eq!(quiet.received().len(), 1);
    let sent = busy.received().len();
    assert!(sent > 0, "the other goes on as well");
    let left = deliveries::count_unscoped(db, DeliveryState::Pending)
        .await
        .unwrap();
    assert_eq!(usize::try_from(left).unwrap(), 3_000 - sent);
}

#[tokio::test]
async fn several_processes_share_one_line() {
    let app = TestApp::start(Engine::Postgres).await;
    app.may_leave_jobs();
    let servers = [
        app.server_with(few_places(4)).await,
        app.server_with(few_places(4)).await,
    ];
    let (_, heavy) = another_partner(&app, &servers[0]).await;
    let imports = import(&heavy, 20).await;
    let client = app.client_of(&servers[1]);
    let order = place(&client, &names("light", 2)).await;
    let mut rounds = servers.each_ref().map(|server| Rounds::new(server, TEST));
    let one_round = rounds.iter_mut().map(Rounds::run);
    for pieces in join_all(one_round).await {
        assert!(pieces.unwrap().is_some_and(|pieces| pieces > 0));
    }
    assert!(is_completed(&client, &order).await);
    let zones = zones(&heavy, &imports).await;
    assert!(
        zones.iter().all(|zones| *zones <= 25),
        "no slice was made twice: {zones:?}"
    );
    assert_eq!(zones.iter().sum::<u64>() % 25, 0, "{zones:?}");
    app.finish().await;
}

/// Whoever waits for a lock of PostgreSQL, in this test's database.
async fn waiting_for_locks(app: &TestApp) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let control = &app.app.store().control.reader;
    let sql = "SELECT COUNT(*) AS waiting FROM pg_locks WHERE NOT granted AND pid IN \
        (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
    let statement = Statement::from_string(control.get_database_backend(), sql);
    let row = control.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "waiting").unwrap()
}

/// Makes requests that have to wait for `lock`, and another partner's request beside them.
async fn beside_requests_that_wait(
    lock: &str,
    waiting: i64,
    slow: impl AsyncFn(Client, usize) -> Value + Clone + 'static,
) {
    let app = TestApp::start(Engine::Postgres).await;
    app.may_leave_jobs();
    let db = &app.app.store().sandbox.db;
    let (_, other) = another_partner(&app, &app.app).await;
    app.client().get("/events").await.expect(200);
    app.client()
        .post("/domains/import/jobs", json!({ "domains": ["first.com"] }))
        .await
        .expect(202);
    let blocker = db.pools.begin().await.unwrap();
    {
        use sea_orm::ConnectionTrait;
        let lock = lock.replace("{account}", app.partner.id.as_str());
        blocker.execute_unprepared(&lock).await.unwrap();
    }
    let tasks = tokio::task::LocalSet::new();
    for number in 0..40 {
        let (client, slow) = (app.client(), slow.clone());
        tasks.spawn_local(async move { slow(client, number).await });
    }
    let beside = tasks.run_until(async {
        while waiting_for_locks(&app).await < waiting {
            tokio::task::yield_now().await;
        }
        let import = json!({ "domains": ["other.com"] });
        other.post("/domains/import/jobs", import).await.expect(202);
        other.get("/orders").await.expect(200);
        assert_eq!(waiting_for_locks(&app).await, waiting);
    });
    tokio::time::timeout(SOON, beside)
        .await
        .expect("all connections are one account's");
    blocker.commit().await.unwrap();
    tokio::time::timeout(SOON, tasks)
        .await
        .expect("what waited goes on");
    app.finish().await;
}

#[tokio::test]
async fn reads_of_a_log_leave_connections_to_others() {
    let lock = "LOCK TABLE events IN ACCESS EXCLUSIVE MODE";
    beside_requests_that_wait(lock, 1, async |client: Client, _| {
        client.get("/events").await.data(200)
    })
    .await;
}

#[tokio::test]
async fn writes_of_an_account_leave_connections_to_others() {
    let lock = "SELECT 1 FROM accounts WHERE account_id = '{account}' FOR UPDATE";
    beside_requests_that_wait(lock, 1, async |client: Client, number| {
        let domains = json!({ "domains": [format!("number-{number}.com")] });
        client.post("/domains/import/jobs", domains).await.data(202)
    })
    .await;
}
