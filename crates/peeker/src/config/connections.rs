//! `[connections]`: what clients may take of the server before it knows who they are.

use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::{Overlay, parse_range};
use crate::failure::Result;
use crate::serve::{Limits, Patience};

/// Beyond it the memory of the machine is the limit.
const MAX_CONNECTIONS: usize = 100_000;
/// Longest time that a client may do nothing, in seconds.
const MAX_SECONDS: u64 = 3600;

/// Connections to the API, and how long clients may do nothing on them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Connections {
    pub max: usize,
    /// Of these from one address.
    pub max_per_address: usize,
    /// Addresses and ranges that speak for many clients, to which `max_per_address` does not apply.
    pub proxies: Vec<String>,
    /// From the connection to the head of the first request.
    pub head_seconds: u64,
    /// From the end of an answer to the next request.
    pub idle_seconds: u64,
    /// For something of an answer to be taken.
    pub stall_seconds: u64,
}

impl Default for Connections {
    fn default() -> Self {
        let Limits {
            connections,
            per_address,
            proxies,
            patience,
        } = Limits::default();
        Self {
            max: connections,
            max_per_address: per_address,
            proxies: proxies.iter().map(ToString::to_string).collect(),
            head_seconds: patience.head.as_secs(),
            idle_seconds: patience.idle.as_secs(),
            stall_seconds: patience.stall.as_secs(),
        }
    }
}

impl Connections {
    /// Puts environment variables over the file.
    pub(super) fn overlay<F: Fn(&str) -> Option<String>>(
        &mut self,
        set: &Overlay<F>,
    ) -> Result<()> {
        set.number("PEEKER_CONNECTIONS_MAX", &mut self.max)?;
        set.number(
            "PEEKER_CONNECTIONS_MAX_PER_ADDRESS",
            &mut self.max_per_address,
        )?;
        set.list("PEEKER_CONNECTIONS_PROXIES", &mut self.proxies);
        set.number("PEEKER_CONNECTIONS_HEAD_SECONDS", &mut self.head_seconds)?;
        set.number("PEEKER_CONNECTIONS_IDLE_SECONDS", &mut self.idle_seconds)?;
        set.number("PEEKER_CONNECTIONS_STALL_SECONDS", &mut self.stall_seconds)
    }

    /// Hands `expect` every rule: whether it holds, for which key, and what it says.
    pub(super) fn check(&self, mut expect: impl FnMut(bool, &str, String)) {
        for (key, number) in [
            ("[connections] max", self.max),
            ("[connections] max_per_address", self.max_per_address),
        ] {
            let rule = format!("must be 1 to {MAX_CONNECTIONS}");
            expect((1..=MAX_CONNECTIONS).contains(&number), key, rule);
        }
        for range in &self.proxies {
            let rule = format!("has {range:?}, which is no address or range such as 10.1.0.0/16");
            expect(parse_range(range).is_some(), "[connections] proxies", rule);
        }
        for (key, seconds) in [
            ("[connections] head_seconds", self.head_seconds),
            ("[connections] idle_seconds", self.idle_seconds),
            ("[connections] stall_seconds", self.stall_seconds),
        ] {
            let rule = format!("must be 1 to {MAX_SECONDS}");
            expect((1..=MAX_SECONDS).contains(&seconds), key, rule);
        }
    }

    /// What the server takes of it.
    pub fn limits(&self) -> Limits {
        let proxies: Vec<IpNet> = self
            .proxies
            .iter()
            // Checked when the configuration was loaded.
            .filter_map(|range| parse_range(range))
            .collect();
        Limits {
            connections: self.max,
            per_address: self.max_per_address,
            proxies,
            patience: Patience {
                head: Duration::from_secs(self.head_seconds),
                idle: Duration::from_secs(self.idle_seconds),
                stall: Duration::from_secs(self.stall_seconds),
            },
        }
    }
}
