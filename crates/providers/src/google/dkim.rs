//! The DKIM key of a domain, which only the Admin console makes: what the operator is asked for, and what he enters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peeker_domain::DomainName;

/// The selector that the console proposes.
const USUAL_SELECTOR: &str = "google";
/// The smallest RSA key that receivers take has 1024 bits; its public half is this long in bytes.
const SHORTEST_KEY: usize = 140;

/// What the operator has to do for `name`.
pub(super) fn instructions(name: &DomainName) -> String {
    format!(
        "In the Admin console, Apps, Google Workspace, Gmail, Authenticate email, generate a 2048-bit DKIM key for {name}, \
         enter its TXT value here, and start authentication once the record is published."
    )
}

/// Reads what the operator entered: the TXT value alone, for the console's usual selector `google`, or a selector, a space
/// and the value. Gives back the selector and the value to publish. Errors: what is wrong with it, in one sentence.
pub fn parse_dkim_answer(text: &str) -> Result<(String, String), String> {
    let text = text.trim();
    let (selector, value) = if text.starts_with("v=") {
        (USUAL_SELECTOR, text)
    } else {
        text.split_once(char::is_whitespace)
            .ok_or("Enter the TXT value that the console shows; it begins with v=DKIM1.")?
    };
    let selector = selector.strip_suffix("._domainkey").unwrap_or(selector);
    if !is_label(selector) {
        return Err("The selector must be letters, digits and hyphens, such as google.".to_owned());
    }
    Ok((selector.to_ascii_lowercase(), value_to_publish(value)?))
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The value with its tags (RFC 6376, 3.6.1) in the usual spelling.
fn value_to_publish(value: &str) -> Result<String, String> {
    if value.contains(['"', '\\']) {
        return Err("Enter the TXT value in one piece and without quotes.".to_owned());
    }
    let mut tags = Vec::new();
    for tag in value.trim().trim_end_matches(';').split(';') {
        let (name, value) = tag
            .split_once('=')
            .ok_or("The TXT value must be a list such as v=DKIM1; k=rsa; p=….")?;
        let (name, value) = (name.trim(), value.trim());
        if tags.iter().any(|(earlier, _)| *earlier == name) {
            return Err(format!("The tag {name} is there twice."));
        }
        match name {
            "v" if value == "DKIM1" && tags.is_empty() => {}
            "k" if value == "rsa" => {}
            "p" if is_public_key(value) => {}
            "h" | "n" | "s" | "t" if value.bytes().all(|byte| byte.is_ascii_graphic()) => {}
            "p" => return Err("The key after p= is cut off or no RSA key.".to_owned()),
            _ => {
                return Err(
                    "The TXT value must be as the console shows it, from v=DKIM1 on.".to_owned(),
                );
            }
        }
        tags.push((name, value));
    }
    for needed in ["v", "p"] {
        if !tags.iter().any(|(name, _)| *name == needed) {
            return Err(format!("The tag {needed}= is missing from the TXT value."));
        }
    }
    let tags: Vec<String> = tags
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Ok(tags.join("; "))
}

/// Whether `text` can be a DER public key: base64 of one sequence that is as long as it says.
fn is_public_key(text: &str) -> bool {
    let Ok(der) = STANDARD.decode(text) else {
        return false;
    };
    let length = match der[..] {
        [0x30, 0x81, length, ..] => 3 + usize::from(length),
        [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => return false,
    };
    der.len() == length && length >= SHORTEST_KEY
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence of `length` bytes, as a public key of that size is one.
    fn key(length: u16) -> String {
        let [high, low] = (length - 4).to_be_bytes();
        let mut der = vec![0x30, 0x82, high, low];
        der.resize(usize::from(length), 7);
        STANDARD.encode(der)
    }

    #[test]
    fn a_value_is_taken_with_or_without_its_selector() {
        let key = key(294);
        let value = format!("v=DKIM1; k=rsa; p={key}");
        for (text, selector) in [
            (value.clone(), "google"),
            (format!("  v=DKIM1;k=rsa;p={key};\n"), "google"),
            (format!("google {value}"), "google"),
            (format!("Mail2\t{value}"), "mail2"),
            (format!("google._domainkey {value}"), "google"),
        ] {
            let expected = Ok((selector.to_owned(), value.clone()));
            assert_eq!(parse_dkim_answer(&text), expected, "{text}");
        }
    }

    #[test]
    fn what_receivers_would_not_take_is_refused() {
        let (key, short) = (key(294), key(100));
        let cut = &key[..100];
        for text in [
            String::new(),
            "done".to_owned(),
            "google done".to_owned(),
            format!("v=DKIM1; k=rsa; p={cut}"),
            format!("v=DKIM1; k=rsa; p={short}"),
            "v=DKIM1; k=rsa; p=".to_owned(),
            "v=DKIM1; k=rsa".to_owned(),
            format!("v=DKIM2; k=rsa; p={key}"),
            format!("v=DKIM1; k=ed25519; p={key}"),
            format!("k=rsa; v=DKIM1; p={key}"),
            format!("v=DKIM1; p={key}; p={key}"),
            format!("v=spf1 include:_spf.google.com ~all p={key}"),
            format!("\"v=DKIM1; k=rsa; p={key}\""),
            format!("-google v=DKIM1; p={key}"),
            format!("goo.gle v=DKIM1; p={key}"),
        ] {
            let refused = parse_dkim_answer(&text).unwrap_err();
            assert!(refused.ends_with('.'), "{text}: {refused}");
        }
    }
}
