//! Which IP addresses an outgoing request may be connected to (contract §6, SSRF).
//!
//! Public unicast addresses may; everything the IANA special-purpose registries set apart may not, unless the
//! operator allows its range. Link-local and cloud metadata addresses may not, whatever is allowed. An IPv6 form
//! that carries an IPv4 address in a known place is judged by that IPv4 address, so that no spelling of an address is
//! treated better than another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6(segments: [u16; 8], length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(
        Ipv6Addr::from_segments(segments),
        length,
    ))
}

const LOOPBACK_V4: IpNet = v4(127, 0, 0, 0, 8);
const LOOPBACK_V6: IpNet = v6([0, 0, 0, 0, 0, 0, 0, 1], 128);

/// Ranges no configuration opens: link-local, metadata services of clouds, and IPv6 forms that hide an IPv4 address.
const NEVER: [(IpNet, &str); 15] = [
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(100, 100, 100, 200, 32), "a metadata service"),
    (v4(168, 63, 129, 16, 32), "a metadata service"),
    (v4(192, 0, 0, 192, 32), "a metadata service"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local"),
    (
        v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
        "a metadata service",
    ),
    (
        v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
        "a metadata service",
    ),
    (
        v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128),
        "a metadata service",
    ),
    (v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "IPv4-mapped"),
    (v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), "IPv4-translated"),
    (v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "NAT64"),
    // Where the IPv4 address stands in this prefix is up to the network that uses it, so it cannot be judged.
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "local-use NAT64"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "Teredo"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

/// Ranges that are not public, which an operator may allow.
const SPECIAL: [(IpNet, &str); 24] = [
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (
        v4(100, 64, 0, 0, 10),
        "shared between customers of a carrier",
    ),
    (LOOPBACK_V4, "loopback"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "reserved for protocols"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(255, 255, 255, 255, 32), "broadcast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "unspecified"),
    (LOOPBACK_V6, "loopback"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "IPv4-compatible"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "private"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "site-local"),
    (
        v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
        "reserved for protocols",
    ),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "documentation"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "documentation"),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "segment routing"),
];

/// The only IPv6 block from which public addresses are given out.
const GLOBAL_UNICAST_V6: IpNet = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// An address that must not be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not a public address: {reason}")]
pub struct Refused {
    /// The address as it was found.
    pub address: IpAddr,
    /// What kind of address it is.
    pub reason: &'static str,
}

/// A range that an operator may not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the range {range} cannot be allowed: it overlaps {overlaps} ({reason})")]
pub struct RangeRefused {
    /// The range that was to be allowed.
    pub range: IpNet,
    /// The range that stays closed.
    pub overlaps: IpNet,
    /// What that range is.
    pub reason: &'static str,
}

/// Which addresses may be connected to: the public ones and the ranges allowed beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPolicy {
    allowed: Vec<IpNet>,
}

impl AddressPolicy {
    /// Public addresses only: what production starts from.
    pub fn public_only() -> Self {
        Self {
            allowed: Vec::new(),
        }
    }

    /// Public addresses and loopback: the development profile.
    pub fn development() -> Self {
        Self {
            allowed: vec![LOOPBACK_V4, LOOPBACK_V6],
        }
    }

    /// Opens `ranges` as well. Fails if one overlaps link-local, metadata or another range that always stays closed.
    pub fn with_allowed(mut self, ranges: Vec<IpNet>) -> Result<Self, RangeRefused> {
        for range in ranges {
            let closed = NEVER
                .iter()
                .find(|(never, _)| never.contains(&range) || range.contains(never));
            if let Some(&(overlaps, reason)) = closed {
                return Err(RangeRefused {
                    range,
                    overlaps,
                    reason,
                });
            }
            self.allowed.push(range.trunc());
        }
        Ok(self)
    }

    /// Whether `address` may be connected to.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let judged = embedded_v4(address).map_or(address, IpAddr::V4);
        let refused = |reason| Err(Refused { address, reason });
        if let Some((_, reason)) = NEVER.iter().find(|(range, _)| range.contains(&judged)) {
            return refused(reason);
        }
        if self.allowed.iter().any(|range| range.contains(&judged)) {
            return Ok(());
        }
        if let Some((_, reason)) = SPECIAL.iter().find(|(range, _)| range.contains(&judged)) {
            return refused(reason);
        }
        if judged.is_ipv6() && !GLOBAL_UNICAST_V6.contains(&judged) {
            return refused("outside global unicast");
        }
        Ok(())
    }
}

/// The IPv4 address inside an IPv4-mapped, NAT64 (well-known prefix) or 6to4 address.
fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    let octets = address.octets();
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(Ipv4Addr::new(
            octets[12], octets[13], octets[14], octets[15],
        )),
        [0x2002, ..] => Some(Ipv4Addr::new(octets[2], octets[3], octets[4], octets[5])),
        _ => None,
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
