//! What is done from outside: opening accounts, changing them and their mailboxes, and what they hold.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::state::{Account, Edition};
use crate::World;

/// What can be wished for a new account, and changed later.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    credentials_refused: Option<bool>,
    edition: Option<Edition>,
    log_in_failure_status: Option<u16>,
    plain_answers: Option<bool>,
}

/// What can happen to a mailbox.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    smtp_works: Option<bool>,
    imap_works: Option<bool>,
    reputation: Option<u64>,
    spam: Option<u64>,
    blocked_reason: Option<String>,
}

pub(crate) fn open(world: &mut World, wishes: &Value) -> Result<Value, String> {
    let wishes = Change::deserialize(wishes).map_err(|error| error.to_string())?;
    let number = world.smartlead.accounts.len();
    let id = format!("account-{}", number + 1);
    let account = Account {
        number,
        api_key: format!("{}_{}", world.uuid(), world.hex(7)),
        refused: false,
        edition: Edition::Current,
        log_in_failure_status: 406,
        plain_answers: false,
        mailboxes: BTreeMap::new(),
        clients: BTreeMap::new(),
    };
    let credentials = credentials_of(&id, &account);
    world.smartlead.accounts.insert(id.clone(), account);
    apply(world, &id, &wishes)?;
    Ok(credentials)
}

fn apply(world: &mut World, id: &str, change: &Change) -> Result<(), String> {
    let account = world.smartlead.accounts.get_mut(id);
    let account = account.ok_or_else(|| format!("there is no account {id}"))?;
    account.refused = change.credentials_refused.unwrap_or(account.refused);
    account.edition = change.edition.unwrap_or(account.edition);
    let status = change.log_in_failure_status;
    account.log_in_failure_status = status.unwrap_or(account.log_in_failure_status);
    account.plain_answers = change.plain_answers.unwrap_or(account.plain_answers);
    Ok(())
}

pub(crate) fn change(
    world: &mut World,
    what: &str,
    id: &str,
    change: &Value,
) -> Result<(), String> {
    let wrong = |error: serde_json::Error| error.to_string();
    match what {
        "accounts" => apply(world, id, &Change::deserialize(change).map_err(wrong)?),
        "mailboxes" => happen(world, id, Health::deserialize(change).map_err(wrong)?),
        _ => Err(format!("there are no {what}")),
    }
}

fn happen(world: &mut World, id: &str, health: Health) -> Result<(), String> {
    let mut accounts = world.smartlead.accounts.values_mut();
    let number = id.parse().map_err(|_| "an id is a number".to_owned())?;
    let mailbox = accounts.find_map(|account| account.mailboxes.get_mut(&number));
    let mailbox = mailbox.ok_or_else(|| format!("there is no mailbox {id}"))?;
    mailbox.smtp_works = health.smtp_works.unwrap_or(mailbox.smtp_works);
    mailbox.imap_works = health.imap_works.unwrap_or(mailbox.imap_works);
    let warmup = &mut mailbox.warmup;
    warmup.reputation = health.reputation.unwrap_or(warmup.reputation);
    warmup.spam = health.spam.unwrap_or(warmup.spam);
    warmup.blocked_reason = health.blocked_reason.or(warmup.blocked_reason.take());
    Ok(())
}

pub(crate) fn credentials(world: &World) -> Vec<Value> {
    let mut accounts: Vec<_> = world.smartlead.accounts.iter().collect();
    accounts.sort_by_key(|(_, account)| account.number);
    let accounts = accounts.into_iter();
    accounts
        .map(|(id, account)| credentials_of(id, account))
        .collect()
}

fn credentials_of(id: &str, account: &Account) -> Value {
    json!({ "account_id": id, "api_key": account.api_key })
}

pub(crate) fn holdings(world: &World) -> Value {
    let accounts = world.smartlead.accounts.iter();
    accounts
        .map(|(id, account)| (id.clone(), held(account)))
        .collect::<Map<_, _>>()
        .into()
}

fn held(account: &Account) -> Value {
    let mailboxes = account.mailboxes.iter().map(|(id, mailbox)| {
        json!({
            "id": id,
            "email": mailbox.from_email,
            "type": mailbox.kind,
            "client_id": mailbox.client_id,
            "per_day": mailbox.per_day,
            "warmup_enabled": mailbox.warmup.enabled,
            "suspended": mailbox.suspended,
        })
    });
    let clients = account.clients.iter();
    let clients = clients.map(|(id, client)| json!({ "id": id, "name": client.name }));
    json!({
        "mailboxes": mailboxes.collect::<Vec<_>>(),
        "clients": clients.collect::<Vec<_>>(),
    })
}
