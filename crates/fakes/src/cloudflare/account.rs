//! Accounts and tokens as their holder sees them, and as the admin changes them.
//!
//! `PUT /accounts/cloudflare/{id}` takes any of:
//! `credentials_refused`, `permissions_missing` (texts; a route with one in its pattern answers 403 with 10000), `blocked` (a code
//! with which new zones are refused, such as `"1105"`; an empty text takes that away).

use rand::seq::IndexedRandom;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::is_id;
use super::envelope::{error, not_found, page, refuse, success};
use super::state::Account;
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict;

/// First labels of name servers, of which an account gets two.
const NAMES: [&str; 24] = [
    "ada", "amos", "bella", "carl", "cora", "dana", "dean", "ella", "finn", "gina", "hugo", "iris",
    "ivan", "jule", "kurt", "lara", "luke", "mona", "nash", "olga", "paul", "rita", "seth", "vera",
];

pub(crate) fn verify(world: &mut World, call: &Call) -> Outcome {
    let account = world.cloudflare.accounts.get(&call.account);
    let body = json!({
        "success": true,
        "errors": [],
        "messages": [{ "code": 10_000, "message": "This API Token is valid and active", "type": null }],
        "result": { "id": account.map(|account| &account.token_id), "status": "active" },
    });
    Ok(Answer::json(200, &body))
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, &["direction", "name", "page", "per_page"]);
    let query = query.map_err(|why| refuse(&why))?;
    let account = world.cloudflare.accounts.get(&call.account);
    let shown = account.map(|account| show(&call.account, account));
    let named = |account: &Value| query.get("name").is_none_or(|name| account["name"] == name);
    let shown: Vec<_> = shown.into_iter().filter(named).collect();
    page(&query, &shown, 5..=50, 20)
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let id = call.param(0);
    if !is_id(id) {
        return Err(not_found(&call.path));
    }
    let account = world.cloudflare.accounts.get(id);
    match account.filter(|_| id == call.account) {
        Some(account) => Ok(success(&show(id, account))),
        None => Err(error(
            403,
            9109,
            "Unauthorized to access requested resource",
        )),
    }
}

fn show(id: &str, account: &Account) -> Value {
    json!({ "id": id, "name": account.name, "type": "standard", "settings": { "enforce_twofactor": false } })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    credentials_refused: Option<bool>,
    permissions_missing: Option<Vec<String>>,
    /// A code, or an empty text for none.
    blocked: Option<String>,
}

impl Change {
    fn apply(self, account: &mut Account) -> Result<(), String> {
        if let Some(refused) = self.credentials_refused {
            account.credentials_refused = refused;
        }
        if let Some(missing) = self.permissions_missing {
            account.permissions_missing = missing;
        }
        match self.blocked.as_deref() {
            Some("") => account.blocked = None,
            Some(code) => account.blocked = Some(code.parse().map_err(|_| "blocked is a code")?),
            None => {}
        }
        Ok(())
    }
}

pub(crate) fn open(world: &mut World, wishes: &Value) -> Result<Value, String> {
    let wishes = Change::deserialize(wishes).map_err(|error| error.to_string())?;
    let number = world.cloudflare.accounts.len();
    let nameservers = pair(world);
    let mut account = Account {
        number,
        name: format!("Account {}", number + 1),
        // The form that tokens have since 2026: a prefix, forty characters, a checksum.
        token: format!("cfut_{}{}", world.word(40), world.hex(8)),
        token_id: world.hex(32),
        credentials_refused: false,
        permissions_missing: Vec::new(),
        blocked: None,
        nameservers,
        throttled_until_ms: 0,
    };
    wishes.apply(&mut account)?;
    let id = world.hex(32);
    let opened = credentials(&id, &account);
    world.cloudflare.accounts.insert(id, account);
    Ok(opened)
}

/// Two hosts that no zone has yet.
pub(crate) fn pair(world: &mut World) -> [String; 2] {
    let state = &mut world.cloudflare;
    state.pairs += 1;
    let number = state.pairs;
    let names: Vec<_> = NAMES.sample(&mut world.dice, 2).collect();
    [0, 1].map(|n| format!("{}{number}.ns.cloudflare.com", names[n]))
}

fn credentials(id: &str, account: &Account) -> Value {
    json!({ "account_id": id, "api_token": account.token })
}

/// Of all accounts, the oldest first.
pub(crate) fn all_credentials(world: &World) -> Vec<Value> {
    let mut accounts: Vec<_> = world.cloudflare.accounts.iter().collect();
    accounts.sort_by_key(|(_, account)| account.number);
    let shown = accounts.into_iter();
    shown
        .map(|(id, account)| credentials(id, account))
        .collect()
}

pub(crate) fn change(world: &mut World, id: &str, change: &Value) -> Result<(), String> {
    let change = Change::deserialize(change).map_err(|error| error.to_string())?;
    let account = world.cloudflare.accounts.get_mut(id);
    change.apply(account.ok_or_else(|| format!("there is no account {id}"))?)
}

/// The zones of each account and their records, by id and name.
pub(crate) fn holdings(world: &World) -> Value {
    let accounts = world.cloudflare.accounts.keys();
    let shown = accounts.map(|id| {
        let zones = world.cloudflare.zones.values();
        let zones: Map<_, _> = zones
            .filter(|zone| zone.account == *id)
            .map(|zone| {
                let records: Vec<_> = zone
                    .records
                    .iter()
                    .map(super::record::Record::show)
                    .collect();
                let shown = json!({
                    "status": zone.status.word(),
                    "name_servers": zone.nameservers,
                    "records": records,
                    "redirects": zone.redirects.as_ref().map(|redirects| &redirects.rules),
                });
                (zone.name.clone(), shown)
            })
            .collect();
        (id.clone(), json!({ "zones": zones }))
    });
    shown.collect::<Map<_, _>>().into()
}
