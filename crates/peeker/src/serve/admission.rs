//! Which connections are served: so many in all, and so many from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};
use tokio::time::Instant;

use super::limits::Limits;

/// Connections beyond the limits that are told so at one time; any more are closed without a word.
const TURNED_AWAY_AT_ONCE: usize = 64;
/// How often the log tells that connections are turned away.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// Counts the connections of a listener.
#[derive(Debug)]
pub(super) struct Admission {
    limits: Limits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    served: usize,
    turned_away: usize,
    by_address: HashMap<IpAddr, usize>,
    told: Option<Instant>,
}

/// What becomes of a connection.
#[derive(Debug)]
pub(super) enum Decision {
    Serve(Permit),
    /// There is room only for telling it that there is none.
    TurnAway(Permit),
    Close,
}

/// Held for as long as a connection is open.
#[derive(Debug)]
pub(super) struct Permit {
    admission: Arc<Admission>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// `None` for a proxy.
    Served {
        counted_as: Option<IpAddr>,
    },
    TurnedAway,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: Mutex::default(),
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides on a connection from this address.
    pub(super) fn decide(self: &Arc<Self>, from: IpAddr) -> Decision {
        let counted_as = self.counted_as(from);
        let mut open = self.open();
        let of_address = counted_as.map_or(0, |address| {
            open.by_address.get(&address).copied().unwrap_or(0)
        });
        let reason = if open.served >= self.limits.connections {
            "total"
        } else if of_address >= self.limits.per_address {
            "address"
        } else {
            open.served += 1;
            if let Some(address) = counted_as {
                open.by_address.insert(address, of_address + 1);
            }
            metrics::gauge!("connections_open").increment(1);
            return Decision::Serve(self.permit(Kind::Served { counted_as }));
        };
        metrics::counter!("connections_refused_total", "reason" => reason).increment(1);
        let now = Instant::now();
        if open.told.is_none_or(|told| now >= told + TOLD_EVERY) {
            open.told = Some(now);
            tracing::warn!(reason, open = open.served, "connections are turned away");
        }
        if open.turned_away >= TURNED_AWAY_AT_ONCE {
            return Decision::Close;
        }
        open.turned_away += 1;
        Decision::TurnAway(self.permit(Kind::TurnedAway))
    }

    fn permit(self: &Arc<Self>, kind: Kind) -> Permit {
        Permit {
            admission: Arc::clone(self),
            kind,
        }
    }

    /// What connections are counted by: an IPv4 address, or a /64 of IPv6, all of which one client can have. `None` for
    /// proxies.
    fn counted_as(&self, from: IpAddr) -> Option<IpAddr> {
        let from = from.to_canonical();
        if self
            .limits
            .proxies
            .iter()
            .any(|range| range.contains(&from))
        {
            return None;
        }
        match from {
            IpAddr::V4(_) => Some(from),
            IpAddr::V6(address) => {
                let network = Ipv6Net::new_assert(address, 64);
                Some(IpNet::V6(network).network())
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        match self.kind {
            Kind::TurnedAway => open.turned_away -= 1,
            Kind::Served { counted_as } => {
                open.served -= 1;
                metrics::gauge!("connections_open").decrement(1);
                if let Some(address) = counted_as
                    && let Some(count) = open.by_address.get_mut(&address)
                {
                    *count -= 1;
                    if *count == 0 {
                        open.by_address.remove(&address);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, per_address: usize) -> Arc<Admission> {
        Admission::new(Limits {
            connections,
            per_address,
            ..Limits::default()
        })
    }

    /// Asks for a permit; one that is served is held.
    fn served(admission: &Arc<Admission>, from: &str) -> Option<Permit> {
        match admission.decide(from.parse().unwrap()) {
            Decision::Serve(permit) => Some(permit),
            Decision::TurnAway(_) | Decision::Close => None,
        }
    }

    #[tokio::test]
    async fn one_address_cannot_take_every_place() {
        let admission = admission(4, 2);
        let mut held: Vec<_> = (0..2).map(|_| served(&admission, "192.0.2.1")).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(served(&admission, "192.0.2.1").is_none());
        assert!(
            served(&admission, "::ffff:192.0.2.1").is_none(),
            "the same address, written as IPv6"
        );
        held.push(served(&admission, "192.0.2.2"));
        held.push(served(&admission, "192.0.2.3"));
        assert!(held.iter().all(Option::is_some));
        assert!(
            served(&admission, "192.0.2.4").is_none(),
            "all permits are taken"
        );
        held.remove(0);
        assert!(
            served(&admission, "192.0.2.1").is_some(),
            "a permit that was given back is free"
        );
    }

    #[tokio::test]
    async fn a_network_of_ipv6_counts_as_one_address() {
        let admission = admission(10, 1);
        let _held = served(&admission, "2001:db8:0:1::1").unwrap();
        assert!(served(&admission, "2001:db8:0:1:ffff::2").is_none());
        assert!(served(&admission, "2001:db8:0:2::1").is_some());
    }

    #[tokio::test]
    async fn a_proxy_speaks_for_many() {
        let admission = admission(3, 1);
        let held: Vec<_> = (0..3).map(|_| served(&admission, "127.0.0.1")).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(
            served(&admission, "::1").is_none(),
            "the limit in all holds for it too"
        );
    }

    #[tokio::test]
    async fn only_so_many_are_told_that_there_is_no_place() {
        let admission = admission(0, 1);
        let from = "192.0.2.1".parse().unwrap();
        let told: Vec<_> = (0..TURNED_AWAY_AT_ONCE)
            .map(|_| admission.decide(from))
            .collect();
        assert!(
            told.iter()
                .all(|decision| matches!(decision, Decision::TurnAway(_)))
        );
        assert!(matches!(admission.decide(from), Decision::Close));
        drop(told);
        assert!(matches!(admission.decide(from), Decision::TurnAway(_)));
    }
}
