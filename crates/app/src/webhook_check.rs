//! Checking a delivery that a receiver does not accept, against the secrets and events of the account's sandbox.
//!
//! The answer never holds a secret or a signature: whoever asks learns whether what he shows is right, and cannot have
//! anything signed.

use peeker_domain::Result;
use peeker_domain::excerpt::{QUOTED, excerpt};
use peeker_domain::id::EventId;
use peeker_domain::view::{Expected, SignatureCheck, SignedContent, VerificationCheck};
use peeker_store::events::{self as rows, Event};
use peeker_webhooks::{Sample, diagnose};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::failure::internal;
use crate::{Actor, App, webhooks};

/// Characters of the body that are shown of what is signed.
const SHOWN: usize = 60;

/// A delivery as a receiver has it.
#[derive(Debug)]
pub struct Delivery {
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The secret that the receiver checks with.
    pub secret: Option<SecretString>,
}

/// Says whether a delivery is right, and if not, what is wrong with it. Errors: `not_found` for a live key.
pub async fn check(app: &App, actor: &Actor, delivery: &Delivery) -> Result<SignatureCheck> {
    actor.require_sandbox("sandbox")?;
    let secrets = webhooks::signing_secrets(app, &actor.account, actor.environment).await?;
    let mut sample = Sample {
        headers: &delivery.headers,
        body: &delivery.body,
        given: delivery.secret.as_ref().map(ExposeSecret::expose_secret),
        secrets: &secrets,
        stored: None,
        now_seconds: app.now().as_seconds(),
    };
    let stored = find_event(app, actor, &sample).await?;
    sample.stored = stored
        .as_ref()
        .map(|event| (event.id.as_str(), event.body.as_str()));
    let found = diagnose(&sample);
    let checks = found.checks.into_iter().map(|check| VerificationCheck {
        name: check.name.to_owned(),
        ok: check.ok,
        message: check.message,
    });
    Ok(SignatureCheck {
        valid: found.valid,
        checks: checks.collect(),
        expected: expected(&sample, stored.as_ref()),
    })
}

/// The first event that is named and stored.
async fn find_event(app: &App, actor: &Actor, sample: &Sample<'_>) -> Result<Option<Event>> {
    let db = &app.environment(actor.environment).db;
    // What is no event id names no event, and may hold what a database refuses to compare.
    let ids = sample.event_ids().into_iter();
    for id in ids.filter_map(|id| id.parse::<EventId>().ok()) {
        let found = rows::find_body(db, &actor.account, &id).await;
        if let Some(event) = found.map_err(internal("find an event"))? {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

fn expected(sample: &Sample<'_>, stored: Option<&Event>) -> Expected {
    let of = |name: &str| sample.header(name);
    let either = |one, other, absent| {
        let given = of(one).or(of(other)).unwrap_or(absent);
        excerpt(given, QUOTED).into_owned()
    };
    let id = stored.map(|event| event.id.to_string());
    let id = id.unwrap_or_else(|| either("Peeker-Event-Id", "webhook-id", "<event id>"));
    let time = either("Peeker-Timestamp", "webhook-timestamp", "<timestamp>");
    let body = stored.map_or(sample.body, |event| &event.body);
    let start = excerpt(body, SHOWN);
    Expected {
        signed_content: SignedContent {
            peeker: format!("{time}.{id}.{start}"),
            standard: format!("{id}.{time}.{start}"),
        },
        body_bytes: body.len(),
        body_sha256: hex::encode(Sha256::digest(body.as_bytes())),
        body: stored.map(|event| event.body.clone()),
    }
}
