//! Events: `/events`. The same events as webhooks bring, for reading back, following and sending again.

pub mod list;
pub mod replay;
pub mod stream;

use std::collections::BTreeSet;

use peeker_domain::EventType;

use crate::extract::values::word;

/// Types separated by commas, for query parameters.
struct Types(BTreeSet<EventType>);

impl Types {
    fn parse(text: &str) -> Result<Self, String> {
        let one = word(EventType::ALL);
        text.split(',')
            .map(|kind| one(kind.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}
