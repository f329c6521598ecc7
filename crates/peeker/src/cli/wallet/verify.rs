//! `peeker wallet verify`.

use std::process::ExitCode;

use clap::Args;
use peeker_app::App;
use peeker_app::wallet::{self, Audit};
use peeker_domain::id::AccountId;
use peeker_domain::{Cents, Environment};
use serde::Serialize;

use crate::failure::Result;
use crate::output::{Output, dollars};

const VERIFY_EXAMPLES: &str = "\
Examples:
  peeker wallet verify
  peeker wallet verify org_… --json

Computes every balance anew, of both environments: the entries of each transaction must add up to zero, each balance \
must be the sum of the wallet's entries, and none may be below zero. Changes nothing; safe while a server runs. \
Exit status 1 if something is wrong.";

/// Flags of `wallet verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct Verify {
    /// One partner, org_… [default: all]
    pub partner: Option<AccountId>,
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

/// Holds wallets against their entries. Exit status 1 when one is wrong.
pub async fn verify(app: &App, partner: Option<AccountId>, output: Output) -> Result<ExitCode> {
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
}
