//! Customers (contract §2).

use peeker_domain::order::ClientId;
use peeker_domain::{EmailAddress, Result, UserStatus, view};

use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// A new customer.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address, unique in the account and environment.
    pub email: EmailAddress,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Route of future orders; `None` is the default route.
    pub client_id: Option<ClientId>,
}

/// A change; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// New address.
    pub email: Option<EmailAddress>,
    /// New given name.
    pub first_name: Option<Option<String>>,
    /// New family name.
    pub last_name: Option<Option<String>>,
    /// New route of future orders.
    pub client_id: Option<Option<ClientId>>,
}

/// Which customers to list.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Only this address.
    pub email: Option<EmailAddress>,
    /// Only this status.
    pub status: Option<UserStatus>,
}

/// Makes a customer. Errors: `invalid_request` on `email` with `details.user` when the address is in use.
pub async fn create(app: &App, actor: &Actor, new: NewUser) -> Result<view::User> { todo!() }
/// A page of customers.
pub async fn list(app: &App, actor: &Actor, filter: UserFilter, page: PageRequest) -> Result<Slice<view::User>> { todo!() }
/// One customer. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::User> { todo!() }
/// Changes the fields that are given. Errors: `not_found`, `invalid_request` on `email`.
pub async fn update(app: &App, actor: &Actor, id: &str, patch: UserPatch) -> Result<view::User> { todo!() }
/// Marks a customer as deleted; again is the same. Errors: `not_found`.
pub async fn delete(app: &App, actor: &Actor, id: &str) -> Result<view::User> { todo!() }
