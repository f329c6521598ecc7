//! `/orders` (contract §4).

mod cancel;
mod create;
mod dedupe;
mod dns;
mod get;
mod history;
mod inboxes;
mod lifecycle;
mod list;
mod live;
mod pending;
mod quote;
mod race;
mod seeds;
mod undelivered;
