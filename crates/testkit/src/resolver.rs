//! A resolver of names that answers what a test wants, or does not.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use peeker_app::App;
use peeker_webhooks::{AddressPolicy, Looking, Lookup, OutboundClient};

use crate::TestApp;

/// How long the client waits for a name and all that comes after it. Short, so that silence does not hold up the test.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is answered about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameAnswer {
    /// These addresses; none when the name has no address.
    Addresses(Vec<IpAddr>),
    /// The name server could not tell (SERVFAIL).
    ServerFailure,
    Silence,
}

impl NameAnswer {
    /// This machine, where receivers of tests listen.
    pub fn loopback() -> Self {
        Self::Addresses(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

/// Knows the names that a test has named, and no others.
#[derive(Clone, Default)]
pub struct Resolver(Arc<Mutex<HashMap<String, NameAnswer>>>);

impl Resolver {
    /// Answers this about a name from now on.
    pub fn answer(&self, name: &str, answer: NameAnswer) {
        self.0.lock().unwrap().insert(name.to_owned(), answer);
    }

    /// A client that asks this resolver and connects to public addresses and this machine.
    pub fn client(&self) -> OutboundClient {
        let lookup = Arc::new(self.clone());
        OutboundClient::with_lookup(AddressPolicy::development(), false, PATIENCE, lookup).unwrap()
    }
}

impl Lookup for Resolver {
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a> {
        let answer = self.0.lock().unwrap().get(name).cloned();
        Box::pin(async move {
            match answer {
                Some(NameAnswer::Addresses(addresses)) => Ok(addresses),
                Some(NameAnswer::ServerFailure) => Err(io::Error::other("SERVFAIL")),
                Some(NameAnswer::Silence) => std::future::pending().await,
                None => Err(io::Error::other("NXDOMAIN")),
            }
        })
    }
}

impl TestApp {
    /// A second server on the same database, whose webhooks go where this resolver says.
    pub async fn server_asking(&self, resolver: &Resolver) -> App {
        let mut options = self.options();
        options.outbound = resolver.client();
        App::start(options).await.unwrap()
    }
}
