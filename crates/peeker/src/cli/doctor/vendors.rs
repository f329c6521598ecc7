//! Checks of the accounts at vendors that live orders need, and of what waits for the operator.

use futures::future::join_all;
use peeker_app::App;
use peeker_app::provider_accounts::{self, Checked, Listed};
use peeker_app::{operator_tasks, provider_accounts::examine};
use peeker_domain::vendor::{AccountState, Vendor};

use super::Check;
use crate::failure::chain;

const NAME: &str = "live providers";
/// Domains that are named.
const MAX_SHOWN: usize = 5;

/// One line for each of the operator's accounts, one for what is missing, one for what waits for the operator.
pub(super) async fn look(app: &App) -> Vec<Check> {
    let accounts = match provider_accounts::list(app).await {
        Ok(accounts) => accounts,
        Err(error) => {
            let advice = "The database cannot be read";
            return vec![Check::fail(NAME, chain(&error), advice)];
        }
    };
    let (of_partners, ours): (Vec<&Listed>, Vec<&Listed>) = accounts
        .iter()
        .partition(|listed| listed.account.partner.is_some());
    let mut checks = vec![coverage(&ours)];
    checks.extend(join_all(ours.iter().map(|listed| account(app, listed))).await);
    checks.extend(partners(&of_partners));
    checks.extend(tasks(app).await);
    checks
}

/// Whether there is an account for everything that a live order needs.
fn coverage(ours: &[&Listed]) -> Check {
    let has = |vendor: Vendor| {
        ours.iter()
            .any(|one| one.account.vendor == vendor && one.account.state.is_called())
    };
    let pool = Vendor::ALL.iter().filter(|vendor| !vendor.is_of_partner());
    let missing: Vec<&str> = pool
        .filter(|vendor| !has(**vendor))
        .map(|vendor| vendor.name())
        .collect();
    if missing.is_empty() {
        return Check::ok(
            NAME,
            "There is an account in use for everything that a live order needs",
        );
    }
    let message = format!(
        "No account in use at {}: live requests that need one are answered 503 and change nothing",
        missing.join(", ")
    );
    let advice = "peeker provider add --help; docs/live.md has the whole way. Test keys need none";
    Check::warn(NAME, message, advice)
}

async fn account(app: &App, listed: &Listed) -> Check {
    let account = &listed.account;
    let name = account.vendor.name();
    let label = &account.label;
    if account.state == AccountState::Paused {
        let advice = format!("peeker provider resume {label:?}");
        return Check::warn(name, format!("{label} is paused"), advice);
    }
    match examine(app, account).await {
        Ok(Checked::Works(report)) => {
            let facts: Vec<String> = report
                .facts
                .iter()
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            let message = format!(
                "{label} works; {} domains; {}",
                listed.domains,
                facts.join(", ")
            );
            if let Some(reason) = &account.reason {
                let advice = format!("Once that is mended: peeker provider check {label:?}");
                return Check::warn(name, format!("{message}; {reason}"), advice);
            }
            Check::ok(name, message)
        }
        Ok(Checked::Lacks(report)) => Check::fail(
            name,
            format!("{label} lacks {}", report.missing.join(", ")),
            "Give the credentials these permissions at the vendor; docs/live.md lists them",
        ),
        Ok(Checked::Refused(reason)) => Check::fail(
            name,
            format!("{label}: {reason}"),
            format!(
                "Mend it, or peeker provider rotate {label:?} --secret-file …; what is on it waits until then"
            ),
        ),
        Err(error) => Check::fail(name, chain(&error), "The account cannot be read"),
    }
}

/// Accounts that partners brought: those that need attention.
fn partners(accounts: &[&Listed]) -> Option<Check> {
    let needing: Vec<String> = accounts
        .iter()
        .filter(|one| one.account.state == AccountState::NeedsAttention)
        .map(|one| {
            let partner = one.account.partner.as_ref();
            let partner = partner.map(ToString::to_string).unwrap_or_default();
            format!("{} of {partner}", one.account.label)
        })
        .collect();
    if needing.is_empty() {
        return None;
    }
    let shown = needing.len().min(MAX_SHOWN);
    let message = format!(
        "{} of {} accounts of partners need attention: {}",
        needing.len(),
        accounts.len(),
        needing[..shown].join(", ")
    );
    let advice =
        "peeker provider list tells why; ask the partner for another key: peeker provider rotate";
    Some(Check::warn("sequencer", message, advice))
}

async fn tasks(app: &App) -> Option<Check> {
    const NAME: &str = "operator tasks";
    let (tasks, open) = match operator_tasks::open(app).await {
        Ok(read) => read,
        Err(error) => {
            let advice = "The database cannot be read";
            return Some(Check::fail(NAME, chain(&error), advice));
        }
    };
    if open == 0 {
        return None;
    }
    let shown: Vec<String> = tasks
        .iter()
        .take(MAX_SHOWN)
        .map(|task| format!("{} {}", task.kind, task.domain))
        .collect();
    let message = format!("{open} wait for you: {}", shown.join(", "));
    let advice = "peeker provider tasks says what to do for each; the domains wait until then";
    Some(Check::warn(NAME, message, advice))
}
