//! Use-cases and durable workflows; the only crate that joins store and providers.
//!
//! One module per noun. A use-case takes the [`App`], the [`Actor`] whose key asks, and typed input; it gives back the
//! object as partners see it, or a [`peeker_domain::Error`].

pub mod access;
pub mod bundles;
pub mod domains;
pub mod idempotency;
pub mod me;
pub mod orders;
pub mod paging;
pub mod users;

pub use access::{Actor, Quota};

/// Everything a use-case needs: databases, providers, keys, clock, configuration. Cheap to clone.
#[derive(Clone)]
pub struct App {}

impl App {
    /// The key that page tokens are signed with.
    pub fn page_token_key(&self) -> &[u8; 32] {
        todo!()
    }

    /// The configured public origin, such as `https://api.example.com`.
    pub fn public_url(&self) -> Option<&str> {
        todo!()
    }

    /// The time, for what belongs to no account.
    pub fn now(&self) -> peeker_domain::Timestamp {
        todo!()
    }

    /// Whether the databases answer.
    pub async fn ready(&self) -> peeker_domain::Result<()> {
        todo!()
    }
}
