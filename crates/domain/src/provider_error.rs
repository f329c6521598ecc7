//! What follows when a provider fails: the one place that decides it, for all work of jobs (docs/adr/0027).
//!
//! An adapter says what kind of failure it was, its [`ErrorClass`]. What follows depends on how often the work was tried
//! and on what work it is, and on nothing else.

use crate::retry::{LONGEST_PAUSE_MS, MAX_ATTEMPTS};

/// How much a permanent refusal concerns (contract §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One domain: it needs a replacement, the order's other domains go on.
    Domain,
    /// The whole order: mail tenant or sequencer log-in refused, account blocked.
    Order,
}

/// What kind of failure it was. A call that was cut off may have worked: it is a `Retry`, and the next try looks before
/// it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// It passes by itself.
    Retry {
        /// Milliseconds to wait at least, when the provider named them.
        after_ms: Option<i64>,
    },
    /// The object exists and could not be adopted at once: look again.
    Conflict,
    /// The provider account takes no more calls for now: its pace, its quota, or its room is used up. Work waits for its
    /// turn, however often.
    Quota {
        /// Milliseconds until the quota is renewed, when the provider named them.
        after_ms: Option<i64>,
    },
    /// Only the operator can mend it, such as a credential that ended. No order fails for that: work waits.
    NeedsHuman,
    /// Refused for good.
    Permanent {
        /// How much it concerns.
        scope: Scope,
    },
}

/// When to come back to an account that takes no more for now and named no time.
const UNNAMED_WAIT_MS: i64 = 60_000;

impl ErrorClass {
    /// Milliseconds before which another try is pointless.
    const fn at_least_ms(self) -> i64 {
        match self {
            Self::Retry {
                after_ms: Some(named),
            }
            | Self::Quota {
                after_ms: Some(named),
            } => named,
            Self::Quota { after_ms: None } => UNNAMED_WAIT_MS,
            Self::NeedsHuman => LONGEST_PAUSE_MS,
            Self::Retry { after_ms: None } | Self::Conflict | Self::Permanent { .. } => 0,
        }
    }
}

/// The work that a call was part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderWork {
    /// Setting a domain of an order up.
    SetUp,
    /// Setting up a domain that a swap brings in. Order and old domain are live meanwhile.
    Replacement,
    /// Removing what was made for a domain.
    Deprovision,
    /// Giving the inboxes of a live domain other names.
    Renaming,
    /// Another year of a domain at the registrar, which is paid for.
    Renewal,
    /// Making the zone of a domain that a customer imports.
    Import,
    Forwarding,
}

/// Why work is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GivenUp {
    /// The provider said no, for good.
    Refused,
    /// It was tried for as long as anything is.
    Exhausted,
}

/// What follows a provider's failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FollowUp {
    /// Try again, after the usual pause, which grows with the attempts, and not before this.
    Retry {
        /// Milliseconds to wait at least.
        at_least_ms: i64,
    },
    /// Come back after so many milliseconds. What stands in the way is on our side, so it is no failure and no try.
    Wait { ms: i64 },
    /// Give up what the work was about and nothing else: one domain, one swap, one renaming.
    GiveUp(GivenUp),
    /// Give up the whole order.
    FailOrder,
}

/// What follows when a call of `work` failed with `class`, for the attempt of this number since the work last got on.
#[expect(clippy::match_same_arms, reason = "each arm has a reason of its own")]
pub const fn follow_up(class: ErrorClass, attempts: u32, work: ProviderWork) -> FollowUp {
    let retry = FollowUp::Retry {
        at_least_ms: class.at_least_ms(),
    };
    let wait = FollowUp::Wait {
        ms: class.at_least_ms(),
    };
    match (work, class) {
        // Accounts take so many calls an hour and zones a day: large work waits for its turn, however often.
        (_, ErrorClass::Quota { .. }) => wait,
        // What is wrong is ours, not the partner's.
        (_, ErrorClass::NeedsHuman) => wait,
        // What was made has to go: no refusal of that is final.
        (ProviderWork::Deprovision, _) => retry,
        (
            ProviderWork::SetUp,
            ErrorClass::Permanent {
                scope: Scope::Order,
            },
        ) => FollowUp::FailOrder,
        (_, ErrorClass::Permanent { .. }) => FollowUp::GiveUp(GivenUp::Refused),
        // A try may have worked, so what was paid for it is not given back before the registrar says no.
        (ProviderWork::Renewal, _) => retry,
        _ if attempts >= MAX_ATTEMPTS => FollowUp::GiveUp(GivenUp::Exhausted),
        _ => retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const LATER: Option<i64> = Some(MINUTE_MS);
    const DOMAIN: ErrorClass = ErrorClass::Permanent {
        scope: Scope::Domain,
    };
    const ORDER: ErrorClass = ErrorClass::Permanent {
        scope: Scope::Order,
    };
    const REFUSED: FollowUp = FollowUp::GiveUp(GivenUp::Refused);
    const EXHAUSTED: FollowUp = FollowUp::GiveUp(GivenUp::Exhausted);

    const fn retry(at_least_ms: i64) -> FollowUp {
        FollowUp::Retry { at_least_ms }
    }

    const ALL: [ProviderWork; 7] = [
        ProviderWork::SetUp,
        ProviderWork::Replacement,
        ProviderWork::Deprovision,
        ProviderWork::Renaming,
        ProviderWork::Renewal,
        ProviderWork::Import,
        ProviderWork::Forwarding,
    ];

    /// The table of the documents: what follows a refusal for good, and what follows when patience is at its end.
    #[test]
    fn every_kind_of_work_ends_in_its_own_way() {
        use ProviderWork::{
            Deprovision, Forwarding, Import, Renaming, Renewal, Replacement, SetUp,
        };
        let down = ErrorClass::Retry { after_ms: None };
        let never = retry(0);
        for (work, domain, order, exhausted) in [
            (SetUp, REFUSED, FollowUp::FailOrder, EXHAUSTED),
            (Replacement, REFUSED, REFUSED, EXHAUSTED),
            (Deprovision, never, never, never),
            (Renaming, REFUSED, REFUSED, EXHAUSTED),
            (Renewal, REFUSED, REFUSED, never),
            (Import, REFUSED, REFUSED, EXHAUSTED),
            (Forwarding, REFUSED, REFUSED, EXHAUSTED),
        ] {
            for attempts in [1, MAX_ATTEMPTS] {
                assert_eq!(follow_up(DOMAIN, attempts, work), domain, "{work:?}");
                assert_eq!(follow_up(ORDER, attempts, work), order, "{work:?}");
            }
            for class in [down, ErrorClass::Conflict] {
                assert_eq!(follow_up(class, MAX_ATTEMPTS, work), exhausted, "{work:?}");
            }
        }
    }

    #[test]
    fn until_then_it_is_tried_again_with_pauses_by_class_alone() {
        for (class, at_least_ms) in [
            (ErrorClass::Retry { after_ms: None }, 0),
            (ErrorClass::Retry { after_ms: LATER }, MINUTE_MS),
            (ErrorClass::Conflict, 0),
        ] {
            for work in ALL {
                for attempts in [1, MAX_ATTEMPTS - 1] {
                    let follows = follow_up(class, attempts, work);
                    assert_eq!(follows, retry(at_least_ms), "{class:?} {work:?}");
                }
            }
        }
    }

    /// No order fails because our own account at a vendor is full, slow or refused.
    #[test]
    fn what_is_wrong_with_our_account_never_ends_the_work() {
        let second = Some(1_000);
        for (class, ms) in [
            (ErrorClass::Quota { after_ms: None }, UNNAMED_WAIT_MS),
            (ErrorClass::Quota { after_ms: second }, 1_000),
            (ErrorClass::NeedsHuman, LONGEST_PAUSE_MS),
        ] {
            for work in ALL {
                for attempts in [1, MAX_ATTEMPTS, u32::MAX] {
                    let follows = follow_up(class, attempts, work);
                    assert_eq!(follows, FollowUp::Wait { ms }, "{work:?}");
                }
            }
        }
    }
}
