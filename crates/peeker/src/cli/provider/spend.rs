//! `peeker provider spend`: the bill of what vendors were paid.

use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use peeker_app::App;
use peeker_app::vendor_spend::{self, Spend as Bill, SpendLine};
use peeker_domain::Timestamp;
use peeker_domain::vendor::PaymentState;
use serde_json::{Value, json};

use crate::failure::Result;
use crate::output::{Output, dollars};

const EXAMPLES: &str = "\
Examples:
  peeker provider spend
  peeker provider spend --month 2026-11 --json
  {\"from\":\"…\",\"to\":\"…\",\"paid_cents\":…,\"in_doubt_cents\":…,\"sales_cents\":…,\"unbilled\":[],\"lines\":[…]}

A payment is on the bill from before the call that makes it. In doubt is one whose answer was lost: the vendor is asked after \
it by itself. Exit status 1 if an order says that a domain was bought and no payment stands for it.";

/// Flags of `provider spend`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Spend {
    /// The month, in UTC [default: this one]
    #[arg(long, value_name = "YYYY-MM", value_parser = parse_month)]
    month: Option<Date>,
}

fn parse_month(text: &str) -> Result<Date, String> {
    format!("{text}-01")
        .parse()
        .map_err(|_| "must be a month such as 2026-11".to_owned())
}

/// First and last moment of a month.
fn bounds(month: Date) -> Option<(Timestamp, Timestamp)> {
    let at = |date: Date| {
        let start = date.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
    };
    let first = month.first_of_month();
    let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
    Some((at(first)?, at(next)?))
}

/// Shows the bill. Exit status 1 when the books do not agree.
pub async fn run(app: &App, arguments: &Spend, output: Output) -> Result<ExitCode> {
    let this_month = || {
        let now = jiff::Timestamp::from_millisecond(app.now().as_millis()).unwrap_or_default();
        now.to_zoned(TimeZone::UTC).date()
    };
    let month = arguments.month.unwrap_or_else(this_month);
    let (from, to) = bounds(month).unwrap_or((Timestamp::from_millis(0), app.now()));
    let bill = vendor_spend::bill(app, from, to).await?;
    output.answer(&bill_json(&bill), |output| bill_text(&bill, output))?;
    Ok(if bill.unbilled.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn bill_json(bill: &Bill) -> Value {
    let line = |line: &SpendLine| {
        json!({
            "vendor": line.vendor,
            "account": line.account,
            "kind": line.kind,
            "state": line.state,
            "payments": line.payments,
            "amount_cents": line.amount,
        })
    };
    let unbilled: Vec<Value> = bill
        .unbilled
        .iter()
        .map(|one| json!({ "partner": one.account_id, "domain": one.name }))
        .collect();
    json!({
        "from": bill.from,
        "to": bill.to,
        "paid_cents": bill.paid,
        "in_doubt_cents": bill.in_doubt,
        "sales_cents": bill.sales,
        "unbilled": unbilled,
        "lines": bill.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn bill_text(bill: &Bill, output: Output) -> String {
    let row = |line: &SpendLine| {
        let vendor = line.vendor.map_or("-", |vendor| vendor.name());
        let state = match line.state {
            PaymentState::Intended => "in doubt",
            PaymentState::Paid => "paid",
            PaymentState::NotPaid => "not paid",
        };
        vec![
            vendor.to_owned(),
            line.account.clone(),
            line.kind.to_string(),
            line.payments.to_string(),
            dollars(line.amount.0),
            state.to_owned(),
        ]
    };
    let rows: Vec<_> = bill.lines.iter().map(row).collect();
    let heading = ["VENDOR", "ACCOUNT", "FOR", "PAYMENTS", "AMOUNT", ""];
    let mut text = format!("From {} to {}\n", bill.from, bill.to);
    if rows.is_empty() {
        text.push_str("Nothing was paid.\n");
    } else {
        text.push_str(&output.table("", &heading, &rows));
        text.push('\n');
    }
    let sums = format!(
        "paid {}, in doubt {}; partners paid {} for everything",
        dollars(bill.paid.0),
        dollars(bill.in_doubt.0),
        dollars(bill.sales.0)
    );
    text.push_str(&sums);
    let unbilled = bill.unbilled.iter().map(|one| {
        let mark = output.red("✗");
        format!(
            "\n{mark} {} of {} was bought, and no payment stands for it",
            one.name, one.account_id
        )
    });
    text.extend(unbilled);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_and_has_its_own_end() {
        let (from, to) = bounds(parse_month("2026-12").unwrap()).unwrap();
        assert_eq!(from.to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(to.to_string(), "2027-01-01T00:00:00Z");
        for wrong in ["2026", "2026-13", "26-1", "2026-11-02", ""] {
            assert!(parse_month(wrong).is_err(), "{wrong}");
        }
    }
}
