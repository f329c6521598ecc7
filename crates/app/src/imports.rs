//! Importing domains that the customer owns (contract §3): a zone for each, then watching until the customer's
//! nameservers point to it.
//!
//! Zone creation repeats safely at the DNS provider and every record of it changes only what is still open, so the
//! request that makes zones before it answers and the worker that takes over when it dies need no lease between them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use peeker_domain::id::{DomainId, ImportId};
use peeker_domain::name::InvalidName;
use peeker_domain::provider_error::{FollowUp, GivenUp, ProviderWork, follow_up};
use peeker_domain::retry::MAX_ATTEMPTS;
use peeker_domain::vendor::Slot;
use peeker_domain::view::{FailureReason, ImportJob, ImportedDomain};
use peeker_domain::{Code, DomainName, Environment, Error, Result, Timestamp, fingerprint};
use peeker_providers::{Call, ErrorClass, ProviderError};
use peeker_store::imports::{
    self as rows, Begun, NewImport, SliceOf, Submitted, ZoneOutcome, Zones,
};
use peeker_store::jobs::{self, ClaimedJob};
use peeker_store::{StoreError, UnitOfWork};
use tokio::time::Instant;

use crate::failure::internal;
use crate::failure::unless_lost;
use crate::provider_errors::{no_answer, pause_ms, seen};
use crate::{Actor, App, backoff};

/// Most domains of an import that is answered when all zones are made.
pub const MAX_SYNC: usize = 25;
/// Most domains of an import that is answered at once.
pub const MAX_ASYNC: usize = 500;
/// Zones made at once, and recorded in one transaction. Then a worker puts its job back in line, so that a long import
/// holds no place that others wait for.
const CHUNK: u64 = 25;
/// How long a worker goes on with an import when some of its zones have to wait for the provider.
const STINT: Duration = Duration::from_secs(5);
/// For how long the same set of domains is the same job (contract §1).
const DEDUPE_SECONDS: i64 = 24 * 60 * 60;
/// When a worker takes over an import whose request did not come to its end.
const TAKE_OVER_SECONDS: i64 = 60;
/// How long the customer has before the import asks for the nameservers.
const DELEGATION_SECONDS: i64 = 24 * 60 * 60;
/// How often an undelegated domain is looked at, at first.
const WATCH_SECONDS: i64 = 5 * 60;

/// Imports up to 25 domains; the zones are made when this returns. Errors: `rate_limited` with
/// `reason: "cloudflare_account_capacity"` while the DNS provider makes no more zones; 503 without live providers.
pub async fn create(app: &App, actor: &Actor, names: Vec<String>) -> Result<ImportJob> {
    app.require(actor.environment, &[Slot::Dns]).await?;
    let providers = app.providers(actor.environment);
    let now = actor.now(app).await?;
    let new = new_import(
        app,
        actor,
        names,
        now.plus_seconds(TAKE_OVER_SECONDS),
        false,
        now,
    );
    let is_valid = |domain: &&Submitted| matches!(domain, Submitted::Valid(_));
    let zones = new.domains.iter().filter(is_valid).count();
    if zones > 0 {
        let call = Call {
            account: &actor.account,
            idempotency_key: "zone_capacity",
            now,
        };
        let capacity = providers.dns.zone_capacity(call, zones).await;
        capacity.map_err(no_capacity)?;
    }
    let db = &app.environment(actor.environment).db;
    rows::begin(db, &new)
        .await
        .map_err(internal("store an import"))?;
    // What cannot be finished now, because the DNS provider is down for a moment, is finished by the worker.
    let call = Call {
        account: &actor.account,
        idempotency_key: new.id.as_str(),
        now,
    };
    make_zones(app, actor.environment, call, &new.id, None).await?;
    find(app, actor, &new.id).await
}

/// Takes up to 500 domains to be imported in the background. The same set of domains is the same job for 24 hours.
/// Errors: 503 without live providers.
pub async fn create_job(app: &App, actor: &Actor, names: Vec<String>) -> Result<ImportJob> {
    app.require(actor.environment, &[Slot::Dns]).await?;
    let now = actor.now(app).await?;
    let new = new_import(app, actor, names, now, true, now);
    let db = &app.environment(actor.environment).db;
    let id = match rows::begin(db, &new)
        .await
        .map_err(internal("store an import"))?
    {
        Begun::New => new.id,
        Begun::Original(id) => id,
    };
    find(app, actor, &id).await
}

/// One import. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<ImportJob> {
    let id = id.parse().map_err(|_| Error::not_found("import"))?;
    find(app, actor, &id).await
}

/// The last import of each of these names; names that were never imported are left out.
pub async fn list_domains(
    app: &App,
    actor: &Actor,
    names: &[DomainName],
) -> Result<Vec<ImportedDomain>> {
    let db = &app.environment(actor.environment).db;
    rows::find_domains(db, &actor.account, names)
        .await
        .map_err(internal("find imported domains"))
}

async fn find(app: &App, actor: &Actor, id: &ImportId) -> Result<ImportJob> {
    let db = &app.environment(actor.environment).db;
    let job = rows::find(db, &actor.account, id)
        .await
        .map_err(internal("find an import"))?;
    job.ok_or_else(|| Error::not_found("import"))
}

fn new_import(
    app: &App,
    actor: &Actor,
    names: Vec<String>,
    run_at: Timestamp,
    dedupe: bool,
    now: Timestamp,
) -> NewImport {
    let domains: Vec<Submitted> = names.into_iter().map(submitted).collect();
    let fingerprint = dedupe.then(|| {
        let set: BTreeSet<String> = domains.iter().map(spelled_once).collect();
        let set = set.iter().map(String::as_str).collect();
        (
            fingerprint::domain_set(&app.0.fingerprint_key, &set),
            now.plus_seconds(DEDUPE_SECONDS),
        )
    });
    NewImport {
        account: actor.account.clone(),
        id: ImportId::new(now),
        domains,
        fingerprint,
        run_at,
        created_at: now,
    }
}

fn submitted(name: String) -> Submitted {
    match DomainName::parse(&name) {
        Ok(name) => Submitted::Valid(name),
        Err(InvalidName::Malformed) => Submitted::Refused {
            name,
            reason: FailureReason::InvalidDomain,
        },
        Err(InvalidName::NotRoot | InvalidName::PublicSuffix | InvalidName::PrivateSuffix) => {
            Submitted::Refused {
                name,
                reason: FailureReason::NotRootDomain,
            }
        }
    }
}

/// One spelling for all spellings of a domain, importable or not.
fn spelled_once(domain: &Submitted) -> String {
    match domain {
        Submitted::Valid(name) => name.to_string(),
        Submitted::Refused { name, .. } => name.trim().to_lowercase(),
    }
}

fn no_capacity(error: ProviderError) -> Error {
    match error.class {
        ErrorClass::Quota { after_ms } => {
            // Rounded up, so that whoever waits as long as asked is not refused again.
            let seconds = (after_ms.unwrap_or(60_000) + 999).div_euclid(1000).max(1);
            Error::new(
                Code::RateLimited,
                "No more zones can be made right now; use POST /domains/import/jobs or wait",
            )
            .with_detail("retry_after_seconds", seconds)
            .with_detail("reason", "cloudflare_account_capacity")
        }
        _ => no_answer("The DNS provider", error),
    }
}

/// The worker's part: makes some of the zones that are still missing.
pub(crate) async fn run(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let id = ImportId::from_stored(job.subject.clone());
    let call = Call {
        account: &job.account,
        idempotency_key: &job.subject,
        now: app.at(job.clock),
    };
    match make_zones(app, environment, call, &id, Some(job)).await? {
        Stopped::BackInLine => Ok(()),
        Stopped::NoneLeft => unless_lost(end(app, environment, job).await),
        Stopped::Paused(pause) => unless_lost(wait(app, environment, job, pause).await),
    }
}

async fn wait(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    pause: Pause,
) -> Result<(), StoreError> {
    let db = &app.environment(environment).db;
    let wait_ms = pause.wait_ms;
    if pause.is_failure {
        // Keeps the count of attempts, so that the waits grow and come to an end.
        let run_at = app.now().plus_millis(wait_ms);
        return jobs::release(db, job, run_at, "The DNS provider does not answer", false).await;
    }
    let work = UnitOfWork::begin(db, [&job.account]).await?;
    let paused = jobs::run_again(&work, job, app.at(job.clock).plus_millis(wait_ms)).await;
    commit(work, paused).await
}

async fn commit(work: UnitOfWork<'_>, ended: peeker_store::Result<()>) -> peeker_store::Result<()> {
    ended?;
    work.commit().await
}

/// Why and for how long an import has to wait.
struct Pause {
    wait_ms: i64,
    /// Nothing was made at all, and nothing waits for an account of ours.
    is_failure: bool,
}

/// Why the making of zones stopped.
enum Stopped {
    /// There may be more to make, and the worker's job is in line again.
    BackInLine,
    NoneLeft,
    Paused(Pause),
}

/// Makes the zones that are missing: all of them, or those of one slice of a worker's `job`. It gives way only after what
/// was made whole: what has to wait would be the first of the next slice too.
async fn make_zones(
    app: &App,
    environment: Environment,
    call: Call<'_>,
    id: &ImportId,
    job: Option<&ClaimedJob>,
) -> Result<Stopped> {
    let db = &app.environment(environment).db;
    let attempts = job.map_or(0, |job| job.attempts);
    let began = Instant::now();
    let (mut after, mut progress, mut pause) = (None, false, None);
    loop {
        let (account, now) = (call.account, call.now);
        let pending = rows::pending(db, account, id, after, CHUNK)
            .await
            .map_err(internal("read an import"))?;
        let last = pending.last().map(|(position, _)| *position);
        let made = join_all(
            pending
                .into_iter()
                .map(|domain| make_zone(app, environment, call, domain, attempts)),
        )
        .await;
        let (mut outcomes, mut waits) = (Vec::new(), false);
        for outcome in made {
            match outcome? {
                Made::Done(position, name, outcome) => outcomes.push((position, name, outcome)),
                Made::Later {
                    wait_ms,
                    is_failure,
                } => {
                    // Of those that wait for their turn, the first comes back first.
                    pause = Some(match pause {
                        Some(before) if waits && !is_failure => wait_ms.min(before),
                        Some(before) if !waits && is_failure => wait_ms.max(before),
                        Some(before) if is_failure => before,
                        _ => wait_ms,
                    });
                    waits |= !is_failure;
                }
            }
        }
        progress |= !outcomes.is_empty();
        let is_slice = pause.is_none() && last.is_some();
        let slice_of = job.filter(|_| is_slice).map(|job| SliceOf {
            job,
            got_on: attempts < MAX_ATTEMPTS,
        });
        let zones = Zones {
            account,
            id,
            outcomes,
            deadline: now.plus_seconds(DELEGATION_SECONDS),
            now,
            slice_of,
        };
        rows::record(db, zones)
            .await
            .map_err(internal("record an import"))?;
        if slice_of.is_some() {
            db.wake(true, false);
            return Ok(Stopped::BackInLine);
        }
        let is_cut_short = job.is_some() && pause.is_some() && began.elapsed() > STINT;
        if waits || last.is_none() || is_cut_short {
            return Ok(pause.map_or(Stopped::NoneLeft, |wait_ms| {
                Stopped::Paused(Pause {
                    wait_ms,
                    is_failure: !(progress || waits),
                })
            }));
        }
        after = last;
    }
}

enum Made {
    Done(i32, DomainName, ZoneOutcome),
    Later { wait_ms: i64, is_failure: bool },
}

async fn make_zone(
    app: &App,
    environment: Environment,
    call: Call<'_>,
    (position, name): (i32, DomainName),
    attempts: u32,
) -> Result<Made> {
    let call = Call {
        idempotency_key: name.as_str(),
        ..call
    };
    let dns = &app.providers(environment).dns;
    let outcome = match dns.ensure_zone(call, &name).await {
        Ok(zone) => ZoneOutcome::Zone(zone.nameservers),
        Err(error) => match follow_up(error.class, attempts, ProviderWork::Import) {
            FollowUp::Retry { at_least_ms } => {
                let wait_ms = pause_ms(at_least_ms, attempts);
                return Ok(Made::Later {
                    wait_ms,
                    is_failure: true,
                });
            }
            FollowUp::Wait { ms } => {
                return Ok(Made::Later {
                    wait_ms: ms,
                    is_failure: false,
                });
            }
            FollowUp::GiveUp(GivenUp::Exhausted) => {
                ZoneOutcome::Refused(FailureReason::ProviderError)
            }
            FollowUp::GiveUp(GivenUp::Refused) | FollowUp::FailOrder => {
                ZoneOutcome::Refused(FailureReason::ZoneRejected)
            }
        },
    };
    Ok(Made::Done(position, name, outcome))
}

/// A day after the import: asks for the nameservers that are still not set.
pub(crate) async fn deadline(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    unless_lost(rows::deadline(&app.environment(environment).db, job, app.at(job.clock)).await)
}

/// Looks whether a domain is delegated, and comes back until it is.
pub(crate) async fn watch(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    let domain = DomainId::from_stored(job.subject.clone());
    let zone = rows::watched_zone(db, &job.account, &domain)
        .await
        .map_err(internal("read a zone"))?;
    let now = app.at(job.clock);
    let Some(zone) = zone else {
        return unless_lost(end(app, environment, job).await);
    };
    let call = Call {
        account: &job.account,
        idempotency_key: "delegated",
        now,
    };
    let seen = zone.delegated || probe(app, environment, call, &zone).await?;
    if seen {
        return unless_lost(rows::delegated(db, job, now).await);
    }
    let age = now.as_seconds() - zone.created_at.as_seconds();
    let wait = backoff::watch(age, WATCH_SECONDS);
    let work = UnitOfWork::begin(db, [&job.account])
        .await
        .map_err(Error::internal)?;
    let ended = jobs::run_again(&work, job, now.plus_seconds(wait)).await;
    unless_lost(commit(work, ended).await)
}

async fn probe(
    app: &App,
    environment: Environment,
    call: Call<'_>,
    zone: &rows::WatchedZone,
) -> Result<bool> {
    let probes = &app.providers(environment).probes;
    Ok(seen(
        probes.delegated(call, &zone.name, &zone.nameservers).await,
    ))
}

async fn end(app: &App, environment: Environment, job: &ClaimedJob) -> Result<(), StoreError> {
    let work = UnitOfWork::begin(&app.environment(environment).db, [&job.account]).await?;
    let ended = jobs::finish(&work, job).await;
    commit(work, ended).await
}
