//! Accounts at vendors: who they are, what each is for, and which of several takes a new domain.
//!
//! An installation may hold many accounts at one vendor. The one that takes a domain is recorded with it, and every later
//! call about that domain goes there.

mod account;
mod choice;
mod pacing;
mod payment;
mod task;

pub use account::{AccountState, Health, Slot, Vendor};
pub use choice::{Candidate, NoRoom, choose};
pub use pacing::{Bucket, Cursor, Limit, Turn, limits};
pub use payment::{PaymentKind, PaymentState};
pub use task::{OperatorTask, TaskState};
