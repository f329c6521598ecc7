use super::plan::{batch, parts};
use super::records::new_record;
use super::wire::{Batch, NewRecord, Record};
use crate::DnsRecord;

const APEX: &str = "acme.com";

fn old(id: &str, kind: &str, name: &str, content: &str) -> Record {
    Record {
        id: id.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        content: content.to_owned(),
        priority: None,
        ttl: 3_600,
        proxied: Some(false),
    }
}

fn old_mx(id: &str, priority: u16, host: &str) -> Record {
    Record {
        priority: Some(priority),
        ..old(id, "MX", APEX, host)
    }
}

fn proxied(kind: &'static str, name: &str, content: &str) -> NewRecord {
    NewRecord {
        kind,
        name: name.to_owned(),
        content: content.to_owned(),
        priority: None,
        ttl: 1,
        proxied: true,
        comment: None,
    }
}

fn plan(existing: &[Record], wanted: &[DnsRecord]) -> Batch {
    let wanted: Vec<NewRecord> = wanted.iter().map(new_record).collect();
    batch(existing, &wanted, APEX)
}

fn ids(batch: &Batch) -> (Vec<&str>, Vec<&str>, usize) {
    let deletes = batch.deletes.iter().map(|record| record.id.as_str());
    let puts = batch.puts.iter().map(|record| record.id.as_str());
    (deletes.collect(), puts.collect(), batch.posts.len())
}

#[test]
fn what_is_there_already_is_not_written() {
    let existing = [
        old_mx("mx", 1, "SMTP.google.com."),
        old("spf", "TXT", "Acme.com", "\"v=spf1 \" \"-all\""),
        old("bare", "TXT", "_dmarc.acme.com", "v=DMARC1"),
        old(
            "alias",
            "CNAME",
            "s1._domainkey.acme.com",
            "s1.host.example",
        ),
    ];
    let wanted = [
        DnsRecord::mx(APEX, 1, "smtp.google.com"),
        DnsRecord::txt(APEX, "v=spf1 -all"),
        DnsRecord::txt("_dmarc.acme.com", "v=DMARC1"),
        DnsRecord::cname("s1._domainkey.acme.com", "s1.host.example"),
    ];
    assert_eq!(plan(&existing, &wanted), Batch::default());
    assert_eq!(plan(&existing, &[]), Batch::default());
}

#[test]
fn a_set_is_replaced_as_a_whole_and_others_stay() {
    let existing = [
        old_mx("mx1", 1, "old1.example"),
        old_mx("mx2", 5, "old2.example"),
        old_mx("mx3", 9, "smtp.google.com"),
        old("spf", "TXT", APEX, "v=spf1 -all"),
        old("proof", "TXT", APEX, "proof=1"),
        old("else", "TXT", "other.acme.com", "stays"),
    ];
    let wanted = [DnsRecord::mx(APEX, 1, "smtp.google.com")];
    let changes = plan(&existing, &wanted);
    assert_eq!(ids(&changes), (vec!["mx1", "mx2"], vec!["mx3"], 0));
    let wanted = [
        DnsRecord::txt(APEX, "v=spf1 -all"),
        DnsRecord::txt(APEX, "proof=2"),
        DnsRecord::txt(APEX, "proof=3"),
    ];
    let changes = plan(&existing, &wanted);
    assert_eq!(ids(&changes), (vec![], vec!["proof"], 1));
}

#[test]
fn a_record_that_is_wanted_twice_is_made_once() {
    let record = DnsRecord::txt(APEX, "proof=1");
    let changes = plan(&[], &[record.clone(), record]);
    assert_eq!(ids(&changes), (vec![], vec![], 1));
    assert_eq!(changes.posts[0].content, "\"proof=1\"");
}

#[test]
fn the_time_to_live_and_the_proxy_are_part_of_a_record() {
    let wanted = [DnsRecord::cname("track.acme.com", "open.host.example")];
    let right = old("alias", "CNAME", "track.acme.com", "open.host.example");
    assert_eq!(
        plan(std::slice::from_ref(&right), &wanted),
        Batch::default()
    );
    for wrong in [
        Record {
            ttl: 1,
            ..right.clone()
        },
        Record {
            proxied: Some(true),
            ..right
        },
    ] {
        assert_eq!(ids(&plan(&[wrong], &wanted)), (vec![], vec!["alias"], 0));
    }
}

#[test]
fn what_cannot_stand_beside_a_wanted_record_goes() {
    let www = "www.acme.com";
    for (there, wanted, goes) in [
        // An alias has its name for itself.
        (
            old("x", "A", www, "203.0.113.9"),
            DnsRecord::cname(www, "host.example"),
            true,
        ),
        (
            old("x", "AAAA", www, "2001:db8::9"),
            DnsRecord::cname(www, "host.example"),
            true,
        ),
        (
            old("x", "TXT", www, "note"),
            DnsRecord::cname(www, "host.example"),
            true,
        ),
        (
            old("x", "CNAME", www, "host.example"),
            DnsRecord::txt(www, "note"),
            true,
        ),
        // At the apex, Cloudflare puts an address in its place.
        (
            old("x", "CNAME", APEX, "host.example"),
            DnsRecord::txt(APEX, "note"),
            false,
        ),
        (
            old("x", "TXT", APEX, "note"),
            DnsRecord::cname(APEX, "host.example"),
            false,
        ),
        (
            old("x", "A", APEX, "203.0.113.9"),
            DnsRecord::cname(APEX, "host.example"),
            true,
        ),
        // The rest does not mind.
        (
            old("x", "A", APEX, "203.0.113.9"),
            DnsRecord::txt(APEX, "note"),
            false,
        ),
        (
            old("x", "CAA", www, "0 issue ca.example"),
            DnsRecord::txt(www, "note"),
            false,
        ),
        (
            old("x", "A", "else.acme.com", "203.0.113.9"),
            DnsRecord::cname(www, "host.example"),
            false,
        ),
    ] {
        let label = format!("{} {} / {wanted:?}", there.kind, there.name);
        let changes = plan(&[there], &[wanted]);
        let deletes = if goes { vec!["x"] } else { vec![] };
        assert_eq!(ids(&changes), (deletes, vec![], 1), "{label}");
    }
}

#[test]
fn a_redirect_takes_the_place_of_every_address() {
    let www = "www.acme.com";
    let existing = [
        old("parking", "A", APEX, "203.0.113.9"),
        old("parking2", "A", APEX, "203.0.113.10"),
        old("six", "AAAA", APEX, "2001:db8::9"),
        old("www", "A", www, "203.0.113.9"),
        old("note", "TXT", www, "stays"),
        old("mx", "MX", APEX, "stays.example"),
    ];
    let wanted = [proxied("A", APEX, "192.0.2.1"), proxied("CNAME", www, APEX)];
    let changes = batch(&existing, &wanted, APEX);
    assert_eq!(
        ids(&changes),
        (vec!["parking2", "six", "www"], vec!["parking"], 1)
    );
    let after = [
        Record {
            ttl: 1,
            proxied: Some(true),
            ..old("a", "A", APEX, "192.0.2.1")
        },
        Record {
            ttl: 1,
            proxied: Some(true),
            ..old("c", "CNAME", www, "acme.com")
        },
    ];
    assert_eq!(batch(&after, &wanted, APEX), Batch::default());
}

#[test]
fn a_change_is_made_in_parts_with_what_goes_first() {
    let existing: Vec<Record> = (0..7)
        .map(|n| old(&n.to_string(), "TXT", "many.acme.com", &format!("old {n}")))
        .collect();
    let wanted: Vec<DnsRecord> = (0..3)
        .map(|n| DnsRecord::txt("many.acme.com", format!("new {n}")))
        .chain((0..5).map(|n| DnsRecord::txt(format!("t{n}.acme.com"), "new")))
        .collect();
    let whole = plan(&existing, &wanted);
    assert_eq!(
        ids(&whole),
        (vec!["3", "4", "5", "6"], vec!["0", "1", "2"], 5)
    );
    let sizes: Vec<_> = parts(whole.clone(), 5)
        .iter()
        .map(|part| (part.deletes.len(), part.puts.len(), part.posts.len()))
        .collect();
    assert_eq!(sizes, [(4, 1, 0), (0, 2, 3), (0, 0, 2)]);
    assert_eq!(parts(whole.clone(), 12), [whole]);
    assert_eq!(parts(Batch::default(), 5), []);
}
