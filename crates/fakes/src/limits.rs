//! Rate limits: fixed windows on the world's clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::vendor::Vendor;

/// How much faster than the vendors [`Pace::Quick`] is.
const QUICK: u64 = 100;

/// Whether limits have the vendors' numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// The real numbers.
    Vendor,
    /// The same limits, a hundred times as wide, so that tests are quick.
    #[default]
    Quick,
}

/// A vendor's limit: so many in so many seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub vendor: Vendor,
    /// What the admin calls it.
    pub name: &'static str,
    pub most: u64,
    pub seconds: u64,
}

/// Where a window stands after a request was counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub most: u64,
    pub left: u64,
    /// Seconds until the window ends, at least 1.
    pub reset_in: u64,
    /// False when the request is one too many; it was not counted then.
    pub within: bool,
}

struct Window {
    ends_at_ms: u64,
    used: u64,
}

/// The windows that are open, and limits that the admin has set.
#[derive(Default)]
pub(crate) struct Limits {
    pace: Pace,
    set: BTreeMap<(Vendor, String), u64>,
    windows: BTreeMap<(Vendor, &'static str, String), Window>,
}

impl Limits {
    pub fn at(pace: Pace) -> Self {
        Self {
            pace,
            ..Self::default()
        }
    }

    /// Overrides how many a limit allows; `None` takes the override away. Open windows are closed.
    pub fn set(&mut self, vendor: Vendor, name: &str, most: Option<u64>) {
        self.windows
            .retain(|(whose, what, _), _| *whose != vendor || *what != name);
        match most {
            Some(most) => self.set.insert((vendor, name.to_owned()), most),
            None => self.set.remove(&(vendor, name.to_owned())),
        };
    }

    /// How many a limit allows now.
    pub fn most(&self, limit: &Limit) -> u64 {
        let set = self.set.get(&(limit.vendor, limit.name.to_owned()));
        set.copied().unwrap_or(match self.pace {
            Pace::Vendor => limit.most,
            Pace::Quick => limit.most * QUICK,
        })
    }

    /// How many a limit allows that has nothing to do with pace.
    pub fn fixed(&self, vendor: Vendor, name: &str, most: u64) -> u64 {
        let set = self.set.get(&(vendor, name.to_owned()));
        set.copied().unwrap_or(most)
    }

    /// Counts `cost` for `key`, unless it is too much.
    pub fn take(&mut self, limit: &Limit, key: &str, cost: u64, now_ms: u64) -> Standing {
        let most = self.most(limit);
        let fresh = Window {
            ends_at_ms: now_ms + limit.seconds * 1000,
            used: 0,
        };
        let window = self
            .windows
            .entry((limit.vendor, limit.name, key.to_owned()))
            .or_insert_with(|| Window { ..fresh });
        if window.ends_at_ms <= now_ms {
            *window = fresh;
        }
        let within = window.used + cost <= most;
        if within {
            window.used += cost;
        }
        Standing {
            most,
            left: most.saturating_sub(window.used),
            reset_in: (window.ends_at_ms - now_ms).div_ceil(1000).max(1),
            within,
        }
    }
}
