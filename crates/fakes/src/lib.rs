//! The vendors as strict HTTP and DNS servers of their own, for tests and the live demo.
//!
//! They are written from the vendors' descriptions and know nothing of this platform: no type is shared with the adapters that
//! they prove. What a vendor would refuse is refused, in that vendor's words and status; what the fakes do not know is refused too.
//!
//! # How it is built
//!
//! - [`Fakes::start`] binds a port for each [`Vendor`], one for the admin, and the servers of the [DNS](DnsAddresses).
//! - All state is plain data in one `World` behind one lock. The lock is never held across an await.
//! - A vendor is a folder with a type that implements `VendorApi`: its table of routes, the shape of its refusals, who asks, its
//!   rate limits, and its accounts.
//! - A route is a line, `Route::at_once("POST /things/{}:renew", renew)`. Such a handler is a plain function over the world and
//!   the `Call`, so it is all or nothing. `Route::waits` is for what needs the network: it gets `Shared`, takes the world for
//!   moments, and asks the DNS by `shared.lookups` (`txt`, `mx`, `cname`) while the world is not held.
//! - A handler gives `Outcome`: `Ok` and `Err` are both answers, so a refusal travels by `?`.
//! - Bodies are read by `strict::json::<T>` into structs with `deny_unknown_fields`, queries by `strict::query` with the names that
//!   are known. Both give a `Refusal`, and the vendor's `refuse` shapes it.
//! - Every request passes, in this order: a [fault](Fault) that may keep it from being carried out; `authenticate`; `limit` (with
//!   `world.limits.take`), also for refused credentials; the route or 404/405 by `refuse`; the handler; the counts; a fault that
//!   may lose or spoil the answer.
//! - What a handler does to the outside is counted where it is done: `world.counts.add(vendor, "registrations", domain, 1)`.
//! - Delays are counted in reads: a new object keeps a `Lag::of(world.lag(vendor))`, and each read asks whether it `hides`.
//! - Time is `world.clock`: it can be moved, so nothing sleeps. Random ids come from `world.hex`, `world.uuid`, `world.word`.
//!
//! # Where things are
//!
//! | vendor | base of an adapter's URLs | what the admin can change |
//! |---|---|---|
//! | name.com | `{url}`, paths from `/core/v1` | accounts: `credentials_refused`, `permissions_missing`, `omits_defaults`, `balance_cents`, `privacy_cents`; `domains`: `client_hold`, `expires` |
//! | Cloudflare | `{url}/client/v4` | accounts: `credentials_refused`, `permissions_missing`, `blocked` |
//!
//! A name's first label can be magic. With name.com: `taken-` is registered by somebody, `premium-` costs more, `unknown-` is not
//! offered. With Cloudflare: `held-`, `blocked-`, `banned-` and `lookup-` are refused as its zones are for those reasons.
//!
//! The DNS is one port on several addresses ([`DnsAddresses`]): the registry, which refers; Cloudflare's servers, which refuse what
//! is no zone; hosts elsewhere; and two resolvers, which follow delegations and aliases. A name server's host under
//! `ns.cloudflare.com` is Cloudflare's, any other is elsewhere. Domains that were bought and point to hosts elsewhere fail, except
//! for name.com's own, where they are parked. Proxied records are answered with 198.51.100.10.
//!
//! # Admin
//!
//! JSON over HTTP at [`Fakes::admin_url`]; each has a method on [`Fakes`].
//!
//! | call | body | does |
//! |---|---|---|
//! | `GET /accounts/{vendor}` | | credentials of every account |
//! | `POST /accounts/{vendor}` | the vendor's wishes, or `{}` | opens one more account, answers its credentials |
//! | `PUT /accounts/{vendor}/{id}` | the vendor's change | changes what the account may and has |
//! | `PUT /{vendor}/{what}/{id}` | the vendor's change | changes something else, from outside |
//! | `POST /{vendor}/{account}/console/{what}` | what is entered | does what a person does in the vendor's console, answers what it shows |
//! | `GET`, `PUT`, `POST`, `DELETE /faults` | a list of [`Fault`] for `PUT`, one for `POST` | shows, replaces, adds, clears faults |
//! | `PUT /limits/{vendor}/{name}` | `{"most":3}` or `{"most":null}` | overrides a rate limit, or takes that away |
//! | `PUT /lag/{vendor}` | `{"reads":2}` | sets after how many reads what is new is seen |
//! | `POST /clock` | `{"advance_seconds":3600}` | moves the world's time |
//! | `GET /counts` | | [`Counts`] |
//! | `GET /holdings`, `GET /holdings/{vendor}` | | what vendors hold now, without secrets |
//! | `PUT /registry/{domain}` | `{"nameservers":["…"],"records":[{"name","type","content","priority"}]}` | registers a domain elsewhere, or moves it; `records`, if given, is what its old hosts answer |
//! | `GET /registry` | | every registered domain and what it is delegated to |
//! | `DELETE /registry/{domain}` | | lets a domain lapse |

#![expect(
    clippy::unnecessary_wraps,
    reason = "handlers have one signature, whether they refuse or not"
)]

mod admin;
mod call;
mod clock;
mod cloudflare;
mod counts;
mod dispatch;
mod dkim;
mod dns;
mod fakes;
mod faults;
mod google;
mod lag;
mod limits;
mod microsoft;
mod namecom;
mod route;
mod server;
mod setup;
mod smartlead;
mod strict;
mod vendor;
mod vendor_api;
mod vendors;
mod web;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub use counts::{Counts, VendorCounts};
pub use dns::DnsAddresses;
pub use fakes::Fakes;
pub use faults::{Fault, FaultKind, Share};
pub use limits::Pace;
pub use setup::Setup;
pub use vendor::Vendor;

use clock::Clock;
use dns::{Lookups, Registry, Zone};
use faults::Faults;
use limits::Limits;

/// How the fakes start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first of the HTTP ports, which follow each other: [`Vendor::ALL`], then the admin. None takes any that are free.
    pub port_base: Option<u16>,
    /// The port of the DNS. None takes one that is free.
    pub dns_port: Option<u16>,
    /// Whether rate limits have the vendors' numbers.
    pub pace: Pace,
    /// How many reads of something new still show the world before it.
    pub lag: u32,
    /// Makes what is random the same in each run, credentials included. None makes it differ.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port_base: None,
            dns_port: None,
            pace: Pace::Quick,
            lag: 1,
            seed: None,
        }
    }
}

/// Everything that the vendors hold: plain data, of which each vendor's part belongs to that vendor's folder.
pub(crate) struct World {
    pub namecom: namecom::State,
    pub cloudflare: cloudflare::State,
    pub google: google::State,
    pub microsoft: microsoft::State,
    pub smartlead: smartlead::State,
    /// Which domains exist, and their name servers, whoever sold them.
    pub registry: Registry,
    pub faults: Faults,
    pub limits: Limits,
    pub counts: Counts,
    pub clock: Clock,
    /// For what only has to differ; seeded, so a run can be repeated.
    pub dice: StdRng,
    /// Where each server listens.
    pub urls: BTreeMap<Vendor, String>,
    lag: BTreeMap<Vendor, u32>,
    usual_lag: u32,
}

impl World {
    pub fn new(options: &Options, urls: BTreeMap<Vendor, String>) -> Self {
        Self {
            namecom: Default::default(),
            cloudflare: Default::default(),
            google: Default::default(),
            microsoft: Default::default(),
            smartlead: Default::default(),
            registry: Default::default(),
            faults: Faults::default(),
            limits: Limits::at(options.pace),
            counts: Counts::default(),
            clock: Clock::start(),
            dice: options
                .seed
                .map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64),
            urls,
            lag: BTreeMap::new(),
            usual_lag: options.lag,
        }
    }

    /// How many reads of something new still show the world before it.
    pub fn lag(&self, vendor: Vendor) -> u32 {
        self.lag.get(&vendor).copied().unwrap_or(self.usual_lag)
    }

    pub fn set_lag(&mut self, vendor: Vendor, reads: u32) {
        self.lag.insert(vendor, reads);
    }

    pub fn url(&self, vendor: Vendor) -> String {
        self.urls.get(&vendor).cloned().unwrap_or_default()
    }

    /// The zone of Cloudflare that a name is in, as its servers answer from it.
    pub fn cloudflare_zone(&self, name: &str) -> Option<Zone<'_>> {
        cloudflare::zone_above(self, name)
    }

    /// So many random hexadecimal digits: ids and, at the start of an account, secrets.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(b"0123456789abcdef"[self.dice.random_range(0..16)]))
            .collect()
    }

    /// A random id in the form of a UUID.
    pub fn uuid(&mut self) -> String {
        let digits = self.hex(32);
        format!(
            "{}-{}-4{}-8{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[13..16],
            &digits[17..20],
            &digits[20..]
        )
    }

    /// So many random digits, of which the first is no zero.
    pub fn digits(&mut self, digits: usize) -> String {
        let digit = |at| self.dice.random_range(u8::from(at == 0)..10);
        let digits = (0..digits).map(digit);
        digits.map(|digit| char::from(b'0' + digit)).collect()
    }

    /// A random letter from a to z.
    pub fn letter(&mut self) -> char {
        char::from(self.dice.random_range(b'a'..=b'z'))
    }

    /// So many random letters and digits.
    pub fn word(&mut self, letters: usize) -> String {
        const ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..letters)
            .map(|_| char::from(ALPHABET[self.dice.random_range(0..ALPHABET.len())]))
            .collect()
    }
}

/// The world as handlers that wait hold it.
#[derive(Clone)]
pub(crate) struct Shared {
    world: Arc<Mutex<World>>,
    /// Asks the DNS through the first resolver, over the wire. Take it while the world is not held.
    pub lookups: Lookups,
}

impl Shared {
    pub fn new(world: World, lookups: Lookups) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            lookups,
        }
    }

    /// A handler that panicked left whole data behind or is a defect that its own test shows, so the lock goes on.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
