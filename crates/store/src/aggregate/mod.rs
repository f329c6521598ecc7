//! An order and all that its rules are about, between rows and the types of `peeker_domain::order`: reading parts of it, writing
//! them back, carrying out what decisions ask for.

pub(crate) mod effects;
mod loaded;
pub(crate) mod pending;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod write;

pub(crate) use loaded::Loaded;
