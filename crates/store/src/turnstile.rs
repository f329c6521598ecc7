//! A bound on what goes on at once, in turns over those whose it is (docs/adr/0025): without turns, an account with a
//! hundred jobs under way would have a hundred transactions in front of everybody else's next one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peeker_domain::Turns;
use peeker_domain::id::AccountId;
use tokio::sync::oneshot;

/// Whose turn to write it may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Writer {
    /// What locks the rows of these accounts; nearly always one.
    Accounts(Vec<AccountId>),
    /// One lane, whoever is in its batch.
    Lane(&'static str, usize),
}

/// Lets so many through at once, and so many of one owner; the next one in turns over the owners.
#[derive(Debug)]
pub(crate) struct Turnstile<K: Clone + Eq + Hash>(Arc<Mutex<State<K>>>);

#[derive(Debug)]
struct State<K: Clone + Eq + Hash> {
    free: usize,
    most_each: usize,
    /// How many of each owner are through; one that has none is not in it.
    through: HashMap<K, usize>,
    waiting: Turns<K, oneshot::Sender<Pass<K>>>,
}

impl<K: Clone + Eq + Hash> State<K> {
    fn may(&self, owner: &K) -> bool {
        self.through
            .get(owner)
            .is_none_or(|count| *count < self.most_each)
    }

    /// Whoever waits and may go through now.
    fn next(&mut self) -> Option<(K, oneshot::Sender<Pass<K>>)> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let next = (self.free > 0).then(|| waiting.pop_if(|owner| self.may(owner)));
        self.waiting = waiting;
        next.flatten()
    }

    fn enter(&mut self, owner: K) {
        self.free -= 1;
        *self.through.entry(owner).or_default() += 1;
    }

    fn leave(&mut self, owner: &K) {
        self.free += 1;
        if let Some(count) = self.through.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                self.through.remove(owner);
            }
        }
    }
}

/// One's turn. Given on when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass<K: Clone + Eq + Hash> {
    turnstile: Turnstile<K>,
    /// `None` when it was never taken.
    owner: Option<K>,
}

impl<K: Clone + Eq + Hash> Clone for Turnstile<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Turnstile<K> {
    pub fn new(at_once: usize, most_each: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: at_once,
            most_each,
            through: HashMap::new(),
            waiting: Turns::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the owner's turn.
    pub async fn pass(&self, owner: K) -> Pass<K> {
        let turn = {
            let mut state = self.state();
            if state.free > 0 && state.may(&owner) {
                state.enter(owner.clone());
                return self.taken(Some(owner));
            }
            let (give, turn) = oneshot::channel();
            state.waiting.push(owner, give);
            turn
        };
        // Nobody who waits is ever forgotten: a sender is only dropped by sending.
        turn.await.unwrap_or_else(|_| self.taken(None))
    }

    fn taken(&self, owner: Option<K>) -> Pass<K> {
        Pass {
            turnstile: self.clone(),
            owner,
        }
    }

    fn leave(&self, owner: &K) {
        let mut state = self.state();
        state.leave(owner);
        while let Some((owner, next)) = state.next() {
            match next.send(self.taken(Some(owner.clone()))) {
                Ok(()) => state.enter(owner),
                // Whoever waited is gone. It was not let through, so it must not leave either.
                Err(mut unused) => unused.owner = None,
            }
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Pass<K> {
    fn drop(&mut self) {
        if let Some(owner) = self.owner.take() {
            self.turnstile.leave(&owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn an_account_waits_for_one_piece_of_work_of_another() {
        let turnstile = Turnstile::new(1, 1);
        let first = turnstile.pass("heavy").now_or_never().unwrap();
        let mut heavy: Vec<_> = (0..100)
            .map(|_| Box::pin(turnstile.pass("heavy")))
            .collect();
        for wait in &mut heavy {
            assert!(wait.now_or_never().is_none());
        }
        let mut other = Box::pin(turnstile.pass("other"));
        assert!((&mut other).now_or_never().is_none());
        drop(first);
        let second = (&mut heavy[0]).now_or_never().unwrap();
        assert!((&mut other).now_or_never().is_none());
        drop(second);
        assert!(other.now_or_never().is_some());
    }

    #[test]
    fn what_one_owner_may_not_have_is_left_for_others() {
        let turnstile = Turnstile::new(3, 1);
        let first = turnstile.pass("heavy").now_or_never().unwrap();
        let mut more: Vec<_> = (0..3).map(|_| Box::pin(turnstile.pass("heavy"))).collect();
        for wait in &mut more {
            assert!(wait.now_or_never().is_none());
        }
        let _other = turnstile.pass("other").now_or_never().unwrap();
        drop(first);
        let _second = (&mut more[0]).now_or_never().unwrap();
        assert!((&mut more[1]).now_or_never().is_none());
        assert!(turnstile.pass("third").now_or_never().is_some());
    }

    #[test]
    fn a_turn_is_not_lost_with_those_who_gave_up_waiting() {
        let turnstile = Turnstile::new(1, 1);
        let held = turnstile.pass("other").now_or_never().unwrap();
        let mut gone = Box::pin(turnstile.pass("gone"));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut given = Box::pin(turnstile.pass("slow"));
        assert!((&mut given).now_or_never().is_none());
        drop(held);
        // Given to one that goes before it looks.
        drop(given);
        assert!(turnstile.pass("other").now_or_never().is_some());
        assert!(turnstile.pass("other").now_or_never().is_some());
    }
}
