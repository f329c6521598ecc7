//! What the operator does in the demonstration: adds accounts, and does what no vendor has an API for.

use std::collections::BTreeMap;

use peeker_app::operator_tasks::{self, Task};
use peeker_app::provider_accounts::{self, Checked, NewAccount};
use peeker_domain::vendor::{OperatorTask, Vendor};
use peeker_fakes::Vendor as Fake;
use secrecy::SecretString;
use serde_json::json;

use super::stage::LiveStage;
use super::told::Told;
use crate::failure::{Failure, Result};

/// Calls a minute to the fakes, which take more than the vendors would.
const PACE: &str = "30000";

const fn fake(vendor: Vendor) -> Fake {
    match vendor {
        Vendor::NameCom => Fake::NameCom,
        Vendor::Cloudflare => Fake::Cloudflare,
        Vendor::Google => Fake::Google,
        Vendor::Microsoft => Fake::Microsoft,
        Vendor::Smartlead => Fake::Smartlead,
    }
}

/// Adds an account at each vendor, and shows what a check says of it.
pub async fn add_accounts(live: &LiveStage, told: &Told) -> Result<()> {
    told.section("Accounts at vendors: peeker provider add, check")?;
    for &vendor in Vendor::ALL {
        let setups = live.fakes.setups(fake(vendor));
        let Some(setup) = setups.into_iter().next() else {
            let message = format!("{} has no account to begin with", vendor.name());
            return Err(Failure::new("demo", message));
        };
        let settings = setup.settings.into_iter();
        let mut settings: BTreeMap<String, String> = settings
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        settings.insert("calls_per_minute".to_owned(), PACE.to_owned());
        let new = NewAccount {
            vendor,
            label: format!("{vendor}-1"),
            partner: vendor.is_of_partner().then(|| live.partner.clone()),
            base_url: Some(live.fakes.url(fake(vendor))),
            settings,
            capacity: None,
            credentials: SecretString::from(setup.secret),
        };
        let account = provider_accounts::add(&live.app, new).await?;
        match provider_accounts::check(&live.app, &account).await? {
            Checked::Works(report) => told.account(&account, &report)?,
            Checked::Lacks(report) => {
                let message = format!("{} lacks {}", vendor.name(), report.missing.join(", "));
                return Err(Failure::new("demo", message));
            }
            Checked::Refused(reason) => {
                let message = format!("{}: {reason}", vendor.name());
                return Err(Failure::new("demo", message));
            }
        }
    }
    Ok(())
}

/// Does all tasks that wait, as a person would who reads `peeker provider tasks`.
pub async fn do_tasks(live: &LiveStage, told: &Told) -> Result<()> {
    let (tasks, _) = operator_tasks::open(&live.app).await?;
    for task in tasks {
        if task.kind == OperatorTask::GoogleDkim {
            let answer = make_dkim_key(live, &task)?;
            operator_tasks::done(&live.app, &task.id, Some(&answer)).await?;
            told.task(&task)?;
        }
    }
    Ok(())
}

/// In the Admin console: generates the key, and copies what the page shows.
fn make_dkim_key(live: &LiveStage, task: &Task) -> Result<String> {
    let failed = |why: String| Failure::new("demo", format!("DKIM key of {}: {why}", task.domain));
    let setups = live.fakes.setups(Fake::Google);
    let account = setups.first().map(|setup| setup.id.clone());
    let account = account.ok_or_else(|| failed("there is no tenant".to_owned()))?;
    let input = json!({ "domain": task.domain });
    let shown = live
        .fakes
        .console(Fake::Google, &account, "dkim", &input)
        .map_err(failed)?;
    let value = shown["value"].as_str().unwrap_or_default();
    Ok(value.to_owned())
}
