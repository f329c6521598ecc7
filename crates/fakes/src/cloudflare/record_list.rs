//! Finding records by filters, and all of them as a zone file.

use std::fmt::Write;

use serde_json::json;

use super::auth::zone;
use super::envelope::{page, refuse};
use super::record::{Kind, Record};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict::{self, Query};

const FILTERS: &[&str] = &[
    "type",
    "name",
    "name.exact",
    "name.contains",
    "name.startswith",
    "name.endswith",
    "content",
    "content.exact",
    "content.contains",
    "content.startswith",
    "content.endswith",
    "comment",
    "comment.exact",
    "comment.contains",
    "comment.startswith",
    "comment.endswith",
    "comment.present",
    "comment.absent",
    "proxied",
    "match",
    "order",
    "direction",
    "page",
    "per_page",
];

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    let query = strict::query(call, FILTERS).map_err(|why| refuse(&why))?;
    let proxied = query.parse::<bool>("proxied").map_err(|why| refuse(&why))?;
    let any = query.get("match") == Some("any");
    let zone = zone(world, call)?;
    let mut shown = Vec::new();
    for record in &zone.records {
        let said = filters(&query, proxied, record);
        let fits = if any && !said.is_empty() {
            said.contains(&true)
        } else {
            !said.contains(&false)
        };
        if fits {
            shown.push(record.show());
        }
    }
    if let Some(field) = query.get("order") {
        shown.sort_by_key(|record| record[field].to_string());
    }
    if query.get("direction") == Some("desc") {
        shown.reverse();
    }
    page(&query, &shown, 1..=5_000_000, 100)
}

/// What each filter that was sent says of a record.
fn filters(query: &Query<'_>, proxied: Option<bool>, record: &Record) -> Vec<bool> {
    let mut said = Vec::new();
    let kind = json!(record.kind);
    said.extend(query.get("type").map(|asked| kind == asked));
    said.extend(proxied.map(|asked| asked == record.proxied));
    let comment = record.comment.as_deref().unwrap_or_default();
    for (field, value) in [
        ("name", record.name.as_str()),
        ("content", &record.content),
        ("comment", comment),
    ] {
        let value = value.to_lowercase();
        let asked = |end: &str| query.get(&format!("{field}{end}")).map(str::to_lowercase);
        said.extend(asked("").map(|asked| value == asked));
        said.extend(asked(".exact").map(|asked| value == asked));
        said.extend(asked(".contains").map(|asked| value.contains(&asked)));
        said.extend(asked(".startswith").map(|asked| value.starts_with(&asked)));
        said.extend(asked(".endswith").map(|asked| value.ends_with(&asked)));
    }
    said.extend(
        query
            .get("comment.present")
            .map(|_| record.comment.is_some()),
    );
    said.extend(
        query
            .get("comment.absent")
            .map(|_| record.comment.is_none()),
    );
    said
}

/// The zone as a zone file.
pub(crate) fn export(world: &mut World, call: &Call) -> Outcome {
    let zone = zone(world, call)?;
    let mut lines = String::new();
    for record in &zone.records {
        let served = record.served();
        let content = match record.kind {
            Kind::Txt => format!("{:?}", served.content),
            Kind::Mx => format!("{} {}.", served.priority, served.content),
            Kind::Cname | Kind::Ns => format!("{}.", served.content),
            Kind::A | Kind::Aaaa => served.content,
        };
        let (name, ttl, kind) = (&record.name, record.ttl, served.kind);
        let _ = writeln!(lines, "{name}.\t{ttl}\tIN\t{kind}\t{content}");
    }
    Ok(Answer::bytes(200, "text/plain; charset=utf-8", lines))
}
