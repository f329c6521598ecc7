//! How a body differs from the one that was signed.

use serde_json::Value;

/// The `id` in the body of an event.
pub(super) fn id(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    body["id"].as_str().map(str::to_owned)
}

/// Compares a body with the one that was signed.
pub(super) fn compare(body: &str, stored: &str) -> (bool, String) {
    if body == stored {
        return (
            true,
            "The body is, byte for byte, the one that was signed".to_owned(),
        );
    }
    let mended = "Use the bytes as they came over the wire, before anything parses them";
    if body.trim_end_matches(['\r', '\n']) == stored {
        return (false, "The body has a line end at its end that was not signed; was it read from a file or a log?".to_owned());
    }
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let message = match (parsed(body), parsed(stored)) {
        (None, _) => format!("The body is no JSON any more. {mended}"),
        (Some(found), Some(signed)) if found == signed => {
            let how = if without_space(body) == without_space(stored) {
                "only white space differs"
            } else {
                "keys are in another order, or characters are escaped in another way"
            };
            format!("The body says the same and was written anew: {how}. {mended}")
        }
        _ => {
            let at = body
                .bytes()
                .zip(stored.bytes())
                .take_while(|(one, other)| one == other)
                .count();
            format!("The body was changed: it differs from byte {at} on")
        }
    };
    (false, message)
}

/// A JSON text without the white space between its parts.
fn without_space(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    json.chars()
        .filter(|character| {
            let keep = in_text || !character.is_ascii_whitespace();
            if escaped {
                escaped = false;
            } else if in_text && *character == '\\' {
                escaped = true;
            } else if *character == '"' {
                in_text = !in_text;
            }
            keep
        })
        .collect()
}
