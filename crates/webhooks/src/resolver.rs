//! Name resolution for the outgoing client: an address is handed on only after it was checked.
//!
//! The connector connects to exactly the addresses returned here and never asks again, so a name that answers
//! differently a moment later (DNS rebinding) cannot get around the check.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::address::{AddressPolicy, Refused};

/// The addresses of a name, while they are looked up.
pub type Looking<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks up the addresses of a name. They are checked afterwards, whoever found them.
pub trait Lookup: Send + Sync {
    /// All addresses of `name`.
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a>;
}

/// The resolver of the machine.
#[derive(Debug)]
pub(crate) struct SystemLookup;

impl Lookup for SystemLookup {
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a> {
        Box::pin(async move {
            let found = lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver behind an [`AddressPolicy`].
pub(crate) struct CheckedResolver {
    policy: AddressPolicy,
    lookup: Arc<dyn Lookup>,
}

impl CheckedResolver {
    /// Lets through what `policy` does.
    pub(crate) fn new(policy: AddressPolicy, lookup: Arc<dyn Lookup>) -> Self {
        Self { policy, lookup }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, lookup) = (self.policy.clone(), Arc::clone(&self.lookup));
        Box::pin(async move {
            let found = lookup.look_up(name.as_str()).await?;
            if found.is_empty() {
                // Handed on, it would be told as a failure to connect.
                return Err(io::Error::other("the name has no address").into());
            }
            check_all(&policy, &found)?;
            // Port 0: the connector puts in the port of the URL.
            let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// One refused address refuses the whole name: a name that mixes public and private addresses is a mistake at best.
fn check_all(policy: &AddressPolicy, found: &[IpAddr]) -> Result<(), Refused> {
    found.iter().try_for_each(|address| policy.check(*address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let addresses = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let policy = AddressPolicy::public_only();
        assert_eq!(
            check_all(&policy, &addresses(&["1.1.1.1", "2606:4700::1"])),
            Ok(())
        );
        for mixed in [
            ["1.1.1.1", "10.0.0.1"],
            ["::1", "1.1.1.1"],
            ["1.1.1.1", "169.254.169.254"],
        ] {
            assert!(check_all(&policy, &addresses(&mixed)).is_err(), "{mixed:?}");
        }
    }
}
