//! The wallet of a partner (contract §8): what partners see of it, and what operators do with it.

use peeker_domain::display_name::DisplayName;
use peeker_domain::id::AccountId;
use peeker_domain::money::CURRENCY;
use peeker_domain::{Cents, Code, Environment, Error, LedgerReason, Result, Timestamp, view};
use peeker_store::wallet as rows;
use peeker_store::wallet::Booking;
pub use peeker_store::wallet::{Audit, Booked};
use peeker_store::{StoreError, partners};

use crate::failure::internal;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// Most that one booking may move: ten million dollars, which is a slip of the finger.
const MAX_AMOUNT: Cents = Cents(1_000_000_000);
/// The operator's name for a booking.
type Reference = DisplayName<200>;
/// Why something was booked, in words.
type Note = DisplayName<500>;

/// What the wallet of the account that asks holds.
pub async fn get(app: &App, actor: &Actor) -> Result<view::Wallet> {
    balance(app, actor.environment, &actor.account).await
}

/// A page of the changes of the wallet of the account that asks.
pub async fn transactions(
    app: &App,
    actor: &Actor,
    page: PageRequest,
) -> Result<Slice<view::WalletTransaction>> {
    let db = &app.environment(actor.environment).db;
    rows::transactions(db, &actor.account, &page)
        .await
        .map_err(internal("list wallet transactions"))
}

/// A wallet with its last transactions, as operators see it.
#[derive(Debug)]
pub struct Shown {
    pub wallet: view::Wallet,
    /// Its last changes, newest first.
    pub transactions: Vec<view::WalletTransaction>,
}

/// What a partner's wallet holds, with its last `limit` changes. Errors: `not_found`.
pub async fn show(
    app: &App,
    environment: Environment,
    partner: &AccountId,
    limit: u32,
) -> Result<Shown> {
    must_exist(app, partner).await?;
    let db = &app.environment(environment).db;
    let page = PageRequest {
        after: None,
        per_page: limit,
    };
    let slice = rows::transactions(db, partner, &page)
        .await
        .map_err(internal("list wallet transactions"))?;
    Ok(Shown {
        wallet: balance(app, environment, partner).await?,
        transactions: slice.rows,
    })
}

/// What an operator decides about a wallet. Amounts are positive but for a correction.
#[derive(Debug, Clone, Copy)]
pub enum Decision {
    /// The partner has paid.
    Credit(Cents),
    /// The partner was paid back.
    Debit(Cents),
    /// A booking was wrong by so much: into the wallet, or out of it when negative.
    Correct(Cents),
}

impl Decision {
    /// What moves into the wallet, and the word for it. Errors: `invalid_request` on `amount`.
    fn amount(self) -> Result<(Cents, LedgerReason)> {
        let (given, amount, reason) = match self {
            Self::Credit(amount) => (amount, amount, LedgerReason::Credit),
            Self::Debit(amount) => (amount, -amount, LedgerReason::Debit),
            Self::Correct(amount) if amount < Cents::ZERO => {
                (-amount, amount, LedgerReason::Correction)
            }
            Self::Correct(amount) => (amount, amount, LedgerReason::Correction),
        };
        if given <= Cents::ZERO || given > MAX_AMOUNT {
            let message = format!("must be from $0.01 to {MAX_AMOUNT}");
            return Err(Error::invalid("amount", message));
        }
        Ok((amount, reason))
    }
}

/// Books a decision about a partner's wallet; the same reference is booked once. Errors: `not_found`; `invalid_request` on
/// `amount`, `reference` or `reason`; `insufficient_funds` when more is to be taken out than there is.
pub async fn book(
    app: &App,
    environment: Environment,
    partner: &AccountId,
    decision: Decision,
    reference: Option<&str>,
    note: Option<&str>,
) -> Result<Booked> {
    let (amount, reason) = decision.amount()?;
    // The reference says which booking it is: two that look the same must be the same.
    let reference = reference.map(Reference::parse).transpose();
    let reference = reference.map_err(|error| Error::invalid("reference", error.to_string()))?;
    let note = note.map(Note::parse).transpose();
    let note = note.map_err(|error| Error::invalid("reason", error.to_string()))?;
    must_exist(app, partner).await?;
    let now = app.account_now(environment, partner).await?;
    let booking = Booking {
        amount,
        reason,
        reference: reference.as_ref().map(Reference::as_str),
        note: note.as_ref().map(Note::as_str),
    };
    let booked = rows::book(&app.environment(environment).db, partner, &booking, now).await;
    match booked {
        Ok(Booked::Before {
            amount: before,
            reason: why,
            at,
        }) if (before, why) != (amount, reason) => Err(another(before, why, at)),
        Err(StoreError::InsufficientFunds { required, balance }) => Err(Error::new(
            Code::InsufficientFunds,
            format!(
                "The wallet holds {balance}, so {required} cannot be taken out; nothing was booked"
            ),
        )),
        other => other.map_err(internal("book in a wallet")),
    }
}

fn another(booked: Cents, reason: LedgerReason, at: Timestamp) -> Error {
    let message = format!(
        "A {reason} of {booked} was booked under this reference at {at}; use another reference for another booking"
    );
    Error::invalid("reference", message)
}

/// Computes wallets anew from their entries, of one partner or of all, in one environment. Errors: `not_found`.
pub async fn audit(
    app: &App,
    environment: Environment,
    partner: Option<&AccountId>,
) -> Result<Vec<Audit>> {
    if let Some(partner) = partner {
        must_exist(app, partner).await?;
    }
    rows::audit_unscoped(&app.environment(environment).db, partner)
        .await
        .map_err(internal("verify wallets"))
}

async fn balance(app: &App, environment: Environment, account: &AccountId) -> Result<view::Wallet> {
    let balance = rows::balance(&app.environment(environment).db, account).await;
    Ok(view::Wallet {
        balance_cents: balance.map_err(internal("read a wallet"))?,
        currency: CURRENCY,
    })
}

async fn must_exist(app: &App, partner: &AccountId) -> Result<()> {
    let found = partners::find(&app.0.store.control, partner).await;
    match found.map_err(internal("find a partner"))? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("partner")),
    }
}
