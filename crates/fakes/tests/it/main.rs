//! Every rule of the fakes over the wire, by a plain HTTP client and a plain resolver.

#![expect(clippy::unwrap_used, clippy::panic, reason = "only tests are in here")]

mod client;
mod cloudflare;
mod cloudflare_batches;
mod cloudflare_records;
mod cloudflare_zones;
mod dns;
mod dns_records;
mod framework;
mod google;
mod microsoft;
mod namecom;
mod namecom_buying;
mod namecom_domains;
mod process;
mod smartlead;
mod zone;
