//! Pages of users, and of deleted ones.

use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::error::{bad_request, context, query, unsupported_query};
use super::filter::Filter;
use super::state::User;
use super::users::{full, pick, properties};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict::Query;
use crate::vendor::Vendor;

const USUAL: usize = 100;
const MOST: usize = 999;

const PARAMETERS: [&str; 5] = ["$filter", "$select", "$top", "$count", "$skiptoken"];

/// What of a list is asked for.
struct Asked<'a> {
    filter: Option<Filter>,
    names: Vec<&'a str>,
    top: usize,
    after: &'a str,
    count: bool,
}

impl<'a> Asked<'a> {
    fn read(query: &Query<'a>, call: &Call) -> Result<Self, Answer> {
        let top = query.get("$top").map_or(Ok(USUAL), |top| {
            let number = top.parse().ok().filter(|top| (1..=MOST).contains(top));
            number.ok_or_else(|| {
                unsupported_query(&format!(
                    "Invalid page size specified: '{top}'. Must be between 1 and {MOST} inclusive."
                ))
            })
        })?;
        Ok(Self {
            filter: Filter::read(query, call)?,
            names: properties(query.get("$select"))?,
            top,
            after: query.get("$skiptoken").unwrap_or_default(),
            count: query.get("$count") == Some("true"),
        })
    }
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &PARAMETERS)?;
    let asked = Asked::read(&query, call)?;
    let users = world.microsoft.of(call)?.users.values_mut();
    let seen = users.filter_map(|user| (!user.unseen.hides()).then_some(&*user));
    let users = seen.map(full).collect();
    page(world, call, "users", users, &asked)
}

pub(crate) fn deleted(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &PARAMETERS)?;
    let asked = Asked::read(&query, call)?;
    let users = world.microsoft.of(call)?.deleted.values();
    let users = users.map(|user: &User| full(user)).collect();
    page(world, call, "directoryObjects", users, &asked)
}

fn page(world: &World, call: &Call, set: &str, mut users: Vec<Value>, asked: &Asked) -> Outcome {
    let id = |user: &Value| user["id"].as_str().unwrap_or_default().to_owned();
    users.retain(|user| asked.filter.as_ref().is_none_or(|filter| filter.fits(user)));
    let count = users.len();
    if !asked.after.is_empty() && !users.iter().any(|user| id(user) == asked.after) {
        return Err(bad_request("The skip token is not valid."));
    }
    users.retain(|user| id(user).as_str() > asked.after);
    let more = users.len() > asked.top;
    users.truncate(asked.top);
    let shown: Vec<_> = users.iter().map(|user| pick(user, &asked.names)).collect();
    let mut body = json!({ "@odata.context": context(set), "value": shown });
    if asked.count && asked.after.is_empty() {
        body["@odata.count"] = json!(count);
    }
    if let Some(last) = users.last().filter(|_| more) {
        body["@odata.nextLink"] = json!(next_link(world, call, &id(last)));
    }
    Ok(Answer::json(200, &body))
}

/// The same request from behind the last user on.
fn next_link(world: &World, call: &Call, last: &str) -> String {
    let kept = call.query.iter().filter(|(name, _)| name != "$skiptoken");
    let mut query = Serializer::new(String::new());
    query.extend_pairs(kept).append_pair("$skiptoken", last);
    let url = world.url(Vendor::Microsoft);
    format!("{url}{}?{}", call.path, query.finish())
}
