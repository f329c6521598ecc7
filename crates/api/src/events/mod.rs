//! Events: `/events`. The same events as webhooks bring, for reading back, following and sending again.

pub mod list;
pub mod replay;
pub mod stream;
