//! Characters that a reader cannot see, or that turn the direction of the text around them.
//!
//! They let two different names look the same, and one name look like another. What counts is Unicode's own data: whatever
//! RFC 8264 §4.3 keeps out of free text. A few of them spell something where they stand, and there they are no trick:
//! Persian and Indic names need joiners (RFC 5892 appendix A.1, A.2), Japanese ones choose the form of a character, and an emoji
//! can be several characters.

use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_properties::props::{
    DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, JoiningType, UnifiedIdeograph,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
/// Asks for the coloured form of the emoji before it.
const EMOJI_STYLE: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
/// Symbols in name, blanks in print: no property tells them.
const BLANK_SYMBOLS: [char; 2] = ['\u{2800}', '\u{1D159}'];
/// The combining class of the sign that takes the vowel off an Indic consonant.
const VIRAMA: u8 = 9;

/// The first character that cannot be seen, or turns the text around it, and spells nothing where it stands.
pub(crate) fn find_unseen(text: &str) -> Option<char> {
    let chars: Vec<char> = text.chars().collect();
    let at = (0..chars.len())
        .find(|&at| is_unseen(chars[at]) && !spells(&chars[..at], chars[at], &chars[at + 1..]))?;
    Some(chars[at])
}

/// Whether a character, wherever it stands, cannot be seen or turns the text around it. So are those of which nobody
/// knows what they look like: private and unassigned ones.
pub(crate) fn is_unseen(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let group = GeneralCategoryGroup::Other
        .union(GeneralCategoryGroup::LineSeparator)
        .union(GeneralCategoryGroup::ParagraphSeparator);
    group.contains(category(c))
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || BLANK_SYMBOLS.contains(&c)
}

/// Whether a character only goes on top of the one before it.
pub(crate) fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

/// Whether a character is a space of any width.
pub(crate) fn is_space(c: char) -> bool {
    category(c) == GeneralCategory::SpaceSeparator
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

fn spells(before: &[char], c: char, after: &[char]) -> bool {
    let (last, next) = (before.last().copied(), after.first().copied());
    match c {
        NON_JOINER => last.is_some_and(is_virama) || parts_a_ligature(before, after),
        // Bengali and Kannada write it before the virama, as in র‍্যা, where the letter keeps its own form.
        JOINER => {
            last.is_some_and(is_virama)
                || (last.is_some_and(char::is_alphabetic) && next.is_some_and(is_virama))
                || makes_one_emoji(before, after)
        }
        // Plain and coloured forms.
        '\u{FE0E}' | EMOJI_STYLE => {
            last.is_some_and(is_pictographic)
                || (matches!(last, Some('0'..='9' | '#' | '*')) && next == Some(KEYCAP))
        }
        '\u{FE00}'..='\u{FE0D}' | '\u{E0100}'..='\u{E01EF}' => {
            last.is_some_and(|c| CodePointSetData::new::<UnifiedIdeograph>().contains(c))
        }
        // Mongolian's selectors and its vowel separator stand after Mongolian letters.
        '\u{180B}'..='\u{180F}' => matches!(last, Some('\u{1820}'..='\u{18AA}')),
        _ => false,
    }
}

fn is_virama(c: char) -> bool {
    CanonicalCombiningClassMapBorrowed::new().get_u8(c) == VIRAMA
}

fn is_pictographic(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Whether the letters on both sides would be joined here, marks above and below them aside.
fn parts_a_ligature(before: &[char], after: &[char]) -> bool {
    let joining = |c: &char| {
        let joining = CodePointMapData::<JoiningType>::new().get(*c);
        (joining != JoiningType::Transparent).then_some(joining)
    };
    let left = before.iter().rev().find_map(joining);
    let right = after.iter().find_map(joining);
    matches!(
        left,
        Some(JoiningType::LeftJoining | JoiningType::DualJoining)
    ) && matches!(
        right,
        Some(JoiningType::RightJoining | JoiningType::DualJoining)
    )
}

/// Whether emoji on both sides are one picture here (UAX #29, rule GB11).
fn makes_one_emoji(before: &[char], after: &[char]) -> bool {
    let modifies =
        |c: &char| *c == EMOJI_STYLE || CodePointSetData::new::<EmojiModifier>().contains(*c);
    let base = before.iter().rev().find(|c| !modifies(c));
    base.is_some_and(|c| is_pictographic(*c)) && after.first().is_some_and(|c| is_pictographic(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spells_something_may_stand_there() {
        for text in [
            "Sam O\u{2019}Hara-Łukasz",
            "مهدی\u{200C}زاده",      // Persian: Mehdizadeh
            "ക\u{0D4D}\u{200D}",     // Malayalam: a chillu the old way
            "ශ\u{0DCA}\u{200D}රී",    // Sinhala: Sri
            "র\u{200D}\u{09CD}যাচেল", // Bengali: Rachel
            "क\u{094D}\u{200C}ष",    // Hindi: two letters, not their ligature
            "葛\u{E0100}城",         // Japanese: Katsuragi, in one of its forms
            "❤\u{FE0F} 1\u{FE0F}\u{20E3} 👩🏽\u{200D}💻 🏳\u{FE0F}\u{200D}🌈",
            "ᠠ\u{180B}",
        ] {
            assert_eq!(find_unseen(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_spells_nothing_is_found() {
        for c in [
            '\0',
            '\n',
            '\u{7F}',
            '\u{85}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{200F}',
            '\u{2028}',
            '\u{2029}',
            '\u{202A}',
            '\u{202E}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{206A}',
            '\u{2800}',
            '\u{3164}',
            '\u{E000}',
            '\u{FE00}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFF9}',
            '\u{FFFF}',
            '\u{1D173}',
            '\u{E0001}',
            '\u{E0061}',
            '\u{E0100}',
            '\u{10FFFF}',
        ] {
            for text in [
                format!("{c}"),
                format!("Sam{c}Lee"),
                format!("{c}Lee"),
                format!("Sam{c}"),
            ] {
                assert_eq!(find_unseen(&text), Some(c), "{text:?}");
            }
        }
        // Where one of them spells something, a second one does not.
        assert_eq!(find_unseen("مهدی\u{200C}\u{200C}زاده"), Some('\u{200C}'));
        assert_eq!(find_unseen("مهدی\u{200C}"), Some('\u{200C}'));
        assert_eq!(find_unseen("葛\u{E0100}\u{E0101}"), Some('\u{E0101}'));
        assert_eq!(find_unseen("1\u{FE0F}"), Some('\u{FE0F}'));
    }
}
