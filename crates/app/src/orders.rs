//! Orders (contract §4).

use peeker_domain::id::{BundleId, UserId};
use peeker_domain::order::OrderRequest;
use peeker_domain::{EmailAddress, OrderStatus, Result, view};

use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of the customer with this address.
    pub user_email: Option<EmailAddress>,
    /// Only of this bundle.
    pub bundle_id: Option<BundleId>,
    /// Only this status.
    pub status: Option<OrderStatus>,
}

/// Places an order, or gives back the original of a repeated one.
pub async fn create(app: &App, actor: &Actor, request: OrderRequest) -> Result<view::OrderReceipt> { todo!() }
/// What an order would do and cost, with every problem at once.
pub async fn quote(app: &App, actor: &Actor, request: OrderRequest) -> Result<view::Quote> { todo!() }
/// A page of orders.
pub async fn list(app: &App, actor: &Actor, filter: OrderFilter, page: PageRequest) -> Result<Slice<view::OrderReceipt>> { todo!() }
/// One order. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::OrderDetail> { todo!() }
/// A page of an order's inboxes. Errors: `not_found`.
pub async fn inboxes(app: &App, actor: &Actor, id: &str, page: PageRequest) -> Result<Slice<view::Inbox>> { todo!() }
