//! How much clients may take of the server before it knows who they are.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// How many connections a listener takes, and what it takes from each.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    pub connections: usize,
    /// Of these from one address.
    pub per_address: usize,
    /// Addresses that speak for many clients, to which `per_address` does not apply.
    pub proxies: Vec<IpNet>,
    /// How long clients may do nothing.
    pub patience: Patience,
}

/// How long a client may let the server wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// From the connection to the head of the first request.
    pub head: Duration,
    /// From the end of an answer to the head of the next request.
    pub idle: Duration,
    /// For something of an answer to be taken.
    pub stall: Duration,
}

impl Patience {
    /// With clients that are only to be told that there is no place for them.
    pub(super) const WITH_REFUSED: Self = Self {
        head: Duration::from_secs(1),
        idle: Duration::ZERO,
        stall: Duration::from_secs(1),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            per_address: 128,
            proxies: vec![
                IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
                IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
            ],
            patience: Patience {
                head: Duration::from_secs(15),
                // Longer than the minute for which proxies keep connections, so that it is they who close them.
                idle: Duration::from_secs(75),
                stall: Duration::from_secs(30),
            },
        }
    }
}

impl Limits {
    /// The same, with at most half of the files that the process may open: databases and webhooks need the others.
    pub fn within_open_files(self) -> Self {
        let files = raise_open_files();
        let connections = self.connections.min(files / 2);
        if connections < self.connections {
            tracing::warn!(
                open_files = files,
                connections,
                configured = self.connections,
                "the process may open too few files for so many connections"
            );
        }
        Self {
            connections,
            ..self
        }
    }
}

/// Raises the number of files that this process may open as far as it is allowed to. The usual 1,024 are kept low for
/// programs of old that cannot deal with more. Gives back the number.
#[cfg(unix)]
fn raise_open_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    current.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

#[cfg(not(unix))]
fn raise_open_files() -> usize {
    usize::MAX
}
