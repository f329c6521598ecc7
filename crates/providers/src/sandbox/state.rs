//! The simulated providers' durable memory: small JSON documents under (account, kind, name).

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::id::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Call, ErrorClass, ProviderError};

/// A document to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StateRecord {
    /// What it is about, such as `registration`.
    pub kind: &'static str,
    /// Which one: a domain name, or a mail provider and a domain name.
    pub name: String,
    pub document: Value,
}

/// What is kept after [`SimulatorState::put_if_absent`].
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The document that is kept now: the one given, or the one that was there.
    pub document: Value,
    /// Whether this call stored it.
    pub created: bool,
}

/// The memory could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox's state is not reachable")]
pub struct StateError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StateError {
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl From<StateError> for ProviderError {
    fn from(error: StateError) -> Self {
        Self::retry(None, error.to_string()).with_source(error)
    }
}

/// What the simulated providers remember. Every account has its own memory; each call is atomic and durable when it
/// returns.
#[async_trait]
pub trait SimulatorState: Send + Sync {
    /// Keeps each document unless there is one under its kind and name; tells for each, in the same order, what is
    /// kept now.
    async fn put_if_absent(
        &self,
        account: &AccountId,
        records: Vec<StateRecord>,
    ) -> Result<Vec<Stored>, StateError>;

    /// Keeps each document, in place of one that is there.
    async fn put(&self, account: &AccountId, records: Vec<StateRecord>) -> Result<(), StateError>;

    /// The documents under `kind`, one answer per name, in the same order.
    async fn get_many(
        &self,
        account: &AccountId,
        kind: &'static str,
        names: &[String],
    ) -> Result<Vec<Option<Value>>, StateError>;

    /// Forgets the documents under `kind` that are there.
    async fn remove(
        &self,
        account: &AccountId,
        kind: &'static str,
        names: &[String],
    ) -> Result<(), StateError>;

    /// Adds one to the counter under kind and name, which starts at nought, and gives its new value. Counters and
    /// documents share no kind.
    async fn increment(
        &self,
        account: &AccountId,
        kind: &'static str,
        name: &str,
    ) -> Result<u64, StateError>;
}

/// [`SimulatorState`] with typed documents, one at a time.
///
/// Changing a document is a read and a write, not one step. That is enough: a domain has one workflow at a time, and
/// should two overlap after a lost lease, both write the same.
#[derive(Clone)]
pub(super) struct Documents {
    state: Arc<dyn SimulatorState>,
}

impl Documents {
    pub(super) fn new(state: Arc<dyn SimulatorState>) -> Self {
        Self { state }
    }

    /// Keeps `document` unless there is one: then that one is the answer.
    pub(super) async fn keep_first<T: Serialize + DeserializeOwned>(
        &self,
        call: Call<'_>,
        kind: &'static str,
        name: &str,
        document: &T,
    ) -> Result<Option<T>, ProviderError> {
        let record = StateRecord {
            kind,
            name: name.to_owned(),
            document: encode(document)?,
        };
        let stored = self.state.put_if_absent(call.account, vec![record]).await?;
        match stored.into_iter().next() {
            Some(Stored { created: true, .. }) => Ok(None),
            Some(Stored { document, .. }) => decode(document).map(Some),
            None => Err(unreadable("no answer about a stored document")),
        }
    }

    /// Keeps `document`, in place of one that is there.
    pub(super) async fn replace<T: Serialize>(
        &self,
        call: Call<'_>,
        kind: &'static str,
        name: &str,
        document: &T,
    ) -> Result<(), ProviderError> {
        let record = StateRecord {
            kind,
            name: name.to_owned(),
            document: encode(document)?,
        };
        Ok(self.state.put(call.account, vec![record]).await?)
    }

    /// The document, if there is one.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        kind: &'static str,
        name: &str,
    ) -> Result<Option<T>, ProviderError> {
        let found = self
            .state
            .get_many(call.account, kind, &[name.to_owned()])
            .await?;
        found.into_iter().next().flatten().map(decode).transpose()
    }

    /// The documents of `names`, in the same order; one read however many names.
    pub(super) async fn find_many<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        kind: &'static str,
        names: &[String],
    ) -> Result<Vec<Option<T>>, ProviderError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.state.get_many(call.account, kind, names).await?;
        let decoded = found.into_iter().map(|found| found.map(decode).transpose());
        decoded.collect()
    }

    /// Forgets the document, if there is one.
    pub(super) async fn forget(
        &self,
        call: Call<'_>,
        kind: &'static str,
        name: &str,
    ) -> Result<(), ProviderError> {
        Ok(self
            .state
            .remove(call.account, kind, &[name.to_owned()])
            .await?)
    }

    /// Counts one more; 1 the first time.
    pub(super) async fn count(
        &self,
        call: Call<'_>,
        kind: &'static str,
        name: &str,
    ) -> Result<u64, ProviderError> {
        Ok(self.state.increment(call.account, kind, name).await?)
    }
}

fn encode<T: Serialize>(document: &T) -> Result<Value, ProviderError> {
    serde_json::to_value(document).map_err(unreadable)
}

fn decode<T: DeserializeOwned>(document: Value) -> Result<T, ProviderError> {
    serde_json::from_value(document).map_err(unreadable)
}

/// A document of another shape stays so however often it is read: somebody has to look (or reset the sandbox).
fn unreadable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ProviderError {
    ProviderError::new(
        ErrorClass::NeedsHuman,
        "the sandbox's state does not read as it was written",
    )
    .with_source(cause)
}
