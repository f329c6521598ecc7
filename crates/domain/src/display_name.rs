//! Names that people give and read: of persons, bundles, partners, keys.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};

use crate::unseen::{find_unseen, is_mark, is_space};

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDisplayName {
    /// Nothing is left of it after trimming.
    #[error("must not be empty")]
    Empty,
    /// Longer than its kind may be.
    #[error("must not be longer than {0} characters")]
    TooLong(usize),
    /// A control character, one that cannot be seen, or one that turns the text around it.
    #[error(
        "must not hold U+{:04X}, a control, invisible or direction-changing character",
        u32::from(*.0)
    )]
    Unseen(char),
    /// It would be drawn on top of whatever stands before it.
    #[error("must not begin with a combining mark")]
    LeadingMark,
}

/// A name of 1 to `MAX` characters that looks like what it is: no character is hidden, whatever looks the same because of
/// composition or spaces is the same (RFC 8266, but with NFC: ﬁ and ① stay as they are). Letter case is kept. Deserialised it
/// is what was stored, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisplayName<const MAX: usize>(String);

/// A given or family name.
pub type PersonName = DisplayName<100>;
/// What a bundle, a partner or a key is called (contract §2).
pub type Label = DisplayName<120>;

impl<const MAX: usize> DisplayName<MAX> {
    /// Trims a text, makes every run of spaces one plain space, composes letters and their marks, and checks it.
    pub fn parse(text: &str) -> Result<Self, InvalidDisplayName> {
        let words = text.trim().split(is_space).filter(|word| !word.is_empty());
        let spaced = words.collect::<Vec<_>>().join(" ");
        let name = ComposingNormalizerBorrowed::new_nfc().normalize(&spaced);
        if let Some(c) = find_unseen(&name) {
            return Err(InvalidDisplayName::Unseen(c));
        }
        if name.starts_with(is_mark) {
            return Err(InvalidDisplayName::LeadingMark);
        }
        match name.chars().count() {
            0 => Err(InvalidDisplayName::Empty),
            length if length > MAX => Err(InvalidDisplayName::TooLong(MAX)),
            _ => Ok(Self(name.into_owned())),
        }
    }

    /// Takes a text that was a name when it was written to the database; rules may have come since.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for DisplayName<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> From<DisplayName<MAX>> for String {
    fn from(name: DisplayName<MAX>) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, InvalidDisplayName> {
        PersonName::parse(text).map(String::from)
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (text, name) in [
            ("  Sam ", "Sam"),
            ("Jose\u{301}", "José"),
            ("José", "José"),
            ("Anna\u{A0}Lee", "Anna Lee"),
            ("Anna \u{2009} Lee", "Anna Lee"),
            ("山田\u{3000}太郎", "山田 太郎"),
            ("\u{212B}ngström", "Ångström"),
            ("o'Hara ﬁ ①", "o'Hara ﬁ ①"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(name), "{text:?}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, why) in [
            ("", InvalidDisplayName::Empty),
            (" \u{3000}\t", InvalidDisplayName::Empty),
            ("Sam\u{202E}eel", InvalidDisplayName::Unseen('\u{202E}')),
            ("\u{FEFF}Sam", InvalidDisplayName::Unseen('\u{FEFF}')),
            ("Sam\nLee", InvalidDisplayName::Unseen('\n')),
            ("\u{301}Sam", InvalidDisplayName::LeadingMark),
        ] {
            assert_eq!(parse(text), Err(why), "{text:?}");
        }
        let message = InvalidDisplayName::Unseen('\u{202E}').to_string();
        assert!(message.contains("U+202E"), "{message}");
        assert!(
            !message.contains('\u{202E}'),
            "the character itself would turn the message"
        );
    }

    #[test]
    fn length_is_counted_in_characters_as_kept() {
        assert!(PersonName::parse(&"e\u{301}".repeat(100)).is_ok());
        assert_eq!(
            PersonName::parse(&"é".repeat(101)),
            Err(InvalidDisplayName::TooLong(100))
        );
        assert!(Label::parse(&"é".repeat(120)).is_ok());
    }

    proptest! {
        #[test]
        fn a_name_reads_as_itself_and_hides_nothing(text in any::<String>()) {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name.clone()));
                prop_assert!((1..=100).contains(&name.as_str().chars().count()));
                prop_assert!(!name.as_str().contains(char::is_control));
            }
        }

        #[test]
        fn composed_and_decomposed_names_are_one(text in "[À-ž' 가-힣]{1,20}") {
            let decomposed = icu_normalizer::DecomposingNormalizerBorrowed::new_nfd().normalize(&text);
            prop_assert_eq!(parse(&decomposed), parse(&text));
        }
    }
}
