//! Smartlead.

mod account;
mod answers;
mod disconnect;
mod faults;
mod hand_over;

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::order::ClientId;
use peeker_domain::vendor::Vendor;
use peeker_domain::{DomainName, EmailAddress, MailProvider};
use peeker_fakes::Vendor as Fake;
use peeker_providers::google::Google;
use peeker_providers::microsoft::Microsoft;
use peeker_providers::smartlead::Smartlead;
use peeker_providers::vendor::{Services, SignIn, SignIns, VendorAccount};
use peeker_providers::{Call, HandOver, InboxSpec, Mail, ProviderError, SequencerPort};
use serde_json::{Value, json};

use crate::steps::inboxes;
use crate::world::{World, text};

const ACCOUNT: &str = "pacc_smartlead";

/// Both mail vendors, as the sequencer signs in to what they host.
struct Hosts {
    google: Google,
    microsoft: Microsoft,
}

#[async_trait]
impl SignIns for Hosts {
    async fn sign_in(
        &self,
        call: Call<'_>,
        provider: MailProvider,
        domain: &DomainName,
        address: &str,
    ) -> Result<SignIn, ProviderError> {
        match provider {
            MailProvider::Google => self.google.sign_in(call, domain, address).await,
            MailProvider::Microsoft => self.microsoft.sign_in(call, domain, address).await,
        }
    }
}

/// A Smartlead account and an adapter for it, and a domain at one of the mail vendors.
struct Sender {
    smartlead: Smartlead,
    hosts: Arc<Hosts>,
    id: String,
    key: String,
    provider: MailProvider,
    /// A domain that the vendor's tenant has from the start.
    name: DomainName,
}

impl Sender {
    fn at(world: &World, provider: MailProvider) -> Self {
        Self::with(world, provider, &[])
    }

    fn with(world: &World, provider: MailProvider, settings: &[(&str, &str)]) -> Self {
        let hosts = Arc::new(Hosts {
            google: google(world),
            microsoft: microsoft(world),
        });
        let credentials = world.fakes.credentials(Fake::Smartlead).remove(0);
        let key = text(&credentials, "api_key").to_owned();
        let account = world.account(Vendor::Smartlead, ACCOUNT, key.clone(), settings);
        let services = Services {
            sign_ins: hosts.clone(),
            ..world.memory.services()
        };
        let (fake, field) = match provider {
            MailProvider::Google => (Fake::Google, "primary_domain"),
            MailProvider::Microsoft => (Fake::Microsoft, "tenant_domain"),
        };
        let tenant = world.fakes.credentials(fake).remove(0);
        Self {
            smartlead: Smartlead::new(account, &services).unwrap(),
            hosts,
            id: text(&credentials, "account_id").to_owned(),
            key,
            provider,
            name: DomainName::from_stored(text(&tenant, field).to_owned()),
        }
    }

    fn change(&self, world: &World, change: &Value) {
        let changed = world
            .fakes
            .change(Fake::Smartlead, "accounts", &self.id, change);
        changed.unwrap();
    }

    /// Makes inboxes at the mail vendor.
    async fn host(&self, world: &World, addresses: &[String]) {
        let (specs, call) = (inboxes(addresses, None), world.call("k"));
        let (provider, name) = (self.provider, &self.name);
        let made = match provider {
            MailProvider::Google => {
                let google = &self.hosts.google;
                google.ensure_inboxes(call, provider, name, &specs).await
            }
            MailProvider::Microsoft => {
                let microsoft = &self.hosts.microsoft;
                microsoft.ensure_inboxes(call, provider, name, &specs).await
            }
        };
        made.unwrap();
    }

    /// Opens a client, as an agency does.
    async fn open_client(&self, world: &World, name: &str) -> ClientId {
        let url = format!(
            "{}/api/v1/client/save?api_key={}",
            world.fakes.url(Fake::Smartlead),
            self.key
        );
        let client = json!({"name": name, "email": format!("{name}@client.com")});
        let request = world.memory.services().http.post(url).json(&client);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        ClientId::Number(answer["data"]["id"].as_u64().unwrap())
    }

    async fn hand_over(
        &self,
        world: &World,
        client: Option<&ClientId>,
        specs: &[InboxSpec<'_>],
    ) -> Result<(), ProviderError> {
        let hand_over = HandOver {
            domain: &self.name,
            client_id: client,
            login_email: &EmailAddress::parse("login@client.com").unwrap(),
            login_password: None,
            provider: self.provider,
            inboxes: specs,
        };
        self.smartlead.hand_over(world.call("k"), &hand_over).await
    }

    /// The inboxes that Smartlead holds.
    fn held(&self, world: &World) -> Vec<Value> {
        let holdings = world.fakes.holdings(Fake::Smartlead);
        holdings[&self.id]["mailboxes"].as_array().unwrap().clone()
    }

    /// Why the account is out of use, if it is.
    fn attention(world: &World) -> Option<String> {
        let id = ProviderAccountId::from_stored(ACCOUNT.to_owned());
        world.memory.attention(&id)
    }
}

fn google(world: &World) -> Google {
    let credentials = world.fakes.credentials(Fake::Google).remove(0);
    let settings = [("admin", text(&credentials, "admin_email"))];
    let key_file = credentials["service_account"].to_string();
    let account = world.account(Vendor::Google, "pacc_google", key_file, &settings);
    Google::new(account, &world.memory.services()).unwrap()
}

fn microsoft(world: &World) -> Microsoft {
    let credentials = world.fakes.credentials(Fake::Microsoft).remove(0);
    let settings = ["tenant_id", "client_id", "sku_id"].map(|field| {
        let key = field.strip_suffix("_id").filter(|key| *key == "tenant");
        (key.unwrap_or(field), text(&credentials, field))
    });
    let secret = text(&credentials, "client_secret").to_owned();
    let account: VendorAccount =
        world.account(Vendor::Microsoft, "pacc_microsoft", secret, &settings);
    Microsoft::new(account, &world.memory.services()).unwrap()
}

/// How often something was done to something.
fn made(world: &World, what: &str, of: &str) -> u64 {
    world.fakes.counts().made(Fake::Smartlead, what, of)
}

/// How often anything of a kind was done, and the most often to one thing.
fn totals(world: &World, what: &str) -> (u64, u64) {
    let counts = world.fakes.counts();
    let made = counts.of(Fake::Smartlead).made.get(what).cloned();
    let most = counts.most_made(Fake::Smartlead, what);
    (made.unwrap_or_default().values().sum(), most)
}
