//! The receiving side: what a partner does with the signature headers of contract §6.
//!
//! Written for receivers of our own (the demo and the tests), and as the reference for the documentation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

use crate::sign::SigningSecret;

/// Which of the two header families is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureFamily {
    /// `Peeker-Event-Id`, `Peeker-Timestamp`, `Peeker-Signature`.
    Peeker,
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    StandardWebhooks,
}

impl SignatureFamily {
    /// The headers that hold event id, timestamp and signatures.
    pub(crate) const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Peeker => ["Peeker-Event-Id", "Peeker-Timestamp", "Peeker-Signature"],
            Self::StandardWebhooks => ["webhook-id", "webhook-timestamp", "webhook-signature"],
        }
    }

    pub(crate) const fn separator(self) -> char {
        match self {
            Self::Peeker => ',',
            Self::StandardWebhooks => ' ',
        }
    }

    /// The MAC in one listed signature; `None` for another version or a text that does not decode.
    pub(crate) fn decode(self, signature: &str) -> Option<Vec<u8>> {
        match self {
            Self::Peeker => hex::decode(signature.strip_prefix("v1=")?).ok(),
            Self::StandardWebhooks => STANDARD.decode(signature.strip_prefix("v1,")?).ok(),
        }
    }
}

/// Why a delivery must not be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// A header of the family is absent.
    #[error("header {0} is missing")]
    MissingHeader(&'static str),
    /// The timestamp is not a number of seconds.
    #[error("the timestamp is not a number of unix seconds")]
    MalformedTimestamp,
    /// Signed too long ago, or in the future: possibly a replay.
    #[error("the timestamp is too far from the present time")]
    TimestampOutOfTolerance,
    /// No listed signature was made with the secret over these headers and this body.
    #[error("no signature matches")]
    NoMatchingSignature,
}

/// Checks one delivery against `secret`.
///
/// `header` looks up a request header by name, without regard to case; `body` is the raw body; the timestamp may
/// differ from `now_seconds` (unix) by `tolerance_seconds` either way. Signatures are compared in constant time.
pub fn verify<'h>(
    secret: &SigningSecret,
    family: SignatureFamily,
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    now_seconds: i64,
    tolerance_seconds: u64,
) -> Result<(), VerifyError> {
    let get = |name| header(name).ok_or(VerifyError::MissingHeader(name));
    let [id_name, time_name, signature_name] = family.names();
    let (id, time, signatures) = (get(id_name)?, get(time_name)?, get(signature_name)?);

    let expected = match family {
        SignatureFamily::Peeker => secret.peeker_mac(id, time, body),
        SignatureFamily::StandardWebhooks => secret.standard_mac(id, time, body),
    };
    // Every listed signature is compared, so that the time taken does not tell which one matched.
    let matched = signatures
        .split(family.separator())
        .filter_map(|signature| family.decode(signature.trim()))
        .fold(Choice::from(0), |found, candidate| {
            found | candidate.ct_eq(&expected[..])
        });
    if !bool::from(matched) {
        return Err(VerifyError::NoMatchingSignature);
    }

    let signed_at: i64 = time.parse().map_err(|_| VerifyError::MalformedTimestamp)?;
    if signed_at.abs_diff(now_seconds) > tolerance_seconds {
        return Err(VerifyError::TimestampOutOfTolerance);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::headers;

    const NOW: i64 = 1_778_241_600;
    const BODY: &[u8] = br#"{"type":"order.completed"}"#;
    const FAMILIES: [SignatureFamily; 2] =
        [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks];

    type Headers = Vec<(&'static str, String)>;

    fn secret(byte: u8) -> SigningSecret {
        SigningSecret::parse(&format!("whsec_{}", STANDARD.encode([byte; 32]))).unwrap()
    }

    fn delivery(secrets: &[SigningSecret]) -> Headers {
        headers(
            secrets,
            &"evt_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            NOW,
            BODY,
        )
    }

    fn check(
        family: SignatureFamily,
        key: u8,
        sent: &Headers,
        body: &[u8],
        now: i64,
    ) -> Result<(), VerifyError> {
        let header = |name: &str| {
            sent.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| value.as_str())
        };
        verify(&secret(key), family, header, body, now, 300)
    }

    #[test]
    fn accepts_what_either_secret_of_a_rotation_signed() {
        let sent = delivery(&[secret(1), secret(2)]);
        for family in FAMILIES {
            for key in [1, 2] {
                assert_eq!(check(family, key, &sent, BODY, NOW), Ok(()));
            }
            assert_eq!(
                check(family, 3, &sent, BODY, NOW),
                Err(VerifyError::NoMatchingSignature)
            );
        }
    }

    #[test]
    fn refuses_a_changed_body_id_or_time() {
        for family in FAMILIES {
            let sent = delivery(&[secret(1)]);
            assert_eq!(
                check(family, 1, &sent, b"{}", NOW),
                Err(VerifyError::NoMatchingSignature)
            );
            let [id, time, _] = family.names();
            for (name, value) in [
                (id, "evt_01ARZ3NDEKTSV4RRFFQ69G5FAW"),
                (time, "1778241601"),
                (time, "soon"),
            ] {
                let mut forged = sent.clone();
                forged
                    .iter_mut()
                    .filter(|(n, _)| *n == name)
                    .for_each(|(_, v)| value.clone_into(v));
                assert_eq!(
                    check(family, 1, &forged, BODY, NOW),
                    Err(VerifyError::NoMatchingSignature)
                );
            }
        }
    }

    #[test]
    fn refuses_an_old_or_future_timestamp() {
        let sent = delivery(&[secret(1)]);
        for family in FAMILIES {
            for drift in [-300, 300] {
                assert_eq!(check(family, 1, &sent, BODY, NOW + drift), Ok(()));
            }
            for drift in [-301, 301] {
                let result = check(family, 1, &sent, BODY, NOW + drift);
                assert_eq!(result, Err(VerifyError::TimestampOutOfTolerance));
            }
        }
    }

    #[test]
    fn names_the_missing_header() {
        for family in FAMILIES {
            for name in family.names() {
                let mut sent = delivery(&[secret(1)]);
                sent.retain(|(header, _)| *header != name);
                assert_eq!(
                    check(family, 1, &sent, BODY, NOW),
                    Err(VerifyError::MissingHeader(name))
                );
            }
        }
    }

    #[test]
    fn ignores_unknown_versions_and_junk_in_the_list() {
        for (family, junk) in [
            (FAMILIES[0], "v2=00,v1=zz,,v1="),
            (FAMILIES[1], "v2,AAAA v1,%% v1,"),
        ] {
            let mut sent = delivery(&[secret(1)]);
            let [.., name] = family.names();
            let listed = sent.iter_mut().find(|(header, _)| *header == name).unwrap();
            let good = std::mem::replace(&mut listed.1, junk.to_owned());
            assert_eq!(
                check(family, 1, &sent, BODY, NOW),
                Err(VerifyError::NoMatchingSignature)
            );
            let listed = sent.iter_mut().find(|(header, _)| *header == name).unwrap();
            listed.1 = format!("{junk}{}{good}", family.separator());
            assert_eq!(check(family, 1, &sent, BODY, NOW), Ok(()));
        }
    }
}
