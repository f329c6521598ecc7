//! Reading, changing and deleting mailboxes. Lists hold passwords in base64, a single mailbox in the clear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::error::{invalid, not_found, plain, query, refuse};
use super::fields::{Field, Fields, Kind, optional};
use super::state::{Account, Mailbox};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict::Query;
use crate::vendor::Vendor;

const MOST: usize = 100;

const FILTERS: [&str; 10] = [
    "offset",
    "limit",
    "isInUse",
    "emailWarmupStatus",
    "isSmtpSuccess",
    "isWarmupBlocked",
    "esp",
    "username",
    "client_id",
    "fetch_campaigns",
];

const CHANGES: [Field; 8] = [
    optional("max_email_per_day", Kind::Number),
    optional("from_name", Kind::Text),
    optional("custom_tracking_url", Kind::Text),
    optional("bcc", Kind::Text),
    optional("signature", Kind::Text),
    optional("client_id", Kind::Number),
    optional("time_to_wait_in_mins", Kind::Number),
    optional("is_suspended", Kind::Truth),
];

/// How the reputation is written: as a text in lists, as a number elsewhere.
enum Reading {
    List,
    Single,
}

fn status(mailbox: &Mailbox) -> &'static str {
    if mailbox.warmup.enabled {
        "ACTIVE"
    } else {
        "INACTIVE"
    }
}

/// What is told about the warm-up; null when there never was one.
pub(crate) fn warmup_details(mailbox: &Mailbox) -> Value {
    let warmup = &mailbox.warmup;
    if warmup.since_ms.is_none() {
        return Value::Null;
    }
    json!({
        "status": status(mailbox),
        "total_sent_count": 0,
        "total_spam_count": warmup.spam,
        "warmup_reputation": warmup.reputation,
        "is_warmup_blocked": warmup.blocked_reason.is_some(),
        "blocked_reason": warmup.blocked_reason,
        "reply_rate": warmup.reply_rate,
        "warmup_min_count": warmup.rampup,
        "warmup_max_count": warmup.per_day,
    })
}

fn shown(id: u64, mailbox: &Mailbox, reading: &Reading) -> Value {
    let secret = |text: &String| match reading {
        Reading::List => STANDARD.encode(text),
        Reading::Single => text.clone(),
    };
    let mut warmup = warmup_details(mailbox);
    if matches!(reading, Reading::List) && !warmup.is_null() {
        warmup["warmup_reputation"] = json!(format!("{}%", mailbox.warmup.reputation));
    }
    let failure = (!mailbox.smtp_works)
        .then_some("Invalid login: 535-5.7.8 Username and Password not accepted");
    let mut shown = json!({
        "id": id,
        "created_at": mailbox.created,
        "updated_at": mailbox.updated,
        "user_id": 1,
        "from_name": mailbox.from_name,
        "from_email": mailbox.from_email,
        "username": mailbox.username,
        "type": mailbox.kind,
        "message_per_day": mailbox.per_day,
        "minTimeToWaitInMins": mailbox.wait_minutes,
        "daily_sent_count": 0,
        "signature": mailbox.signature,
        "custom_tracking_domain": mailbox.tracking,
        "bcc_email": mailbox.bcc,
        "different_reply_to_address": mailbox.reply_to,
        "client_id": mailbox.client_id,
        "campaign_count": 0,
        "is_suspended": mailbox.suspended,
        "is_smtp_success": mailbox.smtp_works,
        "is_imap_success": mailbox.imap_works,
        "smtp_failure_error": failure,
        "imap_failure_error": null,
        "tags": [],
        "warmup_details": warmup,
    });
    if let Some(servers) = &mailbox.servers {
        let imap_username = servers.imap_username.as_ref().unwrap_or(&mailbox.username);
        let imap_password = servers.imap_password.as_ref().unwrap_or(&servers.password);
        shown["password"] = json!(secret(&servers.password));
        shown["smtp_host"] = json!(servers.smtp_host);
        shown["smtp_port"] = json!(servers.smtp_port);
        shown["imap_host"] = json!(servers.imap_host);
        shown["imap_port"] = json!(servers.imap_port);
        shown["imap_username"] = json!(imap_username);
        shown["imap_password"] = json!(secret(imap_password));
        shown["is_different_imap_account"] = json!(servers.imap_username.is_some());
    }
    shown
}

fn parse<T: std::str::FromStr>(query: &Query, name: &str) -> Result<Option<T>, Answer> {
    query.parse(name).map_err(|refusal| refuse(&refusal))
}

/// One of the words, if the filter is there.
fn word<'a>(query: &Query<'a>, name: &str, words: &[&str]) -> Result<Option<&'a str>, Answer> {
    match query.get(name) {
        Some(word) if !words.contains(&word) => Err(invalid(&format!(
            "{name} must be one of [{}]",
            words.join(", ")
        ))),
        word => Ok(word),
    }
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &FILTERS)?;
    let offset: usize = parse(&query, "offset")?.unwrap_or(0);
    let limit: usize = parse(&query, "limit")?.unwrap_or(MOST);
    if limit == 0 {
        return Err(invalid("limit must be greater than or equal to 1"));
    }
    if limit > MOST {
        return Err(invalid(&format!(
            "limit must be less than or equal to {MOST}"
        )));
    }
    let truths = ["true", "false"];
    let in_use = word(&query, "isInUse", &truths)?;
    let warmup = word(&query, "emailWarmupStatus", &["ACTIVE", "INACTIVE"])?;
    let smtp = word(&query, "isSmtpSuccess", &truths)?;
    let blocked = word(&query, "isWarmupBlocked", &truths)?;
    let esp = word(&query, "esp", &["GMAIL", "OUTLOOK", "SMTP"])?;
    let with_campaigns = word(&query, "fetch_campaigns", &truths)? == Some("true");
    let client: Option<u64> = parse(&query, "client_id")?;
    let username = query.get("username").unwrap_or_default().to_lowercase();
    let is = |asked: Option<&str>, truth: bool| asked.is_none_or(|word| (word == "true") == truth);
    let fits = |mailbox: &Mailbox| {
        is(in_use, false)
            && is(smtp, mailbox.smtp_works)
            && is(blocked, mailbox.warmup.blocked_reason.is_some())
            && warmup.is_none_or(|word| word == status(mailbox))
            && esp.is_none_or(|word| word == mailbox.kind)
            && client.is_none_or(|id| mailbox.client_id == Some(id))
            && mailbox.username.to_lowercase().contains(&username)
    };
    let mailboxes = world.smartlead.of(call)?.mailboxes.iter();
    let page = mailboxes
        .filter(|(_, one)| fits(one))
        .skip(offset)
        .take(limit);
    let shown: Vec<_> = page
        .map(|(id, mailbox)| with(shown(*id, mailbox, &Reading::List), with_campaigns))
        .collect();
    Ok(Answer::json(200, &shown))
}

fn with(mut shown: Value, campaigns: bool) -> Value {
    if campaigns {
        shown["campaign_ids"] = json!([]);
    }
    shown
}

/// The id of a path, which must be a number.
pub(crate) fn id(call: &Call) -> Result<u64, Answer> {
    let id = call.param(0).parse();
    id.map_err(|_| invalid("email_account_id must be a number"))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &["fetch_campaigns"])?;
    let campaigns = word(&query, "fetch_campaigns", &["true", "false"])? == Some("true");
    let id = id(call)?;
    let mailbox = world.smartlead.of(call)?.mailboxes.get(&id);
    let mailbox = mailbox.ok_or_else(not_found)?;
    let shown = with(shown(id, mailbox, &Reading::Single), campaigns);
    Ok(Answer::json(200, &shown))
}

pub(crate) fn check_client(account: &Account, client: Option<u64>) -> Result<(), Answer> {
    match client {
        Some(id) if !account.clients.contains_key(&id) => Err(invalid("client_id is invalid")),
        _ => Ok(()),
    }
}

/// A write that worked, in words or in JSON.
pub(crate) fn done(account: &Account, message: &str, more: Value) -> Answer {
    if account.plain_answers {
        return plain(200, message);
    }
    let mut body = json!({ "ok": true, "message": message });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    Answer::json(200, &body)
}

pub(crate) fn update(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let fields = Fields::read(call, &CHANGES)?;
    let id = id(call)?;
    let now = world.clock.now().to_string();
    let account = world.smartlead.of(call)?;
    check_client(account, fields.number("client_id"))?;
    let mailbox = account.mailboxes.get_mut(&id).ok_or_else(not_found)?;
    mailbox.updated = now;
    mailbox.per_day = fields
        .number("max_email_per_day")
        .unwrap_or(mailbox.per_day);
    let wait = fields.number("time_to_wait_in_mins");
    mailbox.wait_minutes = wait.unwrap_or(mailbox.wait_minutes);
    mailbox.suspended = fields.truth("is_suspended").unwrap_or(mailbox.suspended);
    if let Some(name) = fields.text("from_name") {
        mailbox.from_name = name;
    }
    mailbox.tracking = fields
        .text("custom_tracking_url")
        .or(mailbox.tracking.take());
    mailbox.bcc = fields.text("bcc").or(mailbox.bcc.take());
    mailbox.signature = fields.text("signature").or(mailbox.signature.take());
    mailbox.client_id = fields.number("client_id").or(mailbox.client_id);
    Ok(done(
        account,
        "Email account updated successfully",
        json!({}),
    ))
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let id = id(call)?;
    let account = world.smartlead.of(call)?;
    let mailbox = account.mailboxes.remove(&id).ok_or_else(not_found)?;
    let answer = done(
        account,
        "Email account deleted successfully!",
        json!({ "emailAccountId": id }),
    );
    let email = mailbox.from_email;
    world
        .counts
        .add(Vendor::Smartlead, "mailboxes_deleted", &email, 1);
    Ok(answer)
}
