//! Faults on demand: which requests go wrong, and how.
//!
//! A fault's seed decides, so the same requests in the same order go wrong in the same way.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::vendor::Vendor;

/// How long a connection without an answer is held, unless a fault says otherwise.
const HOLD_MS: u64 = 90_000;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// The request is carried out, and no answer comes.
    TimeoutAfterItWorked,
    /// The request is not carried out, and no answer comes.
    TimeoutBefore,
    /// The request is not carried out; the status, such as 503.
    ServerError(u16),
    /// The request is carried out; the status, such as 502.
    #[serde(rename = "after_it_worked_5xx")]
    AfterItWorked5xx(u16),
    /// The request is not carried out.
    TooManyRequests { retry_after: u64 },
    /// The request is carried out; the headers and half of the body come, then the connection closes.
    HalfAnswer,
}

/// Which of the requests that fit go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many in a hundred.
    SharePercent(u8),
    /// The next n, then none.
    Next(u32),
}

/// One fault, until it is used up or taken away. In JSON it has either `share_percent` or `next`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Fault {
    /// Whose requests.
    pub vendor: Vendor,
    /// Only those with this in `METHOD /path` as it was asked, or in the route's pattern.
    pub route: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often.
    pub share: Share,
    /// Decides which ones.
    pub seed: u64,
    /// For how long a connection without an answer is held before it is dropped, in milliseconds.
    pub hold_ms: u64,
}

/// A fault as it is written in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    vendor: Vendor,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    kind: FaultKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
    #[serde(default)]
    seed: u64,
    #[serde(default = "hold_ms")]
    hold_ms: u64,
}

fn hold_ms() -> u64 {
    HOLD_MS
}

impl TryFrom<Written> for Fault {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, &'static str> {
        let share = match (written.share_percent, written.next) {
            (Some(percent), None) => Share::SharePercent(percent),
            (None, Some(next)) => Share::Next(next),
            _ => return Err("a fault has either share_percent or next"),
        };
        Ok(Self {
            vendor: written.vendor,
            route: written.route,
            kind: written.kind,
            share,
            seed: written.seed,
            hold_ms: written.hold_ms,
        })
    }
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Self {
        let (share_percent, next) = match fault.share {
            Share::SharePercent(percent) => (Some(percent), None),
            Share::Next(next) => (None, Some(next)),
        };
        Self {
            vendor: fault.vendor,
            route: fault.route,
            kind: fault.kind,
            share_percent,
            next,
            seed: fault.seed,
            hold_ms: fault.hold_ms,
        }
    }
}

impl Fault {
    /// The next `n` requests of a vendor go wrong.
    pub fn next(vendor: Vendor, n: u32, kind: FaultKind) -> Self {
        Self {
            vendor,
            route: None,
            kind,
            share: Share::Next(n),
            seed: 0,
            hold_ms: HOLD_MS,
        }
    }

    /// A share of a vendor's requests goes wrong.
    pub fn share(vendor: Vendor, percent: u8, seed: u64, kind: FaultKind) -> Self {
        Self {
            share: Share::SharePercent(percent),
            seed,
            ..Self::next(vendor, 0, kind)
        }
    }

    /// Only requests with `route` in `METHOD /path`.
    #[must_use]
    pub fn on(mut self, route: &str) -> Self {
        self.route = Some(route.to_owned());
        self
    }

    /// Drops the connection after so many milliseconds.
    #[must_use]
    pub fn hold_ms(mut self, hold_ms: u64) -> Self {
        self.hold_ms = hold_ms;
        self
    }
}

/// A fault at work.
struct Armed {
    fault: Fault,
    dice: StdRng,
    hits: u64,
}

/// The faults at work, in order; the first that hits is the one.
#[derive(Default)]
pub(crate) struct Faults(Vec<Armed>);

impl Faults {
    pub fn set(&mut self, faults: Vec<Fault>) {
        self.0.clear();
        for fault in faults {
            self.add(fault);
        }
    }

    pub fn add(&mut self, fault: Fault) {
        self.0.push(Armed {
            dice: StdRng::seed_from_u64(fault.seed),
            hits: 0,
            fault,
        });
    }

    /// The faults, and how often each has hit.
    pub fn list(&self) -> impl Iterator<Item = (&Fault, u64)> {
        self.0.iter().map(|armed| (&armed.fault, armed.hits))
    }

    /// The fault that hits this request.
    pub fn strike(&mut self, vendor: Vendor, asked: &str, pattern: &str) -> Option<Fault> {
        self.0.iter_mut().find_map(|armed| {
            let route = armed.fault.route.as_deref().unwrap_or_default();
            if armed.fault.vendor != vendor || !(asked.contains(route) || pattern.contains(route)) {
                return None;
            }
            let hit = match &mut armed.fault.share {
                Share::SharePercent(percent) => armed.dice.random_range(0..100) < *percent,
                Share::Next(0) => false,
                Share::Next(left) => {
                    *left -= 1;
                    true
                }
            };
            hit.then(|| {
                armed.hits += 1;
                armed.fault.clone()
            })
        })
    }
}
