//! Rotating a secret: nothing is ever sent that the receiver's secret did not sign.

use std::time::{Duration, Instant};

use peeker_app::webhooks::rotation::{self, Rotation};
use peeker_app::{App, runner, webhooks};
use peeker_domain::id::AccountId;
use peeker_domain::{Code, Environment, Error, Tier};
use peeker_store::entity::webhook_secrets;
use peeker_testkit::{Receiver, TestApp, apply, on_both_engines};
use peeker_webhooks::{SignatureFamily, SigningSecret};
use sea_orm::{EntityTrait, PaginatorTrait};
use secrecy::ExposeSecret;

use crate::delivery::emit;

const DAY: i64 = 24 * 60 * 60;

async fn rotate(app: &App, account: &AccountId, overlap: i64) -> Result<SigningSecret, Error> {
    let Rotation { secret, .. } =
        rotation::rotate(app, account, Environment::Test, overlap).await?;
    Ok(SigningSecret::parse(secret.expose_secret()).unwrap())
}

/// Sends an event and says, for each signature of it in order, which of `secrets` made it.
async fn signers(app: &TestApp, receiver: &Receiver, secrets: &[&SigningSecret]) -> Vec<usize> {
    emit(app, &app.partner.id, 1).await;
    app.run_until_idle().await;
    let request = receiver.received().pop().unwrap();
    let signatures = request.header("peeker-signature").unwrap();
    let made_by = |signature: &str| {
        secrets.iter().position(|secret| {
            let header = |name: &str| match name {
                "Peeker-Signature" => Some(signature),
                name => request.header(name),
            };
            let family = SignatureFamily::Peeker;
            let now = app.now().as_seconds();
            peeker_webhooks::verify(secret, family, header, &request.body, now, 300).is_ok()
        })
    };
    let order: Vec<usize> = signatures.split(',').filter_map(made_by).collect();
    assert_eq!(
        order.len(),
        signatures.split(',').count(),
        "signed by somebody else"
    );
    let standard = request.header("webhook-signature").unwrap();
    assert_eq!(standard.split(' ').count(), order.len());
    order
}

#[apply(on_both_engines!)]
async fn both_sign_during_the_overlap_and_the_new_one_alone_afterwards(app: &TestApp) {
    let receiver = Receiver::start().await;
    let old = app.set_webhook(&receiver.url).await;
    assert_eq!(signers(app, &receiver, &[&old]).await, [0]);
    let new = rotate(&app.app, &app.partner.id, DAY).await.unwrap();
    assert_ne!(new.expose(), old.expose());
    let both = [&old, &new];
    assert_eq!(
        signers(app, &receiver, &both).await,
        [1, 0],
        "the newest first"
    );
    app.advance_seconds(DAY - 1);
    assert_eq!(signers(app, &receiver, &both).await, [1, 0]);
    app.advance_seconds(1);
    assert_eq!(
        signers(app, &receiver, &both).await,
        [1],
        "not a second longer"
    );
}

#[apply(on_both_engines!)]
async fn without_an_overlap_the_old_one_is_cut_off_at_once(app: &TestApp) {
    let receiver = Receiver::start().await;
    let old = app.set_webhook(&receiver.url).await;
    let new = rotate(&app.app, &app.partner.id, 0).await.unwrap();
    assert_eq!(signers(app, &receiver, &[&old, &new]).await, [1]);
}

#[apply(on_both_engines!)]
async fn a_rotation_during_an_overlap_keeps_what_was_promised(app: &TestApp) {
    let receiver = Receiver::start().await;
    let first = app.set_webhook(&receiver.url).await;
    let second = rotate(&app.app, &app.partner.id, DAY).await.unwrap();
    app.advance_seconds(DAY / 2);
    let third = rotate(&app.app, &app.partner.id, 2 * DAY).await.unwrap();
    let all = [&first, &second, &third];
    assert_eq!(signers(app, &receiver, &all).await, [2, 1, 0]);
    app.advance_seconds(DAY / 2);
    assert_eq!(
        signers(app, &receiver, &all).await,
        [2, 1],
        "the first ends when it was said to"
    );
    app.advance_seconds(3 * DAY / 2);
    assert_eq!(signers(app, &receiver, &all).await, [2]);
    let fourth = rotate(&app.app, &app.partner.id, DAY).await.unwrap();
    assert_eq!(signers(app, &receiver, &[&third, &fourth]).await, [1, 0]);
    let secrets = webhook_secrets::Entity::find()
        .count(&app.app.store().control.reader)
        .await
        .unwrap();
    assert_eq!(
        secrets, 3,
        "ended secrets are removed: two of the sandbox and one of live are left"
    );
}

#[apply(on_both_engines!)]
async fn four_sign_at_most_and_a_leak_is_stopped_at_once(app: &TestApp) {
    let receiver = Receiver::start().await;
    let mut secrets = vec![app.set_webhook(&receiver.url).await];
    for _ in 0..3 {
        secrets.push(rotate(&app.app, &app.partner.id, DAY).await.unwrap());
    }
    let refused = rotate(&app.app, &app.partner.id, DAY).await.unwrap_err();
    assert_eq!(refused.code, Code::InvalidRequest);
    assert!(
        refused.message.contains("2026-05-09T12:00:00Z"),
        "{}",
        refused.message
    );
    let all: Vec<_> = secrets.iter().collect();
    assert_eq!(
        signers(app, &receiver, &all).await,
        [3, 2, 1, 0],
        "nothing has changed"
    );
    let last = rotate(&app.app, &app.partner.id, 0).await.unwrap();
    assert_eq!(signers(app, &receiver, &[&last]).await, [0]);
}

#[apply(on_both_engines!)]
async fn each_environment_is_rotated_for_itself(app: &TestApp) {
    let receiver = Receiver::start().await;
    let old = app.set_webhook(&receiver.url).await;
    rotation::rotate(&app.app, &app.partner.id, Environment::Live, 0)
        .await
        .unwrap();
    assert_eq!(signers(app, &receiver, &[&old]).await, [0]);
}

#[apply(on_both_engines!)]
async fn what_cannot_be_rotated_is_refused_and_unchanged(app: &TestApp) {
    let unknown = "org_01KJZ4V1B6E8N2Q4R6S8T0V2W4".parse().unwrap();
    assert_eq!(
        rotate(&app.app, &unknown, DAY).await.unwrap_err().code,
        Code::NotFound
    );
    let without = rotate(&app.app, &app.partner.id, DAY).await.unwrap_err();
    assert_eq!(without.code, Code::InvalidRequest);
    let receiver = Receiver::start().await;
    let secret = app.set_webhook(&receiver.url).await;
    for overlap in [-1, 30 * DAY + 1, i64::MAX] {
        let refused = rotate(&app.app, &app.partner.id, overlap)
            .await
            .unwrap_err();
        assert_eq!(
            (refused.code, refused.field.as_deref()),
            (Code::InvalidRequest, Some("overlap"))
        );
    }
    assert_eq!(signers(app, &receiver, &[&secret]).await, [0]);
}

#[apply(on_both_engines!)]
async fn addresses_that_are_set_at_once_make_one_pair_of_secrets(app: &TestApp) {
    let partner = &app.partner.id;
    let url = "http://127.0.0.1:9000/hook";
    let setting = (0..8).map(|_| webhooks::set_endpoint(&app.app, partner, None, url));
    let shown = futures::future::join_all(setting).await;
    assert_eq!(
        shown
            .into_iter()
            .filter(|one| one.as_ref().unwrap().is_some())
            .count(),
        1
    );
    for &environment in Environment::ALL {
        assert_eq!(
            rotation::secrets(&app.app, partner, environment)
                .await
                .unwrap()
                .len(),
            1
        );
    }
}

#[apply(on_both_engines!)]
async fn rotations_that_race_all_leave_their_secret(app: &TestApp) {
    let receiver = Receiver::start().await;
    let first = app.set_webhook(&receiver.url).await;
    let second = app.another_server().await;
    let (one, two) = tokio::join!(
        rotate(&app.app, &app.partner.id, DAY),
        rotate(&second, &app.partner.id, DAY),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    let mut order = signers(app, &receiver, &[&first, &one, &two]).await;
    order.sort_unstable();
    assert_eq!(order, [0, 1, 2]);
}

#[apply(on_both_engines!)]
async fn another_server_takes_it_up_within_two_seconds(app: &TestApp) {
    let receiver = Receiver::start().await;
    app.set_webhook(&receiver.url).await;
    let sender = app.another_server().await;
    emit(app, &app.partner.id, 1).await;
    runner::run_until_idle(&sender, Environment::Test)
        .await
        .unwrap();
    let new = rotate(&app.app, &app.partner.id, 0).await.unwrap();
    let rotated_at = Instant::now();
    loop {
        emit(app, &app.partner.id, 1).await;
        runner::run_until_idle(&sender, Environment::Test)
            .await
            .unwrap();
        let received = receiver.received().pop().unwrap();
        let header = |name: &str| received.header(name);
        let family = SignatureFamily::StandardWebhooks;
        if peeker_webhooks::verify(
            &new,
            family,
            header,
            &received.body,
            app.now().as_seconds(),
            300,
        )
        .is_ok()
        {
            break;
        }
        assert!(
            rotated_at.elapsed() < Duration::from_secs(2),
            "the old secret still signs"
        );
    }
}

#[apply(on_both_engines!)]
async fn a_rotation_shows_its_secret_nowhere_else(app: &TestApp) {
    app.set_webhook("https://partner.example/hooks").await;
    let rotated = rotation::rotate(&app.app, &app.partner.id, Environment::Test, DAY)
        .await
        .unwrap();
    assert!(!format!("{rotated:?}").contains(rotated.secret.expose_secret()));
    let other = peeker_app::partners::create(&app.app, "Globex", Tier::Base)
        .await
        .unwrap()
        .partner;
    webhooks::set_endpoint(&app.app, &other.id, None, "https://globex.example/hooks")
        .await
        .unwrap();
    let rows = webhook_secrets::Entity::find()
        .all(&app.app.store().control.reader)
        .await
        .unwrap();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| !row.sealed_secret.contains("whsec_")));
}
