//! The addresses of a domain's inboxes, made from the personas' names (contract §4).
//!
//! What must stay true: the names depend on the personas and on nothing else, so that a retried step lays down the
//! same inboxes; asking for more names only adds to the end of the list; no two names of a list are equal.

use std::collections::HashSet;

use deunicode::deunicode;

use crate::persona::Persona;

/// Most letters of a given or family name in an address. Two of them, a separator and the longest number make
/// 26 + 1 + 26 + 10 = 63 characters; a local part may have 64 (RFC 5321 §4.5.3.1.1).
const MAX_PART_LENGTH: usize = 26;

/// Stands for a persona of whose name no letter is left in ASCII.
const NAMELESS: &str = "person";

/// Local parts that belong to a role (RFC 2142, the providers' own, and common desks), which lose replies or are
/// refused. Without separators, because `no-reply`, `no.reply` and `noreply` are the same role.
const ROLES: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administrator",
    "all",
    "billing",
    "bounce",
    "bounces",
    "careers",
    "compliance",
    "contact",
    "contactus",
    "customerservice",
    "daemon",
    "dmarc",
    "donotreply",
    "everyone",
    "feedback",
    "finance",
    "ftp",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "inquiries",
    "it",
    "jobs",
    "legal",
    "list",
    "mail",
    "mailerdaemon",
    "marketing",
    "media",
    "news",
    "newsletter",
    "noc",
    "noreply",
    "null",
    "office",
    "orders",
    "postmaster",
    "press",
    "privacy",
    "root",
    "sales",
    "security",
    "service",
    "spam",
    "staff",
    "support",
    "sysadmin",
    "team",
    "unsubscribe",
    "usenet",
    "uucp",
    "webmaster",
    "www",
];

/// One inbox to be made on a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxName {
    /// What stands before the `@`.
    pub local_part: String,
    /// Given name shown to recipients, as the partner wrote it.
    pub first_name: String,
    /// Family name shown to recipients, as the partner wrote it.
    pub last_name: String,
    /// Index of the persona in the list that was given.
    pub persona: usize,
}

/// The first `count` inbox names of a domain, the personas taking turns. Without personas there are no names.
///
/// A persona's names go from `first.last` over ever less natural patterns to the same patterns with a number. A
/// name that is all emoji or symbols still gives addresses: the part that is left stands alone, and `person`
/// stands for a persona with no part left.
pub fn inbox_names(personas: &[Persona], count: u32) -> Vec<InboxName> {
    let mut used = HashSet::new();
    let mut streams: Vec<_> = personas.iter().map(local_parts).collect();
    let turns = (0..personas.len()).cycle().take(if personas.is_empty() {
        0
    } else {
        count as usize
    });
    turns
        .filter_map(|turn| {
            let local_part =
                streams[turn].find(|name| !is_role(name) && used.insert(name.clone()))?;
            let Persona {
                first_name,
                last_name,
                profile_picture_url: _,
            } = &personas[turn];
            Some(InboxName {
                local_part,
                first_name: first_name.to_string(),
                last_name: last_name.to_string(),
                persona: turn,
            })
        })
        .collect()
}

/// Every local part that a persona can have, best first. It never runs dry in practice: after the plain patterns
/// come the same with 2, 3 and so on.
fn local_parts(persona: &Persona) -> impl Iterator<Item = String> + use<> {
    let plain = plain_local_parts(
        &ascii_part(persona.first_name.as_str()),
        &ascii_part(persona.last_name.as_str()),
    );
    let stems = plain.clone();
    let numbered = (2..=u32::MAX).flat_map(move |number| {
        stems
            .clone()
            .into_iter()
            .map(move |stem| format!("{stem}{number}"))
    });
    plain.into_iter().chain(numbered)
}

/// The local parts without a number, the most natural first: full names, then one initial, then the family name
/// first, then bare initials.
fn plain_local_parts(first: &str, last: &str) -> Vec<String> {
    let (Some(f), Some(l)) = (first.get(..1), last.get(..1)) else {
        let part = if first.is_empty() { last } else { first };
        return vec![if part.is_empty() { NAMELESS } else { part }.to_owned()];
    };
    vec![
        format!("{first}.{last}"),
        format!("{first}{last}"),
        first.to_owned(),
        format!("{f}{last}"),
        format!("{f}.{last}"),
        format!("{first}{l}"),
        format!("{first}.{l}"),
        format!("{first}_{last}"),
        format!("{first}-{last}"),
        format!("{last}.{first}"),
        format!("{last}{first}"),
        format!("{last}{f}"),
        format!("{last}.{f}"),
        format!("{f}_{last}"),
        format!("{f}-{last}"),
        format!("{first}_{l}"),
        format!("{first}-{l}"),
        format!("{last}_{first}"),
        format!("{last}-{first}"),
        last.to_owned(),
        format!("{l}.{first}"),
        format!("{l}{first}"),
        format!("{last}_{f}"),
        format!("{last}-{f}"),
        format!("{l}_{first}"),
        format!("{l}-{first}"),
        format!("{f}{l}"),
        format!("{f}.{l}"),
    ]
}

/// A given or family name as it may stand in an address: `[a-z0-9]` only, a letter first, possibly empty.
fn ascii_part(name: &str) -> String {
    let ascii = deunicode(name).to_ascii_lowercase();
    let kept = ascii.chars().filter(char::is_ascii_alphanumeric);
    kept.skip_while(char::is_ascii_digit)
        .take(MAX_PART_LENGTH)
        .collect()
}

fn is_role(local_part: &str) -> bool {
    let squeezed: String = local_part
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    ROLES.binary_search(&squeezed.as_str()).is_ok()
}

#[cfg(test)]
mod tests;
