//! The smallest change that makes a zone hold certain records.

use std::collections::HashSet;

use super::text;
use super::wire::{Batch, NewRecord, Record, RecordId, Replacement};

/// What has to change so that, for every name and type among `wanted`, exactly those are there. Other records stay, but for
/// those that cannot stand beside a wanted one.
pub(super) fn batch(existing: &[Record], wanted: &[NewRecord], apex: &str) -> Batch {
    let mut kept: HashSet<&str> = HashSet::new();
    let mut missing: Vec<&NewRecord> = Vec::new();
    for (index, record) in wanted.iter().enumerate() {
        if wanted[..index].contains(record) {
            continue;
        }
        match first(existing, &kept, |old| is_same(old, record)) {
            Some(old) => {
                kept.insert(&old.id);
            }
            None => missing.push(record),
        }
    }
    let mut batch = Batch::default();
    for record in missing {
        // What differs in its time to live only is the first to be written over.
        let same_text = first(existing, &kept, |old| {
            is_of_set(old, record) && same_content(old, record)
        });
        let old = same_text.or_else(|| first(existing, &kept, |old| is_of_set(old, record)));
        let Some(old) = old else {
            batch.posts.push(record.clone());
            continue;
        };
        kept.insert(&old.id);
        batch.puts.push(Replacement {
            id: old.id.clone(),
            record: record.clone(),
        });
    }
    let is_replaced = |old: &Record| {
        let replaces = |record: &NewRecord| is_of_set(old, record) || clashes(old, record, apex);
        wanted.iter().any(replaces)
    };
    let replaced = existing
        .iter()
        .filter(|old| !kept.contains(old.id.as_str()) && is_replaced(old));
    batch.deletes = replaced
        .map(|old| RecordId { id: old.id.clone() })
        .collect();
    batch
}

/// `batch` in parts that hold at most `most` changes each, in the order in which they can be made.
pub(super) fn parts(batch: Batch, most: usize) -> Vec<Batch> {
    let mut parts = vec![Batch::default()];
    let mut add = |push: &mut dyn FnMut(&mut Batch)| {
        if parts.last().is_none_or(|part| part.len() >= most) {
            parts.push(Batch::default());
        }
        if let Some(part) = parts.last_mut() {
            push(part);
        }
    };
    for delete in batch.deletes {
        add(&mut |part| part.deletes.push(delete.clone()));
    }
    for put in batch.puts {
        add(&mut |part| part.puts.push(put.clone()));
    }
    for post in batch.posts {
        add(&mut |part| part.posts.push(post.clone()));
    }
    parts.retain(|part| part.len() > 0);
    parts
}

impl Batch {
    fn len(&self) -> usize {
        self.deletes.len() + self.puts.len() + self.posts.len()
    }
}

fn first<'a>(
    existing: &'a [Record],
    kept: &HashSet<&str>,
    is_it: impl Fn(&Record) -> bool,
) -> Option<&'a Record> {
    existing
        .iter()
        .find(|old| !kept.contains(old.id.as_str()) && is_it(old))
}

/// Whether both have the same name and type.
fn is_of_set(old: &Record, wanted: &NewRecord) -> bool {
    old.kind == wanted.kind && same_name(&old.name, &wanted.name)
}

fn is_same(old: &Record, wanted: &NewRecord) -> bool {
    is_of_set(old, wanted)
        && same_content(old, wanted)
        && old.ttl == wanted.ttl
        && old.priority == wanted.priority
        && old.proxied.unwrap_or(false) == wanted.proxied
}

/// Whether a record of one type says the same as another, whatever the quotes, the letters and the dot at the end.
fn same_content(old: &Record, wanted: &NewRecord) -> bool {
    if old.kind == "TXT" {
        return text::unquoted(&old.content) == text::unquoted(&wanted.content);
    }
    same_name(&old.content, &wanted.content)
}

fn same_name(one: &str, other: &str) -> bool {
    let spelled = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    spelled(one) == spelled(other)
}

/// Whether the two cannot stand side by side: Cloudflare refuses an alias beside an address or another alias; and an
/// alias that is not served by Cloudflare itself hides whatever else has its name. At the apex it hides nothing there.
fn clashes(old: &Record, wanted: &NewRecord, apex: &str) -> bool {
    if !same_name(&old.name, &wanted.name) {
        return false;
    }
    let is_address = |kind: &str| matches!(kind, "A" | "AAAA" | "CNAME");
    let is_proxied = old.proxied.unwrap_or(false) || wanted.proxied;
    let hides = !same_name(&old.name, apex) && !is_proxied;
    match (old.kind.as_str(), wanted.kind) {
        // An address that is not ours would take some of the visitors.
        (old, new) if wanted.proxied => is_address(old) && is_address(new),
        ("CNAME", new) => is_address(new) || hides,
        (old, "CNAME") => is_address(old) || hides,
        _ => false,
    }
}
