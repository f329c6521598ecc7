//! `peeker webhook`: where a partner's events go, what signs them, and whether they arrive.

mod health;
mod rotate;

use clap::{Args, Subcommand};
use peeker_app::webhooks::{self, CreatedSecrets};
use peeker_domain::Environment;
use peeker_domain::id::AccountId;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::cli::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const SET_EXAMPLES: &str = "\
Examples:
  peeker webhook set org_… --url https://partner.example/hooks/peeker
  peeker webhook set org_… --environment test --url https://staging.partner.example/hooks
  peeker webhook set org_… --url http://127.0.0.1:9000/hooks --json
  {\"secrets\":{\"test\":\"whsec_…\",\"live\":\"whsec_…\"}}

The first time, a secret for each environment is made and shown once. Later calls change the address, keep the \
secrets, and answer {\"secrets\":null}. A running server follows within seconds. Events that waited for a paused \
endpoint go to the new address. Which addresses are allowed depends on the profile of the installation: see peeker \
profile show.";

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set or change the address that a partner's events are sent to
    Set(Set),
    /// Make a new secret; the old one signs beside it for a while
    Rotate(rotate::Rotate),
    /// Show where a partner's events go and whether they arrive
    Show(health::Show),
    /// Send what waits for a paused endpoint, now
    Resume(health::Resume),
}

/// Arguments of `webhook set`.
#[derive(Debug, Args)]
#[command(after_help = SET_EXAMPLES)]
pub struct Set {
    /// The partner, org_…
    partner: AccountId,

    /// Where events are sent
    #[arg(long)]
    url: String,

    /// Only those of this environment [default: both]
    #[arg(long, value_parser = word!(Environment))]
    environment: Option<Environment>,
}

/// Runs a command about webhooks.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    match command {
        Command::Set(arguments) => set(global, arguments, output).await,
        Command::Rotate(arguments) => rotate::run(global, arguments, output).await,
        Command::Show(arguments) => health::show(global, arguments, output).await,
        Command::Resume(arguments) => health::resume(global, arguments, output).await,
    }
}

async fn set(global: &Global, arguments: Set, output: Output) -> Result<()> {
    let Set {
        partner,
        url,
        environment,
    } = arguments;
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    let secrets = webhooks::set_endpoint(&app, &partner, environment, &url).await?;
    let answer = Answer {
        secrets: secrets.as_ref().map(Secrets::from),
    };
    output.answer(&answer, |output| {
        text(&partner, environment, &url, secrets.as_ref(), output)
    })
}

/// The answer for scripts; `null` when the secrets were made earlier.
#[derive(Serialize)]
struct Answer<'a> {
    secrets: Option<Secrets<'a>>,
}

#[derive(Serialize)]
struct Secrets<'a> {
    test: &'a str,
    live: &'a str,
}

impl<'a> From<&'a CreatedSecrets> for Secrets<'a> {
    fn from(created: &'a CreatedSecrets) -> Self {
        Self {
            test: created.test.expose_secret(),
            live: created.live.expose_secret(),
        }
    }
}

fn text(
    partner: &AccountId,
    environment: Option<Environment>,
    url: &str,
    secrets: Option<&CreatedSecrets>,
    output: Output,
) -> String {
    let which = environment.map_or_else(String::new, |environment| format!("{environment} "));
    let title = output.bold(&format!("The {which}webhooks of {partner} go to {url}"));
    match secrets {
        Some(secrets) => format!(
            "{title}\n  test secret   {}\n  live secret   {}\n\n\
             The secrets are shown this once and cannot be read again; copy them now.",
            secrets.test.expose_secret(),
            secrets.live.expose_secret(),
        ),
        None => format!(
            "{title}\nThe secrets stay as they are. They were shown when they were made, and only then."
        ),
    }
}
