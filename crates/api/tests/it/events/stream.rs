//! Following events: from where, what is heard, and what ends a stream.

use std::collections::BTreeSet;
use std::time::Duration;

use peeker_app::Settings;
use peeker_domain::{EventType, Preset};
use peeker_store::UnitOfWork;
use peeker_testkit::{Client, Heard, TestApp, apply, on_both_engines};
use serde_json::{Value, json};

async fn emit(app: &TestApp, kinds: &[EventType]) {
    let db = &app.app.store().sandbox.db;
    let mut work = UnitOfWork::begin(db, [&app.partner.id]).await.unwrap();
    for kind in kinds {
        work.emit(&app.partner.id, *kind, None, &json!({}), app.now())
            .unwrap();
    }
    work.commit().await.unwrap();
}

async fn completed(app: &TestApp, count: usize) {
    emit(app, &vec![EventType::OrderCompleted; count]).await;
}

fn ids(heard: &[Heard]) -> Vec<&str> {
    heard.iter().filter_map(|one| one.id.as_deref()).collect()
}

/// A server whose streams beat all the time, and a client of it.
async fn lively(app: &TestApp) -> (peeker_app::App, Client) {
    let settings = Settings {
        stream_heartbeat: Duration::from_millis(40),
        ..Settings::default()
    };
    let server = app.server_with(settings).await;
    let client = app.client_of(&server);
    (server, client)
}

#[apply(on_both_engines!)]
async fn what_is_there_is_sent_exactly_as_the_webhook_has_it(app: &TestApp) {
    completed(app, 3).await;
    let mut listener = app
        .client()
        .listen("/events/stream?after_sequence=1&follow=false", &[])
        .await;
    let opened = listener.next().await.unwrap();
    assert_eq!((opened.id.as_deref(), opened.data), (Some("1"), None));
    let heard = listener.all().await;
    assert_eq!(ids(&heard), ["2", "3"]);
    for (heard, stored) in heard.iter().zip(&app.events().await[1..]) {
        assert_eq!(heard.data.as_ref(), Some(&stored.body));
        assert_eq!(heard.event.as_deref(), Some("order.completed"));
    }
}

#[apply(on_both_engines!)]
async fn without_a_start_only_new_events_are_heard_at_once(app: &TestApp) {
    completed(app, 3).await;
    let mut listener = app.client().listen("/events/stream", &[]).await;
    assert_eq!(listener.next().await.unwrap().id.as_deref(), Some("3"));
    let heard = async { listener.event().await.unwrap() };
    let (heard, ()) = futures::join!(heard, completed(app, 1));
    assert_eq!(heard.id.as_deref(), Some("4"));
}

#[apply(on_both_engines!)]
async fn the_last_id_comes_before_the_parameter(app: &TestApp) {
    completed(app, 4).await;
    let path = "/events/stream?after_sequence=0&follow=false";
    let heard = app
        .client()
        .listen(path, &[("Last-Event-ID", "3")])
        .await
        .all()
        .await;
    assert_eq!(ids(&heard), ["4"]);
    for bad in ["x", "-1", "3.", "", "5", "4.1"] {
        let request = app
            .client()
            .request(axum::http::Method::GET, path)
            .header("last-event-id", bad);
        let response = app
            .client()
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(
            response.error(400, "invalid_request")["field"],
            "Last-Event-ID"
        );
    }
    for (query, field) in [
        ("types=order.lost", "types"),
        ("follow=no", "follow"),
        ("after_sequence=-1", "after_sequence"),
        ("after_sequence=5", "after_sequence"),
        ("replays=1", "replays"),
    ] {
        let error = app
            .client()
            .get(&format!("/events/stream?{query}"))
            .await
            .error(400, "invalid_request");
        assert_eq!(error["field"], field);
    }
}

#[apply(on_both_engines!)]
async fn types_that_were_not_asked_for_move_the_cursor_all_the_same(app: &TestApp) {
    let (server, client) = lively(app).await;
    emit(
        app,
        &[
            EventType::OrderFailed,
            EventType::OrderCompleted,
            EventType::OrderFailed,
        ],
    )
    .await;
    let mut listener = client
        .listen(
            "/events/stream?after_sequence=0&types=order.completed,order.cancelled",
            &[],
        )
        .await;
    assert_eq!(listener.event().await.unwrap().id.as_deref(), Some("2"));
    loop {
        let beat = listener.next().await.unwrap();
        assert_eq!(
            (beat.comment.as_deref(), &beat.data),
            (Some("heartbeat"), &None)
        );
        if beat.id.as_deref() == Some("3") {
            break;
        }
    }
    drop((listener, server));
}

#[apply(on_both_engines!)]
async fn replays_are_heard_by_who_asks_for_them(app: &TestApp) {
    completed(app, 2).await;
    let first = app.events().await.remove(0);
    let client = app.client();
    let mut with = client.listen("/events/stream?replays=true", &[]).await;
    let mut without = client.listen("/events/stream", &[]).await;
    assert_eq!(with.next().await.unwrap().id.as_deref(), Some("2.0"));
    client
        .post_text(&format!("/events/{}/replay", first.id), "")
        .await
        .expect(200);
    let heard = with.event().await.unwrap();
    assert_eq!(
        (heard.id.as_deref(), heard.data.as_ref()),
        (Some("2.1"), Some(&first.body))
    );
    completed(app, 1).await;
    assert_eq!(with.event().await.unwrap().id.as_deref(), Some("3.1"));
    assert_eq!(without.event().await.unwrap().id.as_deref(), Some("3"));

    client
        .post_text(&format!("/events/{}/replay", first.id), "")
        .await
        .expect(200);
    let path = "/events/stream?replays=true&follow=false";
    let missed = client
        .listen(path, &[("Last-Event-ID", "3.1")])
        .await
        .all()
        .await;
    assert_eq!(ids(&missed), ["3.2"]);
    let missed = client
        .listen(path, &[("Last-Event-ID", "2.0")])
        .await
        .all()
        .await;
    assert_eq!(ids(&missed), ["3.0", "3.1", "3.2"]);
    app.advance_seconds(1);
    let all = json!({ "since": "2026-05-08T12:00:00Z", "until": "2026-05-08T13:00:00Z" });
    client.post("/events/replay", all).await.expect(202);
    app.run_until_idle().await;
    let missed = client
        .listen(path, &[("Last-Event-ID", "3.2")])
        .await
        .all()
        .await;
    assert_eq!(ids(&missed), ["3.3", "3.4", "3.5"]);
}

#[apply(on_both_engines!)]
async fn nothing_is_left_out_while_many_write(app: &TestApp) {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let other = app.another_server().await;
    let mut listener = app.client().listen("/events/stream", &[]).await;
    listener.next().await.unwrap();
    let writers = (0..WRITERS).map(|writer| {
        let server = if writer % 2 == 0 {
            app.app.clone()
        } else {
            other.clone()
        };
        let (account, now) = (app.partner.id.clone(), app.now());
        tokio::spawn(async move {
            for _ in 0..EACH {
                let mut work = UnitOfWork::begin(&server.store().sandbox.db, [&account])
                    .await
                    .unwrap();
                work.emit(
                    &account,
                    EventType::DomainConnected,
                    None,
                    &json!({ "writer": writer }),
                    now,
                )
                .unwrap();
                work.commit().await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut expected = 1..=WRITERS * EACH;
    for number in &mut expected {
        let heard = listener.event().await.unwrap();
        assert_eq!(heard.id, Some(number.to_string()));
        let body: Value = serde_json::from_str(heard.data.as_ref().unwrap()).unwrap();
        assert_eq!(body["sequence"], number);
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[apply(on_both_engines!)]
async fn every_listener_hears_and_a_broken_connection_goes_on_where_it_was(app: &TestApp) {
    let client = app.client();
    let mut listeners = Vec::new();
    for _ in 0..5 {
        let mut listener = client.listen("/events/stream", &[]).await;
        listener.next().await.unwrap();
        listeners.push(listener);
    }
    let mut broken = listeners.pop().unwrap();
    completed(app, 150).await;
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..70 {
        seen.extend(broken.event().await.unwrap().id);
    }
    drop(broken);
    completed(app, 30).await;
    let last = seen.last().unwrap().clone();
    let rest = client
        .listen("/events/stream?follow=false", &[("Last-Event-ID", &last)])
        .await
        .all()
        .await;
    seen.extend(rest.into_iter().filter_map(|heard| heard.id));
    assert_eq!(
        seen,
        (1..=180)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
    );
    for mut listener in listeners {
        for number in 1..=180 {
            assert_eq!(listener.event().await.unwrap().id, Some(number.to_string()));
        }
    }
}

#[apply(on_both_engines!)]
async fn events_of_another_server_are_heard(app: &TestApp) {
    let other = app.another_server().await;
    let mut listener = app.client_of(&other).listen("/events/stream", &[]).await;
    listener.next().await.unwrap();
    completed(app, 1).await;
    assert_eq!(listener.event().await.unwrap().id.as_deref(), Some("1"));
}

#[apply(on_both_engines!)]
async fn a_revoked_key_ends_its_stream(app: &TestApp) {
    let (server, _) = lively(app).await;
    let secret = app.key(Preset::Read, 600).await;
    let actor = server.authenticate(&secret).await.unwrap();
    let client = app.client_of_with(&server, &secret);
    let mut listener = client.listen("/events/stream", &[]).await;
    assert_eq!(
        listener.next().await.unwrap().comment.as_deref(),
        Some("open")
    );
    assert_eq!(
        listener.next().await.unwrap().comment.as_deref(),
        Some("heartbeat")
    );
    peeker_app::keys::revoke(&app.app, &actor.key)
        .await
        .unwrap();
    assert_eq!(listener.event().await, None);
}

#[apply(on_both_engines!)]
async fn a_server_that_stops_ends_its_streams(app: &TestApp) {
    let server = app.another_server().await;
    let mut listener = app.client_of(&server).listen("/events/stream", &[]).await;
    listener.next().await.unwrap();
    let (heard, ()) = futures::join!(listener.event(), async { server.end_streams() });
    assert_eq!(heard, None);
    let late = app
        .client_of(&server)
        .listen("/events/stream", &[])
        .await
        .all()
        .await;
    assert_eq!(late, []);
}

#[apply(on_both_engines!)]
async fn a_key_has_ten_streams_and_gets_places_back(app: &TestApp) {
    let client = app.client();
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(client.listen("/events/stream", &[]).await);
    }
    let response = client.get("/events/stream").await;
    assert_eq!(response.header("retry-after"), Some("1"));
    let error = response.error(429, "rate_limited");
    assert_eq!(error["details"]["reason"], "too_many_streams");
    app.live_client().listen("/events/stream", &[]).await;
    open.pop();
    client.listen("/events/stream", &[]).await;
}

#[apply(on_both_engines!)]
async fn an_idle_stream_holds_no_connection(app: &TestApp) {
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut listener = app.client().listen("/events/stream", &[]).await;
        listener.next().await.unwrap();
        open.push(listener);
    }
    // More streams than the pool of a test has connections, and each of them reads on.
    let waiting = open
        .iter_mut()
        .map(|listener| async { listener.event().await.unwrap().id });
    let waiting = futures::future::join_all(waiting);
    let (heard, ()) = futures::join!(waiting, completed(app, 1));
    assert_eq!(
        heard.into_iter().flatten().collect::<BTreeSet<_>>(),
        BTreeSet::from(["1".to_owned()])
    );
    assert_eq!(
        app.client()
            .get("/events")
            .await
            .data(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[apply(on_both_engines!)]
async fn a_stream_costs_one_request(app: &TestApp) {
    let key = app.key(Preset::Read, 2).await;
    let client = app.client_with(&key);
    completed(app, 50).await;
    let heard = client
        .listen("/events/stream?after_sequence=0&follow=false", &[])
        .await
        .all()
        .await;
    assert_eq!(heard.len(), 50);
    client.get("/events").await.expect(200);
    client.get("/events").await.error(429, "rate_limited");
}
