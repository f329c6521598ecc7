//! Keyset paging (contract §1).

pub use peeker_store::paging::{PageRequest, Slice};
