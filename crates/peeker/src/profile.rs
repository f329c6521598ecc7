//! The two ways to run: on a developer's machine, or where partners depend on it.

use std::fmt;
use std::net::SocketAddr;

use clap::ValueEnum;
use ipnet::IpNet;
use peeker_webhooks::{AddressPolicy, OutboundClient};

use crate::failure::{Failure, Result, chain};

/// How strict the server is about keys, its public address and where webhooks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Makes its own master key; webhooks may go to this machine, over plain http as well
    Development,
    /// Needs a master key and a public URL; webhooks go to public HTTPS addresses only
    Production,
}

impl Profile {
    /// The profile where none is named: development on a loopback address without a database server.
    pub fn default_for(listen: SocketAddr, has_database_url: bool) -> Self {
        if listen.ip().is_loopback() && !has_database_url {
            Self::Development
        } else {
            Self::Production
        }
    }

    /// The client for webhooks. `allowed` opens ranges that are not public.
    /// Errors: a range that always stays closed, or no trusted certificates on this machine.
    pub fn outbound(self, allowed: Vec<IpNet>) -> Result<OutboundClient> {
        let (policy, require_https) = match self {
            Self::Development => (AddressPolicy::development(), false),
            Self::Production => (AddressPolicy::public_only(), true),
        };
        let policy = policy.with_allowed(allowed).map_err(|error| {
            Failure::configuration(format!("[webhooks] allowed_ranges: {error}"))
        })?;
        OutboundClient::new(policy, require_https).map_err(|error| {
            let message = format!(
                "{}. On Debian: apt-get install ca-certificates",
                chain(&error)
            );
            Failure::configuration(message)
        })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_address_without_a_database_server_is_development() {
        for (listen, has_database_url, expected) in [
            ("127.0.0.1:8080", false, Profile::Development),
            ("[::1]:8080", false, Profile::Development),
            ("127.0.0.1:8080", true, Profile::Production),
            ("0.0.0.0:8080", false, Profile::Production),
            ("192.0.2.1:8080", false, Profile::Production),
        ] {
            let listen = listen.parse().unwrap();
            assert_eq!(
                Profile::default_for(listen, has_database_url),
                expected,
                "{listen}"
            );
        }
    }

    #[test]
    fn production_sends_only_to_public_https() {
        let targets = |profile: Profile, url: &str| {
            let url = peeker_domain::WebUrl::parse(url).unwrap();
            profile
                .outbound(Vec::new())
                .unwrap()
                .check_target(&url)
                .is_ok()
        };
        for (url, development, production) in [
            ("https://1.1.1.1/hook", true, true),
            ("http://1.1.1.1/hook", true, false),
            ("http://127.0.0.1:9000/hook", true, false),
            ("https://127.0.0.1/hook", true, false),
            ("http://169.254.169.254/", false, false),
        ] {
            assert_eq!(targets(Profile::Development, url), development, "{url}");
            assert_eq!(targets(Profile::Production, url), production, "{url}");
        }
    }

    #[test]
    fn a_range_that_stays_closed_is_refused_by_name() {
        let refused = Profile::Production.outbound(vec!["169.254.0.0/16".parse().unwrap()]);
        assert!(refused.unwrap_err().to_string().contains("169.254.0.0/16"));
    }
}
