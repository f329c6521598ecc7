//! The rules and types of Peeker: what a domain name, an order plan, a price or an event *is*.
//!
//! Nothing here awaits, reads a clock or touches a disk, so every rule can be tested by calling it. All other
//! crates depend on this one; it depends on none of them.

pub mod access;
pub mod client_id;
mod column;
pub mod delivery;
pub mod display_name;
pub mod email;
pub mod error;
pub mod event;
pub mod excerpt;
pub mod fingerprint;
pub mod forwarding;
pub mod history;
pub mod id;
pub mod inbox_names;
pub mod job;
pub mod mail;
pub mod money;
pub mod name;
pub mod order;
pub mod persona;
pub mod plan;
pub mod price;
pub mod provider_error;
pub mod provisioning;
pub mod rate;
pub mod retry;
pub mod sharing;
pub mod sizing;
pub mod status;
pub mod time;
pub mod turns;
mod unseen;
pub mod vendor;
pub mod view;
pub mod wallet;
pub mod web_url;

pub use access::{Environment, PartnerStatus, Preset, Tier};
pub use delivery::{DeliveryState, FailureClass};
pub use display_name::{Label, PersonName};
pub use email::EmailAddress;
pub use error::{Code, Error, Result, Violation};
pub use event::EventType;
pub use excerpt::excerpt;
pub use history::HistoryKind;
pub use job::{JobKind, JobState, NewJob};
pub use mail::MailProvider;
pub use money::Cents;
pub use name::DomainName;
pub use provisioning::ProvisionStep;
pub use status::{
    ActionKind, ActionReason, ActionStatus, BundleStatus, DomainCategory, DomainStatus,
    EventReplayStatus, ForwardingStatus, IllegalTransition, ImportStatus, InboxStatus,
    JobDomainState, OrderDomainState, OrderFailureReason, OrderStatus, SwapReason, SwapStatus,
    SwapType, UserStatus,
};
pub use time::{Clock, ClockOffset, Timestamp};
pub use turns::Turns;
pub use wallet::{LedgerAccount, LedgerReason};
pub use web_url::WebUrl;
