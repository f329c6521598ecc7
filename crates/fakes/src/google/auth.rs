//! Who asks, with which scopes, and how often.

use super::error::{error, forbidden, too_many};
use super::token;
use crate::World;
use crate::call::{Answer, Call};
use crate::clock::machine_seconds;
use crate::limits::Limit;
use crate::vendor::Vendor;

/// For each user of a project.
const PER_MINUTE: Limit = Limit {
    vendor: Vendor::Google,
    name: "minute",
    most: 2_400,
    seconds: 60,
};

const SCOPES: &str = "https://www.googleapis.com/auth/";

pub(crate) fn authenticate(world: &World, call: &Call) -> Result<String, Answer> {
    if call.route == token::ROUTE || call.route.is_empty() {
        return Ok(String::new());
    }
    let Some(token) = call.authorization("bearer") else {
        let message = "Request is missing required authentication credential.";
        return Err(error(401, "required", message));
    };
    let grant = world.google.grants.get(token);
    let Some(grant) = grant.filter(|grant| grant.expires_at > machine_seconds()) else {
        let message = "Request had invalid authentication credentials.";
        return Err(error(401, "authError", message)
            .with("www-authenticate", "Bearer error=\"invalid_token\""));
    };
    let needed = needed(call.route);
    let enough = |name: &&str| grant.scopes.contains(&format!("{SCOPES}{name}"));
    if !needed.iter().any(enough) {
        let message = "Request had insufficient authentication scopes.";
        return Err(error(403, "insufficientPermissions", message));
    }
    let account = world.google.accounts.get(&grant.account);
    let is_admin = account.is_some_and(|account| account.admin == grant.subject);
    if is_admin || call.route.contains("/siteVerification/") {
        Ok(grant.account.clone())
    } else {
        Err(forbidden())
    }
}

/// The scopes, any of which a route takes.
fn needed(route: &str) -> &'static [&'static str] {
    let read = route.starts_with("GET ");
    match (route, read) {
        (route, true) if route.contains("/domains") => {
            &["admin.directory.domain", "admin.directory.domain.readonly"]
        }
        (route, false) if route.contains("/domains") => &["admin.directory.domain"],
        (route, true) if route.contains("/aliases") => &[
            "admin.directory.user",
            "admin.directory.user.alias",
            "admin.directory.user.alias.readonly",
            "admin.directory.user.readonly",
        ],
        (route, false) if route.contains("/aliases") => {
            &["admin.directory.user", "admin.directory.user.alias"]
        }
        (route, false) if route.starts_with("POST /siteVerification/") => {
            &["siteverification", "siteverification.verify_only"]
        }
        (route, _) if route.contains("/siteVerification/") => &["siteverification"],
        (route, true) if route.contains("/apps/reseller/") => {
            &["apps.order", "apps.order.readonly"]
        }
        (route, false) if route.contains("/apps/reseller/") => &["apps.order"],
        (_, true) => &["admin.directory.user", "admin.directory.user.readonly"],
        (_, false) => &["admin.directory.user"],
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
    if world.limits.take(&PER_MINUTE, key, 1, now).within {
        Ok(Vec::new())
    } else {
        Err(too_many())
    }
}
