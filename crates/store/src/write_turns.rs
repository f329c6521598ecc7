//! Who may open a unit of work next, in turns over the accounts and the write lanes (docs/adr/0025).
//!
//! SQLite has one writer. On PostgreSQL a part of the connections is left to reads. Without turns, an account with a
//! hundred jobs under way would have a hundred transactions in front of everybody else's next one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peeker_domain::Turns;
use peeker_domain::id::AccountId;
use tokio::sync::oneshot;

/// Whose turn it may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// An account, with all that it writes by itself.
    Account(AccountId),
    /// One lane, whoever is in its batch.
    Lane(&'static str, usize),
    /// What is about no account, or about many.
    Other,
}

/// The right to have one unit of work open. Given on when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: WriteTurns,
    is_taken: bool,
}

/// As many turns at once as there are units of work that may be open.
#[derive(Debug, Clone)]
pub(crate) struct WriteTurns(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: Turns<Owner, oneshot::Sender<Turn>>,
}

impl WriteTurns {
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: at_once,
            waiting: Turns::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the owner's turn.
    pub async fn wait(&self, owner: Owner) -> Turn {
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return self.turn();
            }
            let (give, turn) = oneshot::channel();
            state.waiting.push(owner, give);
            turn
        };
        // The sender is only ever dropped by sending.
        turn.await.unwrap_or_else(|_| Turn {
            turns: self.clone(),
            is_taken: false,
        })
    }

    fn turn(&self) -> Turn {
        Turn {
            turns: self.clone(),
            is_taken: true,
        }
    }

    fn give_on(&self) {
        let mut state = self.state();
        while let Some(next) = state.waiting.pop() {
            match next.send(self.turn()) {
                Ok(()) => return,
                // Whoever waited is gone. The turn was not taken, so it must not be given on either.
                Err(mut unused) => unused.is_taken = false,
            }
        }
        state.free += 1;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_taken {
            self.turns.give_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn account(name: &str) -> Owner {
        Owner::Account(AccountId::from_stored(name.to_owned()))
    }

    #[test]
    fn an_account_waits_for_one_piece_of_work_of_another() {
        let turns = WriteTurns::new(1);
        let first = turns.wait(account("heavy")).now_or_never().unwrap();
        let mut heavy: Vec<_> = (0..100)
            .map(|_| Box::pin(turns.wait(account("heavy"))))
            .collect();
        for wait in &mut heavy {
            assert!(wait.now_or_never().is_none());
        }
        let mut other = Box::pin(turns.wait(account("other")));
        assert!((&mut other).now_or_never().is_none());
        drop(first);
        let second = (&mut heavy[0]).now_or_never().unwrap();
        assert!((&mut other).now_or_never().is_none());
        drop(second);
        assert!(other.now_or_never().is_some());
    }

    #[test]
    fn a_turn_is_not_lost_with_those_who_gave_up_waiting() {
        let turns = WriteTurns::new(1);
        let held = turns.wait(Owner::Other).now_or_never().unwrap();
        let mut gone = Box::pin(turns.wait(account("gone")));
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut given = Box::pin(turns.wait(account("slow")));
        assert!((&mut given).now_or_never().is_none());
        drop(held);
        // Given to one that goes before it looks.
        drop(given);
        assert!(turns.wait(Owner::Other).now_or_never().is_some());
        assert!(turns.wait(Owner::Other).now_or_never().is_some());
    }
}
