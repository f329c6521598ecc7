//! Text that a caller chose, on its way back to him, into a row or into the log: cut to a length that does no harm.
//!
//! What must stay true: nobody can have an answer, a row or a log line that is as long as what he sent. So what repeats a
//! name or a value takes an [`excerpt`] of it, and every refusal is sent [within limits](crate::Error::within_limits).

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Longest path of a field that a refusal names, in characters.
pub const FIELD: usize = 200;
/// Longest name or value that a sentence repeats, in characters.
pub const QUOTED: usize = 100;
/// Longest sentence, in characters.
pub const SENTENCE: usize = 500;
/// Longest chain of causes that a log line or a row keeps, in characters.
pub const CAUSE: usize = 2000;

/// Most bytes of JSON that the lists in the details of one refusal come to together.
const MAX_DETAILS: usize = 48 * 1024;

/// A text of at most `most` characters; one that is longer is cut there and ends with an ellipsis.
pub fn excerpt(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// Holds the details of a refusal to a size: texts are cut, and lists end where the room does. What a list has lost is
/// counted beside it, as `violations_omitted`.
pub(crate) fn bound(details: &mut Map<String, Value>) {
    let mut room = MAX_DETAILS;
    let mut lost = Vec::new();
    for (name, detail) in details.iter_mut() {
        cut_texts(detail);
        if let Value::Array(entries) = detail {
            let fitting = entries.iter().take_while(|entry| fits(entry, &mut room));
            let kept = fitting.count();
            if kept < entries.len() {
                lost.push((name.clone(), entries.len() - kept));
                entries.truncate(kept);
            }
        }
    }
    for (name, count) in lost {
        note_omitted(details, &name, count);
    }
}

/// Says that a list of the details has lost so many entries more.
pub(crate) fn note_omitted(details: &mut Map<String, Value>, list: &str, count: usize) {
    let omitted = details.entry(format!("{list}_omitted")).or_insert(0.into());
    let before = omitted.as_u64().unwrap_or(0);
    *omitted = before.saturating_add(count as u64).into();
}

fn fits(entry: &Value, room: &mut usize) -> bool {
    // The comma after it counts too.
    match room.checked_sub(entry.to_string().len() + 1) {
        Some(left) => {
            *room = left;
            true
        }
        None => false,
    }
}

fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(cut) = excerpt(text, SENTENCE) {
                *text = cut;
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(cut_texts),
        Value::Object(object) => object.values_mut().for_each(cut_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::error::{Error, Violation};

    /// The size of an error as it is sent.
    fn sent(error: Error) -> usize {
        let error = error.within_limits();
        json!([error.message, error.field, error.details])
            .to_string()
            .len()
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_so() {
        for (text, most, shown) in [
            ("", 0, ""),
            ("short", 5, "short"),
            ("longer", 5, "longe…"),
            ("äöüß", 3, "äöü…"),
            ("x", 0, "…"),
        ] {
            assert_eq!(excerpt(text, most), shown);
        }
    }

    #[test]
    fn a_list_ends_where_the_room_does_and_what_is_left_out_is_counted() {
        let domains: Vec<String> = (0..12_000).map(|n| format!("domain-{n}.com")).collect();
        let mut details = Map::from_iter([
            ("domains".to_owned(), json!(domains)),
            ("required_replacements".to_owned(), json!(12_000)),
        ]);
        bound(&mut details);
        let kept = details["domains"].as_array().unwrap().len();
        assert!(kept > 1000, "{kept}");
        assert_eq!(details["domains_omitted"], json!(12_000 - kept));
        assert_eq!(details["required_replacements"], json!(12_000));
        let before = details.clone();
        bound(&mut details);
        assert_eq!(details, before, "what fits stays as it is");
    }

    #[test]
    fn violations_beyond_the_hundredth_are_counted() {
        let violations = |count| (0..count).map(|n| Violation::new(format!("a[{n}]"), "is wrong"));
        let error = Error::from_violations(violations(150).collect(), 7).unwrap();
        assert_eq!(error.details["violations"].as_array().unwrap().len(), 100);
        assert_eq!(error.details["violations_omitted"], 57);
        let error = Error::from_violations(violations(100).collect(), 0).unwrap();
        assert!(!error.details.contains_key("violations_omitted"));
        // A control character is six bytes of JSON.
        let long = "\u{1}".repeat(10_000);
        let all = (0..100).map(|_| Violation::new(&*long, &*long)).collect();
        let error = Error::from_violations(all, 900).unwrap().within_limits();
        let listed = error.details["violations"].as_array().unwrap().len();
        assert!(listed < 100);
        assert_eq!(error.details["violations_omitted"], 1000 - listed);
    }

    proptest! {
        #[test]
        fn no_refusal_is_large(text in any::<String>(), times in 1_usize..2000, entries in 0_usize..2000) {
            let text = text.repeat(times);
            let list = vec![json!({ "domain": text.clone() }); entries.min(300_000 / (text.len() + 1))];
            let error = Error::invalid(&*text, &*text).with_detail("domains", list.clone()).with_detail("others", list);
            let size = sent(error.with_detail("user", json!({ "email": text })));
            prop_assert!(size < 64 * 1024, "{}", size);
        }

        #[test]
        fn an_excerpt_is_the_start_of_the_text(text in any::<String>(), most in 0_usize..50) {
            let cut = excerpt(&text, most).into_owned();
            if text.chars().count() <= most {
                prop_assert_eq!(&cut, &text);
            } else {
                let start = cut.strip_suffix('…').unwrap();
                prop_assert!(text.starts_with(start));
                prop_assert_eq!(start.chars().count(), most);
            }
        }
    }
}
