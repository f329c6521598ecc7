//! `/domains`.

mod availability;
mod flights;
mod forwarding;
mod import;
mod list;
mod providers;
