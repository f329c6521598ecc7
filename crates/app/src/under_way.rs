//! Who has how much of a queue's work under way in this process, and whose turn it is next (docs/adr/0025).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peeker_domain::id::AccountId;
use peeker_domain::sharing::Permits;
use peeker_store::{LineUp, MOST_CLAIMED, Share};
use tokio::sync::Notify;

/// The permits of one queue.
pub(crate) struct UnderWay {
    total: usize,
    most_each: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    /// Permits by account; one that holds none is not in it.
    held: HashMap<AccountId, usize>,
    last_served: Option<AccountId>,
}

impl UnderWay {
    /// `total` permits, of which one account may hold `most_each`.
    pub fn new(total: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            most_each,
            state: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose turn it was last.
    pub fn last_served(&self) -> Option<AccountId> {
        self.state().last_served.clone()
    }

    /// What may be claimed for those in line while so many permits are free.
    pub fn share_out(&self, line: &LineUp, free: usize) -> Vec<Share> {
        let mut state = self.state();
        let held = line.accounts.iter();
        let held = held.map(|account| state.held.get(account).copied().unwrap_or(0));
        let permits = Permits {
            free,
            total: self.total,
            most_each: self.most_each,
        };
        let given = permits.share_out(&held.collect::<Vec<_>>(), MOST_CLAIMED);
        let shares = line.accounts.iter().cloned().zip(given);
        let shares: Vec<Share> = shares
            .filter(|(_, most)| *most > 0)
            .map(|(account, most)| Share { account, most })
            .collect();
        // When none of those that were looked at may have more, the next look goes on behind them.
        let served = shares.last().map(|share| &share.account);
        if let Some(served) = served.or(line.ended_at.as_ref()) {
            state.last_served = Some(served.clone());
        }
        shares
    }

    /// Takes a permit for a piece of work that was claimed.
    pub fn enter(self: &Arc<Self>, account: &AccountId) -> Seat {
        *self.state().held.entry(account.clone()).or_default() += 1;
        Seat {
            under_way: Arc::clone(self),
            account: account.clone(),
        }
    }

    /// Returns when a permit was given back. May return early.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }
}

/// A permit that is taken. Given back when it is dropped.
pub(crate) struct Seat {
    under_way: Arc<UnderWay>,
    account: AccountId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.under_way.state();
        if let Some(held) = state.held.get_mut(&self.account) {
            *held -= 1;
            if *held == 0 {
                state.held.remove(&self.account);
            }
        }
        drop(state);
        self.under_way.freed.notify_one();
    }
}

#[cfg(test)]
#[path = "under_way_tests.rs"]
mod tests;
