//! What the registrar said about names, remembered for five minutes (contract §3).
//!
//! Kept in memory: each server asks once for itself, and an answer lost with a process costs one look-up
//! (docs/adr/0013).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::future::Cache;
use peeker_domain::id::AccountId;
use peeker_domain::{DomainName, Environment, Error, Result, Timestamp};
use peeker_providers::registrar::MAX_CHECKED_NAMES;
use peeker_providers::{Call, Verdict};
use tokio::sync::watch;

use crate::App;
use crate::provider_errors::no_answer;

/// How long an answer counts.
const FRESH_FOR_MS: i64 = 5 * 60 * 1000;
/// Old answers are kept this long, to be shown as `stale`; afterwards the name counts as never seen.
const KEPT_FOR_MS: i64 = 24 * 60 * 60 * 1000;
const KEPT_FOR: Duration = Duration::from_hours(24);
const MAX_CACHED: u64 = 200_000;

/// An account has its own sandbox, so an answer is remembered for one account in one environment.
type Key = (Environment, AccountId, DomainName);

/// What a look-up has found. Whoever waits for one is given it from hand to hand: the cache may have forgotten it again by
/// then, because somebody bought the name.
type Verdicts = HashMap<Key, Verdict>;

#[derive(Debug, Clone)]
struct Answer {
    verdict: Verdict,
    at: Timestamp,
}

pub(crate) struct AvailabilityCache {
    answers: Cache<Key, Answer>,
    /// Names that are being looked up; the sender goes away with the look-up.
    in_flight: Mutex<HashMap<Key, watch::Receiver<Arc<Verdicts>>>>,
}

impl AvailabilityCache {
    pub fn new() -> Self {
        let answers = Cache::builder()
            .support_invalidation_closures()
            .max_capacity(MAX_CACHED)
            .time_to_live(KEPT_FOR)
            .build();
        Self {
            answers,
            in_flight: Mutex::default(),
        }
    }

    /// The answer about a name, if it is young enough to count.
    async fn fresh(&self, key: &Key, now: Timestamp) -> Option<Verdict> {
        let answer = self.answers.get(key).await?;
        is_fresh(&answer, now).then_some(answer.verdict)
    }
}

fn is_fresh(answer: &Answer, now: Timestamp) -> bool {
    now.as_millis() - answer.at.as_millis() < FRESH_FOR_MS
}

/// The cache forgets by the system's clock; a sandbox's may have been advanced past that.
fn is_remembered(answer: &Answer, now: Timestamp) -> bool {
    now.as_millis() - answer.at.as_millis() < KEPT_FOR_MS
}

/// Takes the names that nobody is looking up. Gives back what to wait for on account of the others.
fn take_free(app: &App, keys: &[Key]) -> (Lookup, Vec<watch::Receiver<Arc<Verdicts>>>) {
    let (done, waiter) = watch::channel(Arc::default());
    let in_flight = &app.0.availability.in_flight;
    let mut in_flight = in_flight.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for key in keys {
        match in_flight.entry(key.clone()) {
            Entry::Occupied(other) => others.push(other.get().clone()),
            Entry::Vacant(free) => {
                free.insert(waiter.clone());
                mine.push(key.clone());
            }
        }
    }
    let lookup = Lookup {
        app: app.clone(),
        mine,
        done,
    };
    (lookup, others)
}

/// Names that this process is looking up. Dropped when that is done.
struct Lookup {
    app: App,
    mine: Vec<Key>,
    done: watch::Sender<Arc<Verdicts>>,
}

impl Drop for Lookup {
    fn drop(&mut self) {
        let in_flight = &self.app.0.availability.in_flight;
        let mut in_flight = in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.mine {
            in_flight.remove(key);
        }
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
    AskAgain,
}

/// What the registrar says about names, in the order given. Names never seen are looked up at once. `now` is on the
/// account's clock.
pub(crate) async fn look_up(
    app: &App,
    account: &AccountId,
    environment: Environment,
    names: &[DomainName],
    old: Old,
    now: Timestamp,
) -> Result<Vec<Known>> {
    let mut known: Vec<Option<Known>> = Vec::with_capacity(names.len());
    let (mut unknown, mut stale) = (Vec::new(), Vec::new());
    for name in names {
        let answer = app
            .0
            .availability
            .answers
            .get(&(environment, account.clone(), name.clone()))
            .await;
        known.push(match answer {
            Some(answer) if is_fresh(&answer, now) => Some(Known::Fresh(answer.verdict)),
            Some(answer) if old == Old::SayStale && is_remembered(&answer, now) => {
                stale.push(name.clone());
                Some(Known::Stale)
            }
            _ => {
                unknown.push(name.clone());
                None
            }
        });
    }
    let mut answers = ask(app, account, environment, &unknown, now)
        .await?
        .into_iter();
    if !stale.is_empty() {
        refresh_later(app.clone(), account.clone(), environment, stale, now);
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
            .answers
            .invalidate(&(environment, account.clone(), name.clone()))
            .await;
    }
}

/// Forgets everything about an account that was emptied.
pub(crate) fn forget_account(app: &App, account: &AccountId, environment: Environment) {
    let account = account.clone();
    let of_account = move |key: &Key, _: &Answer| (&key.0, &key.1) == (&environment, &account);
    if let Err(error) = app.0.availability.answers.invalidate_entries_if(of_account) {
        tracing::error!(%error, "could not forget the availability of an emptied account");
    }
}

/// Asks the registrar about names, each once at a time (singleflight): a name that somebody else is asking about is waited
/// for.
async fn ask(
    app: &App,
    account: &AccountId,
    environment: Environment,
    names: &[DomainName],
    now: Timestamp,
) -> Result<Vec<Verdict>> {
    let key = |name: &DomainName| (environment, account.clone(), name.clone());
    let keys: Vec<Key> = names.iter().map(key).collect();
    let (lookup, others) = take_free(app, &keys);
    let mut found = Vec::new();
    if !lookup.mine.is_empty() {
        // A task of its own: others may wait for it when whoever asked has gone away.
        let running = tokio::spawn(look_up_free(lookup, account.clone(), environment, now));
        found.push(running.await.map_err(Error::internal)??);
    }
    for mut waiter in others {
        // A look-up that failed sends nothing; then this ends when the sender is gone.
        let _ = waiter.changed().await;
        found.push(Arc::clone(&waiter.borrow()));
    }
    let verdict = |key: &Key| found.iter().find_map(|verdicts| verdicts.get(key).cloned());
    let answers = keys
        .iter()
        .map(|key| verdict(key).unwrap_or(Verdict::Errored));
    Ok(answers.collect())
}

/// Looks up names and remembers the answers before whoever waits is told.
async fn look_up_free(
    lookup: Lookup,
    account: AccountId,
    environment: Environment,
    now: Timestamp,
) -> Result<Arc<Verdicts>> {
    let app = &lookup.app;
    let cache = &app.0.availability;
    let (mut verdicts, mut open) = (HashMap::new(), Vec::new());
    for key in &lookup.mine {
        // Another look-up may have ended after the cache was looked at and before this one began.
        match cache.fresh(key, now).await {
            Some(verdict) => {
                verdicts.insert(key.clone(), verdict);
            }
            None => open.push(key.2.clone()),
        }
    }
    // A look-up changes nothing at the registrar, so it needs no idempotency key of its own.
    let call = Call {
        account: &account,
        idempotency_key: "check",
        now,
    };
    let registrar = &app.providers(environment).registrar;
    for chunk in open.chunks(MAX_CHECKED_NAMES) {
        let checks = registrar.check(call, chunk).await;
        let checks = checks.map_err(|error| no_answer("The registrar", error))?;
        for check in checks {
            let key = (environment, account.clone(), check.name);
            // An error of the registrar is no knowledge: it is asked again the next time.
            if check.verdict != Verdict::Errored {
                let answer = Answer {
                    verdict: check.verdict.clone(),
                    at: now,
                };
                cache.answers.insert(key.clone(), answer).await;
            }
            verdicts.insert(key, check.verdict);
        }
    }
    let verdicts = Arc::new(verdicts);
    lookup.done.send_replace(Arc::clone(&verdicts));
    Ok(verdicts)
}

fn refresh_later(
    app: App,
    account: AccountId,
    environment: Environment,
    names: Vec<DomainName>,
    now: Timestamp,
) {
    tokio::spawn(async move {
        if let Err(error) = ask(&app, &account, environment, &names, now).await {
            tracing::warn!(
                error = error.chain(),
                "could not refresh the availability of {} names",
                names.len()
            );
        }
    });
}
