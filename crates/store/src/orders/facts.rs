//! Reading what the decision about a new order goes by, all of it at once: the readers are asked side by side, so that it
//! takes as long as the slowest query and not as all of them.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::order::{
    Customer, KnownBundle, KnownCustomer, OrderFacts, OrderRequest, OwnNames, Sizing,
};
use peeker_domain::sizing::Split;
use peeker_domain::wallet::Wallet;
use peeker_domain::{Cents, ClockOffset, DomainName, EmailAddress, Timestamp};
use sea_orm::EntityTrait;

use crate::entity::{accounts, order_fingerprints};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::{bundles, domains, imports, users};

/// What the facts are wanted for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub account: &'a AccountId,
    pub request: &'a OrderRequest,
    /// The order's fingerprint, if the body alone gives it.
    pub fingerprint: Option<&'a str>,
    /// The split of bundles that have none of their own.
    pub recommended_split: Split,
    /// The system's time.
    pub system: Timestamp,
}

/// What an account knows of an order, and the order that its fingerprint stands for, if that was given and does.
pub async fn read(db: &EnvironmentDb, wanted: Wanted<'_>) -> Result<(OrderFacts, Option<OrderId>)> {
    let Wanted {
        account, request, ..
    } = wanted;
    let names: Vec<&DomainName> = request.domains.iter().map(|domain| &domain.name).collect();
    let (row, customer, bundle, domains, importing, original) = tokio::try_join!(
        account_row(db, account),
        customer(db, account, request),
        bundle(db, wanted),
        domains::named(db, account, &names),
        imports::unfinished(db, account, &names),
        fingerprint_row(db, account, wanted.fingerprint),
    )?;
    let clock = row
        .as_ref()
        .map_or(ClockOffset::NONE, |row| row.clock_offset_ms);
    let now = clock.account_time(wanted.system);
    let facts = OrderFacts {
        now,
        customer,
        bundle,
        domains: domains::known_at(domains, now),
        importing,
        wallet: Wallet {
            balance: row.map_or(Cents::ZERO, |row| row.balance_cents),
            funding: db.rules.funding,
        },
    };
    Ok((facts, standing(original, now)))
}

/// What the account knows of some names by itself, as a new order would read it.
pub async fn own_names(
    db: &EnvironmentDb,
    account: &AccountId,
    names: &[&DomainName],
    now: Timestamp,
) -> Result<OwnNames> {
    let (domains, importing) = tokio::try_join!(
        domains::known(db, account, names, now),
        imports::unfinished(db, account, names),
    )?;
    Ok(OwnNames { domains, importing })
}

/// The order that a fingerprint stands for, while it does.
pub async fn original(
    db: &EnvironmentDb,
    account: &AccountId,
    fingerprint: &str,
    now: Timestamp,
) -> Result<Option<OrderId>> {
    let row = fingerprint_row(db, account, Some(fingerprint)).await?;
    Ok(standing(row, now))
}

fn standing(row: Option<order_fingerprints::Model>, now: Timestamp) -> Option<OrderId> {
    row.filter(|row| row.expires_at > now)
        .map(|row| row.order_id)
}

async fn fingerprint_row(
    db: &EnvironmentDb,
    account: &AccountId,
    fingerprint: Option<&str>,
) -> Result<Option<order_fingerprints::Model>> {
    let Some(fingerprint) = fingerprint else {
        return Ok(None);
    };
    let key = (account.clone(), fingerprint.to_owned());
    let row = order_fingerprints::Entity::find_by_id(key);
    Ok(row.one(&db.pools.reader).await?)
}

async fn account_row(db: &EnvironmentDb, account: &AccountId) -> Result<Option<accounts::Model>> {
    let row = accounts::Entity::find_by_id(account.clone());
    Ok(row.one(&db.pools.reader).await?)
}

async fn customer(
    db: &EnvironmentDb,
    account: &AccountId,
    request: &OrderRequest,
) -> Result<Option<KnownCustomer>> {
    let user = match &request.customer {
        Customer::Id(id) => users::find(db, account, id).await?,
        Customer::Email(email) => users::find_by_email(db, account, email).await?,
    };
    Ok(user.map(|user| KnownCustomer {
        email: EmailAddress::from_stored(user.email),
        status: user.status,
    }))
}

async fn bundle(db: &EnvironmentDb, wanted: Wanted<'_>) -> Result<Option<KnownBundle>> {
    let Sizing::Bundle(id) = &wanted.request.sizing else {
        return Ok(None);
    };
    let bundle = bundles::find(db, wanted.account, id).await?;
    let known = bundle.map(|bundle| {
        Ok(KnownBundle {
            status: bundle.status(),
            volume: bundle.volume(wanted.recommended_split)?,
        })
    });
    known.transpose()
}
