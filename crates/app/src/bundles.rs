//! Bundles (contract §2).

use peeker_domain::id::BundleId;
pub use peeker_domain::sizing::Split;
use peeker_domain::{BundleStatus, Error, Result, view};
use peeker_store::bundles::{self as rows, Bundle, Removal};
pub use peeker_store::bundles::{BundleFilter, BundlePatch, NewBundle};

use crate::failure::internal;
use crate::paging::{PageRequest, Slice};
use crate::{Actor, App};

pub async fn create(app: &App, actor: &Actor, new: NewBundle) -> Result<view::Bundle> {
    let db = &app.environment(actor.environment).db;
    let now = actor.now(app).await?;
    let made = rows::insert(db, &actor.account, BundleId::new(now), new, now).await;
    show(app, &made.map_err(internal("store a bundle"))?)
}

/// A page of bundles.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: BundleFilter,
    page: PageRequest,
) -> Result<Slice<view::Bundle>> {
    let db = &app.environment(actor.environment).db;
    let slice = rows::list(db, &actor.account, &filter, &page)
        .await
        .map_err(internal("list bundles"))?;
    let rows = slice
        .rows
        .iter()
        .map(|bundle| show(app, bundle))
        .collect::<Result<_>>()?;
    Ok(Slice {
        rows,
        next: slice.next,
    })
}

/// One bundle. Errors: `not_found`.
pub async fn get(app: &App, actor: &Actor, id: &str) -> Result<view::Bundle> {
    show(app, &find(app, actor, id).await?)
}

/// Changes the fields that are given. Errors: `not_found`; `invalid_request` when archived.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: &str,
    patch: BundlePatch,
) -> Result<view::Bundle> {
    let bundle = find(app, actor, id).await?;
    let archived = || {
        Error::new(
            peeker_domain::Code::InvalidRequest,
            "An archived bundle cannot be changed",
        )
    };
    if bundle.status() == BundleStatus::Archived {
        return Err(archived());
    }
    let db = &app.environment(actor.environment).db;
    let changed = rows::update(db, &actor.account, &parse(id)?, patch)
        .await
        .map_err(internal("change a bundle"))?;
    // Archived by somebody else since it was read.
    show(app, &changed.ok_or_else(archived)?)
}

/// Removes a bundle that no order used, archives any other. Errors: `not_found`.
pub async fn delete(app: &App, actor: &Actor, id: &str) -> Result<view::BundleRemoved> {
    let db = &app.environment(actor.environment).db;
    let removal = rows::remove(db, &actor.account, &parse(id)?)
        .await
        .map_err(internal("remove a bundle"))?;
    let status = match removal.ok_or_else(not_found)? {
        Removal::Deleted => "deleted",
        Removal::Archived => "archived",
    };
    Ok(view::BundleRemoved {
        id: id.to_owned(),
        status: status.to_owned(),
    })
}

async fn find(app: &App, actor: &Actor, id: &str) -> Result<Bundle> {
    let db = &app.environment(actor.environment).db;
    let bundle = rows::find(db, &actor.account, &parse(id)?)
        .await
        .map_err(internal("find a bundle"))?;
    bundle.ok_or_else(not_found)
}

fn show(app: &App, bundle: &Bundle) -> Result<view::Bundle> {
    bundle
        .view(app.settings().recommended_split)
        .map_err(internal("show a bundle"))
}

/// A malformed id names no record, so it is `not_found` (contract §1).
fn parse(id: &str) -> Result<BundleId> {
    id.parse().map_err(|_| not_found())
}

fn not_found() -> Error {
    Error::not_found("bundle")
}
