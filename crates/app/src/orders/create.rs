//! `POST /orders`: plan, then hand the plan to the write lane, which stores order, money, event and work at once.

use peeker_domain::id::{DomainId, OrderId, UserId};
use peeker_domain::order::{NewOrder, NewOrderDomain, OrderRequest, Personas, Sizing};
use peeker_domain::plan::{Capacity, Placement, place};
use peeker_domain::wallet::InsufficientFunds;
use peeker_domain::{Cents, EmailAddress, Error, MailProvider, Result, view};
use peeker_store::StoreError;
use peeker_store::orders::accept::Accepted;
use peeker_store::orders::{find_by_fingerprint, find_receipt};

use super::check::{Offer, Order, already_in_active_order, insufficient_funds};
use crate::failure::internal;
use crate::secrets::SealContext;
use crate::{Actor, App, availability};

/// For how long a repetition is the same order (contract §1).
const DEDUPE_SECONDS: i64 = 24 * 60 * 60;
/// How often an order is planned anew when what it was planned on changed before it could be written.
const PLANS: u32 = 3;

/// Places an order, or gives back the original of a repeated one. What is answered with an order is stored durably.
/// Errors: those of contract §4, in its order of checks; nothing has changed then.
pub async fn create(app: &App, actor: &Actor, request: OrderRequest) -> Result<view::OrderReceipt> {
    let order = Order {
        app,
        actor,
        request: &request,
        now: actor.now(app).await?,
    };
    let mut plans = 1;
    loop {
        match attempt(order).await? {
            Some(receipt) => return Ok(receipt),
            None if plans < PLANS => plans += 1,
            None => {
                return Err(Error::unavailable(
                    "The order's domains keep changing; try again in a moment",
                ));
            }
        }
    }
}

/// One plan and one write; `None` when the plan was overtaken.
async fn attempt(order: Order<'_>) -> Result<Option<view::OrderReceipt>> {
    let capacity = order.capacity().await?;
    let email = order.customer().await?;
    let fingerprint = order.fingerprint(&email, &capacity);
    if let Some(receipt) = original(order, &fingerprint).await? {
        return Ok(Some(receipt));
    }
    match plan(order, &capacity, &email, &fingerprint).await {
        Ok(new) => write(order, new).await,
        // What stands in the way may be the same order, accepted since the look above: it took these domains.
        Err(refusal) => match original(order, &fingerprint).await? {
            Some(receipt) => Ok(Some(receipt)),
            None => Err(refusal),
        },
    }
}

/// The order that a fingerprint stands for.
async fn original(order: Order<'_>, fingerprint: &str) -> Result<Option<view::OrderReceipt>> {
    let db = &order.app.environment(order.actor.environment).db;
    let account = &order.actor.account;
    let found = find_by_fingerprint(db, account, fingerprint, order.now).await;
    match found.map_err(internal("look for the original order"))? {
        Some(id) => receipt_of(order, &id).await.map(Some),
        None => Ok(None),
    }
}

/// All checks that come after the dedupe, and what is to be written when they pass.
async fn plan(
    order: Order<'_>,
    capacity: &Capacity,
    email: &EmailAddress,
    fingerprint: &str,
) -> Result<NewOrder> {
    capacity.check_count(order.request.domains.len())?;
    order.sequencer().await?;
    let known = order.known().await?;
    order.overlap(&known)?;
    order.imported().await?;
    let mut offers = order.inventory_offers(&known);
    place(capacity, &order.candidates(&offers))?;
    order.registrar_offers(&mut offers).await?;
    order.submittable(&offers)?;
    let placements = place(capacity, &order.candidates(&offers))?;
    let fingerprint = fingerprint.to_owned();
    let new = new_order(order, capacity, email, fingerprint, &offers, &placements)?;
    match order.simulated_balance(email) {
        Some(balance) => Err(insufficient_funds(InsufficientFunds {
            required: new.total(),
            balance,
        })),
        None => Ok(new),
    }
}

/// Hands the plan to the write lane.
async fn write(order: Order<'_>, new: NewOrder) -> Result<Option<view::OrderReceipt>> {
    let Order {
        app,
        actor,
        request,
        ..
    } = order;
    match app.environment(actor.environment).accept.submit(new).await {
        Ok(Accepted::New(receipt)) => {
            let names = request.domains.iter().map(|domain| &domain.name);
            availability::forget(app, &actor.account, actor.environment, names).await;
            metrics::counter!("orders_accepted_total", "environment" => actor.environment.as_str())
                .increment(1);
            Ok(Some(*receipt))
        }
        Ok(Accepted::Original(id)) => receipt_of(order, &id).await.map(Some),
        // The bundle was removed or a domain changed hands since it was read.
        Err(StoreError::Stale | StoreError::ForeignKey) => Ok(None),
        Err(StoreError::DomainsTaken(names)) => Err(already_in_active_order(&names)),
        Err(StoreError::InsufficientFunds { required, balance }) => {
            Err(insufficient_funds(InsufficientFunds { required, balance }))
        }
        Err(error) => Err(internal("store an order")(error)),
    }
}

async fn receipt_of(order: Order<'_>, id: &OrderId) -> Result<view::OrderReceipt> {
    let db = &order.app.environment(order.actor.environment).db;
    let receipt = find_receipt(db, &order.actor.account, id)
        .await
        .map_err(internal("find the original order"))?;
    receipt.ok_or_else(|| Error::internal(format!("fingerprint of a missing order {id}")))
}

fn new_order(
    order: Order<'_>,
    capacity: &Capacity,
    email: &EmailAddress,
    fingerprint: String,
    offers: &[Offer],
    placements: &[Placement],
) -> Result<NewOrder> {
    let Order {
        app,
        actor,
        request,
        now,
    } = order;
    let licenses = |provider| capacity.provider(provider).map_or(0, |plan| plan.licenses);
    let context = SealContext {
        account: &actor.account,
        table: "orders",
        column: "sealed_password",
    };
    let domains =
        request
            .domains
            .iter()
            .zip(offers)
            .zip(placements)
            .map(|((domain, offer), placement)| {
                let (price, renewal_price) = offer.prices.unwrap_or((Cents::ZERO, Cents::ZERO));
                NewOrderDomain {
                    new_id: DomainId::new(now),
                    name: domain.name.clone(),
                    source: offer.source,
                    google_only: !offer.usable_for.contains(&MailProvider::Microsoft),
                    provider: placement.provider,
                    inboxes: placement.inboxes,
                    price,
                    renewal_price,
                    forwarding_url: domain.forwarding_url.as_ref().map(ToString::to_string),
                }
            });
    Ok(NewOrder {
        account: actor.account.clone(),
        id: OrderId::new(now),
        email: email.clone(),
        new_user_id: UserId::new(now),
        bundle_id: match &request.sizing {
            Sizing::Bundle(id) => Some(id.clone()),
            Sizing::Custom { .. } => None,
        },
        domains: domains.collect(),
        personas: Personas(request.personas.clone()),
        client_id: request.sequencer.client_id.clone(),
        login_email: request.sequencer.login_email.clone(),
        sealed_password: app
            .0
            .sealer
            .seal(context, &request.sequencer.login_password)?,
        google_licenses: licenses(MailProvider::Google),
        microsoft_licenses: licenses(MailProvider::Microsoft),
        prices: app.settings().prices,
        fingerprint,
        fingerprint_expires_at: now.plus_seconds(DEDUPE_SECONDS),
        renews_at: now.plus_months(1),
        created_at: now,
    })
}
