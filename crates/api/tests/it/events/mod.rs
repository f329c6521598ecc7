//! `/events`.

mod list;
mod replay;
mod stream;
mod types;
