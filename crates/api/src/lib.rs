//! The HTTP front door: routes, extractors, error envelope, `OpenAPI`.
//!
//! A request passes the middleware (request id, log, panic guard, time limit, size limit, key, rate limit, idempotency
//! key), is read into typed input by an extractor, and reaches a handler that calls one use-case of `peeker-app`.
//! What must stay true: every answer is in the envelope and carries its request id (invariant 8), and no header or body
//! of a request is ever logged.

mod access;
mod docs;
mod error;
mod extract;
mod health;
mod middleware;
mod openapi;
mod paging;
mod router;

pub mod bundles;
pub mod domains;
pub mod events;
pub mod forwarding;
pub mod imports;
pub mod me;
pub mod orders;
pub mod sandbox;
pub mod swaps;
pub mod users;
pub mod wallet;
pub mod webhook_check;
pub mod webhooks;

pub use access::{Access, Permission, Quote, Read, Write};
pub use error::{ApiError, ErrorBody, ErrorEnvelope};
pub use extract::{
    Body, Fields, List, ListQuery, NoBody, NoQuery, OptionalBody, Parameters, PathId, Query,
    Refused, RequestBody,
};
pub use paging::PageFrame;
pub use router::{full, openapi, router};
