//! Name resolution for the outgoing client: an address is handed on only after it was checked.
//!
//! The connector connects to exactly the addresses returned here and never asks again, so a name that answers
//! differently a moment later (DNS rebinding) cannot get around the check.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use crate::address::{AddressPolicy, Refused};

/// The system's resolver behind an [`AddressPolicy`].
pub(crate) struct CheckedResolver {
    policy: AddressPolicy,
}

impl CheckedResolver {
    /// Lets through what `policy` does.
    pub(crate) fn new(policy: AddressPolicy) -> Self {
        Self { policy }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            // Port 0: the connector puts in the port of the URL.
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            check_all(&policy, &found)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// One refused address refuses the whole name: a name that mixes public and private addresses is a mistake at best.
fn check_all(policy: &AddressPolicy, found: &[SocketAddr]) -> Result<(), Refused> {
    found
        .iter()
        .try_for_each(|address| policy.check(address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts
                .iter()
                .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
                .collect()
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
