//! Warming up a mailbox, and what came of it in the last seven days.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::error::{failed, not_found, query};
use super::fields::{Field, Fields, Kind, needed, optional};
use super::mailboxes::{done, id};
use super::state::{Edition, Warmup};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::vendor::Vendor;

const DAY_MS: u64 = 24 * 3600 * 1000;
const DAYS: u64 = 7;

const CURRENT: [Field; 7] = [
    needed("warmup_enabled", Kind::Truth),
    optional("total_warmup_per_day", Kind::Within(1, 50)),
    optional("daily_rampup", Kind::Within(5, 20)),
    optional("reply_rate_percentage", Kind::Within(20, 100)),
    optional("warmup_key_id", Kind::Text),
    optional("auto_adjust_warmup", Kind::Truth),
    optional("is_rampup_enabled", Kind::Truth),
];

/// Without the bounds, and without what came later.
const OLDER: [Field; 5] = [
    needed("warmup_enabled", Kind::Truth),
    optional("total_warmup_per_day", Kind::Number),
    optional("daily_rampup", Kind::Number),
    optional("reply_rate_percentage", Kind::Number),
    optional("warmup_key_id", Kind::Text),
];

pub(crate) fn settings(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let id = id(call)?;
    let now = world.clock.now_ms();
    let account = world.smartlead.of(call)?;
    let known: &[Field] = match account.edition {
        Edition::Current => &CURRENT,
        Edition::Older => &OLDER,
    };
    let fields = Fields::read(call, known)?;
    let mailbox = account.mailboxes.get_mut(&id).ok_or_else(not_found)?;
    let email = mailbox.from_email.clone();
    let warmup = &mut mailbox.warmup;
    warmup.enabled = fields.truth("warmup_enabled").unwrap_or(warmup.enabled);
    warmup.per_day = fields
        .number("total_warmup_per_day")
        .unwrap_or(warmup.per_day);
    warmup.rampup = fields.number("daily_rampup").unwrap_or(warmup.rampup);
    let rate = fields.number("reply_rate_percentage");
    warmup.reply_rate = rate.unwrap_or(warmup.reply_rate);
    if warmup.enabled {
        warmup.since_ms.get_or_insert(now);
    }
    let answer = done(account, "Warmup settings updated successfully", json!({}));
    let counts = &mut world.counts;
    counts.add(Vendor::Smartlead, "warmup_changes", &email, 1);
    Ok(answer)
}

pub(crate) fn stats(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let id = id(call)?;
    let now = world.clock.now_ms();
    let mailbox = world.smartlead.of(call)?.mailboxes.get(&id);
    let mailbox = mailbox.ok_or_else(|| {
        failed(
            404,
            &json!({ "message": "Email account not found", "status": "error" }),
        )
    })?;
    let warmup = &mailbox.warmup;
    let days = days(warmup, now);
    let total: u64 = days.iter().map(|(_, sent)| sent).sum();
    let spam = warmup.spam.min(total);
    let last = days.len().saturating_sub(1);
    let daily = days.iter().enumerate().map(|(n, (date, sent))| {
        // All of the spam is on the last day.
        let spam = if n == last { spam } else { 0 };
        shown(date, *sent, spam.min(*sent))
    });
    let body = json!({
        "total_sent": total,
        "spam_count": spam,
        "reputation_score": warmup.reputation,
        "daily_stats": daily.collect::<Vec<_>>(),
    });
    Ok(Answer::json(200, &body))
}

fn shown(date: &str, sent: u64, spam: u64) -> Value {
    json!({
        "date": date,
        "sent": sent,
        "spam": spam,
        "delivered": sent,
        "opened": sent - spam,
        "replied": sent / 3,
    })
}

/// The whole days since the warm-up began, seven at most, with how much was sent: more each day, up to the most.
fn days(warmup: &Warmup, now: u64) -> Vec<(String, u64)> {
    let Some(since) = warmup.since_ms.filter(|_| warmup.enabled) else {
        return Vec::new();
    };
    let passed = now.saturating_sub(since) / DAY_MS;
    let days = passed.saturating_sub(DAYS)..passed;
    days.map(|day| {
        let at = i64::try_from(since + day * DAY_MS).unwrap_or_default();
        let at = Timestamp::from_millisecond(at).unwrap_or_default();
        let date = at.to_zoned(TimeZone::UTC).date().to_string();
        (date, (warmup.rampup * (day + 1)).min(warmup.per_day))
    })
    .collect()
}
