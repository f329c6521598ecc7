//! The plan of an order: how many domains, licenses and inboxes each provider gets, and which submitted domain
//! hosts which provider (contract §4). A quote and an order plan through the same functions.

mod allocation;
mod capacity;

pub use allocation::{Allocation, Candidate, allocate};
pub use capacity::{Capacity, ProviderPlan};
