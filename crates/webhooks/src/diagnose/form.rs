//! How the signatures in a header are written.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::verify::SignatureFamily;

/// Bytes of an HMAC-SHA-256.
const MAC_BYTES: usize = 32;

pub(super) struct Candidate {
    /// The MAC, also when its form is wrong but can be guessed.
    pub mac: Option<Vec<u8>>,
    /// What is wrong with its form.
    pub problem: Option<String>,
}

/// Reads the signatures of a header.
pub(super) fn read(family: SignatureFamily, listed: &str) -> Vec<Candidate> {
    listed
        .split(family.separator())
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .map(|one| candidate(family, one))
        .collect()
}

fn candidate(family: SignatureFamily, text: &str) -> Candidate {
    if let Some(mac) = family.decode(text).filter(|mac| mac.len() == MAC_BYTES) {
        return Candidate {
            mac: Some(mac),
            problem: None,
        };
    }
    let (prefix, encoding) = match family {
        SignatureFamily::Peeker => ("v1=", "hex"),
        SignatureFamily::StandardWebhooks => ("v1,", "base64"),
    };
    let (value, prefixed) = match ["v1=", "v1,"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
    {
        Some(value) => (value, text.starts_with(prefix)),
        None => (text, false),
    };
    let hex = hex::decode(value).ok().filter(|mac| mac.len() == MAC_BYTES);
    let base64 = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(value).ok())
        .filter(|mac| mac.len() == MAC_BYTES);
    let (mac, found) = match (hex, base64) {
        (Some(mac), _) => (Some(mac), "hex"),
        (None, Some(mac)) => (Some(mac), "base64"),
        (None, None) => (None, ""),
    };
    let problem = if mac.is_none() {
        format!("does not hold a SHA-256 in {encoding}")
    } else if found != encoding {
        format!("is written in {found} instead of {encoding}")
    } else if prefixed {
        "is base64 in another alphabet or without padding".to_owned()
    } else {
        format!("does not start with {prefix}")
    };
    Candidate {
        mac,
        problem: Some(problem),
    }
}

/// Whether at least one of them is well written.
pub(super) fn judge(family: SignatureFamily, candidates: &[Candidate]) -> (bool, String) {
    let name = family.names()[2];
    let good = candidates
        .iter()
        .filter(|one| one.problem.is_none())
        .count();
    if good > 0 {
        return (
            true,
            format!("{name} holds {good} well-formed signature(s)"),
        );
    }
    match candidates.iter().find_map(|one| one.problem.as_deref()) {
        Some(problem) => (false, format!("The signature in {name} {problem}")),
        None => (false, format!("{name} is empty")),
    }
}
