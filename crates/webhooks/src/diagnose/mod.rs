//! What is wrong with a delivery that a receiver does not accept, in words that say what to mend.
//!
//! What must stay true: nothing here gives out a secret or a signature. It says whether a signature that was shown is
//! right, and what it was made over when that can be guessed; so it cannot be used to sign anything.

mod body;
mod explain;
mod form;

use peeker_domain::excerpt::{QUOTED, excerpt};
use subtle::ConstantTimeEq;

use crate::sign::SigningSecret;
use crate::verify::SignatureFamily;

/// How far a timestamp may be from now, in seconds (docs/webhooks.md).
pub const TOLERANCE_SECONDS: u64 = 300;

/// As seconds this is in the year 5138, as milliseconds in 1973.
const FIRST_IN_MILLISECONDS: i64 = 100_000_000_000;

const FAMILIES: [SignatureFamily; 2] = [SignatureFamily::Peeker, SignatureFamily::StandardWebhooks];

/// A delivery as a receiver has it.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    pub headers: &'a [(String, String)],
    pub body: &'a str,
    /// The secret that the receiver checks with.
    pub given: Option<&'a str>,
    /// The secrets that sign for the account.
    pub secrets: &'a [SigningSecret],
    /// The stored event that it claims to be: its id and the bytes that were signed.
    pub stored: Option<(&'a str, &'a str)>,
    pub now_seconds: i64,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found, and what to do about it.
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Whether a receiver that holds the account's secrets would accept the delivery.
    pub valid: bool,
    /// Everything that was looked at.
    pub checks: Vec<Check>,
}

impl<'a> Sample<'a> {
    /// A header by name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The event ids that headers and body name, headers first.
    pub fn event_ids(&self) -> Vec<String> {
        let headers = FAMILIES.map(|family| self.header(family.names()[0]).map(str::to_owned));
        headers
            .into_iter()
            .chain([body::id(self.body)])
            .flatten()
            .collect()
    }
}

/// Looks at everything that can be wrong.
pub fn diagnose(sample: &Sample<'_>) -> Diagnosis {
    let mut checks = Checks::default();
    checks.secret(sample);
    let sent: Vec<SignatureFamily> = FAMILIES
        .into_iter()
        .filter(|family| {
            family
                .names()
                .iter()
                .any(|name| sample.header(name).is_some())
        })
        .collect();
    if sent.is_empty() {
        let message = "None of the signature headers is there. A delivery has Peeker-Event-Id, Peeker-Timestamp and \
            Peeker-Signature, and webhook-id, webhook-timestamp and webhook-signature; does a proxy drop them?";
        checks.note("headers", false, message);
    }
    checks.event_id(sample);
    let matched: Vec<bool> = sent
        .iter()
        .map(|family| checks.family(sample, *family))
        .collect();
    checks.body(sample, matched.contains(&true));
    let Checks(checks) = checks;
    let valid = !matched.is_empty()
        && checks
            .iter()
            .all(|check| check.ok || check.name == "secret");
    Diagnosis { valid, checks }
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn note(&mut self, name: &'static str, ok: bool, message: impl Into<String>) -> bool {
        self.0.push(Check {
            name,
            ok,
            message: message.into(),
        });
        ok
    }

    fn secret(&mut self, sample: &Sample<'_>) {
        if sample.secrets.is_empty() {
            let message = "This account has no webhook secret in the sandbox yet; it gets one with its webhook address";
            self.note("secret", false, message);
            return;
        }
        let Some(given) = sample.given else { return };
        let is_ours = |text: &str| {
            let compare =
                |secret: &SigningSecret| secret.expose().as_bytes().ct_eq(text.as_bytes());
            sample.secrets.iter().any(|secret| compare(secret).into())
        };
        let (ok, message) = if is_ours(given) {
            (
                true,
                "The secret is one that signs the sandbox events of this account",
            )
        } else if is_ours(given.trim()) {
            (
                false,
                "The secret is right but for white space around it; remove that where you load it",
            )
        } else if is_ours(&format!("whsec_{given}")) {
            (
                false,
                "The secret lacks its prefix whsec_, which is part of the key of Peeker-Signature",
            )
        } else if SigningSecret::parse(given.trim()).is_err() {
            (
                false,
                "This is no secret: one is whsec_ followed by base64, as it was shown when it was made",
            )
        } else {
            (
                false,
                "The secret is not one that signs the sandbox events of this account. It may be the live one, one \
                that was rotated out, or the one that `peeker listen` shows",
            )
        };
        self.note("secret", ok, message);
    }

    fn event_id(&mut self, sample: &Sample<'_>) {
        let [peeker, standard] = FAMILIES.map(|family| sample.header(family.names()[0]));
        let Some(in_header) = peeker.or(standard) else {
            return;
        };
        let in_body = body::id(sample.body);
        let quoted = |text| excerpt(text, QUOTED);
        let (ok, message) = match (&in_body, peeker, standard) {
            (_, Some(peeker), Some(standard)) if peeker != standard => (
                false,
                format!(
                    "Peeker-Event-Id is {:?} and webhook-id is {:?}; they are always the same",
                    quoted(peeker),
                    quoted(standard)
                ),
            ),
            (None, ..) => (
                false,
                "The body is not the JSON of an event: it has no id".to_owned(),
            ),
            (Some(id), ..) if id != in_header => (
                false,
                format!(
                    "The header names the event {:?} and the body {:?}: they are of two deliveries",
                    quoted(in_header),
                    quoted(id)
                ),
            ),
            (Some(id), ..) => (
                true,
                format!("Header and body name the event {}", quoted(id)),
            ),
        };
        self.note("event_id", ok, message);
    }

    /// Gives back whether the signature is right.
    fn family(&mut self, sample: &Sample<'_>, family: SignatureFamily) -> bool {
        let names = family.names();
        let [headers_check, time_check, form_check, signature_check] = match family {
            SignatureFamily::Peeker => [
                "peeker.headers",
                "peeker.timestamp",
                "peeker.form",
                "peeker.signature",
            ],
            SignatureFamily::StandardWebhooks => [
                "standard.headers",
                "standard.timestamp",
                "standard.form",
                "standard.signature",
            ],
        };
        let missing: Vec<&str> = names
            .into_iter()
            .filter(|name| sample.header(name).is_none())
            .collect();
        let message = if missing.is_empty() {
            format!("{} are there", names.join(", "))
        } else {
            format!("Missing: {}", missing.join(", "))
        };
        self.note(headers_check, missing.is_empty(), message);
        if let Some(time) = sample.header(names[1]) {
            let (ok, message) = timestamp(names[1], time, sample.now_seconds);
            self.note(time_check, ok, message);
        }
        let [Some(id), Some(time), Some(listed)] = names.map(|name| sample.header(name)) else {
            return false;
        };
        let candidates = form::read(family, listed);
        let (ok, message) = form::judge(family, &candidates);
        self.note(form_check, ok, message);
        let (ok, message) = explain::signature(sample, family, id, time, &candidates);
        self.note(signature_check, ok, message)
    }

    fn body(&mut self, sample: &Sample<'_>, matched: bool) {
        match sample.stored {
            Some((_, stored)) => {
                let (ok, message) = body::compare(sample.body, stored);
                self.note("body", ok, message);
            }
            None if matched => {
                self.note(
                    "body",
                    true,
                    "The signature covers it; the event itself is not kept any more",
                );
            }
            None if sample.event_ids().is_empty() => {
                self.note(
                    "body",
                    false,
                    "Neither a header nor the body names an event, so there is none to compare the body with",
                );
            }
            None => {
                self.note(
                    "body",
                    false,
                    "There is no such event in this account's sandbox to compare it with: it is of another account, of \
                     live, or gone with a reset or by its age",
                );
            }
        }
    }
}

fn timestamp(name: &str, text: &str, now: i64) -> (bool, String) {
    let Ok(time) = text.parse::<i64>() else {
        let text = excerpt(text, QUOTED);
        let message =
            format!("{name} is {text:?}; it holds whole seconds since 1970 and nothing else");
        return (false, message);
    };
    let away = time.abs_diff(now);
    if away <= TOLERANCE_SECONDS {
        return (true, format!("{name} is {away} seconds away from now"));
    }
    let message = if time >= FIRST_IN_MILLISECONDS {
        format!("{name} is in milliseconds; it was changed on the way, or by your code")
    } else if time < now {
        format!(
            "{name} is {away} seconds old; receivers accept {TOLERANCE_SECONDS}. A sample that was kept for a while always is"
        )
    } else {
        format!("{name} is {away} seconds in the future; is a clock wrong?")
    };
    (false, message)
}

#[cfg(test)]
mod tests;
