//! Domains (contract §3).

use peeker_domain::id::UserId;
use peeker_domain::view::Category;
use peeker_domain::{DomainStatus, EmailAddress, MailProvider, Result, view};

use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// Which domains to list.
#[derive(Debug, Clone, Default)]
pub struct DomainFilter {
    /// Only inventory or only connected.
    pub category: Option<Category>,
    /// Only of this customer.
    pub user_id: Option<UserId>,
    /// Only of the customer with this address.
    pub user_email: Option<EmailAddress>,
    /// Only those that can host this provider.
    pub usable_for: Option<MailProvider>,
    /// Only this status.
    pub status: Option<DomainStatus>,
}

/// A page of domains.
pub async fn list(app: &App, actor: &Actor, filter: DomainFilter, page: PageRequest) -> Result<Slice<view::Domain>> { todo!() }
/// One domain. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::Domain> { todo!() }
/// Whether names (1 to 50, as submitted) can be bought, in the order given.
pub async fn availability(app: &App, actor: &Actor, names: Vec<String>) -> Result<view::AvailabilityList> { todo!() }
