//! Statuses, and which one may follow which. A status changes only through `transition`, so an illegal change is an
//! error and never a write (invariant 5).

mod account;
mod declare;
mod domain;
mod order;
mod swap;

pub use account::{BundleStatus, EventReplayStatus, UserStatus};
pub(crate) use declare::stored_enum;
pub use declare::{IllegalTransition, UnknownWord};
pub use domain::{DomainCategory, DomainStatus, ForwardingStatus, ImportStatus, JobDomainState};
pub use order::{
    ActionKind, ActionReason, ActionStatus, InboxStatus, OrderDomainState, OrderFailureReason,
    OrderStatus,
};
pub use swap::{SwapReason, SwapStatus, SwapType};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_order_statuses_stay() {
        for end in [OrderStatus::Failed, OrderStatus::Cancelled] {
            for to in OrderStatus::ALL {
                assert_eq!(end.transition(*to).is_ok(), end == *to);
            }
        }
    }

    #[test]
    fn a_refused_change_says_what_it_was() {
        let refused = ImportStatus::Failed.transition(ImportStatus::Completed);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "import may not go from failed to completed"
        );
        for status in ImportStatus::ALL {
            assert_eq!(status.transition(*status), Ok(*status));
        }
    }

    #[test]
    fn words_round_trip() {
        for status in OrderStatus::ALL {
            assert_eq!(status.as_str().parse::<OrderStatus>().as_ref(), Ok(status));
        }
        assert!("paused".parse::<OrderStatus>().is_err());
    }
}
