//! The fakes as their user holds them.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::counts::Counts;
use crate::dns::{self, DnsAddresses, Lookups};
use crate::faults::Fault;
use crate::setup::{self, Setup};
use crate::vendor::Vendor;
use crate::{Options, Shared, World, admin, server};

/// The running servers; they stop when this is dropped.
pub struct Fakes {
    shared: Shared,
    urls: BTreeMap<Vendor, String>,
    admin_url: String,
    dns: DnsAddresses,
    _servers: JoinSet<()>,
}

impl Fakes {
    /// Starts all servers, and opens one account with each vendor.
    pub async fn start(options: Options) -> io::Result<Self> {
        let mut ports = (0..).map(|n| options.port_base.map_or(0, |base| base + n));
        let (mut urls, mut listeners) = (BTreeMap::new(), Vec::new());
        for vendor in Vendor::ALL {
            let (listener, url) = server::bind(ports.next().unwrap_or_default()).await?;
            urls.insert(vendor, url);
            listeners.push((vendor, listener));
        }
        let (admin, admin_url) = server::bind(ports.next().unwrap_or_default()).await?;
        let (sockets, dns) = dns::bind(options.dns_port).await?;
        let mut world = World::new(&options, urls.clone());
        for vendor in Vendor::ALL {
            if vendor != Vendor::Web {
                vendor
                    .api()
                    .open_account(&mut world, &Value::Object(Default::default()))
                    .map_err(io::Error::other)?;
            }
        }
        let shared = Shared::new(world, Lookups::through(dns.resolvers[0])?);
        let mut servers = JoinSet::new();
        for (vendor, listener) in listeners {
            servers.spawn(server::serve(
                listener,
                server::vendor(shared.clone(), vendor),
            ));
        }
        servers.spawn(server::serve(admin, admin::answering(shared.clone())));
        dns::serve(sockets, &shared, &mut servers);
        Ok(Self {
            shared,
            urls,
            admin_url,
            dns,
            _servers: servers,
        })
    }

    /// The base of a vendor's URLs, without a slash at the end.
    pub fn url(&self, vendor: Vendor) -> String {
        self.urls.get(&vendor).cloned().unwrap_or_default()
    }

    /// The base of the admin's URLs, without a slash at the end.
    pub fn admin_url(&self) -> String {
        self.admin_url.clone()
    }

    /// The base of the web's URLs, without a slash at the end.
    pub fn web_url(&self) -> String {
        self.url(Vendor::Web)
    }

    /// Where the DNS listens.
    pub fn dns(&self) -> DnsAddresses {
        self.dns
    }

    /// The credentials of a vendor's accounts, the first one first.
    pub fn credentials(&self, vendor: Vendor) -> Vec<Value> {
        vendor.api().credentials(&self.shared.world())
    }

    /// What an operator would enter elsewhere for a vendor's accounts, the first one first.
    pub fn setups(&self, vendor: Vendor) -> Vec<Setup> {
        setup::setups(&self.shared.world(), vendor)
    }

    /// Opens one more account and gives its credentials.
    pub fn open_account(&self, vendor: Vendor, wishes: &Value) -> Result<Value, String> {
        vendor.api().open_account(&mut self.shared.world(), wishes)
    }

    /// Changes something from outside; `what` is `accounts` or a word of the vendor's own.
    pub fn change(
        &self,
        vendor: Vendor,
        what: &str,
        id: &str,
        change: &Value,
    ) -> Result<(), String> {
        vendor
            .api()
            .change(&mut self.shared.world(), what, id, change)
    }

    /// Does what a person does in the vendor's console, and gives what it shows.
    pub fn console(
        &self,
        vendor: Vendor,
        account: &str,
        what: &str,
        input: &Value,
    ) -> Result<Value, String> {
        vendor
            .api()
            .console(&mut self.shared.world(), account, what, input)
    }

    /// Replaces all faults.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.world().faults.set(faults);
    }

    /// Adds a fault behind those there are.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.set_faults(Vec::new());
    }

    /// Overrides a rate limit of a vendor by its name; `None` takes the override away.
    pub fn set_limit(&self, vendor: Vendor, name: &str, most: Option<u64>) {
        self.shared.world().limits.set(vendor, name, most);
    }

    /// Sets after how many reads what is new with a vendor is seen.
    pub fn set_lag(&self, vendor: Vendor, reads: u32) {
        self.shared.world().set_lag(vendor, reads);
    }

    /// Moves the world's time.
    pub fn advance_seconds(&self, seconds: u64) {
        self.shared.world().clock.advance_seconds(seconds);
    }

    /// What was asked and done so far.
    pub fn counts(&self) -> Counts {
        self.shared.world().counts.clone()
    }

    /// What a vendor holds now, without secrets.
    pub fn holdings(&self, vendor: Vendor) -> Value {
        vendor.api().holdings(&self.shared.world())
    }

    /// Registers a domain with somebody else than name.com, or moves it to other name servers.
    pub fn register_elsewhere(&self, domain: &str, nameservers: &[&str]) {
        let nameservers: Vec<_> = nameservers.iter().map(|&host| host.to_owned()).collect();
        let mut world = self.shared.world();
        world.registry.register_elsewhere(domain, &nameservers);
    }
}
