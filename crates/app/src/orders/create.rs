//! `POST /orders`: facts, decision, and a write in the lane that stores order, money, event and work at once.

use peeker_domain::id::{OrderId, UserId};
use peeker_domain::order::{
    self, NewOrder, NextStep, OrderAnswers, OrderDecision, OrderIdentity, OrderRequest,
    insufficient_funds,
};
use peeker_domain::wallet::InsufficientFunds;
use peeker_domain::{Error, Result, Timestamp, view};
use peeker_store::StoreError;
use peeker_store::orders::accept::Accepted;
use peeker_store::orders::find_receipt;

use super::inquiry::{Findings, Order};
use crate::failure::internal;
use crate::secrets::SealContext;
use crate::{Actor, App, availability};

/// How often an order is decided anew when what it was decided on changed before it could be written.
const DECISIONS: u32 = 3;

/// Places an order, or gives back the original of a repeated one. What is answered with an order is stored durably.
/// Errors: those of contract §4, in its order of checks; nothing has changed then.
pub async fn create(app: &App, actor: &Actor, request: OrderRequest) -> Result<view::OrderReceipt> {
    let order = Order::new(app, actor, &request);
    let of_body = order.fingerprint_of_body();
    for _ in 0..DECISIONS {
        if let Some(receipt) = attempt(order, of_body.as_deref()).await? {
            return Ok(receipt);
        }
    }
    Err(Error::unavailable(
        "The order's domains keep changing; try again in a moment",
    ))
}

/// One decision and one write; `None` when the decision was overtaken.
async fn attempt(order: Order<'_>, of_body: Option<&str>) -> Result<Option<view::OrderReceipt>> {
    let (found, mut original) = order.find_out(of_body).await?;
    let now = found.facts.now;
    let of_facts = || order.fingerprint(&found.basis.email, &found.basis.capacity);
    let fingerprint = of_body.map_or_else(of_facts, str::to_owned);
    if of_body.is_none() {
        original = order.original(&fingerprint, now).await?;
    }
    if let Some(id) = original {
        return receipt_of(order, &id).await.map(Some);
    }
    match decided(order, &found, &fingerprint).await {
        Ok(new) => write(order, new).await,
        // What stands in the way may be the same order, accepted since the facts were read: it took these domains.
        Err(refusal) => match order.original(&fingerprint, now).await? {
            Some(id) => receipt_of(order, &id).await.map(Some),
            None => Err(refusal),
        },
    }
}

/// What is to be written. Providers are asked as the decision goes on. Errors: the first problem.
async fn decided(order: Order<'_>, found: &Findings, fingerprint: &str) -> Result<NewOrder> {
    order::usable(&found.facts)?;
    order.require_providers(found).await?;
    let mut answers = OrderAnswers::default();
    loop {
        match order::decide(found.case(&order), &answers).next_step() {
            NextStep::AskSequencer => answers.route = Some(order.route(found.facts.now).await?),
            NextStep::AskRegistrar => answers.names = Some(order.offers(&found.facts).await?),
            NextStep::Refuse(problem) => return Err(problem),
            NextStep::Write(decision) => {
                return new_order(order, *decision, fingerprint, found.facts.now);
            }
        }
    }
}

fn new_order(
    order: Order<'_>,
    decision: OrderDecision<'_>,
    fingerprint: &str,
    now: Timestamp,
) -> Result<NewOrder> {
    let account = &order.actor.account;
    let context = SealContext {
        owner: account.as_str(),
        table: "orders",
        column: "sealed_password",
    };
    let password = &order.request.sequencer.login_password;
    decision.into_order(OrderIdentity {
        account: account.clone(),
        id: OrderId::new(now),
        new_user_id: UserId::new(now),
        fingerprint: fingerprint.to_owned(),
        sealed_password: order.app.0.sealer.seal(context, password)?,
    })
}

/// Hands the order to the write lane; `None` when the decision was overtaken.
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
        Err(StoreError::DomainsTaken(names)) => Err(order.overlap(names).await?),
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
