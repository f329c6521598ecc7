//! Any interleaving of orders, imports, swaps, renamings, forwardings, cancellations and time over a few names: at every
//! moment the rows say the same, and in the end everything has come to its own.

mod acts;
mod history;
mod orders;
mod perform;
mod waiting;
mod world;

use peeker_domain::OrderStatus;
use peeker_testkit::{Engine, TestApp};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::json;

use acts::{Act, story};
use perform::{Past, perform, resolve, send};
use world::World;

const DAY: i64 = 24 * 60 * 60;
/// More actions than one story can have open at a time, over and over.
const ROUNDS: usize = 8;

async fn check(app: &TestApp, quiet: bool) -> World {
    let world = World::read(app).await;
    world.check(app).await;
    if quiet {
        world.check_quiet();
    }
    world
}

async fn play(app: &TestApp, story: &[Act]) {
    app.client()
        .post_text("/sandbox/reset", "")
        .await
        .expect(200);
    let mut past = Past::default();
    for act in story {
        let quiet = perform(app, act, &mut past).await;
        check(app, quiet).await;
    }
    resolve_all(app).await;
    check(app, true).await;
    history::check_events(app).await;
    for id in &past.orders {
        send(app, &format!("/orders/{id}/cancel"), json!({})).await;
        check(app, false).await;
    }
    for _ in 0..3 {
        app.advance_seconds(32 * DAY);
        app.run_until_idle().await;
        check(app, true).await;
    }
    check_ends(app).await;
}

/// Lets everybody do what is asked of them, and everything go on that can.
async fn resolve_all(app: &TestApp) {
    for _ in 0..ROUNDS {
        app.run_until_idle().await;
        resolve(app, 0).await;
        resolve(app, 1).await;
        app.advance_seconds(5);
    }
    app.run_until_idle().await;
}

/// Every order has ended, and left nothing behind.
async fn check_ends(app: &TestApp) {
    let world = check(app, true).await;
    for order in &world.orders {
        assert!(
            [OrderStatus::Cancelled, OrderStatus::Failed].contains(&order.status),
            "{order:?}"
        );
    }
    for swap in &world.swaps {
        assert!(!swap.status.is_open(), "{swap:?}");
    }
    history::check_events(app).await;
    history::check_money(app, &world).await;
    history::check_providers(app).await;
}

/// Whether stories are looked for that nobody has played yet: `PROPTEST_CASES=1000` plays so many.
fn explores() -> bool {
    std::env::var_os("PROPTEST_CASES").is_some()
}

/// Otherwise they are the same in every run, so that a change is judged by what it does.
fn config(cases: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    if !explores() {
        config.cases = cases;
        config.rng_seed = RngSeed::Fixed(0);
    }
    config
}

/// A failure prints the shortest story that shows it.
fn play_any(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let app = runtime.block_on(TestApp::start(engine));
    let mut runner = TestRunner::new(config(cases));
    runner
        .run(&story(explores()), |story| {
            runtime.block_on(play(&app, &story));
            Ok(())
        })
        .unwrap();
    app.may_leave_jobs();
    runtime.block_on(app.finish());
}

#[test]
fn any_story_comes_to_its_end_on_sqlite() {
    play_any(Engine::Sqlite, 32);
}

#[test]
fn any_story_comes_to_its_end_on_postgres() {
    play_any(Engine::Postgres, 4);
}
