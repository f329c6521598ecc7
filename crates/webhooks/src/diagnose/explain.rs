//! Whether a signature is right, and if not, what it was made over or with, when that can be guessed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::Sample;
use super::form::Candidate;
use crate::sign::SigningSecret;
use crate::verify::SignatureFamily;

/// The parts of a header family as they came, and its signatures.
struct Shown<'a> {
    family: SignatureFamily,
    id: &'a str,
    time: &'a str,
    body: &'a str,
    candidates: &'a [Candidate],
}

impl Shown<'_> {
    /// Whether one of the signatures is this one; only well-formed ones when `strict`.
    fn has(&self, mac: &[u8], strict: bool) -> bool {
        let candidates = self
            .candidates
            .iter()
            .filter(|one| !strict || one.problem.is_none());
        let matched = candidates
            .filter_map(|one| one.mac.as_deref())
            .fold(Choice::from(0), |found, one| found | one.ct_eq(mac));
        matched.into()
    }

    fn proper(&self, secret: &SigningSecret, body: &str) -> [u8; 32] {
        match self.family {
            SignatureFamily::Peeker => secret.peeker_mac(self.id, self.time, body.as_bytes()),
            SignatureFamily::StandardWebhooks => {
                secret.standard_mac(self.id, self.time, body.as_bytes())
            }
        }
    }

    /// Whether `secret` signed `body` with the id and the time of the headers.
    fn is_over(&self, secret: &SigningSecret, body: &str) -> bool {
        self.has(&self.proper(secret, body), false)
    }
}

/// Looks at the signatures of a family.
pub(super) fn signature(
    sample: &Sample<'_>,
    family: SignatureFamily,
    id: &str,
    time: &str,
    candidates: &[Candidate],
) -> (bool, String) {
    let shown = Shown {
        family,
        id,
        time,
        body: sample.body,
        candidates,
    };
    for (place, secret) in sample.secrets.iter().enumerate() {
        if shown.has(&shown.proper(secret, sample.body), true) {
            let which = if place == 0 {
                "the account's secret"
            } else {
                "an older secret of the account that still signs"
            };
            return (
                true,
                format!("It was made with {which} over this id, this time and this body"),
            );
        }
    }
    let given = sample
        .given
        .and_then(|text| SigningSecret::parse(text.trim()).ok());
    let message = sample
        .secrets
        .iter()
        .find_map(|secret| with_secret(&shown, secret, sample.stored))
        .or_else(|| given.and_then(|secret| with_given(&shown, &secret, sample.stored)))
        .unwrap_or_else(|| {
            "It was made with another secret, or over another id, time or body. Is it the secret of the sandbox, of \
             this account?"
                .to_owned()
        });
    (false, message)
}

fn with_given(
    shown: &Shown<'_>,
    secret: &SigningSecret,
    stored: Option<(&str, &str)>,
) -> Option<String> {
    if shown.is_over(secret, shown.body) {
        return Some(
            "It was made with the secret you gave, which does not sign for this account. That is right for what `peeker \
             listen` forwards, and wrong for what the server sends"
                .to_owned(),
        );
    }
    with_secret(shown, secret, stored).map(|message| {
        format!("{message}. The secret you gave was used, which does not sign for this account")
    })
}

/// What a signature made with this secret was made over.
fn with_secret(
    shown: &Shown<'_>,
    secret: &SigningSecret,
    stored: Option<(&str, &str)>,
) -> Option<String> {
    if shown.is_over(secret, shown.body) {
        return Some("Its value is right; only the way it is written is not".to_owned());
    }
    if let Some((_, stored)) = stored
        && shown.is_over(secret, stored)
    {
        return Some("It is right for the body as it was sent; the body that you have is another, see `body`".to_owned());
    }
    let trimmed = shown.body.trim_end_matches(['\r', '\n']);
    let unix = shown.body.replace("\r\n", "\n");
    let longer = format!("{}\n", shown.body);
    for (body, what) in [
        (trimmed, "the body without the line end at its end"),
        (&unix, "the body with other line ends"),
        (&longer, "the body with one more line end"),
    ] {
        if shown.is_over(secret, body) {
            return Some(format!("It was made over {what}"));
        }
    }
    let mistakes = mistakes(shown, secret);
    let found = mistakes.into_iter().find(|(mac, _)| shown.has(mac, false));
    found.map(|(_, what)| format!("It was made {what}"))
}

/// Signatures that people make by mistake, and what the mistake is.
fn mistakes(shown: &Shown<'_>, secret: &SigningSecret) -> Vec<([u8; 32], &'static str)> {
    let text = secret.expose();
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    let decoded = STANDARD.decode(encoded).unwrap_or_default();
    let Shown {
        family,
        id,
        time,
        body,
        ..
    } = *shown;
    let keys: [(&[u8], &str); 3] = [
        (
            text.as_bytes(),
            "with the whole secret text as the key; webhook-signature takes the base64-decoded part after whsec_",
        ),
        (
            &decoded,
            "with the decoded secret as the key; Peeker-Signature takes the whole text, whsec_ included",
        ),
        (
            encoded.as_bytes(),
            "with the secret text without whsec_ as the key",
        ),
    ];
    let peeker = format!("{time}.{id}.{body}");
    let standard = format!("{id}.{time}.{body}");
    let (right, swapped) = match family {
        SignatureFamily::Peeker => (peeker, standard),
        SignatureFamily::StandardWebhooks => (standard, peeker),
    };
    let contents = [
        (swapped, "with event id and timestamp in the wrong order"),
        (
            format!("{time}.{body}"),
            "over timestamp and body, without the event id",
        ),
        (
            body.to_owned(),
            "over the body alone, without timestamp and event id",
        ),
    ];
    let mut made: Vec<_> = keys
        .iter()
        .filter_map(|(key, what)| Some((mac(key, &right)?, *what)))
        .collect();
    for (content, what) in &contents {
        made.extend(
            keys.iter()
                .filter_map(|(key, _)| Some((mac(key, content)?, *what))),
        );
    }
    made
}

fn mac(key: &[u8], content: &str) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(content.as_bytes());
    Some(mac.finalize().into_bytes().into())
}
