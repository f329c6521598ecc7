//! `peeker provider add`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use peeker_app::App;
use peeker_app::provider_accounts::{self, NewAccount};
use peeker_domain::id::AccountId;
use peeker_domain::vendor::{AccountState, Vendor};

use super::{check_and_show, exit_code, read_secret};
use crate::cli::word;
use crate::failure::{Failure, Result};
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  peeker provider add namecom --label nc-1 --secret-file namecom.txt --set contact.first_name=Dana …
  peeker provider add cloudflare --label cf-1 --set account_id=0123… --capacity 1000 --secret-file token.txt
  peeker provider add google --label gw-1 --set admin=admin@example.com --secret-file key.json
  peeker provider add microsoft --label m365-1 --set tenant=… --set client_id=… --set sku_id=… --secret-file secret.txt
  peeker provider add smartlead --label acme --partner org_… --secret-file api-key.txt

What the credentials are:
  namecom      user name and API token with a colon between them: acme:0123abcd…
  cloudflare   an API token with Zone Edit, DNS Edit and Single Redirect Edit
  google       the JSON key file of a service account with domain-wide delegation
  microsoft    the client secret of an app registration
  smartlead    the partner's API key

Which permissions each needs, and where the settings are found, stands in docs/live.md. The account is checked after it was \
added; one that cannot do all that is asked of it is paused, with exit status 1.";

/// Arguments of `provider add`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Add {
    /// The vendor
    #[arg(value_parser = word!(Vendor))]
    vendor: Vendor,

    /// What you call it, 1 to 120 characters; each vendor's are different
    #[arg(long)]
    label: String,

    /// The partner that brought it, org_…; needed for smartlead and for no other
    #[arg(long, value_name = "ORG")]
    partner: Option<AccountId>,

    /// Where the vendor's API is instead of at the vendor
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,

    /// A setting of the vendor, or a pace of its own such as `calls_per_minute`; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    settings: Vec<(String, String)>,

    /// Domains that it may have [default: any number]
    #[arg(long, value_name = "DOMAINS")]
    capacity: Option<u64>,

    /// File with the credentials; - reads standard input
    #[arg(long, value_name = "FILE")]
    secret_file: String,
}

fn parse_setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err("must look like key=value".to_owned()),
    }
}

/// Adds an account, and says whether it works.
pub async fn run(app: &App, arguments: Add, output: Output) -> Result<ExitCode> {
    let mut settings = BTreeMap::new();
    for (key, value) in arguments.settings {
        if settings.insert(key.clone(), value).is_some() {
            let message = format!("--set {key}=… was given twice");
            return Err(Failure::new("invalid_request", message));
        }
    }
    let new = NewAccount {
        vendor: arguments.vendor,
        label: arguments.label,
        partner: arguments.partner,
        base_url: arguments.base_url,
        settings,
        capacity: arguments.capacity,
        credentials: read_secret(&arguments.secret_file)?,
    };
    let account = provider_accounts::add(app, new).await?;
    output.note(&format!(
        "Added the {} account {:?} as {}.",
        account.vendor.name(),
        account.label,
        account.id
    ));
    let works = check_and_show(app, vec![account.clone()], output).await?;
    if !works {
        // New domains would go to it and wait, however many accounts there are that work.
        provider_accounts::set_state(app, &account, AccountState::Paused).await?;
        output.note(&format!(
            "It is paused, so nothing goes there. Once it is mended: peeker provider check {0}, then peeker provider resume {0}",
            account.id
        ));
    }
    Ok(exit_code(works))
}
