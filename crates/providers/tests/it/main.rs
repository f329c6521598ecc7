//! The adapters of real vendors against those vendors as strict servers of their own.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod cloudflare;
mod dns_probes;
mod google;
mod microsoft;
mod namecom;
mod resolver;
mod scripted;
mod services;
mod smartlead;
mod steps;
mod world;
