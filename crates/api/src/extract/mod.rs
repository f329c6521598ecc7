//! From a raw request to typed input: bodies, query parameters and path ids, each with every problem at once.

mod body;
mod fields;
mod json;
mod page;
mod path;
mod problems;
mod query;
pub(crate) mod values;

pub use body::{Body, NoBody, OptionalBody, RequestBody};
pub(crate) use body::{collect, too_large};
#[cfg(test)]
pub(crate) use fields::read_object;
pub use fields::{Fields, Item};
pub use page::List;
pub use path::PathId;
pub use problems::Refused;
pub use query::{ListQuery, NoQuery, Parameters, Query};
