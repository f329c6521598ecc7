//! What is done for each event type. Magic names are explained in docs/sandbox.md.

use peeker_domain::EventType;
use serde_json::{Value, json};

use super::{About, Stage, text};
use crate::failure::{Failure, Result};

/// A month and a day: past the end of what an order has paid for.
const PAST_THE_MONTH_SECONDS: u32 = 32 * 24 * 60 * 60;
/// Past the day that a customer has to set nameservers.
const PAST_THE_DAY_SECONDS: u32 = 25 * 60 * 60;

/// How an event of this type comes about.
pub fn how(kind: EventType) -> &'static str {
    match kind {
        EventType::OrderInProgress | EventType::OrderCompleted | EventType::DomainConnected => {
            "orders a domain with two inboxes"
        }
        EventType::OrderFailed => "orders a domain named fail-…",
        EventType::OrderActionRequired | EventType::DomainActionRequired => {
            "orders a domain named replace-…"
        }
        EventType::OrderCancelScheduled => "orders a domain and cancels the order",
        EventType::OrderCancelled => "the same, and moves your sandbox's clock on by 32 days",
        EventType::OrderDomainsCancelScheduled => "orders two domains and cancels one of them",
        EventType::OrderDomainsCancelled => {
            "orders two domains, cancels one, and moves your sandbox's clock on by 32 days"
        }
        EventType::OrderRenewed => "orders a domain and moves your sandbox's clock on by 32 days",
        EventType::OrderRenewalFailed | EventType::WalletLow => {
            "orders a domain for a customer whose wallet is found empty 32 days later"
        }
        EventType::DomainForwardingUpdated => "imports a domain and forwards it",
        EventType::DomainForwardingFailed => "imports a domain named fwdfail-… and forwards it",
        EventType::DomainImportCompleted => "imports a domain",
        EventType::DomainImportFailed => "imports something that is no domain",
        EventType::DomainImportActionRequired => {
            "imports a domain named nspending-… and moves your sandbox's clock on by 25 hours"
        }
        EventType::SwapCreated | EventType::SwapInProgress | EventType::SwapCompleted => {
            "orders a domain and swaps it for another"
        }
        EventType::SwapFailed => "orders a domain and swaps it for one named swapfail-…",
        EventType::SwapActionRequired => "orders a domain and swaps it for one named notimported-…",
    }
}

/// Does it. Gives back what the event will be about.
pub(super) async fn play(stage: &Stage<'_>, kind: EventType) -> Result<About> {
    match kind {
        EventType::OrderInProgress | EventType::OrderCompleted => order(stage, "").await,
        EventType::OrderFailed => order(stage, "fail-").await,
        EventType::OrderActionRequired => order(stage, "replace-").await,
        EventType::OrderCancelScheduled => cancelled_order(stage).await,
        EventType::OrderCancelled => {
            let about = cancelled_order(stage).await?;
            advance(stage, PAST_THE_MONTH_SECONDS).await?;
            Ok(about)
        }
        EventType::OrderDomainsCancelScheduled => cancelled_domain(stage).await,
        EventType::OrderDomainsCancelled => {
            let about = cancelled_domain(stage).await?;
            advance(stage, PAST_THE_MONTH_SECONDS).await?;
            Ok(about)
        }
        EventType::OrderRenewed => {
            let about = completed_order(stage).await?;
            advance(stage, PAST_THE_MONTH_SECONDS).await?;
            Ok(about)
        }
        EventType::OrderRenewalFailed => unpaid_order(stage).await,
        EventType::WalletLow => {
            let About { value, .. } = unpaid_order(stage).await?;
            Ok(About {
                field: "/order_id",
                value,
            })
        }
        EventType::DomainConnected => ordered_domain(stage, "").await,
        EventType::DomainActionRequired => ordered_domain(stage, "replace-").await,
        EventType::DomainForwardingUpdated => forwarding(stage, "").await,
        EventType::DomainForwardingFailed => forwarding(stage, "fwdfail-").await,
        EventType::DomainImportCompleted => import(stage, &name("")).await,
        EventType::DomainImportFailed => import(stage, "not a domain").await,
        EventType::DomainImportActionRequired => {
            let about = import(stage, &name("nspending-")).await?;
            advance(stage, PAST_THE_DAY_SECONDS).await?;
            Ok(about)
        }
        EventType::SwapCreated | EventType::SwapInProgress | EventType::SwapCompleted => {
            swap(stage, "").await
        }
        EventType::SwapFailed => swap(stage, "swapfail-").await,
        EventType::SwapActionRequired => swap(stage, "notimported-").await,
    }
}

/// A name that nobody has used before.
fn name(prefix: &str) -> String {
    format!(
        "{prefix}trigger-{:010x}.com",
        rand::random::<u64>() & 0xff_ffff_ffff
    )
}

async fn place(stage: &Stage<'_>, domains: &[String]) -> Result<Value> {
    place_for(stage, "trigger@example.com", domains).await
}

async fn place_for(stage: &Stage<'_>, customer: &str, domains: &[String]) -> Result<Value> {
    let body = json!({
        "user": customer,
        "sequencer": {
            "provider": "smartlead", "client_id": null, "login_email": "trigger@example.com", "login_password": "sandbox",
        },
        "google_licenses": 2 * domains.len(),
        "google_inboxes_per_domain": 2,
        "domains": domains,
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
    });
    stage.post("/orders", &body).await
}

async fn order(stage: &Stage<'_>, prefix: &str) -> Result<About> {
    Ok(About::id(&place(stage, &[name(prefix)]).await?))
}

async fn ordered_domain(stage: &Stage<'_>, prefix: &str) -> Result<About> {
    let domain = name(prefix);
    place(stage, std::slice::from_ref(&domain)).await?;
    Ok(About {
        field: "/data/domain",
        value: domain,
    })
}

async fn completed_order(stage: &Stage<'_>) -> Result<About> {
    let about = order(stage, "").await?;
    stage.wait_for(EventType::OrderCompleted, &about).await?;
    Ok(about)
}

async fn cancelled_domain(stage: &Stage<'_>) -> Result<About> {
    let domains = [name(""), name("")];
    let about = About::id(&place(stage, &domains).await?);
    stage.wait_for(EventType::OrderCompleted, &about).await?;
    let body = json!({ "domains": [&domains[0]] });
    let path = format!("/orders/{}/cancel", about.value);
    stage.post(&path, &body).await?;
    Ok(about)
}

/// An order whose customer gets an address that stands for an empty wallet.
async fn unpaid_order(stage: &Stage<'_>) -> Result<About> {
    let tag = rand::random::<u32>();
    let customer = format!("trigger-{tag:08x}@example.com");
    let order = place_for(stage, &customer, &[name("")]).await?;
    let about = About::id(&order);
    stage.wait_for(EventType::OrderCompleted, &about).await?;
    let body = json!({ "email": format!("broke-{customer}") });
    let path = format!("/users/{}", text(&order, "user_id"));
    stage.patch(&path, &body).await?;
    advance(stage, PAST_THE_MONTH_SECONDS).await?;
    Ok(about)
}

async fn cancelled_order(stage: &Stage<'_>) -> Result<About> {
    let about = completed_order(stage).await?;
    stage
        .post(&format!("/orders/{}/cancel", about.value), &json!({}))
        .await?;
    Ok(about)
}

async fn import(stage: &Stage<'_>, domain: &str) -> Result<About> {
    let body = json!({ "domains": [domain] });
    Ok(About::id(&stage.post("/domains/import", &body).await?))
}

async fn forwarding(stage: &Stage<'_>, prefix: &str) -> Result<About> {
    let domain = name(prefix);
    import(stage, &domain).await?;
    let body = json!({ "domains": [domain], "forwarding_url": "https://example.com/" });
    Ok(About::id(&stage.post("/domains/forwarding", &body).await?))
}

async fn swap(stage: &Stage<'_>, prefix: &str) -> Result<About> {
    let ordered = order(stage, "").await?;
    let completed = stage.wait_for(EventType::OrderCompleted, &ordered).await?;
    let path = format!(
        "/events?type=domain.connected&order_id={}",
        text(&completed["data"], "id")
    );
    let connected = stage.api.get(&path).await?;
    let domain = text(&connected[0]["data"], "id");
    if domain.is_empty() {
        return Err(Failure::new(
            "unreadable",
            "The order completed without a connected domain",
        ));
    }
    let body =
        json!({ "type": "standard", "domain_id": domain, "replacement_domain": name(prefix) });
    Ok(About::id(&stage.post("/swaps", &body).await?))
}

async fn advance(stage: &Stage<'_>, seconds: u32) -> Result<()> {
    stage
        .post("/sandbox/clock/advance", &json!({ "seconds": seconds }))
        .await
        .map(|_| ())
}
