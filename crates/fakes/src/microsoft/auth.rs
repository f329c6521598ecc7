//! Who asks, with which roles, and how often.

use super::error::{denied, too_many, unauthorized};
use super::state::Audience;
use super::{exchange, token};
use crate::World;
use crate::call::{Answer, Call};
use crate::clock::machine_seconds;
use crate::limits::Limit;
use crate::vendor::Vendor;

/// Writes of an app in a tenant.
const WRITES: Limit = Limit {
    vendor: Vendor::Microsoft,
    name: "writes",
    most: 3_000,
    seconds: 150,
};

/// Requests of an app in a small tenant, each counted as one unit.
const UNITS: Limit = Limit {
    vendor: Vendor::Microsoft,
    name: "units",
    most: 3_500,
    seconds: 10,
};

pub(crate) fn authenticate(world: &World, call: &Call) -> Result<String, Answer> {
    if call.route == token::ROUTE || call.route.is_empty() {
        return Ok(String::new());
    }
    let Some(token) = call.authorization("bearer") else {
        return Err(unauthorized("Access token is empty."));
    };
    let Some(grant) = world.microsoft.grants.get(token) else {
        return Err(unauthorized("Access token validation failure."));
    };
    if grant.expires_at <= machine_seconds() {
        return Err(unauthorized(
            "Lifetime validation failed, the token is expired.",
        ));
    }
    let audience = if call.route == exchange::ROUTE {
        Audience::Exchange
    } else {
        Audience::Graph
    };
    if grant.audience != audience {
        return Err(unauthorized(
            "Access token validation failure. Invalid audience.",
        ));
    }
    let needed = needed(call.route);
    if needed.is_empty() || needed.iter().any(|role| grant.allowed.contains(*role)) {
        Ok(grant.account.clone())
    } else {
        Err(denied())
    }
}

/// The roles, any of which a route takes; none for a batch, whose parts are held against theirs.
fn needed(route: &str) -> &'static [&'static str] {
    let read = route.starts_with("GET ");
    let (_, path) = route.split_once("/v1.0/").unwrap_or(("", ""));
    match (path, read) {
        ("", _) => &["Exchange.ManageAsApp"],
        ("$batch", _) => &[],
        ("subscribedSkus", _) => &[
            "Organization.Read.All",
            "Organization.ReadWrite.All",
            "LicenseAssignment.Read.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        (path, true) if path.starts_with("domains") => &[
            "Domain.Read.All",
            "Domain.ReadWrite.All",
            "Directory.Read.All",
        ],
        (path, false) if path.starts_with("domains") => &["Domain.ReadWrite.All"],
        (path, false) if path.ends_with("/assignLicense") => &[
            "LicenseAssignment.ReadWrite.All",
            "User.ReadWrite.All",
            "Directory.ReadWrite.All",
        ],
        (path, false) if path.contains("/photo/") => {
            &["ProfilePhoto.ReadWrite.All", "User.ReadWrite.All"]
        }
        (path, false) if path.starts_with("directory/") => {
            &["User.DeleteRestore.All", "User.ReadWrite.All"]
        }
        (_, true) => &[
            "User.Read.All",
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ],
        (_, false) => &["User.ReadWrite.All", "Directory.ReadWrite.All"],
    }
}

pub(crate) fn limit(
    world: &mut World,
    call: &Call,
    account: Option<&str>,
) -> Result<Vec<(&'static str, String)>, Answer> {
    if call.route == token::ROUTE {
        return Ok(Vec::new());
    }
    let now = world.clock.now_ms();
    let key = account.unwrap_or("anonymous");
    let read = call.method == http::Method::GET || call.route == super::batch::ROUTE;
    let limits: &[_] = if read { &[UNITS] } else { &[UNITS, WRITES] };
    for limit in limits {
        let standing = world.limits.take(limit, key, 1, now);
        if !standing.within {
            return Err(too_many(standing.reset_in));
        }
    }
    Ok(Vec::new())
}
