//! Numbers between the rules (unsigned) and the columns (signed); a value that does not fit is corrupt data.

use crate::error::{Result, StoreError};

/// A column's number as the rules use it.
pub fn unsigned(number: i32) -> Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("negative number {number}")))
}

/// A number of the rules as a column holds it.
pub fn small(number: u32) -> Result<i32> {
    i32::try_from(number).map_err(|_| StoreError::Corrupt(format!("number {number} is too large")))
}
