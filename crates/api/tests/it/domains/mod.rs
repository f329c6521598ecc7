//! `/domains`.

mod availability;
mod list;
