//! `/orders` (contract §4).

mod create;
mod dedupe;
mod dns;
mod get;
mod inboxes;
mod lifecycle;
mod list;
mod live;
mod quote;
mod race;
mod seeds;
