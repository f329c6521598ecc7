//! Partners, as the operator makes them.

use peeker_domain::id::{AccountId, OrderId};
use peeker_domain::order::Scope;
use peeker_domain::{
    Code, Environment, Error, Label, OrderStatus, PartnerStatus, Preset, Result, Tier,
};
use peeker_store::orders::{self, OrderFilter};
pub use peeker_store::partners::Partner;
use peeker_store::partners::{self as rows, PartnerPatch};
use secrecy::SecretString;

use crate::App;
use crate::failure::internal;
use crate::keys::{self, NewKey};
use crate::paging::PageRequest;
use crate::settings::REQUESTS_PER_MINUTE;

/// A new partner with a full key for each environment.
#[derive(Debug)]
pub struct CreatedPartner {
    pub partner: Partner,
    /// `pk_test_…`
    pub test_key: SecretString,
    /// `pk_live_…`
    pub live_key: SecretString,
}

/// Makes a partner and its first two keys. Errors: `invalid_request` on `name`.
pub async fn create(app: &App, name: &str, tier: Tier) -> Result<CreatedPartner> {
    let name = parse_name(name)?;
    let now = app.now();
    let partner = Partner {
        id: AccountId::new(now),
        name,
        tier,
        created_at: now,
        status: PartnerStatus::Active,
    };
    rows::insert(&app.0.store.control, &partner)
        .await
        .map_err(internal("store a partner"))?;
    let first_key = |environment| NewKey {
        environment,
        preset: Preset::Full,
        label: None,
        requests_per_minute: REQUESTS_PER_MINUTE,
    };
    let test_key = keys::create(app, &partner.id, first_key(Environment::Test))
        .await?
        .secret;
    let live_key = keys::create(app, &partner.id, first_key(Environment::Live))
        .await?
        .secret;
    Ok(CreatedPartner {
        partner,
        test_key,
        live_key,
    })
}

fn parse_name(name: &str) -> Result<String> {
    let name = Label::parse(name).map_err(|error| Error::invalid("name", error.to_string()))?;
    Ok(name.into())
}

/// Changes a partner's name, tier or both. Errors: `not_found`; `invalid_request` on `name`.
pub async fn set(
    app: &App,
    id: &AccountId,
    name: Option<&str>,
    tier: Option<Tier>,
) -> Result<Partner> {
    let patch = PartnerPatch {
        name: name.map(parse_name).transpose()?,
        tier,
        status: None,
    };
    Ok(update(app, id, patch).await?.1)
}

/// Gives back the partner as it was and as it is. Errors: `not_found`.
async fn update(app: &App, id: &AccountId, patch: PartnerPatch) -> Result<(Partner, Partner)> {
    let changed = rows::update(&app.0.store.control, id, patch).await;
    changed
        .map_err(internal("change a partner"))?
        .ok_or_else(|| Error::not_found("partner"))
}

async fn set_status(
    app: &App,
    id: &AccountId,
    status: PartnerStatus,
) -> Result<(Partner, Partner)> {
    let patch = PartnerPatch {
        status: Some(status),
        ..PartnerPatch::default()
    };
    let (before, after) = update(app, id, patch).await?;
    if before.status != status {
        tracing::info!(partner.id = %id, was = %before.status, "{id} is {status}");
    }
    Ok((before, after))
}

/// Lets a partner's keys do nothing until it is resumed. What was ordered goes on, is renewed and tells its events; again
/// is the same. Errors: `not_found`; `invalid_request` when the partner is closed.
pub async fn suspend(app: &App, id: &AccountId) -> Result<Partner> {
    let found = rows::find(&app.0.store.control, id).await;
    let found = found.map_err(internal("find a partner"))?;
    if found.is_some_and(|partner| partner.status == PartnerStatus::Closed) {
        let message = "The partner is closed, so its keys are refused already. To open it again: peeker partner resume";
        return Err(Error::new(Code::InvalidRequest, message));
    }
    Ok(set_status(app, id, PartnerStatus::Suspended).await?.1)
}

/// Lets the keys of a suspended or closed partner be used again; again is the same. What a closing has cancelled stays so.
/// Errors: `not_found`.
pub async fn resume(app: &App, id: &AccountId) -> Result<Partner> {
    Ok(set_status(app, id, PartnerStatus::Active).await?.1)
}

/// What a closing has done.
#[derive(Debug)]
pub struct Closed {
    pub partner: Partner,
    /// Orders that end with their paid month, or ended at once.
    pub cancelled_orders: u64,
}

/// Refuses a partner's keys for good and cancels its orders, each for the end of its paid month. Done again, it goes on where
/// it was interrupted. Errors: `not_found`.
pub async fn close(app: &App, id: &AccountId) -> Result<Closed> {
    // First, so that no order comes after the look.
    let (_, partner) = set_status(app, id, PartnerStatus::Closed).await?;
    let mut cancelled_orders = 0;
    for &environment in Environment::ALL {
        for status in ENDING_BY_CANCELLATION {
            cancelled_orders += cancel_all(app, environment, id, status).await?;
        }
    }
    Ok(Closed {
        partner,
        cancelled_orders,
    })
}

/// The statuses that a cancellation leads on from.
const ENDING_BY_CANCELLATION: [OrderStatus; 3] = [
    OrderStatus::InProgress,
    OrderStatus::ActionRequired,
    OrderStatus::Completed,
];
/// Orders that are read at once.
const ORDERS: u32 = 100;

async fn cancel_all(
    app: &App,
    environment: Environment,
    account: &AccountId,
    status: OrderStatus,
) -> Result<u64> {
    let db = &app.environment(environment).db;
    let filter = OrderFilter {
        status: Some(status),
        ..OrderFilter::default()
    };
    let mut page = PageRequest {
        after: None,
        per_page: ORDERS,
    };
    let mut cancelled = 0;
    loop {
        let slice = orders::list(db, account, &filter, &page).await;
        let slice = slice.map_err(internal("list orders"))?;
        for order in &slice.rows {
            let order = OrderId::from_stored(order.id.clone());
            let now = app.account_now(environment, account).await?;
            let outcome = orders::cancel::cancel(db, account, &order, &Scope::Order, now).await;
            let outcome = outcome.map_err(internal("schedule a cancellation"))?;
            // One that has ended meanwhile needs nothing more.
            cancelled += u64::from(matches!(outcome, Some(Ok(_))));
        }
        match slice.next {
            Some(after) => page.after = Some(after),
            None => return Ok(cancelled),
        }
    }
}

/// All partners, oldest first.
pub async fn list(app: &App) -> Result<Vec<Partner>> {
    rows::list_unscoped(&app.0.store.control)
        .await
        .map_err(internal("list partners"))
}
