//! TestApp, both-engine test macro, receivers and builders for Peeker's tests.
