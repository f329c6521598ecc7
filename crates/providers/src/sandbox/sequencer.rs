//! The simulated sequencer: knows every client but 404, is connected for every client but 401 (contract §7).

use std::collections::BTreeSet;

use async_trait::async_trait;
use peeker_domain::order::ClientId;
use peeker_domain::{DomainName, MailProvider};
use serde::{Deserialize, Serialize};

use super::state::Documents;
use crate::{Call, HandOver, ProviderError, RouteError, Scope, SequencerPort};

const HAND_OVERS: &str = "hand_over";
const UNKNOWN_CLIENT: ClientId = ClientId::Number(404);
const UNCONNECTED_CLIENT: ClientId = ClientId::Number(401);

/// What the sequencer has of a domain. The log-in's password is used to log in and then gone: it has no field here.
#[derive(PartialEq, Serialize, Deserialize)]
struct HandOverDocument {
    client_id: Option<String>,
    login_email: String,
    provider: MailProvider,
    addresses: BTreeSet<String>,
}

pub(super) struct SandboxSequencer {
    documents: Documents,
}

impl SandboxSequencer {
    pub(super) fn new(documents: Documents) -> Self {
        Self { documents }
    }
}

fn route(client_id: Option<&ClientId>) -> Result<(), RouteError> {
    match client_id {
        Some(&UNKNOWN_CLIENT) => Err(RouteError::ClientNotFound),
        Some(&UNCONNECTED_CLIENT) => Err(RouteError::ConnectionRequired),
        _ => Ok(()),
    }
}

#[async_trait]
impl SequencerPort for SandboxSequencer {
    async fn check_route(
        &self,
        _call: Call<'_>,
        client_id: Option<&ClientId>,
    ) -> Result<(), RouteError> {
        route(client_id)
    }

    async fn hand_over(
        &self,
        call: Call<'_>,
        hand_over: &HandOver<'_>,
    ) -> Result<(), ProviderError> {
        route(hand_over.client_id)
            .map_err(|refusal| ProviderError::permanent(Scope::Order, refusal.to_string()))?;
        let name = hand_over.domain.as_str();
        let mut wanted = HandOverDocument {
            client_id: hand_over.client_id.map(ToString::to_string),
            login_email: hand_over.login_email.as_str().to_owned(),
            provider: hand_over.provider,
            addresses: hand_over
                .inboxes
                .iter()
                .map(|inbox| inbox.address.to_owned())
                .collect(),
        };
        let Some(current) = self
            .documents
            .keep_first(call, HAND_OVERS, name, &wanted)
            .await?
        else {
            return Ok(());
        };
        // Another client or provider is a new home for the domain: what the old one had is not carried along.
        let same_home =
            current.client_id == wanted.client_id && current.provider == wanted.provider;
        if same_home {
            wanted.addresses.extend(current.addresses.iter().cloned());
        }
        if wanted == current {
            return Ok(());
        }
        self.documents
            .replace(call, HAND_OVERS, name, &wanted)
            .await
    }

    async fn disconnect(
        &self,
        call: Call<'_>,
        domain: &DomainName,
        addresses: &[String],
    ) -> Result<(), ProviderError> {
        let name = domain.as_str();
        let Some(mut document) = self
            .documents
            .find::<HandOverDocument>(call, HAND_OVERS, name)
            .await?
        else {
            return Ok(());
        };
        let before = document.addresses.len();
        document
            .addresses
            .retain(|address| !addresses.contains(address));
        if document.addresses.is_empty() {
            self.documents.forget(call, HAND_OVERS, name).await
        } else if document.addresses.len() < before {
            self.documents
                .replace(call, HAND_OVERS, name, &document)
                .await
        } else {
            Ok(())
        }
    }
}
