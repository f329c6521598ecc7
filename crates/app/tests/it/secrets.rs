//! Canaries: after an order has run its course, no secret is to be found in any database, event, webhook or log line.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use peeker_app::{MasterKey, keys, partners, webhooks};
use peeker_domain::{Environment, Preset, Tier};
use peeker_store::connect::Pools;
use peeker_testkit::{Receiver, TestApp, apply, custom_order, names, on_both_engines, with};
use peeker_webhooks::SigningSecret;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::log::Log;

const PASSWORD: &str = "canary-Zx81-sequencer-password";

/// The secrets as text, and in the encodings that would hide them from a plain search.
fn canaries(secrets: &[&str]) -> Vec<String> {
    let spellings = secrets.iter().flat_map(|secret| {
        let bytes = secret.as_bytes();
        [
            (*secret).to_owned(),
            STANDARD.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
            hex::encode(bytes),
        ]
    });
    spellings.collect()
}

fn assert_free(place: &str, text: &str, canaries: &[String]) {
    for canary in canaries {
        assert!(!text.contains(canary.as_str()), "{place} holds {canary}");
    }
}

async fn query(pools: &Pools, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(pools.reader.get_database_backend(), sql);
    let rows = pools.reader.query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "text").unwrap())
        .collect()
}

/// The databases to the last byte: the files, or every row of every table as text.
async fn dump(app: &TestApp) -> String {
    if let Some(folder) = app.data_folder() {
        let mut all = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            all.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        return String::from_utf8_lossy(&all).into_owned();
    }
    let pools = &app.app.store().control;
    let tables = "SELECT table_schema || '.' || table_name AS text FROM information_schema.tables \
        WHERE table_schema IN ('control', 'live', 'sandbox')";
    let mut all = String::new();
    for table in query(pools, tables).await {
        let rows = format!("SELECT CAST(t AS TEXT) AS text FROM {table} t");
        all.push_str(&query(pools, &rows).await.join("\n"));
    }
    all
}

#[apply(on_both_engines!)]
async fn no_secret_is_stored_sent_or_logged(app: &TestApp) {
    let log = Log::listen();
    let receiver = Receiver::start().await;
    let partner = partners::create(&app.app, "Initech", Tier::Base)
        .await
        .unwrap();
    let secrets = webhooks::set_endpoint(&app.app, &partner.partner.id, None, &receiver.url)
        .await
        .unwrap()
        .unwrap();
    let new = keys::NewKey {
        environment: Environment::Test,
        preset: Preset::Full,
        label: None,
        requests_per_minute: 600,
    };
    let key = keys::create(&app.app, &partner.partner.id, new)
        .await
        .unwrap();
    let all = [
        PASSWORD,
        partner.test_key.expose_secret(),
        partner.live_key.expose_secret(),
        key.secret.expose_secret(),
        secrets.test.expose_secret(),
        secrets.live.expose_secret(),
    ];
    let canaries = canaries(&all);
    let client = app.client_with(key.secret.expose_secret());

    let mut answers = Vec::new();
    for (round, domains) in [
        names("plain", 2),
        vec!["fail-x.com".to_owned()],
        vec!["replace-x.com".to_owned(), "flaky2-x.com".to_owned()],
    ]
    .iter()
    .enumerate()
    {
        let body = with(
            custom_order(domains),
            "/sequencer/login_password",
            json!(PASSWORD),
        );
        let idempotency = format!("canary-{round}");
        answers.push(
            client
                .post_with(
                    "/orders",
                    body.clone(),
                    &[("Idempotency-Key", &idempotency)],
                )
                .await,
        );
        answers.push(client.post("/orders/quote", body.clone()).await);
        // Refusals must not echo what they refuse either.
        answers.push(
            client
                .post(
                    "/orders",
                    with(body.clone(), "/sequencer/provider", json!("other")),
                )
                .await,
        );
        answers.push(
            client
                .post("/orders", with(body.clone(), "/surplus", json!(1)))
                .await,
        );
        answers.push(
            client
                .post_text("/orders", format!("{body} trailing"))
                .await,
        );
    }
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        6
    );
    let long = "p".repeat(2_000) + PASSWORD;
    answers.push(
        client
            .post(
                "/orders",
                with(
                    custom_order(&names("long", 1)),
                    "/sequencer/login_password",
                    json!(long),
                ),
            )
            .await,
    );
    // Before anything ran, and after everything has.
    assert_free("the database after acceptance", &dump(app).await, &canaries);
    for _ in 0..4 {
        app.run_until_idle().await;
        app.advance_seconds(10);
    }

    let dump = dump(app).await;
    assert!(
        dump.contains("plain-01.com"),
        "the dump is not what it should be"
    );
    assert_free("the database", &dump, &canaries);
    let received = receiver.received();
    assert!(received.len() >= 8, "{}", received.len());
    for webhook in received {
        assert_free(
            "a webhook",
            &String::from_utf8_lossy(&webhook.body),
            &canaries,
        );
        assert_free(
            "a webhook's headers",
            &format!("{:?}", webhook.headers),
            &canaries,
        );
    }
    for answer in &answers {
        assert_free("an answer", &answer.text, &canaries);
    }
    let text = log.text();
    assert!(
        text.contains("fail-x.com"),
        "the log is not what it should be"
    );
    assert_free("the log", &text, &canaries);
}

#[apply(on_both_engines!)]
async fn the_password_is_wiped_when_it_is_not_needed_any_more(app: &TestApp) {
    let client = app.client();
    let done = client
        .post("/orders", custom_order(&names("done", 1)))
        .await
        .data(200);
    let failed = client
        .post("/orders", custom_order(&["fail-x.com".to_owned()]))
        .await
        .data(200);
    let sealed = |id: String| async move { crate::books::order(app, &id).await.sealed_password };
    let (done, failed) = (done["id"].as_str().unwrap(), failed["id"].as_str().unwrap());
    assert!(sealed(done.to_owned()).await.is_some() && sealed(failed.to_owned()).await.is_some());
    app.run_until_idle().await;
    assert_eq!(sealed(done.to_owned()).await, None);
    assert_eq!(sealed(failed.to_owned()).await, None);
}

#[apply(on_both_engines!)]
async fn debug_shows_no_secret(app: &TestApp) {
    let partner = partners::create(&app.app, "Initech", Tier::Base)
        .await
        .unwrap();
    let receiver = Receiver::start().await;
    let secrets = webhooks::set_endpoint(&app.app, &partner.partner.id, None, &receiver.url)
        .await
        .unwrap()
        .unwrap();
    let signing = SigningSecret::parse(secrets.test.expose_secret()).unwrap();
    let canaries = canaries(&[
        partner.test_key.expose_secret(),
        partner.live_key.expose_secret(),
        secrets.test.expose_secret(),
        secrets.live.expose_secret(),
    ]);
    let shown = format!(
        "{partner:?} {secrets:?} {signing:?} {:?}",
        MasterKey::from_bytes([42; 32])
    );
    assert_free("Debug", &shown, &canaries);
    assert_free(
        "Debug",
        &shown,
        &["2a2a2a2a".to_owned(), "42, 42".to_owned()],
    );
    let location = peeker_store::Location::Postgres {
        url: "postgres://peeker:hunter2@db/peeker".to_owned(),
        max_connections: 2,
    };
    assert!(!format!("{location:?}").contains("hunter2"));
}
