//! Domain names: normalised as contract §1 asks, and held against the Public Suffix List.

use std::borrow::Cow;
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
    /// A public suffix such as `co.uk` or `github.io`, whichever part of the list it stands in.
    #[error("is a public suffix, not a domain that can be registered")]
    PublicSuffix,
    /// A name below a suffix of the list's private part, such as `acme.github.io`: no registrar sells it, its owner gives
    /// it out.
    #[error(
        "is below a privately owned suffix such as github.io, not under a registry; use a root domain"
    )]
    PrivateSuffix,
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
        check_registrable(&ascii)?;
        Ok(Self(ascii))
    }

    /// Takes a text that was a name when it was written to the database.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dot, where the sandbox looks for its magic prefixes (contract §7).
    pub fn first_label(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }
}

/// Holds a normalised name against the list: it must be one label below a suffix that a registry runs.
fn check_registrable(ascii: &str) -> Result<(), InvalidName> {
    // The list is in Unicode: in ASCII form `.рф` would be unknown, and `公司.cn` a name under `.cn`.
    let name = if ascii.contains("xn--") {
        Cow::Owned(idna::domain_to_unicode(ascii).0)
    } else {
        Cow::Borrowed(ascii)
    };
    let suffix = psl::suffix(name.as_bytes()).ok_or(InvalidName::Malformed)?;
    let suffix_type = suffix.typ().ok_or(InvalidName::Malformed)?;
    if suffix.as_bytes().len() == name.len() {
        return Err(InvalidName::PublicSuffix);
    }
    if suffix_type == psl::Type::Private {
        return Err(InvalidName::PrivateSuffix);
    }
    match psl::domain(name.as_bytes()) {
        Some(root) if root.as_bytes().len() == name.len() => Ok(()),
        _ => Err(InvalidName::NotRoot),
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        // An exception of the list, below a wildcard.
        assert!(DomainName::parse("city.kobe.jp").is_ok());
    }

    #[test]
    fn suffixes_are_known_in_their_own_script() {
        for text in ["пример.рф", "食狮.公司.cn", "ACME.公司.CN"] {
            let name = DomainName::parse(text).unwrap();
            assert!(name.as_str().contains("xn--"), "{name}");
            assert_eq!(DomainName::parse(name.as_str()), Ok(name));
        }
        assert_eq!(DomainName::parse("рф"), Err(InvalidName::PublicSuffix));
        assert_eq!(DomainName::parse("公司.cn"), Err(InvalidName::PublicSuffix));
        assert_eq!(
            DomainName::parse("почта.пример.рф"),
            Err(InvalidName::NotRoot)
        );
    }

    #[test]
    fn a_private_suffix_gives_no_registrable_names() {
        for suffix in ["github.io", "blogspot.com", "uk.com", "s3.amazonaws.com"] {
            assert_eq!(
                DomainName::parse(suffix),
                Err(InvalidName::PublicSuffix),
                "{suffix}"
            );
            for below in ["foo", "co", "www.foo"] {
                let name = format!("{below}.{suffix}");
                assert_eq!(
                    DomainName::parse(&name),
                    Err(InvalidName::PrivateSuffix),
                    "{name}"
                );
            }
        }
        // The owner of private suffixes has its own name from a registry, and names beside them are ordinary ones.
        assert!(DomainName::parse("amazonaws.com").is_ok());
        assert!(DomainName::parse("github-io.com").is_ok());
        assert_eq!(
            DomainName::parse("mail.amazonaws.com"),
            Err(InvalidName::NotRoot)
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
            ("com", InvalidName::PublicSuffix),
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

    /// Texts that look like names: labels in several scripts below endings of both parts of the list, and noise.
    fn texts() -> impl Strategy<Value = String> {
        let label = prop_oneof![
            4 => "[a-z0-9-]{1,8}",
            1 => "[А-я]{1,4}",
            1 => "[a-zöß。．-]{1,4}",
            1 => "\\PC{0,4}",
        ];
        let ending = prop::sample::select(vec![
            "com",
            "CO.UK.",
            "рф",
            "公司.cn",
            "github.io",
            "uk.com",
            "kobe.jp",
            "ck",
            "nosuchending",
        ]);
        (prop::collection::vec(label, 0..4), ending).prop_map(|(mut labels, ending)| {
            labels.push(ending.to_owned());
            labels.join(".")
        })
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_one_label_below_a_registry_and_reads_as_itself(text in texts()) {
            if let Ok(name) = DomainName::parse(&text) {
                prop_assert_eq!(DomainName::parse(name.as_str()), Ok(name.clone()));
                let (_, parent) = name.as_str().split_once('.').unwrap();
                prop_assert_eq!(DomainName::parse(parent), Err(InvalidName::PublicSuffix));
                let below = format!("mail.{name}");
                prop_assert!(DomainName::parse(&below).is_err());
            }
        }
    }
}
