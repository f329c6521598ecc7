//! Names and contents of records, held against their types.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Kind;
use crate::call::Answer;
use crate::cloudflare::envelope::error;

/// A string of a TXT record holds no more bytes than this.
const STRING: usize = 255;

/// The name in full: `@` is the zone's, and one outside of the zone is below it.
pub(crate) fn full_name(name: &str, zone: &str) -> Result<String, Answer> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let full = if name == "@" || name == zone {
        zone.to_owned()
    } else if name.ends_with(&format!(".{zone}")) {
        name
    } else {
        format!("{name}.{zone}")
    };
    if full.len() <= 253 && full.split('.').all(is_label) {
        Ok(full)
    } else {
        Err(error(400, 9000, "DNS name is invalid."))
    }
}

fn is_label(label: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    label == "*" || (1..=63).contains(&label.len()) && label.bytes().all(fits)
}

fn is_host(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(|label| label != "*" && is_label(label))
}

pub(crate) fn check_content(kind: Kind, content: &str) -> Result<(), Answer> {
    let (fits, code, why) = match kind {
        Kind::A => (
            content.parse::<Ipv4Addr>().is_ok(),
            9005,
            "Content for A record must be a valid IPv4 address.",
        ),
        Kind::Aaaa => (
            content.parse::<Ipv6Addr>().is_ok(),
            9006,
            "Content for AAAA record must be a valid IPv6 address.",
        ),
        Kind::Cname => (
            is_host(content),
            9007,
            "Content for CNAME record is invalid.",
        ),
        Kind::Mx => (is_host(content), 9009, "Content for MX record is invalid."),
        Kind::Ns => (is_host(content), 9008, "Content for NS record is invalid."),
        Kind::Txt => (
            !content.is_empty() && content.len() <= 2048 && strings(content).is_some(),
            9019,
            "Content for TXT record is invalid.",
        ),
    };
    if fits {
        Ok(())
    } else {
        Err(error(400, code, why))
    }
}

/// The content as it is kept and shown: hosts without a dot at the end, addresses in their usual notation, and texts in quotes, as
/// strings that are short enough, however they were sent.
pub(crate) fn kept(kind: Kind, content: &str) -> String {
    match kind {
        Kind::Cname | Kind::Mx | Kind::Ns => content.trim_end_matches('.').to_ascii_lowercase(),
        Kind::Aaaa => content
            .parse::<Ipv6Addr>()
            .map_or_else(|_| content.to_owned(), |ip| ip.to_string()),
        Kind::A => content.to_owned(),
        Kind::Txt => quoted(&strings(content).unwrap_or_default()),
    }
}

/// The strings of a text: those in quotes, or the whole if it has none. Nothing of one whose quotes are not in order.
pub(crate) fn strings(content: &str) -> Option<Vec<String>> {
    if !content.trim_start().starts_with('"') {
        return (!content.contains('"')).then(|| vec![content.to_owned()]);
    }
    let (mut strings, mut rest) = (Vec::new(), content.trim());
    while !rest.is_empty() {
        let mut characters = rest.strip_prefix('"')?.char_indices();
        let mut text = String::new();
        let end = loop {
            match characters.next()? {
                (_, '\\') => text.push(characters.next()?.1),
                (at, '"') => break at,
                (_, character) => text.push(character),
            }
        };
        strings.push(text);
        rest = rest[end + 2..].trim_start();
    }
    Some(strings)
}

fn quoted(strings: &[String]) -> String {
    let parts = strings.iter().flat_map(|string| split(string));
    let parts = parts.map(|part| {
        let escaped = part.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Parts of a string that a TXT record can hold.
fn split(mut rest: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while rest.len() > STRING {
        let (part, left) = rest.split_at(rest.floor_char_boundary(STRING));
        parts.push(part);
        rest = left;
    }
    parts.push(rest);
    parts
}
