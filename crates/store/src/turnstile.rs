//! A bound on what goes on at once, in turns over those whose it is (docs/adr/0025): without turns, an account with a
//! hundred jobs under way would have a hundred transactions in front of everybody else's next one.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peeker_domain::Turns;
use peeker_domain::id::AccountId;
use tokio::sync::oneshot;

/// Whose turn to write it may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Writer {
    /// An account, with all that it writes by itself.
    Account(AccountId),
    /// One lane, whoever is in its batch.
    Lane(&'static str, usize),
    /// What is about no account, or about many.
    Other,
}

/// Lets so many through at once, the next one in turns over the owners.
#[derive(Debug)]
pub(crate) struct Turnstile<K: Clone + Eq + Hash>(Arc<Mutex<State<K>>>);

#[derive(Debug)]
struct State<K: Clone + Eq + Hash> {
    free: usize,
    waiting: Turns<K, oneshot::Sender<Pass<K>>>,
}

/// One's turn. Given on when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass<K: Clone + Eq + Hash> {
    turnstile: Turnstile<K>,
    is_taken: bool,
}

impl<K: Clone + Eq + Hash> Clone for Turnstile<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Turnstile<K> {
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: at_once,
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
            if state.free > 0 {
                state.free -= 1;
                return self.taken();
            }
            let (give, turn) = oneshot::channel();
            state.waiting.push(owner, give);
            turn
        };
        // Nobody who waits is ever forgotten: a sender is only dropped by sending.
        turn.await.unwrap_or_else(|_| Pass {
            turnstile: self.clone(),
            is_taken: false,
        })
    }

    fn taken(&self) -> Pass<K> {
        Pass {
            turnstile: self.clone(),
            is_taken: true,
        }
    }

    fn give_on(&self) {
        let mut state = self.state();
        while let Some(next) = state.waiting.pop() {
            match next.send(self.taken()) {
                Ok(()) => return,
                // Whoever waited is gone. The turn was not taken, so it must not be given on either.
                Err(mut unused) => unused.is_taken = false,
            }
        }
        state.free += 1;
    }
}

impl<K: Clone + Eq + Hash> Drop for Pass<K> {
    fn drop(&mut self) {
        if self.is_taken {
            self.turnstile.give_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn an_account_waits_for_one_piece_of_work_of_another() {
        let turnstile = Turnstile::new(1);
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
    fn a_turn_is_not_lost_with_those_who_gave_up_waiting() {
        let turnstile = Turnstile::new(1);
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
