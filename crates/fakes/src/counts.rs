//! What was asked and what came of it, also where the answer was lost.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::vendor::Vendor;

/// Requests and effects of one vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VendorCounts {
    /// By `METHOD /pattern`, then by what was answered: a status, or `lost` with the status that the client never saw.
    pub requests: BTreeMap<String, BTreeMap<String, u64>>,
    /// By what was done, such as `registrations`, then by to what.
    pub made: BTreeMap<String, BTreeMap<String, u64>>,
}

/// All counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<Vendor, VendorCounts>);

impl Counts {
    /// Counts of one vendor.
    pub fn of(&self, vendor: Vendor) -> VendorCounts {
        self.0.get(&vendor).cloned().unwrap_or_default()
    }

    /// How often something was done to something: `made(NameCom, "registrations", "example.com")`.
    pub fn made(&self, vendor: Vendor, what: &str, of: &str) -> u64 {
        let counts = self.0.get(&vendor);
        let made = counts.and_then(|counts| counts.made.get(what)?.get(of));
        made.copied().unwrap_or_default()
    }

    /// The most often that something was done to one thing.
    pub fn most_made(&self, vendor: Vendor, what: &str) -> u64 {
        let counts = self.0.get(&vendor);
        let made = counts.and_then(|counts| counts.made.get(what)?.values().max());
        made.copied().unwrap_or_default()
    }

    /// How many requests came for a route, by the pattern.
    pub fn requests(&self, vendor: Vendor, route: &str) -> u64 {
        let counts = self.0.get(&vendor);
        counts
            .and_then(|counts| counts.requests.get(route))
            .map_or(0, |by_status| by_status.values().sum())
    }

    pub(crate) fn add(&mut self, vendor: Vendor, what: &str, of: &str, n: u64) {
        let made = &mut self.0.entry(vendor).or_default().made;
        let counter = made.entry(what.to_owned()).or_default();
        *counter.entry(of.to_owned()).or_default() += n;
    }

    pub(crate) fn request(&mut self, vendor: Vendor, route: &str, outcome: &str) {
        let requests = &mut self.0.entry(vendor).or_default().requests;
        let by_outcome = requests.entry(route.to_owned()).or_default();
        *by_outcome.entry(outcome.to_owned()).or_default() += 1;
    }
}
