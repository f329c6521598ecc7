//! What Google's answers mean, by status and reason. Its sentences are read in two places, where it gives no other sign,
//! and never repeated.

use serde::Deserialize;

/// What an answer means for the call that got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Done,
    /// There is no such thing, or it cannot be seen yet.
    Absent,
    /// There is one, here or elsewhere.
    Exists,
    /// There is one, with somebody else.
    Elsewhere,
    /// No seat, or no room for another domain.
    Full,
    /// A user that was made moments ago takes no changes yet.
    Unfinished,
    /// Too many calls.
    SlowDown,
    /// The token is not taken.
    Unauthenticated,
    /// The API is switched off in the service account's project.
    NotEnabled,
    /// The administrator or the service account may not do this.
    Forbidden,
    /// Anything else.
    Other,
}

/// The shape of every refusal of the Admin SDK.
#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    error: Detail,
}

#[derive(Deserialize, Default)]
struct Detail {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    reason: String,
}

impl Meaning {
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        if (200..300).contains(&status) {
            return Self::Done;
        }
        let Detail { message, errors } = serde_json::from_slice::<Body>(body)
            .unwrap_or_default()
            .error;
        let reason = errors.first().map_or("", |item| item.reason.as_str());
        match (status, reason) {
            (_, "limitExceeded") => Self::Full,
            (
                403 | 429,
                "userRateLimitExceeded"
                | "rateLimitExceeded"
                | "quotaExceeded"
                | "dailyLimitExceeded",
            ) => Self::SlowDown,
            (412, _) if message.contains("limit") => Self::Full,
            (400 | 403 | 409 | 412, _) if message.contains("creation is not complete") => {
                Self::Unfinished
            }
            (401, _) => Self::Unauthenticated,
            (403, "accessNotConfigured") => Self::NotEnabled,
            (403, _) => Self::Forbidden,
            (404, _) => Self::Absent,
            (409, _)
                if ["another", "in use"]
                    .iter()
                    .any(|words| message.contains(words)) =>
            {
                Self::Elsewhere
            }
            (409, _) => Self::Exists,
            (412, _) => Self::Unfinished,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_meaning() {
        for (status, reason, message, expected) in [
            (200, "", "", Meaning::Done),
            (400, "invalid", "Invalid Input", Meaning::Other),
            (
                401,
                "authError",
                "Invalid Credentials",
                Meaning::Unauthenticated,
            ),
            (403, "userRateLimitExceeded", "", Meaning::SlowDown),
            (403, "quotaExceeded", "", Meaning::SlowDown),
            (403, "accessNotConfigured", "", Meaning::NotEnabled),
            (403, "forbidden", "Not Authorized", Meaning::Forbidden),
            (403, "domainCannotUseApis", "", Meaning::Forbidden),
            (404, "notFound", "", Meaning::Absent),
            (409, "duplicate", "Entity already exists.", Meaning::Exists),
            (
                409,
                "conflict",
                "Domain is already in use by another customer.",
                Meaning::Elsewhere,
            ),
            (
                412,
                "limitExceeded",
                "Domain user limit reached.",
                Meaning::Full,
            ),
            (412, "", "Domain user limit reached.", Meaning::Full),
            (
                412,
                "conditionNotMet",
                "User creation is not complete.",
                Meaning::Unfinished,
            ),
            (418, "teapot", "", Meaning::Other),
        ] {
            let body = format!(
                r#"{{"error":{{"code":{status},"message":"{message}","errors":[{{"domain":"global","reason":"{reason}"}}]}}}}"#
            );
            assert_eq!(
                Meaning::of(status, body.as_bytes()),
                expected,
                "{status} {reason}"
            );
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_leaves_the_status() {
        for (status, expected) in [
            (403, Meaning::Forbidden),
            (404, Meaning::Absent),
            (412, Meaning::Unfinished),
            (400, Meaning::Other),
        ] {
            for body in ["", "<html>", r#"{"error":"invalid_grant"}"#] {
                assert_eq!(
                    Meaning::of(status, body.as_bytes()),
                    expected,
                    "{status} {body}"
                );
            }
        }
    }
}
