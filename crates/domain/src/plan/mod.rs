//! The plan of an order: how many domains, licenses and inboxes each provider gets, and which submitted domain
//! hosts which provider (contract §4). A quote and an order plan through the same functions.

mod capacity;
mod placement;

pub use capacity::{Capacity, ProviderPlan};
pub use placement::{Candidate, Placement, place, place_all};
