//! Orders: `/orders` (contract §4), a file per endpoint; `request.rs` reads the body that create and quote share.

pub mod cancel;
pub mod create;
pub mod get;
pub mod history;
pub mod inboxes;
pub mod list;
pub mod pending;
pub mod quote;
pub mod request;
pub mod sizing;
