//! Orders (contract §4): placing and quoting them is in `create` and `quote`, what both go by in `inquiry`.

mod create;
mod inquiry;
mod quote;

pub use create::create;
pub use peeker_store::orders::OrderFilter;
pub use quote::quote;

use peeker_domain::id::OrderId;
use peeker_domain::{Error, Result, view};
use peeker_store::orders as rows;

use crate::failure::internal;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// A page of orders.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: OrderFilter,
    page: PageRequest,
) -> Result<Slice<view::OrderReceipt>> {
    let db = &app.environment(actor.environment).db;
    rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list orders"))
}

/// One order. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::OrderDetail> {
    let db = &app.environment(actor.environment).db;
    let order = rows::find(db, &actor.account, &parse(id)?)
        .await
        .map_err(internal("find an order"))?;
    order.ok_or_else(not_found)
}

/// A page of an order's inboxes. Errors: `not_found`.
pub async fn inboxes(
    app: &App,
    actor: &Actor,
    id: &str,
    page: PageRequest,
) -> Result<Slice<view::Inbox>> {
    let db = &app.environment(actor.environment).db;
    let inboxes = rows::inboxes(db, &actor.account, &parse(id)?, &page)
        .await
        .map_err(internal("list inboxes"))?;
    inboxes.ok_or_else(not_found)
}

/// A page of what happened to an order. Errors: `not_found`.
pub async fn history(
    app: &App,
    actor: &Actor,
    id: &str,
    page: PageRequest,
) -> Result<Slice<view::HistoryEntry>> {
    let db = &app.environment(actor.environment).db;
    let history = rows::history(db, &actor.account, &parse(id)?, &page)
        .await
        .map_err(internal("read the history of an order"))?;
    history.ok_or_else(not_found)
}

/// A malformed id names no record, so it is `not_found` (contract §1).
fn parse(id: &str) -> Result<OrderId> {
    id.parse().map_err(|_| not_found())
}

fn not_found() -> Error {
    Error::not_found("order")
}
