//! Order bodies for tests.

use peeker_domain::id::DomainId;
use peeker_domain::{Cents, DomainCategory, DomainStatus};
use peeker_store::entity::domains;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use crate::TestApp;

/// `prefix-01.com`, `prefix-02.com`, …
pub fn names(prefix: &str, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{prefix}-{number:02}.com"))
        .collect()
}

fn base(domains: &[String]) -> Value {
    json!({
        "user": "client@example.com",
        "sequencer": {
            "provider": "smartlead",
            "client_id": 366_903,
            "login_email": "smartlead-login@example.com",
            "login_password": "secret-password",
        },
        "domains": domains,
        "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }],
    })
}

/// A custom order of two Google inboxes on each of these domains.
pub fn custom_order(domains: &[String]) -> Value {
    let mut order = base(domains);
    order["google_licenses"] = json!(domains.len() * 2);
    order["google_inboxes_per_domain"] = json!(2);
    order
}

/// An order of a bundle.
pub fn bundle_order(bundle_id: &str, domains: &[String]) -> Value {
    let mut order = base(domains);
    order["bundle_id"] = json!(bundle_id);
    order
}

/// An order of Google and Microsoft licenses, each given as (licenses, inboxes per domain).
pub fn mixed_order(google: (u32, u32), microsoft: (u32, u32), domains: &[String]) -> Value {
    let mut order = microsoft_order(microsoft, domains);
    order["google_licenses"] = json!(google.0);
    order["google_inboxes_per_domain"] = json!(google.1);
    order
}

/// An order of Microsoft licenses only, given as (licenses, inboxes per domain).
pub fn microsoft_order(microsoft: (u32, u32), domains: &[String]) -> Value {
    let mut order = base(domains);
    order["microsoft_licenses"] = json!(microsoft.0);
    order["microsoft_inboxes_per_domain"] = json!(microsoft.1);
    order
}

/// A bundle whose orders need exactly ten domains: 8 for Google with two inboxes each, 2 for Microsoft.
pub fn bundle_of_ten() -> Value {
    json!({
        "name": "Thirteen thousand",
        "monthly_sending_volume": 13_000,
        "google_percent": 50,
        "microsoft_percent": 50,
    })
}

/// The body with the value at a JSON pointer replaced, or added when only its parent is there.
pub fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = split(&mut body, pointer);
    match parent {
        Value::Array(entries) => entries[key.parse::<usize>().unwrap()] = value,
        object => object[key] = value,
    }
    body
}

/// The body without the field at a JSON pointer, which must be there.
pub fn without(mut body: Value, pointer: &str) -> Value {
    let (parent, key) = split(&mut body, pointer);
    let removed = parent.as_object_mut().unwrap().remove(key);
    assert!(removed.is_some(), "there is nothing at {pointer}");
    body
}

fn split<'b, 'p>(body: &'b mut Value, pointer: &'p str) -> (&'b mut Value, &'p str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    (body.pointer_mut(parent).unwrap(), key)
}

/// Puts names into the account's inventory, as a finished import leaves them. `gonly-` names can host Google only.
pub async fn stock(app: &TestApp, names: &[String]) {
    for name in names {
        let row = domains::Model {
            account_id: app.partner.id.clone(),
            id: DomainId::new(app.now()),
            name: name.clone(),
            category: DomainCategory::Inventory,
            status: DomainStatus::Available,
            owned: true,
            google_only: name.starts_with("gonly-"),
            order_id: None,
            user_id: None,
            provider: None,
            forwarding_url: None,
            registered_until: None,
            created_at: app.now(),
            import_id: None,
            nameservers: None,
            delegated: true,
            renewal_price_cents: Cents::ZERO,
            renewing_until: None,
            renewal_refused: false,
        };
        let insert = domains::Entity::insert(row.into_active_model().reset_all());
        let writer = &app.app.store().sandbox.db.pools.writer;
        insert.exec_without_returning(writer).await.unwrap();
    }
}
