//! The memory of the sandbox's simulated providers, kept in the sandbox database so that it survives a restart and is
//! shared by all servers.

use std::sync::Arc;

use async_trait::async_trait;
use peeker_domain::id::AccountId;
use peeker_providers::sandbox::{SimulatorState, StateError, StateRecord, Stored};
use peeker_store::simulator::{Action, Operation, Outcome, Request, Wanted};
use peeker_store::{Store, StoreError};
use serde_json::Value;

pub(crate) struct Memory(Arc<Store>);

impl Memory {
    pub fn new(store: Arc<Store>) -> Self {
        Self(store)
    }

    async fn submit(
        &self,
        account: &AccountId,
        operations: Vec<Operation>,
    ) -> Result<Vec<Outcome>, StateError> {
        let request = Request {
            account: account.clone(),
            operations,
        };
        self.0
            .sandbox
            .simulator
            .submit(request)
            .await
            .map_err(failed)
    }
}

fn failed(error: StoreError) -> StateError {
    StateError::new(error)
}

fn operations(records: Vec<StateRecord>, action: fn(Value) -> Action) -> Vec<Operation> {
    let operation = |record: StateRecord| Operation {
        kind: record.kind,
        name: record.name,
        action: action(record.document),
    };
    records.into_iter().map(operation).collect()
}

#[async_trait]
impl SimulatorState for Memory {
    async fn put_if_absent(
        &self,
        account: &AccountId,
        records: Vec<StateRecord>,
    ) -> Result<Vec<Stored>, StateError> {
        let outcomes = self
            .submit(account, operations(records, Action::PutIfAbsent))
            .await?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| Stored {
                document: outcome.document,
                created: outcome.created,
            })
            .collect())
    }

    async fn put(&self, account: &AccountId, records: Vec<StateRecord>) -> Result<(), StateError> {
        self.submit(account, operations(records, Action::Put))
            .await
            .map(|_| ())
    }

    async fn get_many(
        &self,
        account: &AccountId,
        kind: &'static str,
        names: &[String],
    ) -> Result<Vec<Option<Value>>, StateError> {
        let wanted = Wanted {
            account: account.clone(),
            kind,
            names: names.to_vec(),
        };
        self.0.sandbox.documents.ask(wanted).await.map_err(failed)
    }

    async fn remove(
        &self,
        account: &AccountId,
        kind: &'static str,
        names: &[String],
    ) -> Result<(), StateError> {
        let remove = |name: &String| Operation {
            kind,
            name: name.clone(),
            action: Action::Remove,
        };
        self.submit(account, names.iter().map(remove).collect())
            .await
            .map(|_| ())
    }

    async fn increment(
        &self,
        account: &AccountId,
        kind: &'static str,
        name: &str,
    ) -> Result<u64, StateError> {
        let operation = Operation {
            kind,
            name: name.to_owned(),
            action: Action::Increment,
        };
        let outcomes = self.submit(account, vec![operation]).await?;
        Ok(outcomes
            .first()
            .and_then(|outcome| u64::try_from(outcome.counter).ok())
            .unwrap_or(0))
    }
}
