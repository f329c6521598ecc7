//! `/events`.

mod list;
mod replay;
mod samples;
mod stream;
mod types;
