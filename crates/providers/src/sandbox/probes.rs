//! The simulated outside world: everything is set up right unless a magic name says otherwise, and a pending action
//! that is resolved in the sandbox sets it right.

use async_trait::async_trait;
use peeker_domain::{DomainName, WebUrl};
use serde_json::{Value, json};

use super::magic::Magic;
use super::state::Documents;
use crate::probes::{Probes, TargetProblem};
use crate::{Call, ProviderError};

const SET_UP: &str = "set_up_by_customer";
/// The one host that nobody answers at (contract §7).
pub(super) const UNREACHABLE_HOST: &str = "unreachable.test";

pub(super) struct SandboxProbes {
    documents: Documents,
}

impl SandboxProbes {
    pub(super) fn new(documents: Documents) -> Self {
        Self { documents }
    }
}

fn is_unreachable(url: &WebUrl) -> bool {
    url.url().host_str() == Some(UNREACHABLE_HOST)
}

#[async_trait]
impl Probes for SandboxProbes {
    async fn delegated(
        &self,
        call: Call<'_>,
        name: &DomainName,
        _nameservers: &[String],
    ) -> Result<bool, ProviderError> {
        if Magic::of(name) == Some(Magic::NameserversPending) {
            return is_set_up(&self.documents, call, name.as_str()).await;
        }
        Ok(true)
    }

    async fn picture_reachable(&self, call: Call<'_>, url: &WebUrl) -> Result<bool, ProviderError> {
        if is_unreachable(url) || url.is_private() {
            return is_set_up(&self.documents, call, url.as_str()).await;
        }
        Ok(true)
    }

    async fn forwarding_problem(
        &self,
        _call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<Option<TargetProblem>, ProviderError> {
        Ok(if Magic::of(name) == Some(Magic::ForwardingFails) {
            Some(TargetProblem::DnsLookupFailed)
        } else if target.is_private() {
            Some(TargetProblem::Invalid)
        } else if is_unreachable(target) {
            Some(TargetProblem::Unreachable)
        } else {
            None
        })
    }
}

/// Plays the customer who does what a pending action asks for.
#[derive(Clone)]
pub struct Customer {
    documents: Documents,
}

impl Customer {
    pub(super) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// Points the nameservers of `what` right, publishes the picture at `what`, or has the mail provider take `what`:
    /// whatever was wrong with this name or URL is right from now on.
    pub async fn set_up(&self, call: Call<'_>, what: &str) -> Result<(), ProviderError> {
        self.documents.replace(call, SET_UP, what, &json!({})).await
    }
}

/// Whether somebody has set this name or URL right.
pub(super) async fn is_set_up(
    documents: &Documents,
    call: Call<'_>,
    what: &str,
) -> Result<bool, ProviderError> {
    let found = documents.find::<Value>(call, SET_UP, what).await?;
    Ok(found.is_some())
}
