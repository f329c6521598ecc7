//! `peeker wallet`: payments of partners, what their wallets hold, and whether the books are right.

mod book;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use peeker_app::wallet::{self, Shown};
use peeker_domain::id::AccountId;
use peeker_domain::view::WalletTransaction;
use peeker_domain::{Cents, Environment};
use serde::Serialize;

use super::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::{Output, dollars};
use book::{Correct, Credit, Debit};
use verify::Verify;

const SHOW_EXAMPLES: &str = "\
Examples:
  peeker wallet show org_…
  peeker wallet show org_… --environment test --limit 100 --json";

/// What can be done with wallets.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Book a payment of a partner
    Credit(Credit),
    /// Take out what was paid back to a partner
    Debit(Debit),
    /// Put a wrong booking right, in either direction
    Correct(Correct),
    /// Show what a wallet holds and its last transactions
    Show(Show),
    /// Hold all wallets against their entries
    Verify(Verify),
}

/// Flags of `wallet show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct Show {
    /// The partner, org_…
    partner: AccountId,

    /// Which of the partner's wallets
    #[arg(long, default_value = "live", value_parser = word!(Environment))]
    environment: Environment,

    /// How many of the last transactions
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

/// Runs a command about wallets. Exit status 1 when the books are wrong.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<ExitCode> {
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    match command {
        Command::Credit(command) => book::book(&app, command.into(), output).await?,
        Command::Debit(command) => book::book(&app, command.into(), output).await?,
        Command::Correct(command) => book::book(&app, command.into(), output).await?,
        Command::Show(Show {
            partner,
            environment,
            limit,
        }) => {
            let shown = wallet::show(&app, environment, &partner, limit).await?;
            output.answer(&show_json(environment, &shown), |output| {
                show_text(environment, &shown, output)
            })?;
        }
        Command::Verify(Verify { partner }) => return verify::verify(&app, partner, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// A wallet for scripts.
#[derive(Serialize)]
struct ShowJson<'a> {
    environment: Environment,
    balance_cents: Cents,
    currency: &'static str,
    transactions: &'a [WalletTransaction],
}

fn show_json(environment: Environment, shown: &Shown) -> ShowJson<'_> {
    ShowJson {
        environment,
        balance_cents: shown.wallet.balance_cents,
        currency: shown.wallet.currency,
        transactions: &shown.transactions,
    }
}

fn show_text(environment: Environment, shown: &Shown, output: Output) -> String {
    let balance = dollars(shown.wallet.balance_cents.0);
    let title = output.bold(&format!("{balance} in the {environment} wallet"));
    if shown.transactions.is_empty() {
        return format!("{title}\nNothing was booked yet.");
    }
    let row = |transaction: &WalletTransaction| {
        let order = transaction.order_id.as_ref();
        let name = order.or(transaction.reference.as_ref());
        let about = [name, transaction.note.as_ref()].into_iter().flatten();
        let about: Vec<_> = about.map(String::as_str).collect();
        vec![
            transaction.created_at.to_string(),
            dollars(transaction.amount_cents.0),
            transaction.reason.clone(),
            about.join(": "),
            transaction.id.clone(),
        ]
    };
    let rows: Vec<_> = shown.transactions.iter().map(row).collect();
    let heading = ["TIME", "AMOUNT", "REASON", "ORDER OR REFERENCE", "ID"];
    format!("{title}\n{}", output.table("  ", &heading, &rows))
}
