//! What Graph's answers mean. Its codes are few and broad, so its sentences are read too, and never repeated.

use serde::Deserialize;

/// What an answer means for the call that got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Done,
    /// There is no such thing, or it cannot be seen yet.
    Absent,
    /// Another object has that name, here or elsewhere.
    Exists,
    /// Another tenant has an object of that name.
    Elsewhere,
    /// No licence is left.
    NoSeat,
    /// The token is not taken.
    Unauthenticated,
    /// The app lacks a permission.
    Forbidden,
    /// Anything else.
    Other,
}

#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    error: Detail,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    code: String,
    message: String,
    details: Vec<Detail>,
}

impl Meaning {
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        match status {
            200..300 => return Self::Done,
            401 => return Self::Unauthenticated,
            403 => return Self::Forbidden,
            404 => return Self::Absent,
            _ => {}
        }
        let error = serde_json::from_slice::<Body>(body)
            .unwrap_or_default()
            .error;
        let said = std::iter::once(&error).chain(&error.details);
        for Detail { code, message, .. } in said {
            let message = message.to_ascii_lowercase();
            if code == "CountViolation" || message.contains("available licenses") {
                return Self::NoSeat;
            }
            let elsewhere = ["tenant", "directory", "organization", "company"];
            if elsewhere
                .iter()
                .any(|whose| message.contains(&format!("another {whose}")))
            {
                return Self::Elsewhere;
            }
            let taken = [
                "already exists",
                "same value for property",
                "conflicting object",
            ];
            if code == "ObjectConflict"
                || code == "Request_MultipleObjectsWithSameKeyValue"
                || taken.iter().any(|words| message.contains(words))
            {
                return Self::Exists;
            }
            if code == "Request_ResourceNotFound" {
                return Self::Absent;
            }
        }
        if status == 409 {
            Self::Exists
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_refusal_has_its_meaning() {
        let detail =
            json!([{"code": "ObjectConflict", "target": "userPrincipalName", "message": "taken"}]);
        for (status, code, message, details, expected) in [
            (201, "", "", json!([]), Meaning::Done),
            (
                400,
                "Request_BadRequest",
                "One or more values are invalid.",
                json!([]),
                Meaning::Other,
            ),
            (
                400,
                "Request_BadRequest",
                "One or more values are taken.",
                detail,
                Meaning::Exists,
            ),
            (
                400,
                "Request_BadRequest",
                "Another object with the same value for property userPrincipalName already exists.",
                json!([]),
                Meaning::Exists,
            ),
            (400, "ObjectConflict", "", json!([]), Meaning::Exists),
            (
                400,
                "Request_BadRequest",
                "Subscription with SKU 1 does not have any available licenses.",
                json!([]),
                Meaning::NoSeat,
            ),
            (400, "CountViolation", "", json!([]), Meaning::NoSeat),
            (
                400,
                "Request_ResourceNotFound",
                "",
                json!([]),
                Meaning::Absent,
            ),
            (
                401,
                "InvalidAuthenticationToken",
                "",
                json!([]),
                Meaning::Unauthenticated,
            ),
            (
                403,
                "Authorization_RequestDenied",
                "",
                json!([]),
                Meaning::Forbidden,
            ),
            (
                404,
                "Request_ResourceNotFound",
                "",
                json!([]),
                Meaning::Absent,
            ),
            (409, "Conflict", "", json!([]), Meaning::Exists),
            (
                409,
                "Conflict",
                "The domain is verified in another tenant.",
                json!([]),
                Meaning::Elsewhere,
            ),
        ] {
            let body = json!({"error": {"code": code, "message": message, "details": details}});
            let meaning = Meaning::of(status, body.to_string().as_bytes());
            assert_eq!(meaning, expected, "{status} {code} {message}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_leaves_the_status() {
        for (status, expected) in [
            (400, Meaning::Other),
            (404, Meaning::Absent),
            (409, Meaning::Exists),
        ] {
            for body in ["", "<html>", r#"{"error":"invalid_client"}"#] {
                assert_eq!(
                    Meaning::of(status, body.as_bytes()),
                    expected,
                    "{status} {body}"
                );
            }
        }
    }
}
