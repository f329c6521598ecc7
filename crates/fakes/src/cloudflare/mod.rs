//! Cloudflare API v4: zones, records, redirect rules. Paths begin with `/client/v4`.
//!
//! Names of limits for the admin: `requests`, `zones`, `activation_check`, and `pending`, which is no rate. What the admin can change is in `account`; names that
//! begin with `held-`, `blocked-`, `banned-` or `lookup-` are refused as `new_zone` says.
//! Counted: `zones_created` by account and name, `records_created` by type and name.

mod account;
mod auth;
mod batch;
mod draft;
mod envelope;
mod new_zone;
mod record;
mod record_list;
mod records;
mod router;
mod ruleset;
mod served;
mod state;
mod zone;

pub(crate) use router::Cloudflare;
pub(crate) use served::zone_above;
pub(crate) use state::State;
