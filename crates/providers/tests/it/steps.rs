//! What several tests of mail vendors do: publish records, name inboxes, try again.

use peeker_domain::DomainName;
use peeker_domain::vendor::Vendor;
use peeker_fakes::Vendor as Fake;
use peeker_providers::cloudflare::Cloudflare;
use peeker_providers::dns::mail_records;
use peeker_providers::{Dns, DnsRecord, ErrorClass, InboxSpec, ProviderError};

use crate::world::{World, text};

/// How often work is tried before it counts as stuck.
const TRIES: usize = 60;

/// A domain that is delegated to a zone of ours.
pub struct Published {
    dns: Cloudflare,
    name: DomainName,
}

impl Published {
    pub async fn of(world: &World, name: &DomainName) -> Self {
        let credentials = world.fakes.credentials(Fake::Cloudflare).remove(0);
        let account = world.account(
            Vendor::Cloudflare,
            "pacc_dns",
            text(&credentials, "api_token").to_owned(),
            &[("account_id", text(&credentials, "account_id"))],
        );
        let dns = Cloudflare::new(account, &world.memory.services()).unwrap();
        let fakes = &world.fakes;
        fakes.register_elsewhere(name.as_str(), &["ns1.old.example"]);
        let zone = dns.ensure_zone(world.call("dns"), name).await.unwrap();
        let servers: Vec<_> = zone.nameservers.iter().map(String::as_str).collect();
        fakes.register_elsewhere(name.as_str(), &servers);
        let name = name.clone();
        Self { dns, name }
    }

    pub async fn put(&self, world: &World, records: &[DnsRecord]) {
        let records = mail_records(&self.name, records.to_vec());
        let put = self
            .dns
            .put_records(world.call("dns"), &self.name, &records);
        put.await.unwrap();
    }
}

/// Addresses on `name`, one for each local part.
pub fn addresses(name: &DomainName, locals: &[&str]) -> Vec<String> {
    locals
        .iter()
        .map(|local| format!("{local}@{name}"))
        .collect()
}

/// So many addresses on `name`.
pub fn numbered(name: &DomainName, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("jane{number}@{name}"))
        .collect()
}

/// Jane Doe's inboxes at these addresses.
pub fn inboxes<'a>(addresses: &'a [String], picture_url: Option<&'a str>) -> Vec<InboxSpec<'a>> {
    addresses
        .iter()
        .map(|address| InboxSpec {
            address,
            first_name: "Jane",
            last_name: "Doe",
            picture_url,
        })
        .collect()
}

/// Tries until it works, as jobs do. Every failure on the way must be one that passes.
pub async fn persist<T>(work: impl AsyncFn() -> Result<T, ProviderError>) -> T {
    let mut tries = 0..TRIES;
    loop {
        assert!(tries.next().is_some(), "stuck");
        match work().await {
            Ok(done) => return done,
            Err(error) => {
                let passes = matches!(
                    error.class,
                    ErrorClass::Retry { .. } | ErrorClass::Quota { .. } | ErrorClass::Conflict
                );
                assert!(passes, "{error}: {:?}", error.class);
            }
        }
    }
}

/// Ends when `done` is true, without waiting for a time.
pub async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}
