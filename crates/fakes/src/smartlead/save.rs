//! Adding mailboxes, by password or by token. Adding one twice makes it twice.

use serde_json::{Value, json};

use super::error::{failed, query};
use super::fields::{Field, Fields, Kind, needed, optional};
use super::log_in::{Token, by_password, by_token};
use super::mailboxes::{check_client, warmup_details};
use super::state::{Edition, Mailbox, Servers, Warmup};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::vendor::Vendor;

const TYPES: &[&str] = &["GMAIL", "OUTLOOK", "SMTP"];

/// What both ways have in common.
const COMMON: [Field; 14] = [
    optional("id", Kind::Number),
    needed("from_name", Kind::Text),
    needed("from_email", Kind::Text),
    needed("warmup_enabled", Kind::Truth),
    optional("max_email_per_day", Kind::Number),
    optional("time_to_wait_in_mins", Kind::Number),
    optional("custom_tracking_url", Kind::Text),
    optional("bcc", Kind::Text),
    optional("signature", Kind::Text),
    optional("different_reply_to_address", Kind::Text),
    optional("total_warmup_per_day", Kind::Number),
    optional("daily_rampup", Kind::Number),
    optional("reply_rate_percentage", Kind::Number),
    optional("client_id", Kind::Number),
];

const BY_PASSWORD: [Field; 12] = [
    needed("user_name", Kind::Text),
    needed("password", Kind::Text),
    needed("smtp_host", Kind::Text),
    needed("smtp_port", Kind::Number),
    needed("imap_host", Kind::Text),
    needed("imap_port", Kind::Number),
    optional("smtp_port_type", Kind::Text),
    optional("imap_port_type", Kind::Text),
    optional("imap_user_name", Kind::Text),
    optional("imap_password", Kind::Text),
    optional("type", Kind::OneOf(TYPES)),
    optional("is_suspended", Kind::Truth),
];

const BY_TOKEN: [Field; 5] = [
    needed("username", Kind::Text),
    needed("type", Kind::OneOf(&["GMAIL", "OUTLOOK"])),
    needed("token", Kind::Object),
    needed("use_whitelabel_credentials", Kind::Truth),
    optional("is_suspended", Kind::Truth),
];

const TOKEN: [Field; 5] = [
    needed("access_token", Kind::Text),
    needed("refresh_token", Kind::Text),
    needed("token_type", Kind::OneOf(&["Bearer"])),
    needed("scope", Kind::Text),
    needed("expiry_date", Kind::Number),
];

pub(crate) fn save(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let known: Vec<_> = COMMON.into_iter().chain(BY_PASSWORD).collect();
    let fields = Fields::read(call, &known)?;
    let text = |name: &str| fields.text(name).unwrap_or_default();
    let servers = Servers {
        password: text("password"),
        smtp_host: text("smtp_host"),
        smtp_port: fields.number("smtp_port").unwrap_or_default(),
        imap_host: text("imap_host"),
        imap_port: fields.number("imap_port").unwrap_or_default(),
        imap_username: fields.text("imap_user_name"),
        imap_password: fields.text("imap_password"),
    };
    check(world, call, &fields)?;
    let username = text("user_name");
    let reads = by_password(world, &call.account, &username, &servers)?;
    let kind = fields.text("type").unwrap_or_else(|| "SMTP".to_owned());
    let mailbox = Mailbox {
        imap_works: reads,
        servers: Some(servers),
        ..mailbox(world, &fields, username, kind)
    };
    Ok(keep(world, call, &fields, mailbox))
}

pub(crate) fn save_oauth(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let known: Vec<_> = COMMON.into_iter().chain(BY_TOKEN).collect();
    let fields = Fields::read(call, &known)?;
    let token = Fields::check(fields.object("token"), &TOKEN)?;
    let token = Token {
        access: token.text("access_token").unwrap_or_default(),
        refresh: token.text("refresh_token").unwrap_or_default(),
    };
    check(world, call, &fields)?;
    let username = fields.text("username").unwrap_or_default();
    let kind = fields.text("type").unwrap_or_default();
    by_token(world, &call.account, &username, &kind, &token)?;
    let mailbox = mailbox(world, &fields, username, kind);
    Ok(keep(world, call, &fields, mailbox))
}

/// Whether there is what the ids in a body mean, and whether the older edition has the address already.
fn check(world: &mut World, call: &Call, fields: &Fields) -> Result<(), Answer> {
    let account = world.smartlead.of(call)?;
    check_client(account, fields.number("client_id"))?;
    let email = fields.text("from_email").unwrap_or_default();
    if let Some(id) = fields.number("id") {
        let known = account.mailboxes.contains_key(&id);
        return if known { Ok(()) } else { Err(unknown()) };
    }
    let mut mailboxes = account.mailboxes.iter();
    let same = mailboxes.find(|(_, mailbox)| mailbox.from_email == email);
    match same.filter(|_| account.edition == Edition::Older) {
        Some((id, _)) => Err(already_exists(*id)),
        None => Ok(()),
    }
}

fn unknown() -> Answer {
    let body = json!({
        "ok": false,
        "message": "Email account not found!",
        "errorCode": "ACCOUNT_NOT_FOUND",
    });
    failed(404, &body)
}

fn already_exists(id: u64) -> Answer {
    let body = json!({
        "ok": false,
        "message": "Email account already exist. Please pass id to update it",
        "errorCode": "ACCOUNT_ALREADY_EXIST",
        "emailAccountId": id,
    });
    failed(400, &body)
}

fn mailbox(world: &World, fields: &Fields, username: String, kind: String) -> Mailbox {
    let now = world.clock.now().to_string();
    let enabled = fields.truth("warmup_enabled").unwrap_or_default();
    Mailbox {
        from_name: fields.text("from_name").unwrap_or_default(),
        from_email: fields.text("from_email").unwrap_or_default(),
        username,
        kind,
        servers: None,
        per_day: fields.number("max_email_per_day").unwrap_or(50),
        wait_minutes: fields.number("time_to_wait_in_mins").unwrap_or(5),
        tracking: fields.text("custom_tracking_url"),
        bcc: fields.text("bcc"),
        signature: fields.text("signature"),
        reply_to: fields.text("different_reply_to_address"),
        client_id: fields.number("client_id"),
        suspended: fields.truth("is_suspended").unwrap_or_default(),
        smtp_works: true,
        imap_works: true,
        warmup: Warmup {
            enabled,
            per_day: fields.number("total_warmup_per_day").unwrap_or(20),
            rampup: fields.number("daily_rampup").unwrap_or(5),
            reply_rate: fields.number("reply_rate_percentage").unwrap_or(30),
            reputation: 100,
            spam: 0,
            blocked_reason: None,
            since_ms: enabled.then(|| world.clock.now_ms()),
        },
        created: now.clone(),
        updated: now,
    }
}

/// Adds the mailbox, or puts it in the place of the one with the id that was given.
fn keep(world: &mut World, call: &Call, fields: &Fields, mailbox: Mailbox) -> Answer {
    let new = fields.number("id").is_none();
    let id = fields
        .number("id")
        .unwrap_or_else(|| world.smartlead.new_id());
    let email = mailbox.from_email.clone();
    let edition = world.smartlead.accounts[&call.account].edition;
    let answer = Answer::json(200, &saved(edition, id, &mailbox));
    if let Ok(account) = world.smartlead.of(call) {
        account.mailboxes.insert(id, mailbox);
    }
    let what = if new {
        "mailboxes"
    } else {
        "mailboxes_updated"
    };
    world.counts.add(Vendor::Smartlead, what, &email, 1);
    answer
}

fn saved(edition: Edition, id: u64, mailbox: &Mailbox) -> Value {
    let message = "Email account added/updated successfully!";
    match edition {
        Edition::Current => json!({
            "ok": true,
            "message": message,
            "data": {
                "id": id,
                "from_email": mailbox.from_email,
                "type": mailbox.kind,
                "is_smtp_success": mailbox.smtp_works,
                "is_imap_success": mailbox.imap_works,
                "warmup_details": warmup_details(mailbox),
            },
        }),
        Edition::Older => json!({
            "ok": true,
            "message": message,
            "emailAccountId": id,
            "warmupKey": "apple-keys",
        }),
    }
}
