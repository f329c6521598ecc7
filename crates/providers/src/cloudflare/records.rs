//! The records of a zone.

use peeker_domain::DomainName;
use reqwest::Method;

use super::Cloudflare;
use super::api::Permission;
use super::plan;
use super::redirect::is_of_redirect;
use super::refusal::{Refusal, zone_full};
use super::text;
use super::wire::{Batch, NewRecord, Record, Zone};
use crate::{Call, DnsRecord, ErrorClass, ProviderError, RecordKind};

/// Records in one page of the list.
const PAGE: usize = 500;
/// How often a change that clashed with another is worked out anew.
const ROUNDS: usize = 2;
/// The times to live that Cloudflare takes, in seconds.
const TTL: std::ops::RangeInclusive<u32> = 60..=86_400;

impl Cloudflare {
    pub(super) async fn publish(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError> {
        let zone = self.existing_zone(name).await?;
        let wanted: Vec<NewRecord> = records.iter().map(new_record).collect();
        self.put(call, &zone, &wanted).await?;
        self.hasten(call, &zone).await;
        Ok(())
    }

    pub(super) async fn published(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        let Some(zone) = self.find_zone(name).await? else {
            return Ok(Vec::new());
        };
        let existing = self.list(call, &zone).await?;
        let ours = existing
            .iter()
            .filter(|record| !is_of_redirect(record, &zone.name));
        let mut records: Vec<DnsRecord> = ours.filter_map(record).collect();
        records.sort_unstable();
        records.dedup();
        Ok(records)
    }

    /// Makes the zone hold `wanted`, and nothing else of their names and types. Gives back whether anything was written.
    pub(super) async fn put(
        &self,
        call: Call<'_>,
        zone: &Zone,
        wanted: &[NewRecord],
    ) -> Result<bool, ProviderError> {
        for _ in 0..ROUNDS {
            let existing = self.list(call, zone).await?;
            let batch = plan::batch(&existing, wanted, &zone.name);
            let parts = plan::parts(batch, self.batch);
            if parts.is_empty() {
                return Ok(false);
            }
            if self.write_all(call, zone, &parts).await? {
                return Ok(true);
            }
        }
        let message = format!("the records of {} change under our hands", zone.name);
        Err(ProviderError::new(ErrorClass::Conflict, message))
    }

    /// Whether all of it was written; if not, the zone is not what it was when the change was worked out.
    pub(super) async fn write_all(
        &self,
        call: Call<'_>,
        zone: &Zone,
        parts: &[Batch],
    ) -> Result<bool, ProviderError> {
        let path = format!("zones/{}/dns_records/batch", zone.id);
        for part in parts {
            let request = self.request(Method::POST, &path).json(part);
            let reply = self.send("change records", request).await?;
            match reply.refusal() {
                None => {}
                Some(Refusal::SameRecord | Refusal::RecordGone | Refusal::Clash) => {
                    return Ok(false);
                }
                Some(Refusal::ZoneFull) => return Err(zone_full(&zone.name)),
                Some(_) => {
                    let needs = Permission::Dns;
                    return Err(self.refused_in(call, zone, &reply, needs).await);
                }
            }
        }
        Ok(true)
    }

    pub(super) async fn list(
        &self,
        call: Call<'_>,
        zone: &Zone,
    ) -> Result<Vec<Record>, ProviderError> {
        let path = format!("zones/{}/dns_records", zone.id);
        let (mut records, mut page) = (Vec::new(), 1);
        loop {
            let path = format!("{path}?page={page}&per_page={PAGE}");
            let reply = self.send("list records", self.request(Method::GET, &path));
            let reply = reply.await?;
            if reply.refusal().is_some() {
                let needs = Permission::Dns;
                return Err(self.refused_in(call, zone, &reply, needs).await);
            }
            let (listed, total) = reply.page::<Record>()?;
            let is_last = listed.is_empty();
            records.extend(listed);
            if is_last || records.len() as u64 >= total {
                return Ok(records);
            }
            page += 1;
        }
    }
}

const fn kind(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Mx => "MX",
        RecordKind::Txt => "TXT",
        RecordKind::Cname => "CNAME",
        RecordKind::A => "A",
        RecordKind::Ns => "NS",
    }
}

pub(super) fn new_record(record: &DnsRecord) -> NewRecord {
    let content = match record.kind {
        RecordKind::Txt => text::quoted(&record.content),
        _ => record.content.clone(),
    };
    NewRecord {
        kind: kind(record.kind),
        name: record.name.clone(),
        content,
        priority: record.priority,
        ttl: record.ttl.clamp(*TTL.start(), *TTL.end()),
        proxied: false,
        comment: None,
    }
}

/// The record as the port has it; `None` for a type that the port does not have.
fn record(record: &Record) -> Option<DnsRecord> {
    const KINDS: [RecordKind; 5] = [
        RecordKind::Mx,
        RecordKind::Txt,
        RecordKind::Cname,
        RecordKind::A,
        RecordKind::Ns,
    ];
    let kind = KINDS.into_iter().find(|one| kind(*one) == record.kind)?;
    let content = match kind {
        RecordKind::Txt => text::unquoted(&record.content),
        RecordKind::A => record.content.clone(),
        _ => record.content.trim_end_matches('.').to_ascii_lowercase(),
    };
    Some(DnsRecord {
        kind,
        name: record.name.trim_end_matches('.').to_ascii_lowercase(),
        content,
        priority: record.priority.filter(|_| kind == RecordKind::Mx),
        ttl: record.ttl,
    })
}
