//! The DNS records that the simulated mail providers want, in the forms that the real ones use: hosts and policies
//! as they are published, tokens and keys made from the domain's name.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use peeker_domain::{DomainName, MailProvider};

use super::opaque;
use crate::DnsRecord;

/// Start of a `SubjectPublicKeyInfo` for a 2048-bit RSA key (RFC 8017 A.1.1), up to the 256 bytes of the modulus.
const RSA_2048_HEADER: [u8; 33] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01,
    0x00,
];
/// The exponent 65537, which ends the key.
const RSA_EXPONENT: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];
/// SHA-256 digests that fill a 2048-bit modulus.
const DIGESTS_PER_MODULUS: u8 = 8;
/// The simulated Microsoft tenant.
const TENANT: &str = "peekersandbox";

/// What `provider` wants to see in the zone of `name`.
pub(super) fn wanted(provider: MailProvider, name: &DomainName) -> Vec<DnsRecord> {
    let proof = ownership_proof(provider, name);
    match provider {
        MailProvider::Google => vec![
            proof,
            DnsRecord::mx(name.as_str(), 1, "smtp.google.com"),
            DnsRecord::txt(name.as_str(), "v=spf1 include:_spf.google.com ~all"),
            DnsRecord::txt(
                format!("google._domainkey.{name}"),
                format!("v=DKIM1; k=rsa; p={}", dkim_key(name)),
            ),
        ],
        MailProvider::Microsoft => vec![
            proof,
            DnsRecord::mx(name.as_str(), 0, format!("{}.mx.microsoft", mx_label(name))),
            DnsRecord::txt(
                name.as_str(),
                "v=spf1 include:spf.protection.outlook.com -all",
            ),
            dkim_alias("selector1", name),
            dkim_alias("selector2", name),
            DnsRecord::cname(format!("autodiscover.{name}"), "autodiscover.outlook.com"),
        ],
    }
}

/// The record that proves to `provider` that the domain is ours.
pub(super) fn ownership_proof(provider: MailProvider, name: &DomainName) -> DnsRecord {
    let content = match provider {
        MailProvider::Google => {
            let token = URL_SAFE_NO_PAD.encode(opaque::digest("google proof", name));
            format!("google-site-verification={token}")
        }
        MailProvider::Microsoft => {
            let [a, b, c, d, ..] = opaque::digest("microsoft proof", name);
            format!("MS=ms{:08}", u32::from_be_bytes([a, b, c, d]) % 100_000_000)
        }
    };
    DnsRecord::txt(name.as_str(), content)
}

/// Not built from the name, as at Microsoft since July 2026.
fn mx_label(name: &DomainName) -> String {
    format!(
        "{}.{}-v1",
        opaque::token("microsoft mx", name, 20),
        partition(name)
    )
}

fn partition(name: &DomainName) -> char {
    char::from(b'a' + opaque::digest("microsoft partition", name)[0] % 26)
}

fn dkim_alias(selector: &str, name: &DomainName) -> DnsRecord {
    let dashed = name.as_str().replace('.', "-");
    DnsRecord::cname(
        format!("{selector}._domainkey.{name}"),
        format!(
            "{selector}-{dashed}._domainkey.{TENANT}.{}-v1.dkim.mail.microsoft",
            partition(name)
        ),
    )
}

/// A public key that parses as one; nobody has its private half, so nothing can be signed with it.
fn dkim_key(name: &DomainName) -> String {
    let mut der = RSA_2048_HEADER.to_vec();
    for part in 0..DIGESTS_PER_MODULUS {
        let mut digest = opaque::digest(&format!("google dkim {part}"), name);
        if part == 0 {
            // A 2048-bit number has its top bit set.
            digest[0] |= 0x80;
        }
        der.extend_from_slice(&digest);
    }
    der.extend_from_slice(&RSA_EXPONENT);
    STANDARD.encode(der)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordKind;

    #[test]
    fn microsoft_values_differ_between_domains_and_never_between_calls() {
        let [one, two] = ["one.com", "two.com"].map(|name| DomainName::parse(name).unwrap());
        let mx = |name| {
            wanted(MailProvider::Microsoft, name)
                .into_iter()
                .find(|r| r.kind == RecordKind::Mx)
                .unwrap()
        };
        assert_eq!(mx(&one), mx(&one));
        assert_ne!(mx(&one).content, mx(&two).content);
        assert!(mx(&one).content.ends_with(".mx.microsoft"));
        assert!(!mx(&one).content.contains("one"));
    }

    #[test]
    fn a_google_key_has_the_length_of_a_2048_bit_key() {
        let key = dkim_key(&DomainName::parse("one.com").unwrap());
        assert_eq!(key.len(), 392);
        assert!(key.starts_with("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"));
        assert!(key.ends_with("IDAQAB"));
    }

    #[test]
    fn every_domain_has_one_spf_record() {
        let name = DomainName::parse("one.com").unwrap();
        for provider in MailProvider::ALL {
            let records = wanted(*provider, &name);
            assert_eq!(
                records
                    .iter()
                    .filter(|r| r.content.starts_with("v=spf1"))
                    .count(),
                1
            );
            assert!(records.iter().all(|r| r.name.ends_with("one.com")));
        }
    }
}
