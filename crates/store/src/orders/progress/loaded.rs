//! Rows that a batch of steps changes in memory.

use std::collections::BTreeMap;

use peeker_domain::id::AccountId;

/// Rows by account and id, as they were read and as they are to be.
pub(super) struct Loaded<I, M> {
    rows: BTreeMap<(AccountId, I), Row<M>>,
}

struct Row<M> {
    read: M,
    now: M,
}

impl<I: Ord, M: Clone + PartialEq> Loaded<I, M> {
    /// Takes rows as they were read.
    pub fn of(rows: Vec<M>, key: impl Fn(&M) -> (AccountId, I)) -> Self {
        let row = |read: M| {
            let key = key(&read);
            let now = read.clone();
            (key, Row { read, now })
        };
        Self {
            rows: rows.into_iter().map(row).collect(),
        }
    }

    /// A row as it is now.
    pub fn get(&self, key: &(AccountId, I)) -> Option<&M> {
        self.rows.get(key).map(|row| &row.now)
    }

    /// A row, to be changed.
    pub fn get_mut(&mut self, key: &(AccountId, I)) -> Option<&mut M> {
        self.rows.get_mut(key).map(|row| &mut row.now)
    }

    /// The rows that are not what was read any more, with their keys: all that has to be written.
    pub fn changed(&self) -> impl Iterator<Item = (&(AccountId, I), &M)> {
        let changed = self.rows.iter().filter(|(_, row)| row.now != row.read);
        changed.map(|(key, row)| (key, &row.now))
    }
}
