//! Microsoft.

mod account;
mod answers;
mod dkim;
mod domains;
mod faults;
mod inboxes;
mod removal;
mod rename;
mod sign_in;

use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::Vendor;
use peeker_domain::{DomainName, MailProvider};
use peeker_fakes::Vendor as Fake;
use peeker_providers::microsoft::Microsoft;
use peeker_providers::{Mail, Purpose};
use serde_json::Value;

use crate::steps::{Published, persist};
use crate::world::{World, domain, text};

const MICROSOFT: MailProvider = MailProvider::Microsoft;
const ACCOUNT: &str = "pacc_microsoft";
/// The product that inboxes get, by its part number.
const PRODUCT: &str = "EXCHANGESTANDARD";

/// A tenant and an adapter for it.
struct Tenant {
    microsoft: Microsoft,
    id: String,
}

impl Tenant {
    /// The tenant that is there from the start.
    fn first(world: &World, settings: &[(&str, &str)]) -> Self {
        let credentials = world.fakes.credentials(Fake::Microsoft).remove(0);
        Self::of(world, &credentials, settings)
    }

    fn opened(world: &World, wishes: &Value) -> Self {
        let credentials = world.fakes.open_account(Fake::Microsoft, wishes).unwrap();
        Self::of(world, &credentials, &[])
    }

    fn of(world: &World, credentials: &Value, settings: &[(&str, &str)]) -> Self {
        let needed = [
            ("tenant", text(credentials, "tenant_id")),
            ("client_id", text(credentials, "client_id")),
            ("sku_id", text(credentials, "sku_id")),
        ];
        let secret = text(credentials, "client_secret").to_owned();
        let settings = [&needed, settings].concat();
        let account = world.account(Vendor::Microsoft, ACCOUNT, secret, &settings);
        Self {
            microsoft: Microsoft::new(account, &world.memory.services()).unwrap(),
            id: text(credentials, "tenant_id").to_owned(),
        }
    }

    fn change(&self, world: &World, change: &Value) {
        let changed = world
            .fakes
            .change(Fake::Microsoft, "accounts", &self.id, change);
        changed.unwrap();
    }

    /// Why the account is out of use, if it is.
    fn attention(world: &World) -> Option<String> {
        let id = ProviderAccountId::from_stored(ACCOUNT.to_owned());
        world.memory.attention(&id)
    }

    /// What Microsoft holds of the tenant.
    fn held(&self, world: &World, what: &str) -> Value {
        world.fakes.holdings(Fake::Microsoft)[&self.id][what].clone()
    }
}

/// How often something was done to something.
fn made(world: &World, what: &str, of: &str) -> u64 {
    world.fakes.counts().made(Fake::Microsoft, what, of)
}

/// How often anything of a kind was done, and the most often to one thing.
fn totals(world: &World, what: &str) -> (u64, u64) {
    let counts = world.fakes.counts();
    let made = counts.of(Fake::Microsoft).made.get(what).cloned();
    let most = counts.most_made(Fake::Microsoft, what);
    (made.unwrap_or_default().values().sum(), most)
}

/// A domain of the tenant that is proven and set up for mail.
async fn proven(world: &World, tenant: &Tenant, name: &str) -> DomainName {
    let (name, call) = (domain(name), world.call("k"));
    let microsoft = &tenant.microsoft;
    let prepare = async || {
        microsoft
            .prepare_domain(call, MICROSOFT, &name, Purpose::Order)
            .await
    };
    let prepared = persist(prepare).await;
    let published = Published::of(world, &name).await;
    published.put(world, &prepared.records).await;
    persist(async || microsoft.verify_domain(call, MICROSOFT, &name).await).await;
    name
}
