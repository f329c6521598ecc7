//! `peeker key`: API keys of a partner.

use clap::{Args, Subcommand};
use peeker_app::keys::{self, CreatedKey, NewKey};
use peeker_app::partners;
use peeker_app::settings::REQUESTS_PER_MINUTE;
use peeker_domain::id::{AccountId, KeyId};
use peeker_domain::{Environment, Error, Label, Preset, Timestamp};
use peeker_store::partners::ApiKey;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;

use super::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const CREATE_EXAMPLES: &str = "\
Examples:
  peeker key create org_… --environment test --preset full
  peeker key create org_… --environment live --preset read --label dashboard --json
  {\"id\":\"key_…\",\"secret\":\"pk_live_…\"}";
const REVOKE_EXAMPLES: &str = "\
Example:
  peeker key revoke key_…

To change a key without a gap: make a second one, let the partner change over, revoke the first.";

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key; its secret is shown once
    Create(Create),
    /// List a partner's keys, newest first, without their secrets
    List(List),
    /// Revoke a key: requests with it are refused from now on
    Revoke(Revoke),
}

/// Arguments of `key create`.
#[derive(Debug, Args)]
#[command(after_help = CREATE_EXAMPLES)]
pub struct Create {
    /// The partner, org_…
    partner: AccountId,

    /// Where the key acts
    #[arg(long, value_parser = word!(Environment))]
    environment: Environment,

    /// What it may do: everything; reads, availability and quotes; reads
    #[arg(long, value_parser = word!(Preset))]
    preset: Preset,

    /// What the partner calls it
    #[arg(long, value_parser = |text: &str| Label::parse(text).map_err(|error| error.to_string()))]
    label: Option<Label>,

    /// Most requests in any 60 seconds
    #[arg(long, value_name = "N", default_value_t = REQUESTS_PER_MINUTE)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=MAX_REQUESTS_PER_MINUTE))]
    requests_per_minute: u32,
}

/// Above this a cap is no cap.
const MAX_REQUESTS_PER_MINUTE: i64 = 1_000_000;
/// Arguments of `key list`.
#[derive(Debug, Args)]
pub struct List {
    /// The partner, org_…
    partner: AccountId,
}

/// Arguments of `key revoke`.
#[derive(Debug, Args)]
#[command(after_help = REVOKE_EXAMPLES)]
pub struct Revoke {
    /// The key, key_…
    #[arg(value_name = "KEY")]
    id: KeyId,
}

/// Runs a command about keys.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    match command {
        Command::Create(Create {
            partner,
            environment,
            preset,
            label,
            requests_per_minute,
        }) => {
            let new = NewKey {
                environment,
                preset,
                label,
                requests_per_minute,
            };
            let created = keys::create(&app, &partner, new).await?;
            let answer = json!({ "id": created.key.id, "secret": created.secret.expose_secret() });
            output.answer(&answer, |output| created_text(&created, output))
        }
        Command::List(List { partner }) => {
            let list = keys::list(&app, &partner).await?;
            if list.is_empty()
                && !partners::list(&app)
                    .await?
                    .iter()
                    .any(|one| one.id == partner)
            {
                return Err(Error::not_found("partner").into());
            }
            let answer = ListJson {
                keys: list.iter().map(Row::from).collect(),
            };
            output.answer(&answer, |output| list_text(&partner, &list, output))
        }
        Command::Revoke(Revoke { id }) => {
            let key = keys::revoke(&app, &id).await?;
            output.answer(&Row::from(&key), |_| {
                format!(
                    "Revoked {}. Requests with it are refused from now on.",
                    key.id
                )
            })
        }
    }
}

fn created_text(created: &CreatedKey, output: Output) -> String {
    let CreatedKey { key, secret } = created;
    format!(
        "{title}\n  id       {id}\n  secret   {secret}\n\nThe secret is shown this once and cannot be read again; copy it now.",
        title = output.bold(&format!(
            "Made a {} key for {}",
            key.preset, key.environment
        )),
        id = key.id,
        secret = secret.expose_secret(),
    )
}

/// A partner's keys for scripts.
#[derive(Serialize)]
struct ListJson<'a> {
    keys: Vec<Row<'a>>,
}

/// A key for scripts, without its secret.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a KeyId,
    partner: &'a AccountId,
    environment: Environment,
    preset: Preset,
    label: Option<&'a str>,
    requests_per_minute: u32,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl<'a> From<&'a ApiKey> for Row<'a> {
    fn from(key: &'a ApiKey) -> Self {
        Self {
            id: &key.id,
            partner: &key.account,
            environment: key.environment,
            preset: key.preset,
            label: key.label.as_deref(),
            requests_per_minute: key.requests_per_minute,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

fn list_text(partner: &AccountId, list: &[ApiKey], output: Output) -> String {
    if list.is_empty() {
        return format!(
            "No keys of {partner}. Make one: peeker key create {partner} --environment test --preset full"
        );
    }
    let time = |time: Option<Timestamp>, never: &str| {
        time.map_or_else(|| never.to_owned(), |time| time.to_string())
    };
    let row = |key: &ApiKey| {
        vec![
            key.id.to_string(),
            key.environment.to_string(),
            key.preset.to_string(),
            key.requests_per_minute.to_string(),
            time(Some(key.created_at), ""),
            time(key.last_used_at, "never"),
            time(key.revoked_at, "-"),
            key.label.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    let heading = [
        "ID",
        "ENV",
        "PRESET",
        "REQ/MIN",
        "CREATED",
        "LAST USED",
        "REVOKED",
        "LABEL",
    ];
    output.table("", &heading, &rows)
}
