//! How often the registrar is asked: one flight per name, however many ask for it (contract §3).

use std::time::Duration;

use futures::future::join_all;
use peeker_testkit::{Client, TestApp, apply, custom_order, names, on_both_engines, stock};
use serde_json::{Value, json};

use super::providers::Shop;

const FRESH_FOR: i64 = 300;

async fn look_up(client: &Client, names: &[String]) -> Value {
    let body = json!({ "domains": names });
    client.post("/domains/availability", body).await.data(200)["domains"].take()
}

fn all(rows: &Value, key: &str, value: &Value) -> bool {
    rows.as_array()
        .unwrap()
        .iter()
        .all(|row| row[key] == *value)
}

/// Lets what runs beside the test go on.
async fn breathe() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[apply(on_both_engines!)]
async fn many_who_ask_at_once_share_one_look_up(app: &TestApp) {
    let (server, counter) = Shop::before(app).await;
    let client = app.client_of(&server);
    let wanted = names("shared", 50);
    counter.close();
    let asking = join_all((0..20).map(|_| look_up(&client, &wanted)));
    let opening = async {
        counter.waiting().await;
        breathe().await;
        counter.open();
    };
    let (answers, ()) = tokio::join!(asking, opening);
    assert!(
        answers
            .iter()
            .all(|rows| all(rows, "available", &json!(true)))
    );
    assert_eq!(
        counter.take(),
        std::slice::from_ref(&wanted),
        "fifty names are one call"
    );
    look_up(&client, &wanted).await;
    assert_eq!(counter.take(), Vec::<Vec<String>>::new());
}

#[apply(on_both_engines!)]
async fn those_who_ask_for_some_of_it_wait_for_that_and_ask_for_the_rest(app: &TestApp) {
    let (server, counter) = Shop::before(app).await;
    let client = app.client_of(&server);
    let all_names = names("partly", 5);
    counter.close();
    let first = look_up(&client, &all_names[..3]);
    let second = async {
        counter.waiting().await;
        let asking = look_up(&client, &all_names[1..]);
        let opening = async {
            counter.waiting().await;
            counter.open();
        };
        tokio::join!(asking, opening).0
    };
    let (first, second) = tokio::join!(first, second);
    assert!(all(&first, "available", &json!(true)) && all(&second, "available", &json!(true)));
    assert_eq!(
        counter.take(),
        [all_names[..3].to_vec(), all_names[3..].to_vec()]
    );
}

#[apply(on_both_engines!)]
async fn an_old_answer_is_stale_once_and_refreshed_once(app: &TestApp) {
    let (server, counter) = Shop::before(app).await;
    let client = app.client_of(&server);
    let wanted = names("old", 3);
    look_up(&client, &wanted).await;
    app.advance_seconds(FRESH_FOR);
    counter.take();
    counter.close();
    let stale = join_all((0..10).map(|_| look_up(&client, &wanted))).await;
    assert!(
        stale
            .iter()
            .all(|rows| all(rows, "reason", &json!("stale"))),
        "nobody waits for a refresh"
    );
    counter.waiting().await;
    breathe().await;
    counter.open();
    breathe().await;
    assert_eq!(counter.take(), std::slice::from_ref(&wanted));
    assert!(all(
        &look_up(&client, &wanted).await,
        "available",
        &json!(true)
    ));
    assert_eq!(counter.take(), Vec::<Vec<String>>::new());
}

#[apply(on_both_engines!)]
async fn whoever_goes_away_leaves_the_look_up_to_those_who_wait(app: &TestApp) {
    let (server, counter) = Shop::before(app).await;
    let client = app.client_of(&server);
    let wanted = names("left", 2);
    counter.close();
    let impatient = tokio::time::timeout(Duration::from_millis(300), look_up(&client, &wanted));
    let patient = async {
        counter.waiting().await;
        look_up(&client, &wanted).await
    };
    let opening = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        counter.open();
    };
    let (impatient, patient, ()) = tokio::join!(impatient, patient, opening);
    assert!(impatient.is_err(), "the first one went away");
    assert!(all(&patient, "available", &json!(true)), "{patient}");
    assert_eq!(counter.take().len(), 1);
}

#[apply(on_both_engines!)]
async fn the_registrar_is_not_asked_about_own_names(app: &TestApp) {
    stock(app, &names("imported", 1)).await;
    let held = names("held", 1);
    app.client()
        .post("/orders", custom_order(&held))
        .await
        .expect(200);
    app.run_until_idle().await;
    let (server, counter) = Shop::before(app).await;
    let client = app.client_of(&server);
    let wanted = [names("imported", 1), held, names("free", 1)].concat();
    look_up(&client, &wanted[..2]).await;
    assert_eq!(counter.take(), Vec::<Vec<String>>::new());
    look_up(&client, &wanted).await;
    assert_eq!(counter.take(), [names("free", 1)]);
}
