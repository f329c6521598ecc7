//! Bundles (contract §2).

use peeker_domain::{BundleStatus, Result, view};

use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

/// A bundle's own split of the volume; adds up to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// Percent on Google.
    pub google_percent: u32,
    /// Percent on Microsoft.
    pub microsoft_percent: u32,
}

/// A new bundle.
#[derive(Debug, Clone)]
pub struct NewBundle {
    /// 1 to 120 characters.
    pub name: String,
    /// 1 to 10,000,000 e-mails a month.
    pub monthly_sending_volume: u32,
    /// `None` follows the recommended split.
    pub split: Option<Split>,
    /// Spread over 30 days rather than 22.
    pub send_on_weekends: bool,
    /// 2 or 3.
    pub google_inboxes_per_domain: u32,
}

/// A change; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct BundlePatch {
    /// New name.
    pub name: Option<String>,
    /// New volume.
    pub monthly_sending_volume: Option<u32>,
    /// New split; `Some(None)` follows the recommended split.
    pub split: Option<Option<Split>>,
    /// New spread.
    pub send_on_weekends: Option<bool>,
    /// New density.
    pub google_inboxes_per_domain: Option<u32>,
}

/// Which bundles to list.
#[derive(Debug, Clone, Default)]
pub struct BundleFilter {
    /// Only this status.
    pub status: Option<BundleStatus>,
}

/// Makes a bundle.
pub async fn create(app: &App, actor: &Actor, new: NewBundle) -> Result<view::Bundle> { todo!() }
/// A page of bundles.
pub async fn list(app: &App, actor: &Actor, filter: BundleFilter, page: PageRequest) -> Result<Slice<view::Bundle>> { todo!() }
/// One bundle. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::Bundle> { todo!() }
/// Changes the fields that are given. Errors: `not_found`; `invalid_request` when archived.
pub async fn update(app: &App, actor: &Actor, id: &str, patch: BundlePatch) -> Result<view::Bundle> { todo!() }
/// Removes a bundle that no order used, archives any other. Errors: `not_found`.
pub async fn delete(app: &App, actor: &Actor, id: &str) -> Result<view::BundleRemoved> { todo!() }
