//! `peeker partner`: partners, as the operator makes them.

use clap::{Args, Subcommand};
use peeker_app::partners::{self, CreatedPartner, Partner};
use peeker_domain::id::AccountId;
use peeker_domain::{Tier, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const CREATE_EXAMPLES: &str = "\
Examples:
  peeker partner create --name \"Acme Resellers\"
  peeker partner create --name Acme --tier vip --json
  {\"partner\":{\"id\":\"org_…\",\"name\":\"Acme\"},\"keys\":{\"test\":\"pk_test_…\",\"live\":\"pk_live_…\"}}";

/// What can be done with partners.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a partner with a full key for each environment; the keys are shown once
    Create(Create),
    /// List all partners, oldest first
    List,
}

/// Flags of `partner create`.
#[derive(Debug, Args)]
#[command(after_help = CREATE_EXAMPLES)]
pub struct Create {
    /// The partner's name, 1 to 120 characters
    #[arg(long)]
    name: String,

    /// Billing tier; sets the quota of premium swaps
    #[arg(long, default_value = "base", value_parser = word!(Tier))]
    tier: Tier,
}

/// Runs a command about partners.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    match command {
        Command::Create(Create { name, tier }) => {
            let created = partners::create(&app, &name, tier).await?;
            output.answer(&created_json(&created), |output| {
                created_text(&created, output)
            })
        }
        Command::List => {
            let list = partners::list(&app).await?;
            output.answer(&list_json(&list), |output| list_text(&list, output))
        }
    }
}

/// A new partner for scripts.
#[derive(Serialize)]
struct CreatedJson<'a> {
    partner: Named<'a>,
    keys: Keys<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a AccountId,
    name: &'a str,
}

#[derive(Serialize)]
struct Keys<'a> {
    test: &'a str,
    live: &'a str,
}

fn created_json(created: &CreatedPartner) -> CreatedJson<'_> {
    let CreatedPartner {
        partner,
        test_key,
        live_key,
    } = created;
    CreatedJson {
        partner: Named {
            id: &partner.id,
            name: &partner.name,
        },
        keys: Keys {
            test: test_key.expose_secret(),
            live: live_key.expose_secret(),
        },
    }
}

fn created_text(created: &CreatedPartner, output: Output) -> String {
    let CreatedPartner {
        partner,
        test_key,
        live_key,
    } = created;
    format!(
        "{title}\n  partner    {id}\n  test key   {test}\n  live key   {live}\n\n\
         The keys are shown this once and cannot be read again; copy them now.\n\
         Next: peeker webhook set {id} --url https://…",
        title = output.bold(&format!("Made partner {}", partner.name)),
        id = partner.id,
        test = test_key.expose_secret(),
        live = live_key.expose_secret(),
    )
}

/// All partners for scripts.
#[derive(Serialize)]
struct ListJson<'a> {
    partners: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a AccountId,
    name: &'a str,
    tier: Tier,
    created_at: Timestamp,
}

fn list_json(list: &[Partner]) -> ListJson<'_> {
    let rows = list.iter().map(|partner| Row {
        id: &partner.id,
        name: &partner.name,
        tier: partner.tier,
        created_at: partner.created_at,
    });
    ListJson {
        partners: rows.collect(),
    }
}

fn list_text(list: &[Partner], output: Output) -> String {
    if list.is_empty() {
        return "No partners yet. Make one: peeker partner create --name \"Acme Resellers\""
            .to_owned();
    }
    let row = |partner: &Partner| {
        vec![
            partner.id.to_string(),
            partner.tier.to_string(),
            partner.created_at.to_string(),
            partner.name.clone(),
        ]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    output.table("", &["ID", "TIER", "CREATED", "NAME"], &rows)
}
