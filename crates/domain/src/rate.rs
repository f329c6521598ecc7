//! What a request costs of its key's rate limit: one token, and more where one request makes the work of many
//! (docs/adr/0025).

/// Domains of an import for one token: as many as an import takes that is answered when its zones are made.
const DOMAINS_PER_TOKEN: u64 = 25;
/// Events of a replay for one token.
const EVENTS_PER_TOKEN: u64 = 10_000;

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tokens(u32);

impl Tokens {
    /// What most requests cost, however many rows they read.
    pub const ONE: Self = Self(1);

    /// An import of so many domains.
    pub fn of_import(domains: usize) -> Self {
        Self::of(
            u64::try_from(domains).unwrap_or(u64::MAX),
            DOMAINS_PER_TOKEN,
        )
    }

    /// A replay of so many events.
    pub fn of_replay(events: u64) -> Self {
        Self::of(events, EVENTS_PER_TOKEN)
    }

    fn of(pieces: u64, per_token: u64) -> Self {
        let tokens = pieces.div_ceil(per_token).max(1);
        Self(u32::try_from(tokens).unwrap_or(u32::MAX))
    }

    /// What a key with this limit pays: never more than it has in a minute, or it could not make the request at all.
    pub fn within(self, limit: u32) -> u32 {
        self.0.min(limit.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_costs_a_token_for_each_started_25_domains() {
        let costs = [1, 25, 26, 50, 51, 500].map(|domains| Tokens::of_import(domains).0);
        assert_eq!(costs, [1, 1, 2, 2, 3, 20]);
    }

    #[test]
    fn a_replay_costs_a_token_for_each_started_10_000_events() {
        let costs = [0, 1, 10_000, 10_001, 1_000_000].map(|events| Tokens::of_replay(events).0);
        assert_eq!(costs, [1, 1, 1, 2, 100]);
    }

    #[test]
    fn nothing_costs_more_than_a_key_has() {
        assert_eq!(Tokens::of_import(500).within(600), 20);
        assert_eq!(Tokens::of_import(500).within(5), 5);
        assert_eq!(Tokens::of_replay(u64::MAX).within(600), 600);
    }
}
