//! Checks of what the databases hold: schema, key, clock, work that is stuck.

use peeker_app::clock::SystemClock;
use peeker_app::webhooks::health;
use peeker_app::webhooks::refused::{self, RefusedAddress};
use peeker_app::{App, keys, partners};
use peeker_domain::{Clock, DeliveryState, Environment, JobState, Timestamp};
use peeker_store::{EnvironmentDb, StoreError, deliveries, jobs};

use super::{Check, vendors};
use crate::failure::{Result, chain};
use crate::installation::Installation;
use crate::output::Output;
use crate::profile::Profile;

/// Oldest PostgreSQL that is supported.
const OLDEST_POSTGRES: u32 = 15;
/// 2026-01-01: this program is younger than that, so a right clock is past it.
const EARLIEST_TIME: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// How far the machine's clock may be behind times that are stored already.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;
/// Work that is due for longer than this is being done by nobody.
const OVERDUE_SECONDS: i64 = 300;
/// Paused endpoints that are named.
const MAX_SHOWN: usize = 5;

/// Checks what the databases hold, as far as they can be opened, for which there must be a key.
pub(super) async fn examine(
    installation: &Installation,
    profile: Profile,
    has_key: bool,
    output: Output,
) -> Vec<Check> {
    if !installation.has_databases() {
        let message = "Not there yet; the first start makes them";
        return vec![Check::ok("databases", message), clock(&[])];
    }
    let schema = match schema(installation, output).await {
        Ok(check) => check,
        Err(check) => return vec![*check, clock(&[])],
    };
    if !has_key {
        return vec![schema, clock(&[])];
    }
    let app = match installation.open_prepared(profile, output).await {
        Ok(app) => app,
        Err(failure) => {
            let advice = "Start with this; what is stored cannot be checked until then";
            return vec![
                schema,
                Check::fail("start-up", failure.to_string(), advice),
                clock(&[]),
            ];
        }
    };
    let mut checks = vec![schema];
    checks.extend(postgres_version(&app).await);
    checks.push(match stored_times(&app).await {
        Ok(times) => clock(&times),
        Err(failure) => Check::fail(
            "clock",
            failure.to_string(),
            "The control database cannot be read",
        ),
    });
    checks.extend(refused_addresses(&app).await);
    checks.extend(paused_endpoints(&app).await);
    checks.extend(vendors::look(&app).await);
    for &environment in Environment::ALL {
        let db = &app.store().environment(environment).db;
        match work(db, app.now()).await {
            Ok(check) => checks.push(check),
            Err(error) => checks.push(Check::fail(
                work_name(environment),
                chain(&error),
                "The database cannot be read",
            )),
        }
    }
    checks
}

/// Whether the databases answer and have this version's schema. Missing migrations end the examination, since opening
/// everything would run them, and a check changes nothing.
async fn schema(installation: &Installation, output: Output) -> Result<Check, Box<Check>> {
    const NAME: &str = "databases";
    let unreachable = |message: String| {
        Box::new(Check::fail(
            NAME,
            message,
            "No server can start without them",
        ))
    };
    installation
        .prepare(output)
        .await
        .map_err(|failure| unreachable(failure.to_string()))?;
    let pending = peeker_store::pending_migrations(&installation.location()).await;
    let pending =
        pending.map_err(|error| unreachable(format!("Cannot open them: {}", chain(&error))))?;
    let missing: Vec<_> = pending
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if missing.is_empty() {
        return Ok(Check::ok(
            NAME,
            "control, live and sandbox answer and have this version's schema",
        ));
    }
    let message = format!("Migrations are missing: {}", missing.join(", "));
    Err(Box::new(Check::warn(
        NAME,
        message,
        "peeker migrate, or start the server; then run peeker doctor again",
    )))
}

async fn postgres_version(app: &App) -> Option<Check> {
    const NAME: &str = "PostgreSQL";
    let control = &app.store().control;
    if control.is_sqlite() {
        return None;
    }
    let connection = match control.reader.postgres_pool().acquire().await {
        Ok(connection) => connection,
        Err(error) => {
            return Some(Check::fail(
                NAME,
                chain(&error),
                "The server refuses connections; see its log",
            ));
        }
    };
    // 150004 is version 15.4.
    let major = connection.server_version_num()? / 10_000;
    Some(if major >= OLDEST_POSTGRES {
        Check::ok(NAME, format!("Version {major}"))
    } else {
        let advice = format!("Upgrade to PostgreSQL {OLDEST_POSTGRES} or later");
        Check::fail(NAME, format!("Version {major} is too old"), advice)
    })
}

/// Times in the control database that cannot lie in the future.
async fn stored_times(app: &App) -> Result<Vec<Timestamp>> {
    let mut times = Vec::new();
    for partner in partners::list(app).await? {
        times.push(partner.created_at);
        for key in keys::list(app, &partner.id).await? {
            times.extend(
                [Some(key.created_at), key.last_used_at, key.revoked_at]
                    .into_iter()
                    .flatten(),
            );
        }
    }
    Ok(times)
}

/// Compares the machine's clock with this program's age and with times that are stored.
fn clock(stored: &[Timestamp]) -> Check {
    let now = SystemClock.now();
    judge_clock(now, stored.iter().max().copied())
}

fn judge_clock(now: Timestamp, newest: Option<Timestamp>) -> Check {
    const NAME: &str = "clock";
    let advice = "Set the clock, and keep it with NTP (systemd-timesyncd or chrony): signatures and retries depend on it";
    if now < EARLIEST_TIME {
        return Check::fail(
            NAME,
            format!("{now} is before this program was made"),
            advice,
        );
    }
    match newest {
        Some(newest) if now.plus_seconds(CLOCK_TOLERANCE_SECONDS) < newest => Check::fail(
            NAME,
            format!("{now} is before {newest}, a time that is stored already"),
            advice,
        ),
        _ => Check::ok(NAME, now.to_string()),
    }
}

/// Addresses to which our own rules let nothing be sent, if there are any.
async fn refused_addresses(app: &App) -> Option<Check> {
    const NAME: &str = "webhook addresses";
    let refused = match refused::addresses_unscoped(app).await {
        Ok(refused) => refused,
        Err(error) => {
            let advice = "The database cannot be read";
            return Some(Check::fail(NAME, chain(&error), advice));
        }
    };
    if refused.is_empty() {
        return None;
    }
    let shown = refused.iter().take(MAX_SHOWN).map(|one| {
        let RefusedAddress {
            account,
            environment,
            url,
            why,
        } = one;
        format!("\n{account} ({environment}) {url}: {why}")
    });
    let more = if refused.len() > MAX_SHOWN {
        "\n…"
    } else {
        ""
    };
    let message = format!(
        "The rules of this installation's profile refuse {}, so nothing is sent there:{}{more}",
        refused.len(),
        shown.collect::<String>()
    );
    let advice = "Set another: peeker webhook set org_… --url https://…; or open a range of your own network with [webhooks] \
                  allowed_ranges in peeker.toml";
    Some(Check::fail(NAME, message, advice))
}

/// Endpoints to which nothing is sent, if there are any.
async fn paused_endpoints(app: &App) -> Option<Check> {
    const NAME: &str = "webhook endpoints";
    let mut paused = Vec::new();
    for &environment in Environment::ALL {
        let accounts = health::paused_unscoped(app, environment).await;
        match accounts {
            Ok(accounts) => paused.extend(
                accounts
                    .iter()
                    .map(|account| format!("{account} ({environment})")),
            ),
            Err(error) => {
                return Some(Check::fail(
                    NAME,
                    error.to_string(),
                    "The database cannot be read",
                ));
            }
        }
    }
    if paused.is_empty() {
        return None;
    }
    let shown = paused.len().min(MAX_SHOWN);
    let message = format!(
        "{} paused, their events wait: {}{}",
        paused.len(),
        paused[..shown].join(", "),
        if shown < paused.len() { ", …" } else { "" }
    );
    let advice = "peeker webhook show org_… tells why; they are tried again by themselves, and at once by peeker webhook resume org_…";
    Some(Check::warn(NAME, message, advice))
}

fn work_name(environment: Environment) -> &'static str {
    match environment {
        Environment::Test => "sandbox work",
        Environment::Live => "live work",
    }
}

async fn work(db: &EnvironmentDb, now: Timestamp) -> Result<Check, StoreError> {
    let stuck_before = now.plus_seconds(-OVERDUE_SECONDS);
    let is_overdue = |due: Option<Timestamp>| due.is_some_and(|due| due < stuck_before);
    let ready = jobs::count_unscoped(db, JobState::Ready).await?;
    let dead = jobs::count_unscoped(db, JobState::Dead).await?;
    let pending = deliveries::count_unscoped(db, DeliveryState::Pending).await?;
    let given_up = deliveries::count_unscoped(db, DeliveryState::Failed).await?;
    let overdue = is_overdue(jobs::next_due_unscoped(db).await?)
        || is_overdue(deliveries::next_due_unscoped(db).await?);
    let name = work_name(db.environment);
    let waiting = format!("{ready} jobs and {pending} webhooks to do");
    Ok(if dead > 0 {
        let advice = "peeker job list tells why; mend that, then peeker job retry --dead. What they are for does not go on by itself";
        Check::warn(
            name,
            format!("{dead} jobs were given up; {waiting}"),
            advice,
        )
    } else if overdue {
        let advice = "Is a server with role all or worker running, and does it keep up?";
        Check::warn(
            name,
            format!(
                "{waiting}, some due for more than {} min",
                OVERDUE_SECONDS / 60
            ),
            advice,
        )
    } else if given_up > 0 {
        let advice = "Their receivers failed for 24 hours; the partners can read what they missed with GET /events, and have it sent again";
        Check::warn(
            name,
            format!("{waiting}; {given_up} webhooks were given up"),
            advice,
        )
    } else {
        Check::ok(name, waiting)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_clock_must_not_be_behind_what_is_stored() {
        let now = EARLIEST_TIME.plus_seconds(1_000_000);
        for (clock, newest, verdict) in [
            (now, None, Verdict::Ok),
            (now, Some(now.plus_seconds(-10)), Verdict::Ok),
            (now, Some(now.plus_seconds(60)), Verdict::Ok),
            (now, Some(now.plus_seconds(3600)), Verdict::Fail),
            (Timestamp::from_millis(0), None, Verdict::Fail),
        ] {
            assert_eq!(
                judge_clock(clock, newest).status,
                verdict,
                "{clock} {newest:?}"
            );
        }
    }
}
