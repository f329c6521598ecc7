//! The fingerprint that makes a repeated order the same order (contract §1).
//!
//! Two requests that mean the same must give the same fingerprint however they were written, and two that mean
//! something else must not. The sequencer password is never an input. The result is keyed, so that whoever reads
//! the database cannot test guesses about who ordered what.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::email::EmailAddress;
use crate::order::{ClientId, Persona, RequestedDomain, Sizing};
use crate::price::PriceBook;
use crate::web_url::WebUrl;

/// Names the serialisation. To be raised with every change of [`canonical`], so that an old and a new fingerprint
/// can never be equal by accident; orders of the last 24 hours then no longer dedupe.
const VERSION: &str = "peeker.order.1";
/// Block size of SHA-256, in bytes (FIPS 180-4).
const BLOCK: usize = 64;

/// The secret that fingerprints are made with; wiped when dropped.
#[derive(Debug)]
pub struct FingerprintKey(SecretBox<[u8; 32]>);

impl FingerprintKey {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }
}

/// Everything that tells one order from another. The types have normalised names, addresses and client ids already.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The customer's address, also when the request named the customer by id.
    pub customer_email: &'a EmailAddress,
    /// The sequencer client; `None` is the default route.
    pub client_id: Option<&'a ClientId>,
    pub login_email: &'a EmailAddress,
    /// The bundle, or the licenses.
    pub sizing: &'a Sizing,
    /// Inboxes on a Google domain, as planned; `None` when the order has none.
    pub google_inboxes_per_domain: Option<u32>,
    /// Inboxes on a Microsoft domain, as planned; `None` when the order has none.
    pub microsoft_inboxes_per_domain: Option<u32>,
    /// The domains, in any order.
    pub domains: &'a [RequestedDomain],
    /// The personas; their order counts.
    pub personas: &'a [Persona],
    pub prices: &'a PriceBook,
}

/// The fingerprint of an order: HMAC-SHA-256 of its canonical text, as 64 hexadecimal digits.
pub fn fingerprint(key: &FingerprintKey, input: &Input<'_>) -> String {
    digest(key, &canonical(input).to_string())
}

fn digest(key: &FingerprintKey, text: &str) -> String {
    // HMAC fills a short key up with zeros to one block; doing it here leaves no length that could be refused.
    let mut block = [0; BLOCK];
    let secret = key.0.expose_secret();
    block[..secret.len()].copy_from_slice(secret);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// One JSON text per meaning. Arrays with fixed positions, because the order of an object's keys depends on how
/// `serde_json` was built.
fn canonical(input: &Input<'_>) -> Value {
    // Without a rest pattern, so that a new field cannot be left out of the fingerprint unnoticed.
    let Input {
        customer_email,
        client_id,
        login_email,
        sizing,
        google_inboxes_per_domain,
        microsoft_inboxes_per_domain,
        domains,
        personas,
        prices: PriceBook {
            google_license,
            microsoft_license,
        },
    } = *input;
    json!([
        VERSION,
        customer_email.as_str(),
        client_id,
        login_email.as_str(),
        canonical_sizing(sizing),
        google_inboxes_per_domain,
        microsoft_inboxes_per_domain,
        canonical_domains(domains),
        personas.iter().map(canonical_persona).collect::<Value>(),
        google_license,
        microsoft_license,
    ])
}

fn canonical_sizing(sizing: &Sizing) -> Value {
    match sizing {
        Sizing::Bundle(id) => json!(["bundle", id.as_str()]),
        Sizing::Custom { google, microsoft } => json!([
            "custom",
            google.map(|part| [part.licenses, part.inboxes_per_domain]),
            microsoft.map(|part| [part.licenses, part.inboxes_per_domain]),
        ]),
    }
}

fn canonical_domains(domains: &[RequestedDomain]) -> Value {
    let mut pairs: Vec<_> = domains
        .iter()
        .map(
            |RequestedDomain {
                 name,
                 forwarding_url,
             }| { (name.as_str(), forwarding_url.as_ref().map(WebUrl::as_str)) },
        )
        .collect();
    pairs.sort_unstable();
    json!(pairs)
}

fn canonical_persona(persona: &Persona) -> Value {
    let Persona {
        first_name,
        last_name,
        profile_picture_url,
    } = persona;
    let picture = profile_picture_url
        .as_deref()
        .map(str::trim)
        .filter(|url| !url.is_empty());
    json!([first_name, last_name, picture])
}

/// What makes a repeated import job the same: a keyed hash over the set of its domains, whatever their order.
pub fn domain_set(key: &FingerprintKey, names: &BTreeSet<&str>) -> String {
    digest(key, &json!(["import", VERSION, names]).to_string())
}

#[cfg(test)]
mod tests;
