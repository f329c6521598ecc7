//! API tokens, which belong to one account each, and what they may.

use super::envelope::{bad_headers, error};
use super::state::{Account, Zone};
use crate::World;
use crate::call::{Answer, Call};

/// The account's id.
pub(crate) fn authenticate(world: &World, call: &Call) -> Result<String, Answer> {
    if !call.headers.contains_key("authorization") {
        let message = "Missing X-Auth-Key, X-Auth-Email or Authorization headers";
        return Err(error(400, 9106, message));
    }
    let token = call.authorization("bearer").filter(|token| is_token(token));
    let Some(token) = token else {
        return Err(bad_headers(6111, "Invalid format for Authorization header"));
    };
    let mut accounts = world.cloudflare.accounts.iter();
    let known =
        accounts.find(|(_, account)| account.token == token && !account.credentials_refused);
    let Some((id, account)) = known else {
        return Err(if call.route.ends_with("/tokens/verify") {
            error(401, 1000, "Invalid API Token")
        } else {
            error(403, 9109, "Invalid access token")
        });
    };
    may(call, account)?;
    Ok(id.clone())
}

fn is_token(text: &str) -> bool {
    text.len() >= 40
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn may(call: &Call, account: &Account) -> Result<(), Answer> {
    let mut missing = account.permissions_missing.iter();
    if missing.any(|route| call.route.contains(route.as_str())) {
        return Err(error(403, 10_000, "Authentication error"));
    }
    Ok(())
}

/// The id of the account's zone in the path. A zone that was made just now is not known to the token for some calls.
pub(crate) fn zone_id(world: &mut World, call: &Call) -> Result<String, Answer> {
    let id = call.param(0);
    if !is_id(id) {
        return Err(super::envelope::not_found(&call.path));
    }
    let zone = world.cloudflare.zones.get_mut(id);
    let Some(zone) = zone.filter(|zone| zone.account == call.account) else {
        let why = "Unauthorized to access requested resource";
        return Err(error(403, 9109, why));
    };
    if zone.unseen.hides() {
        return Err(error(403, 10_000, "Authentication error"));
    }
    Ok(id.to_owned())
}

/// The zone itself.
pub(crate) fn zone<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Zone, Answer> {
    let id = zone_id(world, call)?;
    let zone = world.cloudflare.zones.get_mut(&id);
    zone.ok_or_else(|| error(403, 9109, "Unauthorized to access requested resource"))
}

/// Ids are 32 hexadecimal digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
