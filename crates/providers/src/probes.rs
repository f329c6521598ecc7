//! The port to the outside world as others see it: nameservers, pictures, forwarding targets.

use async_trait::async_trait;
use peeker_domain::{DomainName, WebUrl};

use crate::{Call, ProviderError};

/// Why a forwarding target cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetProblem {
    /// The domain to be forwarded does not resolve.
    DnsLookupFailed,
    /// Nobody answers at the target.
    Unreachable,
    /// The target is not a public address.
    Invalid,
}

/// Looks at what a customer has set up elsewhere. Nothing here changes anything.
#[async_trait]
pub trait Probes: Send + Sync {
    /// Whether the nameservers of `name` are exactly these.
    async fn delegated(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<bool, ProviderError>;

    /// Whether anybody on the internet can load the picture.
    async fn picture_reachable(&self, call: Call<'_>, url: &WebUrl) -> Result<bool, ProviderError>;

    /// What is wrong with forwarding `name` to `target`; `None` when nothing is.
    async fn forwarding_problem(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<Option<TargetProblem>, ProviderError>;
}
