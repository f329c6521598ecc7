//! Google.

mod account;
mod answers;
mod domains;
mod inboxes;
mod rename;
mod seats;

use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::Vendor;
use peeker_domain::{DomainName, MailProvider};
use peeker_fakes::Vendor as Fake;
use peeker_providers::google::Google;
use peeker_providers::{Mail, Purpose};
use serde_json::{Value, json};

use crate::steps::Published;
use crate::world::{World, text};

const GOOGLE: MailProvider = MailProvider::Google;

/// A tenant and an adapter for it.
struct Tenant {
    google: Google,
    id: String,
    credentials: Value,
}

impl Tenant {
    /// The tenant that is there from the start.
    fn first(world: &World, settings: &[(&str, &str)]) -> Self {
        let credentials = world.fakes.credentials(Fake::Google).remove(0);
        Self::of(world, credentials, settings)
    }

    fn opened(world: &World, wishes: &Value, settings: &[(&str, &str)]) -> Self {
        let credentials = world.fakes.open_account(Fake::Google, wishes).unwrap();
        Self::of(world, credentials, settings)
    }

    fn of(world: &World, credentials: Value, settings: &[(&str, &str)]) -> Self {
        let admin = [("admin", text(&credentials, "admin_email"))];
        let key_file = credentials["service_account"].to_string();
        let settings = [&admin, settings].concat();
        let account = world.account(Vendor::Google, "pacc_google", key_file, &settings);
        Self {
            google: Google::new(account, &world.memory.services()).unwrap(),
            id: text(&credentials, "customer_id").to_owned(),
            credentials,
        }
    }

    fn change(&self, world: &World, change: &Value) {
        let changed = world
            .fakes
            .change(Fake::Google, "accounts", &self.id, change);
        changed.unwrap();
    }

    /// The domain that the tenant was opened with.
    fn own_domain(&self) -> DomainName {
        DomainName::from_stored(text(&self.credentials, "primary_domain").to_owned())
    }

    /// Publishes the proof of a domain and has Google look for it.
    async fn prove(&self, world: &World, name: &DomainName) {
        let call = world.call("k");
        let prepared = self
            .google
            .prepare_domain(call, GOOGLE, name, Purpose::Order);
        let records = prepared.await.unwrap().records;
        Published::of(world, name).await.put(world, &records).await;
        // It goes on to DKIM, which waits for the operator.
        let _ = self.google.verify_domain(call, GOOGLE, name).await;
        assert_eq!(made(world, "verifications", name.as_str()), 1);
    }

    /// Why the account is out of use, if it is.
    fn attention(world: &World) -> Option<String> {
        let id = ProviderAccountId::from_stored("pacc_google".to_owned());
        world.memory.attention(&id)
    }

    /// The users on a domain, as Google holds them.
    fn users(&self, world: &World, domain: &str) -> Vec<Value> {
        let holdings = world.fakes.holdings(Fake::Google);
        let users = holdings[&self.id]["users"].as_array().unwrap();
        let on_domain = users.iter().filter(|user| {
            let email = text(user, "email");
            email.rsplit_once('@').is_some_and(|(_, of)| of == domain)
        });
        on_domain.cloned().collect()
    }

    fn seats(&self, world: &World) -> Value {
        let holdings = world.fakes.holdings(Fake::Google);
        holdings[&self.id]["customers"][0]["seats"].clone()
    }
}

/// How often something was done to something.
fn made(world: &World, what: &str, of: &str) -> u64 {
    world.fakes.counts().made(Fake::Google, what, of)
}

/// A domain that the tenant has, without proof.
async fn with_domain(world: &World, tenant: &Tenant, name: &str) -> DomainName {
    let name = crate::world::domain(name);
    let call = world.call("k");
    let google = &tenant.google;
    let prepared = google
        .prepare_domain(call, GOOGLE, &name, Purpose::Order)
        .await;
    assert_eq!(prepared.unwrap().records.len(), 3);
    name
}

/// The wishes for a tenant of its own with so many seats.
fn with_seats(plan: &str, seats: u32) -> Value {
    json!({"subscription": {"plan": plan, "seats": seats}})
}
