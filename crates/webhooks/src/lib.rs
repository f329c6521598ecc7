//! Webhook signing and the SSRF-safe HTTP client.
