//! What the registrar said about names, remembered for five minutes (contract §3).
//!
//! Kept in memory: each server asks once for itself, and an answer lost with a process costs one look-up
//! (docs/adr/0013).

use std::time::Duration;

use moka::future::Cache;
use peeker_domain::id::AccountId;
use peeker_domain::{Code, DomainName, Environment, Error, Result, Timestamp};
use peeker_providers::registrar::MAX_CHECKED_NAMES;
use peeker_providers::{Call, Verdict};

use crate::App;

/// How long an answer counts.
const FRESH_FOR_MS: i64 = 5 * 60 * 1000;
/// Old answers are kept this long, to be shown as `stale`; afterwards the name counts as never seen.
const KEPT_FOR: Duration = Duration::from_hours(24);
const MAX_CACHED: u64 = 200_000;

/// An account has its own sandbox, so an answer is remembered for one account in one environment.
type Key = (Environment, AccountId, DomainName);

#[derive(Debug, Clone)]
struct Answer {
    verdict: Verdict,
    at: Timestamp,
}

pub(crate) struct AvailabilityCache(Cache<Key, Answer>);

impl AvailabilityCache {
    pub fn new() -> Self {
        Self(
            Cache::builder()
                .max_capacity(MAX_CACHED)
                .time_to_live(KEPT_FOR)
                .build(),
        )
    }
}

/// What is known of a name.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// The registrar's answer, at most five minutes old.
    Fresh(Verdict),
    /// There is an answer, but it is too old to count.
    Stale,
}

/// Whether to put up with an answer that is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    /// Say so, and refresh it in the background.
    SayStale,
    /// Ask again now.
    AskAgain,
}

/// What the registrar says about names, in the order given. Names never seen are looked up at once.
pub(crate) async fn look_up(
    app: &App,
    account: &AccountId,
    environment: Environment,
    names: &[DomainName],
    old: Old,
) -> Result<Vec<Known>> {
    let now = app.now();
    let mut known: Vec<Option<Known>> = Vec::with_capacity(names.len());
    let (mut unknown, mut stale) = (Vec::new(), Vec::new());
    for name in names {
        let answer = app
            .0
            .availability
            .0
            .get(&(environment, account.clone(), name.clone()))
            .await;
        known.push(match answer {
            Some(answer) if now.as_millis() - answer.at.as_millis() < FRESH_FOR_MS => {
                Some(Known::Fresh(answer.verdict))
            }
            Some(_) if old == Old::SayStale => {
                stale.push(name.clone());
                Some(Known::Stale)
            }
            _ => {
                unknown.push(name.clone());
                None
            }
        });
    }
    let mut answers = ask(app, account, environment, &unknown).await?.into_iter();
    if !stale.is_empty() {
        refresh_later(app.clone(), account.clone(), environment, stale);
    }
    let errored = || Known::Fresh(Verdict::Errored);
    Ok(known
        .into_iter()
        .map(|known| {
            known
                .or_else(|| answers.next().map(Known::Fresh))
                .unwrap_or_else(errored)
        })
        .collect())
}

/// Forgets names whose answer has just become wrong, because they were bought.
pub(crate) async fn forget(
    app: &App,
    account: &AccountId,
    environment: Environment,
    names: impl Iterator<Item = &DomainName>,
) {
    for name in names {
        app.0
            .availability
            .0
            .invalidate(&(environment, account.clone(), name.clone()))
            .await;
    }
}

async fn ask(
    app: &App,
    account: &AccountId,
    environment: Environment,
    names: &[DomainName],
) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::with_capacity(names.len());
    for chunk in names.chunks(MAX_CHECKED_NAMES) {
        let now = app.now();
        // A look-up changes nothing at the registrar, so it needs no idempotency key of its own.
        let call = Call {
            account,
            idempotency_key: "check",
            now,
        };
        let checks = app
            .providers(environment)?
            .registrar
            .check(call, chunk)
            .await
            .map_err(|error| {
                Error::new(
                    Code::InternalError,
                    "The registrar does not answer; retrying is safe",
                )
                .with_source(error)
            })?;
        for check in checks {
            // An error of the registrar is no knowledge: it is asked again the next time.
            if check.verdict != Verdict::Errored {
                let answer = Answer {
                    verdict: check.verdict.clone(),
                    at: now,
                };
                app.0
                    .availability
                    .0
                    .insert((environment, account.clone(), check.name), answer)
                    .await;
            }
            verdicts.push(check.verdict);
        }
    }
    Ok(verdicts)
}

fn refresh_later(app: App, account: AccountId, environment: Environment, names: Vec<DomainName>) {
    tokio::spawn(async move {
        if let Err(error) = ask(&app, &account, environment, &names).await {
            tracing::warn!(
                error = error.chain(),
                "could not refresh the availability of {} names",
                names.len()
            );
        }
    });
}
