//! Aliases of users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{body, duplicate, invalid, not_found, query};
use super::state::User;
use super::user_fields::check_address;
use super::users::{domain_of, to_read, to_write};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::vendor::Vendor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    alias: Option<String>,
    #[serde(rename = "etag")]
    _etag: Option<String>,
    #[serde(rename = "id")]
    _id: Option<String>,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    #[serde(rename = "primaryEmail")]
    _primary_email: Option<String>,
}

fn shown(user: &User, alias: &str) -> Value {
    json!({
        "kind": "admin#directory#alias",
        "id": user.id,
        "primaryEmail": user.email,
        "alias": alias,
    })
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let user = to_read(world.google.of(call)?, call)?;
    let aliases = user.aliases.iter();
    let aliases: Vec<_> = aliases.map(|alias| shown(user, alias)).collect();
    let mut body = json!({ "kind": "admin#directory#aliases" });
    if !aliases.is_empty() {
        body["aliases"] = json!(aliases);
    }
    Ok(Answer::json(200, &body))
}

pub(crate) fn insert(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let wanted: Wanted = body(call)?;
    let alias = wanted.alias.unwrap_or_default().to_lowercase();
    if alias.is_empty() {
        return Err(invalid("Missing required field: alias"));
    }
    check_address(&alias, "alias_email")?;
    let id = to_write(world.google.of(call)?, call)?.id.clone();
    world.google.of(call)?.may_use(domain_of(&alias))?;
    if world.google.is_taken(&alias) {
        return Err(duplicate());
    }
    let user = world.google.of(call)?.user(&id);
    let user = user.ok_or_else(|| not_found("userKey"))?;
    user.aliases.push(alias.clone());
    let answer = Answer::json(200, &shown(user, &alias));
    world.counts.add(Vendor::Google, "aliases", &alias, 1);
    Ok(answer)
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let alias = call.param(1).to_lowercase();
    let user = to_write(world.google.of(call)?, call)?;
    let before = user.aliases.len();
    user.aliases.retain(|known| *known != alias);
    if user.aliases.len() == before {
        return Err(not_found("alias"));
    }
    Ok(Answer::empty(204))
}
