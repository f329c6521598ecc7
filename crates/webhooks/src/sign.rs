//! Signing of webhook deliveries in both header families of contract §6.
//!
//! `Peeker-Signature` is HMAC-SHA-256 keyed with the **whole secret text** as the partner was given it, the
//! `whsec_` prefix included, so that a receiver needs no decoding. The Standard Webhooks headers are keyed, as that
//! specification asks, with the **bytes that the part after `whsec_` encodes**. The two families also order the
//! signed text differently; both orders are fixed by published vectors in the tests.

use std::borrow::Borrow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use peeker_domain::id::EventId;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What every secret starts with, from the Standard Webhooks specification.
const PREFIX: &str = "whsec_";

/// Random bytes in a secret we make.
const GENERATED_BYTES: usize = 32;

/// Key lengths the Standard Webhooks specification allows, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

const USER_AGENT: &str = concat!("Peeker-Webhooks/", env!("CARGO_PKG_VERSION"));

/// A text that is not a signing secret. Deliberately says nothing about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ followed by 24 to 64 bytes in base64")]
pub struct InvalidSecret;

/// A partner's webhook secret for one environment: `whsec_<base64 of 24 to 64 bytes>`. Debug shows nothing of it.
#[derive(Clone)]
pub struct SigningSecret {
    text: SecretString,
    /// Both keys are loaded once, where a failure can be reported, so that signing itself cannot fail.
    text_key: Hmac<Sha256>,
    decoded_key: Hmac<Sha256>,
}

impl SigningSecret {
    /// A new secret of 32 random bytes.
    pub fn generate() -> Result<Self, InvalidSecret> {
        let random: [u8; GENERATED_BYTES] = rand::random();
        Self::parse(&format!("{PREFIX}{}", STANDARD.encode(random)))
    }

    /// Reads a secret as the partner was given it.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let decoded = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if !KEY_BYTES.contains(&decoded.len()) {
            return Err(InvalidSecret);
        }
        Ok(Self {
            text: SecretString::from(text),
            text_key: keyed(text.as_bytes())?,
            decoded_key: keyed(&decoded)?,
        })
    }

    /// The secret text: to show it to the partner once and to encrypt it for storage, for nothing else.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// HMAC of `<timestamp>.<event_id>.<body>` under the whole secret text: the content of `Peeker-Signature`.
    pub(crate) fn peeker_mac(&self, event_id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        mac(&self.text_key, timestamp, event_id, body)
    }

    /// HMAC of `<event_id>.<timestamp>.<body>` under the decoded secret: the content of `webhook-signature`.
    pub(crate) fn standard_mac(&self, event_id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        mac(&self.decoded_key, event_id, timestamp, body)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([REDACTED])")
    }
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>, InvalidSecret> {
    Hmac::new_from_slice(key).map_err(|_| InvalidSecret)
}

fn mac(key: &Hmac<Sha256>, first: &str, second: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    for part in [first.as_bytes(), b".", second.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// All headers of one delivery of `event_id`, signed at `unix_seconds` over exactly `body`.
///
/// Each of `secrets` signs (two during a rotation). The time is real time even where the sandbox clock was moved,
/// because receivers compare it with their own.
pub fn headers(
    secrets: &[impl Borrow<SigningSecret>],
    event_id: &EventId,
    unix_seconds: i64,
    body: &[u8],
) -> Vec<(&'static str, String)> {
    let (id, time) = (event_id.as_str(), unix_seconds.to_string());
    let peeker: Vec<String> = secrets
        .iter()
        .map(|secret| {
            format!(
                "v1={}",
                hex::encode(secret.borrow().peeker_mac(id, &time, body))
            )
        })
        .collect();
    let standard: Vec<String> = secrets
        .iter()
        .map(|secret| {
            format!(
                "v1,{}",
                STANDARD.encode(secret.borrow().standard_mac(id, &time, body))
            )
        })
        .collect();
    vec![
        ("Content-Type", "application/json".to_owned()),
        ("User-Agent", USER_AGENT.to_owned()),
        ("Peeker-Event-Id", id.to_owned()),
        ("Peeker-Timestamp", time.clone()),
        ("Peeker-Signature", peeker.join(",")),
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", time),
        ("webhook-signature", standard.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected values below were computed with Python's hmac module, not with this code.
    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const OTHER: &str = "whsec_//////////////////////////////////////////8=";
    const LONGEST: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
    const BODY: &str = r#"{"id":"evt_01ARZ3NDEKTSV4RRFFQ69G5FAV","note":"Zoë"}"#;
    const TIME: i64 = 1_778_241_600;

    fn signed(secrets: &[&str], name: &str) -> String {
        let secrets: Vec<_> = secrets
            .iter()
            .map(|text| SigningSecret::parse(text).unwrap())
            .collect();
        let event_id = "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let found: Vec<_> = headers(&secrets, &event_id, TIME, BODY.as_bytes())
            .into_iter()
            .filter(|(header, _)| *header == name)
            .collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].1.clone()
    }

    #[test]
    fn peeker_signature_matches_independent_vectors() {
        for (secret, mac) in [
            (
                SECRET,
                "81858f731334006bd4dc9824a39c87fff02697a6a06803d55fc4abedaa72a527",
            ),
            (
                OTHER,
                "fd157fc7388ee1c534ef3e0e290b943f9b3e3547b8feb5b2efd4cbe430f5f213",
            ),
            (
                LONGEST,
                "b4443352946b34413c91cfc4119e1b2e11e2c510cb0ff2be8b2e25efa8972231",
            ),
        ] {
            assert_eq!(signed(&[secret], "Peeker-Signature"), format!("v1={mac}"));
        }
    }

    #[test]
    fn standard_signature_matches_independent_vectors() {
        for (secret, mac) in [
            (SECRET, "1lS0+coIADKNgT3j9ne81eO53ijW9p1ppAyt9bJkxsg="),
            (OTHER, "OW7WSy0eOy70m/YPbc+HronSkn5onaAPRbotTv83oKM="),
            (LONGEST, "EffqXq6RA7f/VHqOZEs35ocHHhvaMRkPS8oMPAPL+qE="),
        ] {
            assert_eq!(signed(&[secret], "webhook-signature"), format!("v1,{mac}"));
        }
    }

    #[test]
    fn standard_signature_matches_the_published_example_of_the_specification() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mac = secret.standard_mac(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            STANDARD.encode(mac),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn both_secrets_sign_during_a_rotation() {
        let [one, two] = [SECRET, OTHER].map(|secret| signed(&[secret], "Peeker-Signature"));
        assert_eq!(
            signed(&[SECRET, OTHER], "Peeker-Signature"),
            format!("{one},{two}")
        );
        let [one, two] = [SECRET, OTHER].map(|secret| signed(&[secret], "webhook-signature"));
        assert_eq!(
            signed(&[SECRET, OTHER], "webhook-signature"),
            format!("{one} {two}")
        );
    }

    #[test]
    fn id_and_time_are_told_in_both_families() {
        for name in ["Peeker-Event-Id", "webhook-id"] {
            assert_eq!(signed(&[SECRET], name), "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV");
        }
        for name in ["Peeker-Timestamp", "webhook-timestamp"] {
            assert_eq!(signed(&[SECRET], name), "1778241600");
        }
        assert_eq!(signed(&[SECRET], "Content-Type"), "application/json");
        assert!(signed(&[SECRET], "User-Agent").starts_with("Peeker-Webhooks/"));
    }

    #[test]
    fn generated_secrets_differ_and_read_back() {
        let [one, two] = [
            SigningSecret::generate().unwrap(),
            SigningSecret::generate().unwrap(),
        ];
        assert_ne!(one.expose(), two.expose());
        assert_eq!(one.expose().len(), 50);
        assert_eq!(
            SigningSecret::parse(one.expose()).unwrap().expose(),
            one.expose()
        );
    }

    #[test]
    fn anything_but_a_secret_is_refused_without_being_repeated() {
        let encoded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bad in [
            "",
            "whsec_",
            "whsec_!!!!",
            &SECRET[6..],
            &SECRET[..49],
            &encoded(23),
            &encoded(65),
        ] {
            assert_eq!(
                SigningSecret::parse(bad).err(),
                Some(InvalidSecret),
                "{bad}"
            );
        }
        assert!(SigningSecret::parse(&encoded(24)).is_ok());
        let shown = format!("{:?}", SigningSecret::parse(SECRET).unwrap());
        assert_eq!(shown, "SigningSecret([REDACTED])");
    }
}
