//! Which of several accounts takes a new domain.

use super::AccountState;

/// An account that a new domain could go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<T> {
    pub account: T,
    pub state: AccountState,
    /// Domains that it has.
    pub used: u64,
    /// Domains that it may have; `None` when nobody set a number.
    pub capacity: Option<u64>,
    /// Milliseconds until it takes calls again: it asked for a pause, or only fails.
    pub rests_for_ms: i64,
}

impl<T> Candidate<T> {
    fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.used < capacity)
    }
}

/// Why no account takes a new domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    /// There is none at all.
    NoAccount,
    /// Every one is paused, draining or refused by its vendor.
    NoneActive,
    /// Every active one is full.
    AllFull,
}

/// The account for a new domain: of the active ones with room, one that takes calls now, and of those the emptiest in
/// proportion. A rest does not exclude: waiting for one account is better than having none.
pub fn choose<T: Clone>(candidates: &[Candidate<T>]) -> Result<T, NoRoom> {
    if candidates.is_empty() {
        return Err(NoRoom::NoAccount);
    }
    let active = || candidates.iter().filter(|one| one.state.takes_domains());
    if active().next().is_none() {
        return Err(NoRoom::NoneActive);
    }
    let chosen = active()
        .filter(|one| one.has_room())
        .min_by_key(|one| (one.rests_for_ms, fill(one)));
    chosen.map(|one| one.account.clone()).ok_or(NoRoom::AllFull)
}

/// How full an account is, in millionths; without a capacity, by its domains alone.
fn fill<T>(one: &Candidate<T>) -> u64 {
    match one.capacity {
        Some(capacity) => one.used.saturating_mul(1_000_000) / capacity.max(1),
        None => one.used,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(account: char, used: u64, capacity: u64) -> Candidate<char> {
        Candidate {
            account,
            state: AccountState::Active,
            used,
            capacity: Some(capacity),
            rests_for_ms: 0,
        }
    }

    #[test]
    fn the_emptiest_active_account_with_room_is_chosen() {
        let full = candidate('f', 10, 10);
        let half = candidate('h', 5, 10);
        let large = candidate('l', 6, 100);
        assert_eq!(choose(&[full, half, large]), Ok('l'));
        assert_eq!(choose(&[full]), Err(NoRoom::AllFull));
        assert_eq!(choose::<char>(&[]), Err(NoRoom::NoAccount));
        for state in [
            AccountState::Draining,
            AccountState::Paused,
            AccountState::NeedsAttention,
        ] {
            let out = Candidate { state, ..large };
            assert_eq!(choose(&[full, half, out]), Ok('h'));
            assert_eq!(choose(&[out]), Err(NoRoom::NoneActive));
        }
    }

    #[test]
    fn one_that_rests_is_chosen_last_and_not_never() {
        let resting = Candidate {
            rests_for_ms: 1_000,
            ..candidate('r', 0, 10)
        };
        assert_eq!(choose(&[resting, candidate('h', 9, 10)]), Ok('h'));
        assert_eq!(choose(&[resting]), Ok('r'));
    }
}
