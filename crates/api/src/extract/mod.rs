//! From a raw request to typed input: bodies, query parameters and path ids, each with every problem at once.
//!
//! A body or a query is declared with [`object!`] or [`query!`]: fields and parameters of `presence` and `parameter`, with
//! rules of `rule` and `values`.

mod body;
mod declare;
mod fields;
mod json;
mod page;
pub(crate) mod parameter;
mod path;
pub(crate) mod presence;
mod problems;
mod query;
pub(crate) mod rule;
mod said;
pub(crate) mod values;

pub use body::{Body, NoBody, OptionalBody, RequestBody};
pub(crate) use body::{TooLarge, collect, too_large};
pub(crate) use declare::{closed_object, in_order, key, object, query};
#[cfg(test)]
pub(crate) use fields::read_object;
pub use fields::{Fields, Item};
pub use page::List;
pub use path::PathId;
pub use presence::Field;
pub use problems::Refused;
pub use query::{ListQuery, NoQuery, Parameters, Query};
pub(crate) use rule::Components;
pub use said::Said;
