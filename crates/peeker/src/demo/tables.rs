//! The rows of the demonstration's tables.

use std::collections::BTreeMap;

use peeker_providers::{DnsRecord, RecordKind};

use super::client::{Domain, Inbox, LineItem, Order};
use crate::output::dollars;

/// Inboxes shown of each provider.
const SAMPLE: usize = 4;
/// Longest content of a record that is shown whole; keys are longer and tell nobody anything.
const SHOWN_CONTENT: usize = 64;

/// Domains by provider, with the number of their inboxes.
pub fn domains(domains: &[Domain], inboxes: &[Inbox]) -> Vec<Vec<String>> {
    let mut count = BTreeMap::<&str, usize>::new();
    for inbox in inboxes {
        *count.entry(&inbox.domain).or_default() += 1;
    }
    let mut rows: Vec<_> = domains
        .iter()
        .map(|domain| {
            let provider = domain.provider.as_deref().unwrap_or("-").to_owned();
            let inboxes = count.get(domain.name.as_str()).copied().unwrap_or(0);
            vec![
                domain.name.clone(),
                provider,
                format!("{inboxes:>7}"),
                domain.status.clone(),
            ]
        })
        .collect();
    rows.sort_by(|a, b| (&a[1], &a[0]).cmp(&(&b[1], &b[0])));
    rows
}

/// Some inboxes of each provider, in the order they were made: lists are newest first.
pub fn inboxes(inboxes: &[Inbox]) -> Vec<Vec<String>> {
    let of = |provider: &'static str| {
        inboxes
            .iter()
            .rev()
            .filter(move |inbox| inbox.provider == provider)
            .take(SAMPLE)
    };
    of("google")
        .chain(of("microsoft"))
        .map(|inbox| {
            let name = format!("{} {}", inbox.first_name, inbox.last_name);
            vec![
                inbox.email.clone(),
                name,
                inbox.provider.clone(),
                inbox.status.clone(),
            ]
        })
        .collect()
}

/// The parts of the price and their sum.
pub fn costs(order: &Order) -> Vec<Vec<String>> {
    let name = |kind: &str| match kind {
        "google_license" => "Google licenses, a month".to_owned(),
        "microsoft_license" => "Microsoft licenses, a month".to_owned(),
        "domain_registration" => "domain registrations, a year".to_owned(),
        other => other.to_owned(),
    };
    let amount = |cents: i64| format!("{:>9}", dollars(cents));
    let row = |LineItem {
                   kind,
                   quantity,
                   amount_cents,
               }: &LineItem| {
        vec![name(kind), format!("{quantity:>8}"), amount(*amount_cents)]
    };
    let mut rows: Vec<_> = order.costs.line_items.iter().map(row).collect();
    rows.push(vec![
        "together".to_owned(),
        String::new(),
        amount(order.costs.total_cents),
    ]);
    rows
}

/// The records that make mail of a domain trusted.
pub fn records(records: &[DnsRecord]) -> Vec<Vec<String>> {
    let kind = |kind: RecordKind| match kind {
        RecordKind::Mx => "MX",
        RecordKind::Txt => "TXT",
        RecordKind::Cname => "CNAME",
        RecordKind::A => "A",
        RecordKind::Ns => "NS",
    };
    let row = |record: &DnsRecord| {
        let priority = record
            .priority
            .map_or_else(String::new, |priority| format!("{priority} "));
        let mut content: String = record.content.chars().take(SHOWN_CONTENT).collect();
        if content.len() < record.content.len() {
            content.push('…');
        }
        vec![
            kind(record.kind).to_owned(),
            record.name.clone(),
            priority + &content,
        ]
    };
    records.iter().map(row).collect()
}
