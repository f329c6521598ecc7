use super::*;
use crate::sign::headers;

const NOW: i64 = 1_778_241_600;
const ID: &str = "evt_01ARZ3NDEKTSV4RRFFQ69G5FAV";
const BODY: &str = r#"{"id":"evt_01ARZ3NDEKTSV4RRFFQ69G5FAV","type":"order.completed","data":{"name":"Zoë \" x"}}"#;
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "whsec_//////////////////////////////////////////8=";
// Computed with Python's hmac module, not with this code.
const MISTAKES: [(&str, &str); 5] = [
    (
        "dd3407be0ab17ffd6980325b5b3e387f2f5edee13faad9e10e4840d5c520819b",
        "with the decoded secret",
    ),
    (
        "5b5d2eba5a675526b0700fd8a3ddabddfcf69a120aabd7840584368bad2c1ab0",
        "without whsec_",
    ),
    (
        "61bd102a729c0fd6c7fb30184e02dfdd944d3b9d0c6b7dd3d3d3a606284a64d9",
        "wrong order",
    ),
    (
        "cf03ac2ec66adeafc4c9b99e948d3cbf53df09233a029ae28658a05c0cde9c71",
        "without the event id",
    ),
    (
        "dde9203c379b454f9609ae055dafc3a6905c44fdcf900a1c6ca01c4e2a3a1367",
        "the body alone",
    ),
];

type Headers = Vec<(String, String)>;
type Change<'a> = &'a dyn Fn(&str) -> String;

fn secret(text: &str) -> SigningSecret {
    SigningSecret::parse(text).unwrap()
}

fn delivery(by: &str) -> Headers {
    let sent = headers(&[secret(by)], &ID.parse().unwrap(), NOW, BODY.as_bytes());
    let owned = |(name, value): (&str, String)| (name.to_lowercase(), value);
    sent.into_iter().map(owned).collect()
}

fn set(headers: &mut Headers, name: &str, change: impl Fn(&str) -> String) {
    let (_, value) = headers
        .iter_mut()
        .find(|(header, _)| header.eq_ignore_ascii_case(name))
        .unwrap();
    *value = change(value);
}

struct Case {
    headers: Headers,
    body: String,
    given: Option<&'static str>,
    stored: bool,
    now: i64,
}

impl Case {
    fn good() -> Self {
        Self {
            headers: delivery(SECRET),
            body: BODY.to_owned(),
            given: None,
            stored: true,
            now: NOW,
        }
    }

    fn look(&self) -> Diagnosis {
        diagnose(&Sample {
            headers: &self.headers,
            body: &self.body,
            given: self.given,
            secrets: &[secret(SECRET)],
            stored: self.stored.then_some((ID, BODY)),
            now_seconds: self.now,
        })
    }

    /// The names of what is wrong, and the message of `about`.
    fn wrong(&self, about: &str) -> (Vec<&'static str>, String) {
        let Diagnosis { valid, checks } = self.look();
        let wrong: Vec<_> = checks
            .iter()
            .filter(|check| !check.ok)
            .map(|check| check.name)
            .collect();
        assert_eq!(
            valid,
            wrong.iter().all(|name| *name == "secret"),
            "{checks:#?}"
        );
        let message = checks.iter().find(|check| check.name == about);
        (
            wrong,
            message
                .map(|check| check.message.clone())
                .unwrap_or_default(),
        )
    }
}

#[test]
fn a_delivery_as_it_was_sent_is_valid_and_either_family_is_enough() {
    assert!(Case::good().look().valid);
    for family in ["peeker-", "webhook-"] {
        let mut case = Case::good();
        case.headers.retain(|(name, _)| name.starts_with(family));
        assert!(case.look().valid, "{family}");
    }
    let case = Case {
        stored: false,
        ..Case::good()
    };
    assert!(case.look().valid, "a right signature needs no stored event");
}

#[test]
fn missing_headers_are_named() {
    let mut case = Case::good();
    case.headers.retain(|(name, _)| name != "peeker-timestamp");
    let (wrong, message) = case.wrong("peeker.headers");
    assert_eq!(
        (wrong, message.as_str()),
        (vec!["peeker.headers"], "Missing: Peeker-Timestamp")
    );
    let none = Case {
        headers: Vec::new(),
        ..Case::good()
    };
    assert_eq!(none.wrong("headers").0, ["headers"]);
    let nothing = Case {
        headers: Vec::new(),
        body: "x".to_owned(),
        stored: false,
        ..Case::good()
    };
    assert!(nothing.wrong("body").1.contains("names an event"));
}

#[test]
fn a_timestamp_is_too_old_too_new_or_in_milliseconds() {
    for (now, word) in [
        (NOW + 301, "301 seconds old"),
        (NOW - 400, "400 seconds in the future"),
    ] {
        let (wrong, message) = Case {
            now,
            ..Case::good()
        }
        .wrong("peeker.timestamp");
        assert_eq!(wrong, ["peeker.timestamp", "standard.timestamp"]);
        assert!(message.contains(word), "{message}");
    }
    let mut case = Case::good();
    set(&mut case.headers, "peeker-timestamp", |time| {
        format!("{time}000")
    });
    assert!(case.wrong("peeker.timestamp").1.contains("milliseconds"));
    case.now += 10 * 24 * 60 * 60;
    let (_, message) = case.wrong("peeker.timestamp");
    assert!(
        message.contains("milliseconds"),
        "kept for a while: {message}"
    );
    set(&mut case.headers, "peeker-timestamp", |_| "soon".to_owned());
    assert!(case.wrong("peeker.timestamp").1.contains("whole seconds"));
}

#[test]
fn ids_of_two_deliveries_are_told_apart() {
    let mut case = Case::good();
    set(&mut case.headers, "peeker-event-id", |_| {
        "evt_01ARZ3NDEKTSV4RRFFQ69G5FAW".to_owned()
    });
    let (wrong, message) = case.wrong("event_id");
    assert_eq!(wrong, ["event_id", "peeker.signature"]);
    assert!(message.contains("webhook-id"), "{message}");
}

#[test]
fn a_body_that_was_written_anew_is_recognised() {
    let spaced = BODY.replace(':', ": ");
    let reordered = r#"{"type":"order.completed","id":"evt_01ARZ3NDEKTSV4RRFFQ69G5FAV","data":{"name":"Zoë \" x"}}"#;
    let escaped = BODY.replace('ë', "\\u00eb");
    for (body, word) in [
        (spaced.as_str(), "only white space"),
        (reordered, "another order"),
        (&escaped, "escaped in another way"),
        (&format!("{BODY}\n"), "line end at its end"),
        (&BODY.replace("completed", "failed"), "differs from byte"),
        (&BODY[..40], "no JSON"),
    ] {
        let case = Case {
            body: body.to_owned(),
            ..Case::good()
        };
        let message = case.wrong("body").1;
        assert!(message.contains(word), "{message}");
        let message = case.wrong("peeker.signature").1;
        assert!(
            message.contains("right for the body as it was sent"),
            "{message}"
        );
    }
    let unknown = Case {
        body: format!("{BODY}\r\n"),
        stored: false,
        ..Case::good()
    };
    assert!(
        unknown
            .wrong("standard.signature")
            .1
            .contains("without the line end")
    );
}

#[test]
fn a_signature_that_is_written_wrongly_is_recognised() {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let hex_to_base64 =
        |value: &str| format!("v1={}", STANDARD.encode(hex::decode(&value[3..]).unwrap()));
    let base64_to_hex =
        |value: &str| format!("v1,{}", hex::encode(STANDARD.decode(&value[3..]).unwrap()));
    let other_alphabet = |value: &str| {
        format!(
            "v1,{}",
            URL_SAFE_NO_PAD.encode(STANDARD.decode(&value[3..]).unwrap())
        )
    };
    let bare = |value: &str| value[3..].to_owned();
    let cut = |value: &str| value[..20].to_owned();
    let cases: [(&str, Change<'_>, &str, &str); 6] = [
        (
            "peeker-signature",
            &bare,
            "peeker",
            "does not start with v1=",
        ),
        (
            "peeker-signature",
            &hex_to_base64,
            "peeker",
            "base64 instead of hex",
        ),
        (
            "peeker-signature",
            &cut,
            "peeker",
            "does not hold a SHA-256",
        ),
        (
            "webhook-signature",
            &base64_to_hex,
            "standard",
            "hex instead of base64",
        ),
        (
            "webhook-signature",
            &bare,
            "standard",
            "does not start with v1,",
        ),
        (
            "webhook-signature",
            &other_alphabet,
            "standard",
            "another alphabet",
        ),
    ];
    for (name, change, family, word) in cases {
        let mut case = Case::good();
        set(&mut case.headers, name, change);
        let (wrong, message) = case.wrong(&format!("{family}.form"));
        assert_eq!(
            wrong,
            [format!("{family}.form"), format!("{family}.signature")]
        );
        assert!(message.contains(word), "{message}");
        let message = case.wrong(&format!("{family}.signature")).1;
        assert_eq!(
            message.contains("Its value is right"),
            word != "does not hold a SHA-256",
            "{message}"
        );
    }
}

#[test]
fn another_secret_is_told_from_the_one_that_was_given() {
    let case = Case {
        headers: delivery(OTHER),
        ..Case::good()
    };
    assert!(case.wrong("peeker.signature").1.contains("another secret"));
    let case = Case {
        headers: delivery(OTHER),
        given: Some(OTHER),
        ..Case::good()
    };
    let (wrong, message) = case.wrong("peeker.signature");
    assert_eq!(wrong, ["secret", "peeker.signature", "standard.signature"]);
    assert!(message.contains("peeker listen"), "{message}");
    for (given, word) in [
        (SECRET, "is one that signs"),
        (
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
            "white space",
        ),
        (
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "lacks its prefix",
        ),
        ("hunter2", "no secret"),
        (OTHER, "rotated out"),
    ] {
        let message = Case {
            given: Some(given),
            ..Case::good()
        }
        .wrong("secret")
        .1;
        assert!(
            message.contains(word) && !message.contains("hunter2"),
            "{message}"
        );
    }
}

#[test]
fn usual_mistakes_of_signers_are_recognised() {
    for (mac, word) in MISTAKES {
        let mut case = Case::good();
        set(&mut case.headers, "peeker-signature", |_| {
            format!("v1={mac}")
        });
        let (wrong, message) = case.wrong("peeker.signature");
        assert_eq!(wrong, ["peeker.signature"]);
        assert!(message.contains(word), "{message}");
    }
}
