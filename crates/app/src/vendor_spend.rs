//! What vendors were paid, beside what partners paid: the operator's bill.

use peeker_domain::vendor::{PaymentKind, PaymentState, Vendor};
use peeker_domain::{Cents, Result, Timestamp};
use peeker_store::vendor_payments as rows;
pub use peeker_store::vendor_payments::Unbilled;

use crate::App;
use crate::failure::internal;

/// Domains that are named when the bill knows nothing of them.
const MOST_NAMED: u64 = 20;

/// What was paid at one account for one kind of thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendLine {
    pub vendor: Option<Vendor>,
    /// What the operator calls the account, or its id when it is gone.
    pub account: String,
    pub kind: PaymentKind,
    pub state: PaymentState,
    pub payments: i64,
    pub amount: Cents,
}

/// The bill of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    pub from: Timestamp,
    pub to: Timestamp,
    pub lines: Vec<SpendLine>,
    /// What was paid, as far as vendors have said so.
    pub paid: Cents,
    /// What may have been paid: the answer was lost, and nobody has heard yet.
    pub in_doubt: Cents,
    /// What partners paid in that time, refunds taken off, by the ledger.
    pub sales: Cents,
    /// Domains that orders say were bought and that no payment stands for. None, when the books are right.
    pub unbilled: Vec<Unbilled>,
}

/// What vendors were paid from a time until before another.
pub async fn bill(app: &App, from: Timestamp, to: Timestamp) -> Result<Spend> {
    let db = &app.0.store.live.db;
    let read = internal("read what vendors were paid");
    let bill = rows::bill_unscoped(db, from, to).await.map_err(&read)?;
    let books = rows::books_unscoped(db, from, to).await.map_err(&read)?;
    let unbilled = rows::unbilled_unscoped(db, MOST_NAMED).await;
    let accounts = app.live().accounts.all().await.map_err(&read)?;
    let lines: Vec<SpendLine> = bill
        .into_iter()
        .map(|line| {
            let id = line.provider_account_id;
            let account = accounts.iter().find(|account| account.id == id);
            SpendLine {
                vendor: account.map(|account| account.vendor),
                account: account.map_or_else(|| id.to_string(), |account| account.label.clone()),
                kind: line.kind,
                state: line.state,
                payments: line.payments,
                amount: Cents(line.cents),
            }
        })
        .collect();
    let sum = |state: PaymentState| {
        let of_state = lines.iter().filter(|line| line.state == state);
        of_state.fold(Cents::ZERO, |sum, line| sum + line.amount)
    };
    Ok(Spend {
        from,
        to,
        paid: sum(PaymentState::Paid),
        in_doubt: sum(PaymentState::Intended),
        sales: Cents(books.sales_cents),
        unbilled: unbilled.map_err(&read)?,
        lines,
    })
}
