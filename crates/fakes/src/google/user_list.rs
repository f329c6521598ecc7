//! Pages of users.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::error::{domain_not_found, error, forbidden, invalid, max_results, query};
use super::state::User;
use super::users::{domain_of, shown};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict::Query;

const USUAL: usize = 100;
const MOST: usize = 500;

const PARAMETERS: [&str; 9] = [
    "customer",
    "domain",
    "maxResults",
    "pageToken",
    "query",
    "orderBy",
    "sortOrder",
    "projection",
    "viewType",
];

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &PARAMETERS)?;
    let most = max_results(&query, USUAL, MOST)?;
    let after = after(&query)?;
    let wanted = wanted(&query)?;
    let account = world.google.of(call)?;
    let domain = query.get("domain").map(str::to_lowercase);
    match (&domain, query.get("customer")) {
        (None, None) => return Err(error(400, "badRequest", "Bad Request")),
        (_, Some(customer)) if customer != "my_customer" && customer != call.account => {
            return Err(forbidden());
        }
        (Some(domain), _) if !account.domains.contains_key(domain) => {
            return Err(domain_not_found());
        }
        _ => {}
    }
    let fits = |user: &User| {
        let domain = domain.as_ref();
        domain.is_none_or(|domain| domain_of(&user.email) == domain) && wanted.fits(user)
    };
    let users = account.users.values_mut();
    let mut users: Vec<_> = users
        .filter(|user| after.as_ref().is_none_or(|after| user.id > *after))
        .filter_map(|user| (fits(user) && !user.unseen.hides()).then_some(&*user))
        .take(most + 1)
        .collect();
    let more = users.len() > most;
    users.truncate(most);
    let mut body = json!({ "kind": "admin#directory#users" });
    if let Some(last) = users.last().filter(|_| more) {
        body["nextPageToken"] = json!(URL_SAFE_NO_PAD.encode(&last.id));
    }
    let users: Vec<_> = users
        .iter()
        .map(|user| shown(user, &call.account))
        .collect();
    if !users.is_empty() {
        body["users"] = json!(users);
    }
    Ok(Answer::json(200, &body))
}

/// The id that the page before ended with.
fn after(query: &Query) -> Result<Option<String>, Answer> {
    let Some(token) = query.get("pageToken") else {
        return Ok(None);
    };
    let id = URL_SAFE_NO_PAD.decode(token).ok();
    let id = id.and_then(|id| String::from_utf8(id).ok());
    let id = id.filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    id.map(Some)
        .ok_or_else(|| invalid("Invalid Input: pageToken"))
}

/// What a `query` asks for: one address, or the begin of addresses.
enum Wanted {
    All,
    Address(String),
    Begin(String),
}

impl Wanted {
    fn fits(&self, user: &User) -> bool {
        match self {
            Self::All => true,
            Self::Address(address) => user.has(address),
            Self::Begin(begin) => user.email.starts_with(begin),
        }
    }
}

fn wanted(query: &Query) -> Result<Wanted, Answer> {
    let Some(text) = query.get("query") else {
        return Ok(Wanted::All);
    };
    let refused = || invalid("Invalid Input: query");
    let text = text
        .strip_prefix("email")
        .ok_or_else(refused)?
        .to_lowercase();
    if let Some(address) = text.strip_prefix('=') {
        return Ok(Wanted::Address(address.to_owned()));
    }
    let text = text.strip_prefix(':').ok_or_else(refused)?;
    Ok(match text.strip_suffix('*') {
        Some(begin) => Wanted::Begin(begin.to_owned()),
        None => Wanted::Address(text.to_owned()),
    })
}
