//! E-mail addresses of customers and sequencer log-ins, compared in one form (contract §1): the domain as the DNS has it, the part
//! before it in NFKC, both in lower case.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::unseen::{is_mark, is_unseen};

/// Longest address that SMTP can carry (RFC 5321 §4.5.3.1.3, less the angle brackets).
const MAX_LENGTH: usize = 254;
/// Longest part before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_LENGTH: usize = 64;

/// Why a text is not an address we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as name@example.com")]
pub struct InvalidEmail;

/// An address in the form that is compared, stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Takes `local@domain.tld`, in any letter case, with the domain in any of its spellings. Quoted local parts and address
    /// literals, which no mail provider hands out, are refused.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        // No spelling of the longest address is longer; normalising more would be work for nothing.
        if text.len() > 4 * MAX_LENGTH {
            return Err(InvalidEmail);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let (local, domain) = (normal_local(local), normal_domain(domain)?);
        let address = format!("{local}@{domain}");
        if is_local(&local) && domain.contains('.') && address.len() <= MAX_LENGTH {
            Ok(Self(address))
        } else {
            Err(InvalidEmail)
        }
    }

    /// Takes a text that was an address when it was written to the database.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn normal_local(local: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let lower = nfkc.normalize(local).to_lowercase();
    // Some capitals with a mark have no character of their own, while the small letters have: J̌ and ǰ.
    nfkc.normalize(&lower).into_owned()
}

fn is_local(local: &str) -> bool {
    let may_stand = |c: char| {
        "!#$%&'*+/=?^_`{|}~.-".contains(c) || ((c.is_alphanumeric() || is_mark(c)) && !is_unseen(c))
    };
    !local.is_empty()
        && local.len() <= MAX_LOCAL_LENGTH
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(may_stand)
}

/// The ASCII form of a domain (UTS 46). Hyphens in the third and fourth place, which registries refuse today, are left to
/// the names that have them.
fn normal_domain(domain: &str) -> Result<String, InvalidEmail> {
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| InvalidEmail)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, InvalidEmail> {
        EmailAddress::parse(text).map(|address| address.to_string())
    }

    #[test]
    fn one_mailbox_has_one_form() {
        for (text, address) in [
            (" Client@Example.COM ", "client@example.com"),
            ("a@bücher.example", "a@xn--bcher-kva.example"),
            ("A@BÜCHER.example", "a@xn--bcher-kva.example"),
            ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
            ("a@XN--Bcher-KVA.example", "a@xn--bcher-kva.example"),
            ("a@bücher。example", "a@xn--bcher-kva.example"),
            ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai"),
            ("a@ｅｘａｍｐｌｅ.com", "a@example.com"),
            ("ｓａｍ．lee@example.com", "sam.lee@example.com"),
            ("Jose\u{301}@example.com", "josé@example.com"),
            ("J\u{30C}@example.com", "ǰ@example.com"),
            ("संपर्क@डाटामेल.भारत", "संपर्क@xn--c2bd4bq1db8d.xn--h2brj9c"),
            ("a@ab--cd.example", "a@ab--cd.example"),
            ("o'hara+x_y@example.com", "o'hara+x_y@example.com"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(address), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        let long_label = format!("a@{}.com", "b".repeat(64));
        for bad in [
            "",
            "a",
            "a@",
            "@b.com",
            "a@b",
            "a b@c.com",
            "a@b..com",
            "a@b.com.",
            "a@.b.com",
            ".a@b.com",
            "a.@b.com",
            "a..c@b.com",
            "a‥c@b.com",
            "a@-b.com",
            "a@b-.com",
            "a@b_c.com",
            "a@xn--a.com",
            "a\n@b.com",
            "a@b.com\0",
            "a＠c@b.com",
            "a\u{200B}@b.com",
            "a\u{200D}@b.com",
            "a\u{3164}@b.com",
            "a\u{FE0F}@b.com",
            "\u{202E}a@b.com",
            "a@b\u{202E}.com",
            "a¨@b.com",
            &long_label,
        ] {
            assert_eq!(parse(bad), Err(InvalidEmail), "{bad:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_form_that_is_kept() {
        let local = "a".repeat(64);
        assert!(parse(&format!("{local}@b.com")).is_ok());
        assert!(parse(&format!("{local}a@b.com")).is_err());
        assert!(parse(&format!("{}@b.com", "ａ".repeat(64))).is_ok());
        assert!(parse(&format!("{}@b.com", "ﷺ".repeat(100_000))).is_err());
        let label = "b".repeat(63);
        let domain = format!("{label}.{label}.{}", "c".repeat(61));
        assert_eq!(domain.len() + 1 + 64, 254);
        assert!(parse(&format!("{local}@{domain}")).is_ok());
        assert!(parse(&format!("{local}@{domain}c")).is_err());
        // As many letters as a label may have, and more as the DNS has them.
        assert!(parse(&format!("a@{}.com", "ü".repeat(63))).is_err());
    }

    /// Texts that look like addresses, in several scripts and widths.
    fn texts() -> impl Strategy<Value = String> {
        let local = prop_oneof![
            "[a-zA-Z0-9.+'-]{1,8}",
            "[À-ž.Α-ω\u{300}-\u{310}]{1,6}",
            "\\PC{1,5}"
        ];
        let domain = prop_oneof![
            "[a-zA-Z0-9-]{1,8}\\.(com|рф|example)",
            "[À-žΑ-ω]{1,6}[.。．][a-z]{2,3}",
            "\\PC{1,5}\\.com",
        ];
        (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
    }

    proptest! {
        #[test]
        fn an_address_reads_as_itself_in_any_case(text in texts()) {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address.clone()));
                let shouted = address.as_str().to_ascii_uppercase();
                prop_assert_eq!(EmailAddress::parse(&shouted), Ok(address.clone()));
                let (_, domain) = address.as_str().rsplit_once('@').unwrap();
                prop_assert!(domain.is_ascii());
            }
        }

        #[test]
        fn a_domain_may_be_given_in_either_form(label in "[a-zß-öø-ÿ]{1,20}") {
            if let Ok(ascii) = normal_domain(&format!("{label}.example")) {
                let (unicode, ok) = idna::domain_to_unicode(&ascii);
                prop_assert!(ok.is_ok());
                prop_assert_eq!(parse(&format!("a@{unicode}")), parse(&format!("a@{ascii}")));
            }
        }
    }
}
