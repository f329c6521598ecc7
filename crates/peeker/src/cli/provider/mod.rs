//! `peeker provider`: the operator's accounts at vendors, which live orders are set up with.

mod add;
mod show;
mod spend;
mod tasks;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use peeker_app::App;
use peeker_app::provider_accounts::{self, Checked, ProviderAccount};
use peeker_domain::vendor::AccountState;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const CHECK_EXAMPLES: &str = "\
Examples:
  peeker provider check
  peeker provider check cf-1 --json
  {\"accounts\":[{\"id\":\"pva_…\",\"label\":\"cf-1\",\"result\":\"works\",\"facts\":{\"zones\":\"12\"},…}]}

Makes the vendor's cheapest calls and changes nothing there. An account that needed attention and works is used again. Exit \
status 1 if one cannot do all that is asked of it.";
const ROTATE_EXAMPLES: &str = "\
Examples:
  peeker provider rotate cf-1 --secret-file new-token.txt
  pass show cloudflare | peeker provider rotate cf-1 --secret-file -

The new credentials are used from the next call on, by every server within a second, and checked at once. Revoke the old ones \
at the vendor afterwards.";
const STATE_EXAMPLES: &str = "\
An account is named by its id, pva_…, or by its label.

  pause    nothing is called there; what is on it waits, and no order fails for that
  drain    takes no new domains; those that it has go on
  resume   used again, also after it needed attention";

/// What can be done with accounts at vendors.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add an account and check it
    Add(add::Add),
    /// List accounts with their state and how many domains each has
    List,
    /// Ask vendors whether accounts work and have all permissions
    Check(Check),
    /// Call nothing at an account until it is resumed
    Pause(Named),
    /// Use an account again
    Resume(Named),
    /// Give an account no new domains
    Drain(Named),
    /// Give an account other credentials
    Rotate(Rotate),
    /// List what only you can do, because a vendor has no API for it
    Tasks(tasks::Tasks),
    /// Tick off something that only you could do
    Done(tasks::Done),
    /// What vendors were paid in a month, beside what partners paid
    Spend(spend::Spend),
}

/// Arguments of `provider check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// The account, by id or label [default: all]
    account: Option<String>,
}

/// Arguments of `provider pause`, `resume` and `drain`.
#[derive(Debug, Args)]
#[command(after_help = STATE_EXAMPLES)]
pub struct Named {
    /// The account, by id or label
    account: String,
}

/// Arguments of `provider rotate`.
#[derive(Debug, Args)]
#[command(after_help = ROTATE_EXAMPLES)]
pub struct Rotate {
    /// The account, by id or label
    account: String,

    /// File with the new credentials; - reads standard input
    #[arg(long, value_name = "FILE")]
    secret_file: String,
}

/// Runs a command about accounts at vendors.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<ExitCode> {
    let app = Installation::find(global)?.open(output).await?;
    match command {
        Command::Add(arguments) => return add::run(&app, arguments, output).await,
        Command::List => {
            let accounts = provider_accounts::list(&app).await?;
            let rows: Vec<Value> = accounts.iter().map(show::listed_json).collect();
            output.answer(&json!({ "accounts": rows }), |output| {
                show::list_text(&accounts, app.now(), output)
            })?;
        }
        Command::Check(Check { account }) => return check(&app, account, output).await,
        Command::Pause(named) => set_state(&app, named, AccountState::Paused, output).await?,
        Command::Resume(named) => set_state(&app, named, AccountState::Active, output).await?,
        Command::Drain(named) => set_state(&app, named, AccountState::Draining, output).await?,
        Command::Rotate(Rotate {
            account,
            secret_file,
        }) => {
            let account = provider_accounts::find(&app, &account).await?;
            let secret = read_secret(&secret_file)?;
            let account = provider_accounts::rotate(&app, &account, &secret).await?;
            return Ok(exit_code(
                check_and_show(&app, vec![account], output).await?,
            ));
        }
        Command::Tasks(arguments) => tasks::list(&app, &arguments, output).await?,
        Command::Done(arguments) => tasks::done(&app, arguments, output).await?,
        Command::Spend(arguments) => return spend::run(&app, &arguments, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_state(app: &App, named: Named, state: AccountState, output: Output) -> Result<()> {
    let account = provider_accounts::find(app, &named.account).await?;
    let account = provider_accounts::set_state(app, &account, state).await?;
    output.answer(&show::account_json(&account), |_| {
        let what = match state {
            AccountState::Active => "is used from now on",
            AccountState::Draining => "takes no new domains; those that it has go on",
            AccountState::Paused => "is not called any more; what is on it waits",
            AccountState::NeedsAttention => "needs attention",
        };
        format!("{} {:?} {what}.", account.vendor.name(), account.label)
    })
}

async fn check(app: &App, account: Option<String>, output: Output) -> Result<ExitCode> {
    let accounts = if let Some(name) = account {
        vec![provider_accounts::find(app, &name).await?]
    } else {
        let all = provider_accounts::list(app).await?;
        all.into_iter().map(|listed| listed.account).collect()
    };
    Ok(exit_code(check_and_show(app, accounts, output).await?))
}

/// Checks accounts one after the other and shows what came of it. Gives whether all can do what is asked of them.
async fn check_and_show(app: &App, accounts: Vec<ProviderAccount>, output: Output) -> Result<bool> {
    let mut results = Vec::new();
    for account in accounts {
        let checked = provider_accounts::check(app, &account).await?;
        results.push((account, checked));
    }
    let rows: Vec<Value> = results
        .iter()
        .map(|(account, checked)| show::checked_json(account, checked))
        .collect();
    output.answer(&json!({ "accounts": rows }), |output| {
        show::checked_text(&results, output)
    })?;
    let mut checks = results.iter().map(|(_, checked)| checked);
    Ok(checks.all(|checked| matches!(checked, Checked::Works(_))))
}

fn exit_code(all_work: bool) -> ExitCode {
    if all_work {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Credentials from a file, or from standard input, without the line end that editors add. They are never an argument: those
/// can be read by every user of the machine.
fn read_secret(file: &str) -> Result<SecretString> {
    let failed = |error: std::io::Error| {
        Failure::configuration(format!("Cannot read the credentials from {file}: {error}"))
    };
    let text = if file == "-" {
        let mut text = String::new();
        let read = std::io::stdin().read_to_string(&mut text);
        read.map_err(failed)?;
        text
    } else {
        std::fs::read_to_string(Path::new(file)).map_err(failed)?
    };
    Ok(SecretString::from(
        text.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
