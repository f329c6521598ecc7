//! A [`SimulatorState`] in memory that counts its calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use peeker_domain::id::AccountId;
use serde_json::Value;

use super::{SimulatorState, StateError, StateRecord, Stored};

type Key = (String, &'static str, String);

#[derive(Default)]
pub(super) struct MemoryState {
    documents: Mutex<BTreeMap<Key, Value>>,
    reads: AtomicUsize,
    writes: AtomicUsize,
}

impl MemoryState {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Value>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is stored.
    pub(super) fn snapshot(&self) -> BTreeMap<Key, Value> {
        self.lock().clone()
    }

    /// Calls so far: (reads, writes).
    pub(super) fn calls(&self) -> (usize, usize) {
        (
            self.reads.load(Ordering::Relaxed),
            self.writes.load(Ordering::Relaxed),
        )
    }
}

fn key(account: &AccountId, kind: &'static str, name: &str) -> Key {
    (account.to_string(), kind, name.to_owned())
}

#[async_trait]
impl SimulatorState for MemoryState {
    async fn put_if_absent(
        &self,
        account: &AccountId,
        records: Vec<StateRecord>,
    ) -> Result<Vec<Stored>, StateError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let mut documents = self.lock();
        let stored = records.into_iter().map(|record| {
            let key = key(account, record.kind, &record.name);
            let created = !documents.contains_key(&key);
            let document = documents.entry(key).or_insert(record.document).clone();
            Stored { document, created }
        });
        Ok(stored.collect())
    }

    async fn put(&self, account: &AccountId, records: Vec<StateRecord>) -> Result<(), StateError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let mut documents = self.lock();
        for record in records {
            documents.insert(key(account, record.kind, &record.name), record.document);
        }
        Ok(())
    }

    async fn get_many(
        &self,
        account: &AccountId,
        kind: &'static str,
        names: &[String],
    ) -> Result<Vec<Option<Value>>, StateError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let documents = self.lock();
        Ok(names
            .iter()
            .map(|name| documents.get(&key(account, kind, name)).cloned())
            .collect())
    }

    async fn remove(
        &self,
        account: &AccountId,
        kind: &'static str,
        names: &[String],
    ) -> Result<(), StateError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let mut documents = self.lock();
        for name in names {
            documents.remove(&key(account, kind, name));
        }
        Ok(())
    }

    async fn increment(
        &self,
        account: &AccountId,
        kind: &'static str,
        name: &str,
    ) -> Result<u64, StateError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let mut documents = self.lock();
        let counter = documents
            .entry(key(account, kind, name))
            .or_insert(Value::from(0_u64));
        let next = counter
            .as_u64()
            .ok_or_else(|| StateError::new("not a counter"))?
            + 1;
        *counter = Value::from(next);
        Ok(next)
    }
}
