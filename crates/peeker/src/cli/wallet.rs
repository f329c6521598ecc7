//! `peeker wallet`: payments of partners, what their wallets hold, and whether the books are right.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use peeker_app::wallet::{self, Audit, Booked, Decision, Shown};
use peeker_domain::id::AccountId;
use peeker_domain::view::WalletTransaction;
use peeker_domain::{Cents, Environment, Timestamp};
use serde::Serialize;

use super::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::{Output, dollars};

const CREDIT_EXAMPLES: &str = "\
Examples:
  peeker wallet credit org_… --environment live --amount 5000.00 --reference \"wire 2026-05-08\"
  peeker wallet credit org_… --environment live --cents 500000 --json

A payment with a reference is booked once: the same reference again changes nothing and says so.";

const DEBIT_EXAMPLES: &str = "\
Examples:
  peeker wallet debit org_… --environment live --amount 120.00 --reference \"wire back 7\"
  peeker wallet debit org_… --environment live --cents 12000 --reference \"wire back 7\" \\
      --reason \"Unused balance returned\" --json
  {\"booked\":true,\"amount_cents\":-12000,\"balance_cents\":0,\"booked_at\":null}

A reference is booked once: again, nothing changes. A wallet never goes below zero: more than it holds is refused.";

const CORRECT_EXAMPLES: &str = "\
Examples:
  peeker wallet correct org_… --environment live --amount -50.00 --reference \"wire 8, twice\"
  peeker wallet correct org_… --environment live --amount 5.00 --reference \"fee of wire 9\" \\
      --reason \"The bank's fee was taken from the payment\"

The wrong booking stays in the ledger, and this one beside it. A reference is booked once: again, nothing changes. A wallet \
never goes below zero.";

const SHOW_EXAMPLES: &str = "\
Examples:
  peeker wallet show org_…
  peeker wallet show org_… --environment test --limit 100 --json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  peeker wallet verify
  peeker wallet verify org_… --json

Computes every balance anew, of both environments: the entries of each transaction must add up to zero, each balance \
must be the sum of the wallet's entries, and none may be below zero. Changes nothing; safe while a server runs. \
Exit status 1 if something is wrong.";

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

/// Flags of `wallet credit`.
#[derive(Debug, Args)]
#[command(after_help = CREDIT_EXAMPLES)]
pub struct Credit {
    /// The partner, org_…
    partner: AccountId,

    /// Whose wallet: of orders that cost money, or of the sandbox
    #[arg(long, value_parser = word!(Environment))]
    environment: Environment,

    #[command(flatten)]
    amount: Amount,

    /// Your name for the payment, such as the number of a bank transfer
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
}

/// Flags of `wallet debit`.
#[derive(Debug, Args)]
#[command(after_help = DEBIT_EXAMPLES)]
pub struct Debit {
    /// The partner, org_…
    partner: AccountId,

    /// Whose wallet: of orders that cost money, or of the sandbox
    #[arg(long, value_parser = word!(Environment))]
    environment: Environment,

    #[command(flatten)]
    amount: Amount,

    /// Your name for it, such as the number of a bank transfer
    #[arg(long, value_name = "TEXT")]
    reference: String,

    /// Why, in words; the partner can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Flags of `wallet correct`.
#[derive(Debug, Args)]
#[command(after_help = CORRECT_EXAMPLES)]
pub struct Correct {
    /// The partner, org_…
    partner: AccountId,

    /// Whose wallet: of orders that cost money, or of the sandbox
    #[arg(long, value_parser = word!(Environment))]
    environment: Environment,

    #[command(flatten)]
    amount: SignedAmount,

    /// Your name for it, such as that of the booking that was wrong
    #[arg(long, value_name = "TEXT")]
    reference: String,

    /// Why, in words; the partner can read it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Amount {
    /// Dollars and cents, such as 5000.00
    #[arg(long, value_name = "DOLLARS", value_parser = in_dollars)]
    amount: Option<Cents>,

    /// Cents
    #[arg(long, value_name = "CENTS", value_parser = in_cents)]
    cents: Option<Cents>,
}

impl Amount {
    /// Exactly one of the two is there.
    fn cents(&self) -> Cents {
        self.amount.or(self.cents).unwrap_or(Cents::ZERO)
    }
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SignedAmount {
    /// Dollars and cents into the wallet, or out of it, such as -12.50
    #[arg(long, value_name = "DOLLARS", allow_hyphen_values = true, value_parser = in_signed_dollars)]
    amount: Option<Cents>,

    /// The same in cents
    #[arg(long, value_name = "CENTS", allow_hyphen_values = true, value_parser = in_cents)]
    cents: Option<Cents>,
}

impl SignedAmount {
    /// Exactly one of the two is there.
    fn cents(&self) -> Cents {
        self.amount.or(self.cents).unwrap_or(Cents::ZERO)
    }
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

/// Flags of `wallet verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct Verify {
    /// One partner, org_… [default: all]
    partner: Option<AccountId>,
}

/// Dollars with at most two decimals, exactly: no floating point comes near money.
fn in_dollars(text: &str) -> Result<Cents, String> {
    let wrong = || format!("{text:?} is no amount such as 5000.00");
    let (whole, cents) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(cents) || cents.len() > 2 {
        return Err(wrong());
    }
    let in_cents: i64 = format!("{whole}{cents:0<2}").parse().map_err(|_| wrong())?;
    Ok(Cents(in_cents))
}

fn in_signed_dollars(text: &str) -> Result<Cents, String> {
    match text.strip_prefix('-') {
        Some(out) => in_dollars(out).map(|cents| -cents),
        None => in_dollars(text),
    }
}

fn in_cents(text: &str) -> Result<Cents, String> {
    let wrong = |_| format!("{text:?} is no number of cents such as 500000");
    text.parse().map(Cents).map_err(wrong)
}

/// Runs a command about wallets. Exit status 1 when the books are wrong.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<ExitCode> {
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    match command {
        Command::Credit(command) => book(&app, command.into(), output).await?,
        Command::Debit(command) => book(&app, command.into(), output).await?,
        Command::Correct(command) => book(&app, command.into(), output).await?,
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
        Command::Verify(Verify { partner }) => return verify(&app, partner, output).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// A booking for scripts.
#[derive(Serialize)]
struct BookedJson {
    /// Whether it was booked now.
    booked: bool,
    /// What moved into the wallet, negative when out of it.
    amount_cents: Cents,
    balance_cents: Cents,
    /// When one with the same reference was booked.
    booked_at: Option<Timestamp>,
}

/// What is to be booked, and where.
struct Wish {
    partner: AccountId,
    environment: Environment,
    decision: Decision,
    reference: Option<String>,
    reason: Option<String>,
}

impl From<Credit> for Wish {
    fn from(command: Credit) -> Self {
        Self {
            partner: command.partner,
            environment: command.environment,
            decision: Decision::Credit(command.amount.cents()),
            reference: command.reference,
            reason: None,
        }
    }
}

impl From<Debit> for Wish {
    fn from(command: Debit) -> Self {
        Self {
            partner: command.partner,
            environment: command.environment,
            decision: Decision::Debit(command.amount.cents()),
            reference: Some(command.reference),
            reason: command.reason,
        }
    }
}

impl From<Correct> for Wish {
    fn from(command: Correct) -> Self {
        Self {
            partner: command.partner,
            environment: command.environment,
            decision: Decision::Correct(command.amount.cents()),
            reference: Some(command.reference),
            reason: command.reason,
        }
    }
}

async fn book(app: &peeker_app::App, wish: Wish, output: Output) -> Result<()> {
    let Wish {
        partner,
        environment,
        decision,
        reference,
        reason,
    } = wish;
    let (reference, note) = (reference.as_deref(), reason.as_deref());
    let booked = wallet::book(app, environment, &partner, decision, reference, note).await?;
    let shown = wallet::show(app, environment, &partner, 1).await?;
    let balance = shown.wallet.balance_cents;
    let booked_at = match booked {
        Booked::New => None,
        Booked::Before { at, .. } => Some(at),
    };
    let (word, amount) = match decision {
        Decision::Credit(amount) => ("credit", amount),
        Decision::Debit(amount) => ("debit", -amount),
        Decision::Correct(amount) => ("correction", amount),
    };
    let json = BookedJson {
        booked: booked_at.is_none(),
        amount_cents: amount,
        balance_cents: balance,
        booked_at,
    };
    output.answer(&json, |output| {
        let (amount, balance) = (dollars(amount.0), dollars(balance.0));
        let title = match booked_at {
            None => format!("Booked a {word} of {amount} in the {environment} wallet of {partner}"),
            Some(at) => {
                format!("Nothing changed: {amount} was booked under this reference at {at}")
            }
        };
        format!("{}\n  balance  {balance}", output.bold(&title))
    })
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
        let about = transaction
            .order_id
            .as_ref()
            .or(transaction.reference.as_ref());
        vec![
            transaction.created_at.to_string(),
            dollars(transaction.amount_cents.0),
            transaction.reason.clone(),
            about.cloned().unwrap_or_default(),
            transaction.id.clone(),
        ]
    };
    let rows: Vec<_> = shown.transactions.iter().map(row).collect();
    let heading = ["TIME", "AMOUNT", "REASON", "ORDER OR REFERENCE", "ID"];
    format!("{title}\n{}", output.table("  ", &heading, &rows))
}

/// The report for scripts.
#[derive(Serialize)]
struct VerifyJson {
    ok: bool,
    wallets: usize,
    transactions: i64,
    wrong: Vec<Wrong>,
}

/// A wallet that is not as its entries say.
#[derive(Serialize)]
struct Wrong {
    environment: Environment,
    partner: AccountId,
    balance_cents: Cents,
    booked_cents: Cents,
    unbalanced_transactions: i64,
}

async fn verify(
    app: &peeker_app::App,
    partner: Option<AccountId>,
    output: Output,
) -> Result<ExitCode> {
    let mut report = VerifyJson {
        ok: true,
        wallets: 0,
        transactions: 0,
        wrong: Vec::new(),
    };
    for environment in [Environment::Live, Environment::Test] {
        for audit in wallet::audit(app, environment, partner.as_ref()).await? {
            report.wallets += 1;
            report.transactions += audit.transactions;
            if !audit.is_right() {
                report.wrong.push(wrong(environment, audit));
            }
        }
    }
    report.ok = report.wrong.is_empty();
    output.answer(&report, |output| verify_text(&report, output))?;
    Ok(if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn wrong(environment: Environment, audit: Audit) -> Wrong {
    Wrong {
        environment,
        partner: audit.account_id,
        balance_cents: audit.balance_cents,
        booked_cents: audit.booked_cents,
        unbalanced_transactions: audit.unbalanced,
    }
}

fn verify_text(report: &VerifyJson, output: Output) -> String {
    let VerifyJson {
        wallets,
        transactions,
        ..
    } = report;
    let seen = format!("wallets: {wallets}, transactions: {transactions}");
    if report.ok {
        return format!(
            "{}: every balance is what its entries add up to",
            output.bold(&seen)
        );
    }
    let mut lines = vec![output.bold(&format!("{seen}, {} wrong:", report.wrong.len()))];
    for wrong in &report.wrong {
        let who = format!("  {} {}", wrong.environment, wrong.partner);
        if wrong.balance_cents != wrong.booked_cents {
            let (holds, booked) = (
                dollars(wrong.balance_cents.0),
                dollars(wrong.booked_cents.0),
            );
            lines.push(format!(
                "{who}: the wallet holds {holds}, its entries add up to {booked}"
            ));
        }
        if wrong.balance_cents < Cents::ZERO {
            let holds = dollars(wrong.balance_cents.0);
            lines.push(format!("{who}: the wallet is below zero: {holds}"));
        }
        if wrong.unbalanced_transactions > 0 {
            let count = wrong.unbalanced_transactions;
            lines.push(format!("{who}: {count} transactions do not add up to zero"));
        }
    }
    lines.push("Restore the last good backup beside this database and compare, before anything is booked by hand.".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_plain_words() {
        let audit = Audit {
            account_id: AccountId::from_stored("org_1".to_owned()),
            balance_cents: Cents(-100),
            booked_cents: Cents(4_900),
            transactions: 3,
            unbalanced: 1,
        };
        assert!(!audit.is_right());
        let report = VerifyJson {
            ok: false,
            wallets: 1,
            transactions: 3,
            wrong: vec![wrong(Environment::Live, audit)],
        };
        let text = verify_text(&report, Output::new(false));
        for said in [
            "live org_1: the wallet holds -$1.00, its entries add up to $49.00",
            "live org_1: the wallet is below zero: -$1.00",
            "live org_1: 1 transactions do not add up to zero",
        ] {
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn dollars_are_read_to_the_cent() {
        for (text, cents) in [
            ("5000.00", 500_000),
            ("0.01", 1),
            ("12", 1_200),
            ("12.5", 1_250),
        ] {
            assert_eq!(in_dollars(text), Ok(Cents(cents)), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.005",
            "-1",
            "+1",
            "1e3",
            "1,000.00",
            "99999999999999999999",
        ] {
            assert!(in_dollars(text).is_err(), "{text}");
        }
    }
}
