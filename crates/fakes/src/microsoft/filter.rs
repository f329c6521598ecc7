//! `$filter` on users: equality and the begins and ends of texts, all joined by `and` or all by `or`.

use serde_json::Value;

use super::error::{bad_request, unsupported_query};
use crate::call::{Answer, Call};
use crate::strict::Query;

/// Properties that can be asked for equality and begins.
const PLAIN: [&str; 9] = [
    "accountEnabled",
    "displayName",
    "givenName",
    "id",
    "mail",
    "mailNickname",
    "surname",
    "usageLocation",
    "userPrincipalName",
];

/// Properties whose ends can be asked for, as an advanced query.
const BY_END: [&str; 2] = ["mail", "userPrincipalName"];

/// A filter that was understood.
pub(crate) struct Filter {
    clauses: Vec<Clause>,
    any: bool,
}

struct Clause {
    test: Test,
    property: String,
    /// In lower case.
    wanted: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
    Equal,
    Begin,
    End,
}

impl Filter {
    /// The filter of a query, if there is one. The ends of texts need the header and the count.
    pub fn read(query: &Query, call: &Call) -> Result<Option<Self>, Answer> {
        let Some(text) = query.get("$filter") else {
            return Ok(None);
        };
        let filter = Self::parse(text).ok_or_else(|| bad_request("Invalid filter clause."))?;
        let advanced = filter.clauses.iter().any(|clause| clause.test == Test::End);
        let eventual = call.header("consistencylevel");
        let eventual = eventual.is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
        if advanced && !eventual {
            return Err(unsupported_query(
                "Operator 'endsWith' is not supported because the 'ConsistencyLevel:eventual' header is missing.",
            ));
        }
        if advanced && query.get("$count") != Some("true") {
            return Err(unsupported_query(
                "Operator 'endsWith' is not supported because '$count=true' is missing.",
            ));
        }
        for clause in &filter.clauses {
            let known: &[_] = if clause.test == Test::End {
                &BY_END
            } else {
                &PLAIN
            };
            if !known.contains(&clause.property.as_str()) {
                let property = &clause.property;
                return Err(unsupported_query(&format!(
                    "Unsupported or invalid query filter clause specified for property '{property}' of resource 'User'."
                )));
            }
        }
        Ok(Some(filter))
    }

    fn parse(text: &str) -> Option<Self> {
        let (ands, ors) = (split(text, " and "), split(text, " or "));
        if ands.len() > 1 && ors.len() > 1 {
            return None;
        }
        let any = ors.len() > 1;
        let parts = if any { ors } else { ands };
        let clauses = parts.into_iter().map(Clause::parse);
        Some(Self {
            clauses: clauses.collect::<Option<_>>()?,
            any,
        })
    }

    /// Whether a user, as JSON with all properties, fits.
    pub fn fits(&self, user: &Value) -> bool {
        let mut clauses = self.clauses.iter();
        if self.any {
            clauses.any(|clause| clause.fits(user))
        } else {
            clauses.all(|clause| clause.fits(user))
        }
    }
}

impl Clause {
    fn parse(clause: &str) -> Option<Self> {
        let clause = clause.trim();
        let function = |name: &str| {
            let head = clause.get(..name.len())?;
            let inner = clause
                .get(name.len()..)?
                .strip_prefix('(')?
                .strip_suffix(')')?;
            head.eq_ignore_ascii_case(name).then_some(inner)
        };
        let (test, property, value) = if let Some(inner) = function("endsWith") {
            let (property, value) = inner.split_once(',')?;
            (Test::End, property, value)
        } else if let Some(inner) = function("startsWith") {
            let (property, value) = inner.split_once(',')?;
            (Test::Begin, property, value)
        } else {
            let (property, value) = clause.split_once(" eq ")?;
            (Test::Equal, property, value)
        };
        Some(Self {
            test,
            property: property.trim().to_owned(),
            wanted: literal(value.trim())?.to_lowercase(),
        })
    }

    fn fits(&self, user: &Value) -> bool {
        let found = match &user[self.property.as_str()] {
            Value::String(text) => text.to_lowercase(),
            Value::Bool(truth) => truth.to_string(),
            _ => return false,
        };
        match self.test {
            Test::Equal => found == self.wanted,
            Test::Begin => found.starts_with(&self.wanted),
            Test::End => found.ends_with(&self.wanted),
        }
    }
}

/// A text in quotes, in which a quote is written twice; or a truth value.
fn literal(value: &str) -> Option<String> {
    if ["true", "false"].contains(&value) {
        return Some(value.to_owned());
    }
    let inner = value.strip_prefix('\'')?.strip_suffix('\'')?;
    let bare = inner.replace("''", "");
    (!bare.contains('\'')).then(|| inner.replace("''", "'"))
}

/// Parts of a text around a word that stands outside of quotes.
fn split<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let (mut parts, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        if character == '\'' {
            quoted = !quoted;
        } else if !quoted && at >= begin && text[at..].starts_with(word) {
            parts.push(&text[begin..at]);
            begin = at + word.len();
        }
    }
    parts.push(&text[begin..]);
    parts
}
