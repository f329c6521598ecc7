//! Identifiers: `<prefix>_<26-character ULID>` (contract §1), one type per noun so that they cannot be mixed up.
//!
//! Ids sort by creation time, which keyset paging relies on. Within one millisecond a process-wide counter keeps
//! the order of creation; forty random bits keep two processes apart.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::time::Timestamp;

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {prefix}_… id")]
pub struct InvalidId {
    prefix: &'static str,
}

/// Forty bits of counter above forty random bits: the low 80 bits of a ULID.
fn tail() -> u128 {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(COUNTER.fetch_add(1, Ordering::Relaxed) & 0xff_ffff_ffff);
    let random = u128::from(rand::random::<u64>() & 0xff_ffff_ffff);
    (count << 40) | random
}

fn generate(prefix: &str, now: Timestamp) -> String {
    let ms = u64::try_from(now.as_millis()).unwrap_or(0);
    format!("{prefix}_{}", Ulid::from_parts(ms, tail()))
}

fn parse(prefix: &'static str, text: &str) -> Result<String, InvalidId> {
    let invalid = InvalidId { prefix };
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or_else(|| invalid.clone())?;
    let canonical = Ulid::from_string(rest).map_err(|_| invalid.clone())?;
    // Ulid also reads lower case and look-alike letters; an id is an opaque text and has one spelling only.
    if canonical.to_string() == rest {
        Ok(text.to_owned())
    } else {
        Err(invalid)
    }
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType))]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id that sorts after every id made before it.
            pub fn new(now: Timestamp) -> Self {
                Self(generate($prefix, now))
            }

            /// The whole id, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes a text that was an id when it was written to the database.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse($prefix, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        #[cfg(feature = "columns")]
        impl From<&$name> for sea_orm::Value {
            fn from(id: &$name) -> Self {
                id.0.as_str().into()
            }
        }

        $crate::column::part_of_a_key!($name);
    )+};
}

id! {
    /// A partner: the account that every row of an environment belongs to.
    AccountId = "org";
    KeyId = "key";
    /// A customer of a partner.
    UserId = "usr";
    /// A saved order template.
    BundleId = "bun";
    OrderId = "ord";
    /// A domain name within one partner account; stays with the name for ever.
    DomainId = "dom";
    InboxId = "inb";
    /// A domain import job.
    ImportId = "imp";
    /// A domain forwarding job.
    ForwardingId = "fwj";
    /// A domain or name swap.
    SwapId = "swp";
    ActionId = "act";
    EventId = "evt";
    /// One attempt to deliver an event.
    AttemptId = "whd";
    /// A job that sends the events of a window of time again.
    EventReplayId = "rpl";
    /// One HTTP request to the API.
    RequestId = "req";
    /// One entry of an order's history.
    HistoryId = "hst";
    TransactionId = "txn";
    /// The operator's account at a vendor.
    ProviderAccountId = "pva";
    /// A payment to a vendor.
    PaymentId = "pay";
    /// A thing that only the operator can do.
    TaskId = "tsk";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_in_one_millisecond_sort_in_order_of_creation() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let ids: Vec<_> = (0..1000).map(|_| OrderId::new(now)).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].as_str().len(), 30);
    }

    #[test]
    fn only_the_canonical_spelling_of_the_right_kind_parses() {
        let id = OrderId::new(Timestamp::from_millis(1));
        assert_eq!(id.as_str().parse::<OrderId>().as_ref(), Ok(&id));
        assert!(id.as_str().parse::<UserId>().is_err());
        for bad in [
            "",
            "ord_",
            "ord_123",
            "ord01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "ord_01arz3ndektsv4rrffq69g5fav",
        ] {
            assert!(bad.parse::<OrderId>().is_err(), "{bad}");
        }
    }
}
