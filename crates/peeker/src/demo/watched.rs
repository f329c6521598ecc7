//! What came of watching an order.

use std::time::Duration;

use super::client::Order;

/// An order that was watched to its end.
pub struct Watched {
    /// The order at its end.
    pub order: Order,
    /// Events that were received and verified.
    pub received: usize,
    /// From the order to the last event.
    pub took: Duration,
}
