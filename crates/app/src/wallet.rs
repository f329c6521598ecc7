//! The wallet of a partner (contract §8): what partners see of it, and what operators do with it.

use peeker_domain::display_name::DisplayName;
use peeker_domain::id::AccountId;
use peeker_domain::money::CURRENCY;
use peeker_domain::{Cents, Environment, Error, Result, Timestamp, view};
use peeker_store::partners;
use peeker_store::wallet as rows;
pub use peeker_store::wallet::{Audit, Credited};

use crate::failure::internal;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// Most that one payment may be: ten million dollars, which is a slip of the finger.
const MAX_CREDIT: Cents = Cents(1_000_000_000);
/// The operator's name for a payment.
type Reference = DisplayName<200>;

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

/// Books a payment of a partner; the same reference is booked once. Errors: `not_found`; `invalid_request` on `amount`
/// or `reference`.
pub async fn credit(
    app: &App,
    environment: Environment,
    partner: &AccountId,
    amount: Cents,
    reference: Option<&str>,
) -> Result<Credited> {
    if amount <= Cents::ZERO || amount > MAX_CREDIT {
        let message = format!("must be from $0.01 to {MAX_CREDIT}");
        return Err(Error::invalid("amount", message));
    }
    // The reference says which payment it is: two that look the same must be the same.
    let reference = reference.map(Reference::parse).transpose();
    let reference = reference.map_err(|error| Error::invalid("reference", error.to_string()))?;
    must_exist(app, partner).await?;
    let now = app.account_now(environment, partner).await?;
    let db = &app.environment(environment).db;
    let credited = rows::credit(
        db,
        partner,
        amount,
        reference.as_ref().map(Reference::as_str),
        now,
    )
    .await
    .map_err(internal("book a payment"))?;
    match credited {
        Credited::Before(booked, at) if booked != amount => Err(other_amount(booked, at)),
        credited => Ok(credited),
    }
}

fn other_amount(booked: Cents, at: Timestamp) -> Error {
    let message = format!(
        "A payment of {booked} was booked under this reference at {at}; use another reference for another payment"
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
