//! What is wrong with a request, gathered until all of it has been read.

use std::cell::{Cell, RefCell};

use peeker_domain::error::MAX_VIOLATIONS;
use peeker_domain::excerpt::{FIELD, excerpt};
use peeker_domain::{Code, Error, Violation};

/// Stands for a value that could not be read; why has been noted already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

#[derive(Debug)]
enum Kind {
    Invalid,
    ProviderNotSupported,
    NotFound(&'static str),
}

/// The problems noted so far, in reading order: as many as an answer lists, and how many more there were.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    noted: RefCell<Vec<(Kind, Violation)>>,
    more: Cell<usize>,
    conflict: RefCell<Option<Error>>,
}

impl Problems {
    /// Notes that `field` breaks a rule; `what` completes a sentence that starts with the field's path.
    pub(crate) fn invalid(&self, field: &str, what: &str) -> Refused {
        self.note(Kind::Invalid, field, what)
    }

    /// Notes a sequencer that is not supported; has a code of its own when nothing else is wrong (contract §1).
    pub(crate) fn provider_not_supported(&self, field: &str, what: &str) -> Refused {
        self.note(Kind::ProviderNotSupported, field, what)
    }

    /// Notes an id that no record can have; counts only when nothing else is wrong.
    pub(crate) fn not_found(&self, field: &str, noun: &'static str) -> Refused {
        self.note(Kind::NotFound(noun), field, "does not exist")
    }

    /// Notes an error that comes before every other problem.
    pub(crate) fn conflict(&self, error: Error) -> Refused {
        self.conflict.borrow_mut().get_or_insert(error);
        Refused
    }

    fn note(&self, kind: Kind, field: &str, what: &str) -> Refused {
        let mut noted = self.noted.borrow_mut();
        if noted.len() < MAX_VIOLATIONS {
            // The path may end in a name that the caller made up.
            let field = excerpt(field, FIELD);
            let message = format!("{field} {what}");
            noted.push((kind, Violation::new(field, message)));
        } else {
            self.more.set(self.more.get() + 1);
        }
        Refused
    }

    /// The one error that tells of all problems; `None` when there are none.
    pub(crate) fn into_error(self) -> Option<Error> {
        if let Some(conflict) = self.conflict.into_inner() {
            return Some(conflict);
        }
        let (absent, mut wrong): (Vec<_>, Vec<_>) = self
            .noted
            .into_inner()
            .into_iter()
            .partition(|(kind, _)| matches!(kind, Kind::NotFound(_)));
        if let [(Kind::ProviderNotSupported, only)] = wrong.as_mut_slice() {
            let message = std::mem::take(&mut only.message);
            return Some(Error::new(Code::ProviderNotSupported, message).with_field(&*only.field));
        }
        if !wrong.is_empty() {
            return Error::from_violations(
                wrong.into_iter().map(|(_, violation)| violation).collect(),
                self.more.get(),
            );
        }
        absent
            .into_iter()
            .next()
            .map(|(kind, violation)| match kind {
                Kind::NotFound(noun) => Error::not_found(noun).with_field(violation.field),
                Kind::Invalid | Kind::ProviderNotSupported => {
                    Error::invalid(violation.field, violation.message)
                }
            })
    }
}
