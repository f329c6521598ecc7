//! Texts in quotes, as zone files have them: pieces of at most 255 bytes, which belong together without anything between.

const MAX_PIECE: usize = 255;

/// The text in quotes, in as many pieces as it takes.
pub(super) fn quoted(text: &str) -> String {
    let pieces = pieces(text).into_iter();
    let quoted: Vec<String> = pieces.map(quoted_piece).collect();
    quoted.join(" ")
}

fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > MAX_PIECE {
        let mut end = MAX_PIECE;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn quoted_piece(piece: &str) -> String {
    let escaped = piece.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// The text of a value that may be in quotes and in pieces. One that is not well quoted is taken as it is.
pub(super) fn unquoted(value: &str) -> String {
    read(value).unwrap_or_else(|| value.to_owned())
}

fn read(value: &str) -> Option<String> {
    let (mut bytes, mut text) = (value.trim().bytes().peekable(), Vec::new());
    bytes.peek()?;
    while bytes.next_if_eq(&b'"').is_some() {
        loop {
            match bytes.next()? {
                b'"' => break,
                b'\\' => text.push(escaped(&mut bytes)?),
                byte => text.push(byte),
            }
        }
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
    }
    if bytes.peek().is_some() {
        return None;
    }
    String::from_utf8(text).ok()
}

/// What a backslash stands before: a character, or a byte in three decimal digits.
fn escaped(bytes: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let first = bytes.next()?;
    if !first.is_ascii_digit() {
        return Some(first);
    }
    let digits = [first, bytes.next()?, bytes.next()?];
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_taken_off_in_every_form() {
        for (value, text) in [
            ("v=spf1 -all", "v=spf1 -all"),
            ("\"v=spf1 -all\"", "v=spf1 -all"),
            ("\"v=DKIM1; p=AA\" \"BB\"", "v=DKIM1; p=AABB"),
            ("\"AA\"\"BB\"", "AABB"),
            (r#""say \"hi\" \\ \065""#, r#"say "hi" \ A"#),
            ("\"\"", ""),
            ("\"open", "\"open"),
            ("\"a\" b", "\"a\" b"),
            ("a \"b\"", "a \"b\""),
            ("", ""),
        ] {
            assert_eq!(unquoted(value), text, "{value}");
        }
    }

    #[test]
    fn what_is_quoted_comes_back_whole() {
        let long = "k".repeat(600);
        let umlauts = "ü".repeat(200);
        for text in ["v=spf1 -all", "", r#"a "b" \c"#, &long, &umlauts] {
            let value = quoted(text);
            assert_eq!(unquoted(&value), text);
            let pieces = value.split("\" \"");
            assert!(pieces.map(str::len).all(|length| length <= MAX_PIECE + 2));
        }
        assert_eq!(quoted(&long).matches("\" \"").count(), 2);
    }
}
