//! Accounts at vendors, for people and for scripts.

use peeker_app::provider_accounts::{Checked, Listed, ProviderAccount, VendorReport};
use peeker_domain::Timestamp;
use peeker_domain::vendor::AccountState;
use serde_json::{Map, Value, json};

use crate::output::Output;

const ADD_ONE: &str =
    "No accounts at vendors yet. Add one: peeker provider add --help; how, stands in docs/live.md";

/// An account without its credentials.
pub fn account_json(account: &ProviderAccount) -> Value {
    let settings: Value = serde_json::from_str(&account.settings).unwrap_or_default();
    json!({
        "id": account.id,
        "vendor": account.vendor,
        "label": account.label,
        "partner": account.partner,
        "base_url": account.base_url,
        "settings": settings,
        "capacity": account.capacity,
        "state": account.state,
        "reason": account.reason,
        "waits_until": account.rest.as_ref().map(|rest| rest.until),
        "waits_because": account.rest.as_ref().map(|rest| &rest.reason),
        "created_at": account.created_at,
    })
}

pub fn listed_json(listed: &Listed) -> Value {
    let mut json = account_json(&listed.account);
    json["domains"] = json!(listed.domains);
    json
}

pub fn list_text(accounts: &[Listed], now: Timestamp, output: Output) -> String {
    if accounts.is_empty() {
        return ADD_ONE.to_owned();
    }
    let row = |listed: &Listed| {
        let Listed { account, domains } = listed;
        let of = account
            .capacity
            .map_or(String::new(), |capacity| format!(" of {capacity}"));
        vec![
            account.vendor.to_string(),
            account.label.clone(),
            account.state.to_string(),
            format!("{domains}{of}"),
            account
                .partner
                .as_ref()
                .map_or("-".into(), ToString::to_string),
            account.id.to_string(),
            why(account, now),
        ]
    };
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let heading = [
        "VENDOR", "LABEL", "STATE", "DOMAINS", "PARTNER", "ID", "WHY",
    ];
    output.table("", &heading, &rows)
}

/// Why an account is not called now.
pub fn why(account: &ProviderAccount, now: Timestamp) -> String {
    if let Some(reason) = &account.reason {
        return reason.clone();
    }
    match &account.rest {
        Some(rest) if rest.until > now => format!("waits until {}: {}", rest.until, rest.reason),
        _ => String::new(),
    }
}

pub fn checked_json(account: &ProviderAccount, checked: &Checked) -> Value {
    let (result, report, reason) = match checked {
        Checked::Works(report) => ("works", Some(report), None),
        Checked::Lacks(report) => ("lacks", Some(report), None),
        Checked::Refused(reason) => ("refused", None, Some(reason)),
    };
    let facts: Map<String, Value> = report.map_or_else(Map::new, |report| {
        let facts = report.facts.iter();
        facts
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect()
    });
    json!({
        "id": account.id,
        "vendor": account.vendor,
        "label": account.label,
        "result": result,
        "facts": facts,
        "missing": report.map_or(&[][..], |report| &report.missing),
        "reason": reason,
    })
}

pub fn checked_text(results: &[(ProviderAccount, Checked)], output: Output) -> String {
    if results.is_empty() {
        return ADD_ONE.to_owned();
    }
    let lines: Vec<String> = results
        .iter()
        .map(|(account, checked)| {
            let name = format!("{} {:?}", account.vendor.name(), account.label);
            match checked {
                Checked::Works(report) => {
                    let off = if account.state == AccountState::Paused {
                        " It is paused."
                    } else {
                        ""
                    };
                    format!("{} {name} works{}.{off}", output.green("✓"), facts(report))
                }
                Checked::Lacks(report) => format!(
                    "{} {name} lacks {}{}",
                    output.yellow("!"),
                    report.missing.join(", "),
                    facts(report)
                ),
                Checked::Refused(reason) => {
                    format!("{} {name}: {reason}", output.red("✗"))
                }
            }
        })
        .collect();
    lines.join("\n")
}

fn facts(report: &VendorReport) -> String {
    let facts = report.facts.iter();
    let facts: Vec<String> = facts
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if facts.is_empty() {
        String::new()
    } else {
        format!(" ({})", facts.join(", "))
    }
}
