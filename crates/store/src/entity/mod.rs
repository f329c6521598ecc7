//! One SeaORM entity per table. A row never leaves this crate's callers in `peeker-app`; partners see `peeker_domain::view`.
//!
//! The tables themselves are made by the SQL in `migrations/`; a test holds the two against each other.

pub mod accounts;
pub mod api_keys;
pub mod bundles;
pub mod deliveries;
pub mod delivery_attempts;
pub mod domain_providers;
pub mod domains;
pub mod endpoint_health;
pub mod event_replays;
pub mod events;
pub mod forwarding_domains;
pub mod forwardings;
pub mod idempotency_keys;
pub mod import_domains;
pub mod import_fingerprints;
pub mod imported_names;
pub mod imports;
pub mod inboxes;
pub mod jobs;
pub mod ledger_entries;
pub mod mailboxes;
pub mod operator_tasks;
pub mod order_domains;
pub mod order_fingerprints;
pub mod order_history;
pub mod orders;
pub mod partners;
pub mod pending_action_domains;
pub mod pending_actions;
pub mod provider_accounts;
pub mod provider_paces;
pub mod provider_permits;
pub mod provider_rests;
pub mod rate_windows;
pub mod replays;
pub mod settings;
pub mod simulated_records;
pub mod swaps;
pub mod users;
pub mod vendor_payments;
pub mod webhook_secrets;
pub mod webhook_urls;
