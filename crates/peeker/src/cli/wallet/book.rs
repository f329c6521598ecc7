//! `peeker wallet credit`, `debit` and `correct`.

use clap::Args;
use peeker_app::App;
use peeker_app::wallet::{self, Booked, Decision};
use peeker_domain::id::AccountId;
use peeker_domain::{Cents, Environment, Timestamp};
use serde::Serialize;

use crate::cli::word;
use crate::failure::Result;
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
pub struct Wish {
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

/// Books what is wished and tells what came of it.
pub async fn book(app: &App, wish: Wish, output: Output) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
