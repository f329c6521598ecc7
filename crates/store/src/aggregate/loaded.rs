//! What a unit of work has read and changes in memory.

use std::collections::BTreeMap;

/// Nouns by key, as they were read and as they are to be.
#[derive(Debug)]
pub(crate) struct Loaded<K, N> {
    nouns: BTreeMap<K, Noun<N>>,
}

#[derive(Debug)]
struct Noun<N> {
    read: N,
    now: N,
}

impl<K, N> Default for Loaded<K, N> {
    fn default() -> Self {
        Self {
            nouns: BTreeMap::new(),
        }
    }
}

impl<K: Ord, N: Clone + PartialEq> Loaded<K, N> {
    /// Takes nouns as they were read.
    pub fn of(read: Vec<N>, key: impl Fn(&N) -> K) -> Self {
        let mut loaded = Self::default();
        for noun in read {
            loaded.insert(key(&noun), noun);
        }
        loaded
    }

    /// Takes one more, as it was read.
    pub fn insert(&mut self, key: K, read: N) {
        let now = read.clone();
        self.nouns.insert(key, Noun { read, now });
    }

    /// One as it is now.
    pub fn get(&self, key: &K) -> Option<&N> {
        self.nouns.get(key).map(|noun| &noun.now)
    }

    /// One, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut N> {
        self.nouns.get_mut(key).map(|noun| &mut noun.now)
    }

    /// Those that are not what was read any more: all that has to be written.
    pub fn changed(&self) -> Vec<N> {
        let changed = self.nouns.values().filter(|noun| noun.now != noun.read);
        changed.map(|noun| noun.now.clone()).collect()
    }
}
