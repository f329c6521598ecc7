//! Domain names: normalised as contract §1 asks, and held against the Public Suffix List.

use std::fmt;

use serde::Serialize;

/// Longest name in the DNS, without the trailing dot (RFC 1035 §3.1).
pub const MAX_LENGTH: usize = 253;
/// Longest label (RFC 1035 §2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

/// Why a text is not a domain that can be ordered, imported or swapped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Not a domain name at all, or one under no public suffix.
    #[error("is not a valid domain name")]
    Malformed,
    /// A public suffix such as `co.uk`.
    #[error("is a public suffix, not a domain that can be registered")]
    PublicSuffix,
    /// A name below a registrable domain.
    #[error("is a sub-domain; use the root domain")]
    NotRoot,
}

/// A registrable (root) domain name: lower case, no trailing dot, IDNA-encoded (UTS 46).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct DomainName(String);

impl DomainName {
    /// Normalises and checks a name as a partner wrote it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| InvalidName::Malformed)?;
        let labels_ok = ascii.len() <= MAX_LENGTH
            && ascii.contains('.')
            && ascii.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= MAX_LABEL_LENGTH
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            });
        if !labels_ok {
            return Err(InvalidName::Malformed);
        }
        let suffix = psl::suffix(ascii.as_bytes())
            .filter(psl::Suffix::is_known)
            .ok_or(InvalidName::Malformed)?;
        if suffix.as_bytes().len() == ascii.len() {
            return Err(InvalidName::PublicSuffix);
        }
        match psl::domain(ascii.as_bytes()) {
            Some(root) if root.as_bytes().len() == ascii.len() => Ok(Self(ascii)),
            Some(_) => Err(InvalidName::NotRoot),
            None => Err(InvalidName::Malformed),
        }
    }

    /// Takes a text that was a name when it was written to the database.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot, where the sandbox looks for its magic prefixes (contract §7).
    pub fn first_label(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_form() {
        for text in ["acme-mail.com", " ACME-Mail.com. ", "Acme-MAIL.COM"] {
            assert_eq!(DomainName::parse(text).unwrap().as_str(), "acme-mail.com");
        }
        assert_eq!(
            DomainName::parse("bücher.de").unwrap().as_str(),
            "xn--bcher-kva.de"
        );
        assert_eq!(
            DomainName::parse("acme.co.uk").unwrap().as_str(),
            "acme.co.uk"
        );
    }

    #[test]
    fn refuses_with_the_right_reason() {
        for (text, why) in [
            ("", InvalidName::Malformed),
            ("localhost", InvalidName::Malformed),
            ("acme.notatld", InvalidName::Malformed),
            ("127.0.0.1", InvalidName::Malformed),
            ("https://acme.com", InvalidName::Malformed),
            ("acme .com", InvalidName::Malformed),
            ("-acme.com", InvalidName::Malformed),
            ("acme..com", InvalidName::Malformed),
            ("acme.com..", InvalidName::Malformed),
            ("ac_me.com", InvalidName::Malformed),
            ("com", InvalidName::Malformed),
            ("co.uk", InvalidName::PublicSuffix),
            ("mail.acme.com", InvalidName::NotRoot),
            ("mail.acme.co.uk", InvalidName::NotRoot),
        ] {
            assert_eq!(DomainName::parse(text), Err(why), "{text:?}");
        }
        let label = "a".repeat(64);
        assert_eq!(
            DomainName::parse(&format!("{label}.com")),
            Err(InvalidName::Malformed)
        );
        assert!(DomainName::parse(&format!("{}.com", &label[..63])).is_ok());
    }
}
