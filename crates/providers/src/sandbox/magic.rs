//! Magic names: prefixes of a domain's first label that make the simulated providers misbehave, and of a customer's
//! address (contract §7). Nothing outside this folder knows one of them; `boundary.rs` looks.

use peeker_domain::{DomainName, EmailAddress};

/// How a domain's simulated providers behave, when not like any other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Magic {
    /// Somebody else has it.
    Taken,
    Premium,
    /// The registrar does not know.
    Unknown,
    /// The registrar fails on it.
    ProviderError,
    /// Can host Google only.
    GoogleOnly,
    /// The mail provider refuses this domain for good.
    Replace,
    /// The mail provider refuses this domain for good when it replaces another.
    SwapFails,
    /// The mail provider refuses the whole order for good.
    Fail,
    /// The registrar is down for the first two attempts to buy.
    Flaky2,
    /// The mail provider takes five seconds to set the domain up.
    Slow5,
    /// The customer has not set the nameservers.
    NameserversPending,
    /// Registered elsewhere, so it has to be imported.
    NotImported,
    /// Does not resolve, so it cannot be forwarded.
    ForwardingFails,
}

pub(super) const PREFIXES: [(&str, Magic); 13] = [
    ("taken-", Magic::Taken),
    ("premium-", Magic::Premium),
    ("unknown-", Magic::Unknown),
    ("providererror-", Magic::ProviderError),
    ("gonly-", Magic::GoogleOnly),
    ("replace-", Magic::Replace),
    ("swapfail-", Magic::SwapFails),
    ("fail-", Magic::Fail),
    ("flaky2-", Magic::Flaky2),
    ("slow5-", Magic::Slow5),
    ("nspending-", Magic::NameserversPending),
    ("notimported-", Magic::NotImported),
    ("fwdfail-", Magic::ForwardingFails),
];

/// Customers whose address starts so have an empty wallet.
pub(super) const BROKE: &str = "broke";

/// Whether this customer's wallet is empty.
pub(super) fn is_broke(customer: &EmailAddress) -> bool {
    customer.as_str().starts_with(BROKE)
}

impl Magic {
    /// The behaviour that a name asks for.
    pub(super) fn of(name: &DomainName) -> Option<Self> {
        let label = name.first_label();
        PREFIXES
            .iter()
            .find(|(prefix, _)| label.starts_with(prefix))
            .map(|&(_, magic)| magic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_prefix_of_the_first_label_is_magic() {
        let of = |text: &str| Magic::of(&DomainName::parse(text).unwrap());
        assert_eq!(of("taken-acme.co.uk"), Some(Magic::Taken));
        assert_eq!(of("SLOW5-acme.io"), Some(Magic::Slow5));
        assert_eq!(of("acme-taken-x.com"), None);
        assert_eq!(of("taken.com"), None);
    }
}
