//! name.com Core API v1: checking, buying, renewing and delegating domains.
//!
//! Names of limits for the admin: `second` and `hour`. What the admin can change is in `outside`, magic names are in `catalog`.
//! Counted: `registrations`, `renewals` and `nameserver_changes` by domain, `renewed_terms` by domain and new end, `cents_paid` by
//! user name.

mod account;
mod auth;
mod availability;
mod catalog;
mod contact;
mod domain;
mod error;
mod idempotency;
mod omission;
mod outside;
mod paging;
mod payment;
mod purchase;
mod renewal;
mod router;
mod state;

pub(crate) use router::NameCom;
pub(crate) use state::State;
