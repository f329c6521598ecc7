//! `[dns]`: who is asked about the DNS of real domains.

use std::net::{IpAddr, SocketAddr};

use peeker_app::Settings;
use peeker_app::settings::DnsSettings;
use serde::Deserialize;

use super::Overlay;
use crate::failure::Result;

/// Fewest resolvers: a domain counts as delegated when a second one sees it too.
const FEWEST: usize = 2;
const MOST: usize = 10;
const DNS_PORT: u16 = 53;

/// Resolvers, and where authoritative servers listen.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Dns {
    pub resolvers: Vec<String>,
    pub authoritative_port: u16,
}

impl Default for Dns {
    fn default() -> Self {
        let DnsSettings {
            resolvers,
            authoritative_port,
        } = Settings::default().dns;
        Self {
            resolvers: resolvers.iter().map(|one| one.ip().to_string()).collect(),
            authoritative_port,
        }
    }
}

impl Dns {
    /// Puts environment variables over the file.
    pub(super) fn overlay<F: Fn(&str) -> Option<String>>(
        &mut self,
        set: &Overlay<F>,
    ) -> Result<()> {
        set.list("PEEKER_DNS_RESOLVERS", &mut self.resolvers);
        set.number(
            "PEEKER_DNS_AUTHORITATIVE_PORT",
            &mut self.authoritative_port,
        )
    }

    /// Hands `expect` every rule: whether it holds, for which key, and what it says.
    pub(super) fn check(&self, mut expect: impl FnMut(bool, &str, String)) {
        const RESOLVERS: &str = "[dns] resolvers";
        let fits = (FEWEST..=MOST).contains(&self.resolvers.len());
        expect(
            fits,
            RESOLVERS,
            format!("must be {FEWEST} to {MOST} addresses"),
        );
        for text in &self.resolvers {
            let rule = format!("has {text:?}, which is no address such as 1.1.1.1 or 1.1.1.1:53");
            expect(parse_server(text).is_some(), RESOLVERS, rule);
        }
        let is_port = self.authoritative_port > 0;
        expect(
            is_port,
            "[dns] authoritative_port",
            "must be 1 to 65535".to_owned(),
        );
    }

    /// What the use-cases take of it.
    pub fn settings(&self) -> DnsSettings {
        // Checked when the configuration was loaded.
        let resolvers = self.resolvers.iter();
        DnsSettings {
            resolvers: resolvers.filter_map(|text| parse_server(text)).collect(),
            authoritative_port: self.authoritative_port,
        }
    }
}

/// An address, with a port where it is not the usual one.
fn parse_server(text: &str) -> Option<SocketAddr> {
    let alone = || text.parse::<IpAddr>().ok();
    let usual = || alone().map(|address| SocketAddr::new(address, DNS_PORT));
    text.parse().ok().or_else(usual)
}
