//! Forwarding jobs (contract §3): one target for up to 25 domains.

use std::collections::BTreeMap;

use futures::future::join_all;
use peeker_domain::forwarding::invalid_target;
use peeker_domain::id::ForwardingId;
use peeker_domain::provider_error::{FollowUp, ProviderWork, follow_up};
use peeker_domain::vendor::Slot;
use peeker_domain::view::{FailureReason, ForwardingJob};
use peeker_domain::{DomainName, Environment, Error, Result, Violation, WebUrl};
use peeker_providers::{Call, ProviderError, Providers, TargetProblem};
use peeker_store::forwardings::{self as rows, Begun, Pending, Target};
use peeker_store::jobs::ClaimedJob;

use crate::failure::internal;
use crate::failure::unless_lost;
use crate::provider_errors::pause_ms;
use crate::{Actor, App};

/// Most domains of one job (contract §3).
pub const MAX_DOMAINS: usize = 25;

/// Starts a job for names or `dom_` ids. Errors: `invalid_request` for a domain that comes twice; 503 without live providers.
pub async fn create(
    app: &App,
    actor: &Actor,
    domains: Vec<String>,
    url: WebUrl,
) -> Result<ForwardingJob> {
    app.require(actor.environment, &[Slot::Dns]).await?;
    let targets: Vec<Target> = domains
        .into_iter()
        .map(|submitted| Target {
            name: DomainName::parse(&submitted).ok(),
            submitted,
        })
        .collect();
    let now = actor.now(app).await?;
    let db = &app.environment(actor.environment).db;
    let begun = rows::begin(
        db,
        &actor.account,
        &ForwardingId::new(now),
        url.as_str(),
        &targets,
        now,
    )
    .await;
    match begun.map_err(internal("store a forwarding job"))? {
        Begun::Job(job) => Ok(job),
        Begun::Repeated(entries) => Err(repeated(&entries)),
    }
}

fn repeated(entries: &[(usize, usize)]) -> Error {
    let violation = |(index, same_as): &(usize, usize)| {
        let field = format!("domains[{index}]");
        let message = format!("{field} is the same domain as domains[{same_as}]");
        Violation::new(field, message)
    };
    Error::from_violations(entries.iter().map(violation).collect(), 0)
        .unwrap_or_else(|| Error::internal("a forwarding job was refused without a reason"))
}

/// One job. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<ForwardingJob> {
    let not_found = || Error::not_found("forwarding job");
    let id = id.parse().map_err(|_| not_found())?;
    let db = &app.environment(actor.environment).db;
    rows::find(db, &actor.account, &id)
        .await
        .map_err(internal("find a forwarding job"))?
        .ok_or_else(not_found)
}

/// The worker's part: sets the redirects that are still missing. Setting one again changes nothing.
pub(crate) async fn run(app: &App, environment: Environment, job: &ClaimedJob) -> Result<()> {
    let db = &app.environment(environment).db;
    let id = ForwardingId::from_stored(job.subject.clone());
    let found = rows::pending(db, &job.account, &id)
        .await
        .map_err(internal("read a forwarding job"))?;
    let Some((url, pending)) = found else {
        return Err(Error::internal("a forwarding job without its row"));
    };
    let url = WebUrl::parse(&url).map_err(Error::internal)?;
    let set = pending
        .iter()
        .map(|domain| set(app, environment, job, domain, &url));
    let (mut outcomes, mut wait) = (BTreeMap::new(), None);
    for (domain, outcome) in pending.iter().zip(join_all(set).await) {
        match outcome? {
            Outcome::Set => {
                let set = rows::Outcome::Set(domain.situation.clone());
                outcomes.insert(domain.position, set)
            }
            Outcome::Failed(reason) => {
                outcomes.insert(domain.position, rows::Outcome::Failed(reason))
            }
            Outcome::Later { wait_ms } => {
                wait = wait.max(Some(wait_ms));
                None
            }
        };
    }
    let wait = wait.map(|wait_ms| rows::Wait {
        run_at: app.now().plus_millis(wait_ms),
        why: "The DNS provider does not answer, or a domain is being taken back",
    });
    unless_lost(rows::record(db, job, &outcomes, wait, app.at(job.clock)).await)
}

/// What became of one redirect.
enum Outcome {
    Set,
    Failed(FailureReason),
    Later { wait_ms: i64 },
}

/// Sets one redirect, unless it is set already or will be when the domain is set up. One that has just left an order comes
/// later: what was made for that is removed first.
async fn set(
    app: &App,
    environment: Environment,
    job: &ClaimedJob,
    domain: &Pending,
    url: &WebUrl,
) -> Result<Outcome> {
    if domain.is_gone {
        return Ok(Outcome::Failed(FailureReason::NotFound));
    }
    if domain.situation.is_to_be_cleared {
        return Ok(Outcome::Later {
            wait_ms: pause_ms(0, job.attempts),
        });
    }
    if domain.current.as_deref() == Some(url.as_str()) {
        return Ok(Outcome::Set);
    }
    let providers = app.providers(environment);
    let call = Call {
        account: &job.account,
        idempotency_key: &job.subject,
        now: app.at(job.clock),
    };
    let done = set_at_provider(providers, call, domain, url).await;
    Ok(done.unwrap_or_else(|error| {
        match follow_up(error.class, job.attempts, ProviderWork::Forwarding) {
            FollowUp::Retry { at_least_ms } => Outcome::Later {
                wait_ms: pause_ms(at_least_ms, job.attempts),
            },
            FollowUp::Wait { ms } => Outcome::Later { wait_ms: ms },
            FollowUp::GiveUp(_) | FollowUp::FailOrder => {
                Outcome::Failed(FailureReason::ProviderError)
            }
        }
    }))
}

async fn set_at_provider(
    providers: &Providers,
    call: Call<'_>,
    domain: &Pending,
    url: &WebUrl,
) -> Result<Outcome, ProviderError> {
    if let Some(reason) = problem(providers, call, &domain.name, url).await? {
        return Ok(Outcome::Failed(reason));
    }
    let dns = &providers.dns;
    if !domain.situation.is_being_set_up {
        dns.ensure_zone(call, &domain.name).await?;
        dns.set_redirect(call, &domain.name, url).await?;
    }
    Ok(Outcome::Set)
}

/// Why a domain cannot be forwarded to a URL; `None` when it can.
pub(crate) async fn problem(
    providers: &Providers,
    call: Call<'_>,
    name: &DomainName,
    url: &WebUrl,
) -> Result<Option<FailureReason>, ProviderError> {
    if invalid_target(name, url).is_some() {
        return Ok(Some(FailureReason::InvalidTarget));
    }
    let problem = providers.probes.forwarding_problem(call, name, url).await?;
    Ok(problem.map(|problem| match problem {
        TargetProblem::DnsLookupFailed => FailureReason::DnsLookupFailed,
        TargetProblem::Unreachable => FailureReason::TargetUnreachable,
        TargetProblem::Invalid => FailureReason::InvalidTarget,
    }))
}
