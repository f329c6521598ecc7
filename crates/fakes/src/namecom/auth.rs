//! HTTP Basic with the user name and an API token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::error;
use crate::World;
use crate::call::{Answer, Call};

pub(crate) fn authenticate(world: &World, call: &Call) -> Result<String, Answer> {
    let given = call
        .authorization("basic")
        .and_then(|text| STANDARD.decode(text).ok());
    let given = given.and_then(|bytes| String::from_utf8(bytes).ok());
    let known = given.as_deref().and_then(|given| {
        let (user, token) = given.split_once(':')?;
        let account = world.namecom.accounts.get(user)?;
        (account.token == token && !account.credentials_refused).then_some((user, account))
    });
    let (user, account) = known.ok_or_else(|| error(401, "Unauthorized", None))?;
    let mut missing = account.permissions_missing.iter();
    if missing.any(|route| call.route.contains(route.as_str())) {
        return Err(error(
            403,
            "Permission denied",
            Some("Failed authentication"),
        ));
    }
    Ok(user.to_owned())
}
