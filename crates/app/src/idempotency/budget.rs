//! How much each account has kept for its idempotency keys, without asking the database each time.
//!
//! It is read once a minute and counted on in between. Other servers count for themselves, so with several of them an
//! account may come to a minute's requests more than its budget.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peeker_domain::id::AccountId;
use peeker_domain::{Environment, Timestamp};
use peeker_store::idempotency::{self as rows, Usage};
use peeker_store::{EnvironmentDb, StoreError};

/// How long a count is believed, in seconds.
const FRESH_SECONDS: i64 = 60;
/// The same of an account that has as many keys as it may have: every moment one of them may become free.
const FULL_SECONDS: i64 = 1;
/// Counts that are remembered. When there are more, all are read anew.
const MAX_ACCOUNTS: usize = 10_000;

/// An account in an environment.
type Key = (Environment, AccountId);

pub(crate) struct Budgets {
    most_keys: u64,
    counts: Mutex<HashMap<Key, Counted>>,
}

struct Counted {
    usage: Usage,
    /// On the system's clock.
    read_at: Timestamp,
}

impl Budgets {
    /// `most_keys` is how many an account may have.
    pub fn new(most_keys: u64) -> Self {
        Self {
            most_keys,
            counts: Mutex::default(),
        }
    }

    /// What an account has kept at `now` of its clock. `system` is the system's time.
    pub async fn usage(
        &self,
        db: &EnvironmentDb,
        account: &AccountId,
        now: Timestamp,
        system: Timestamp,
    ) -> Result<Usage, StoreError> {
        let key = (db.environment, account.clone());
        if let Some(usage) = self.remembered(&key, system) {
            return Ok(usage);
        }
        let read = rows::usage(db, account, now).await;
        let mut counts = self.lock();
        match &read {
            Ok(usage) => {
                let usage = *usage;
                counts.insert(
                    key,
                    Counted {
                        usage,
                        read_at: system,
                    },
                );
            }
            Err(_) => {
                counts.remove(&key);
            }
        }
        read
    }

    /// What is known, unless it is time to look again. Whoever is told `None` looks; others go on with the old count
    /// meanwhile.
    fn remembered(&self, key: &Key, system: Timestamp) -> Option<Usage> {
        let mut counts = self.lock();
        if let Some(counted) = counts.get_mut(key) {
            let is_full = counted.usage.keys >= self.most_keys;
            let believed = if is_full { FULL_SECONDS } else { FRESH_SECONDS };
            let until = counted.read_at.plus_seconds(believed);
            // A clock that was set back must not make it believed for longer.
            if (counted.read_at..until).contains(&system) {
                return Some(counted.usage);
            }
            counted.read_at = system;
            return None;
        }
        if counts.len() >= MAX_ACCOUNTS {
            counts.clear();
        }
        let usage = Usage::default();
        let read_at = system;
        counts.insert(key.clone(), Counted { usage, read_at });
        None
    }

    /// Counts keys and bytes that came or went. Gives back what the account has then.
    pub fn add(
        &self,
        environment: Environment,
        account: &AccountId,
        keys: i64,
        bytes: usize,
    ) -> Usage {
        let mut counts = self.lock();
        let Some(counted) = counts.get_mut(&(environment, account.clone())) else {
            return Usage::default();
        };
        let usage = &mut counted.usage;
        usage.keys = usage.keys.saturating_add_signed(keys);
        usage.answer_bytes = usage.answer_bytes.saturating_add(bytes as u64);
        *usage
    }

    /// Has an account's count read anew.
    pub fn forget(&self, environment: Environment, account: &AccountId) {
        self.lock().remove(&(environment, account.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Counted>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
