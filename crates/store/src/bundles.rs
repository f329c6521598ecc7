//! Bundles.

use peeker_domain::id::{AccountId, BundleId};
use peeker_domain::sizing::{Split, Volume, required_domains};
use peeker_domain::{BundleStatus, Label, Timestamp, view};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::entity::bundles::{ActiveModel, Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::number::{small, unsigned};
use crate::paging::{PageRequest, Slice, page};

#[derive(Debug, Clone)]
pub struct NewBundle {
    /// The partner's name for it.
    pub name: Label,
    /// 1 to 10,000,000 e-mails a month.
    pub monthly_sending_volume: u32,
    /// `None` follows the recommended split.
    pub split: Option<Split>,
    /// Spread over 30 days rather than 22.
    pub send_on_weekends: bool,
    pub google_inboxes_per_domain: u32,
}

/// A change; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct BundlePatch {
    pub name: Option<Label>,
    pub monthly_sending_volume: Option<u32>,
    /// New split; `Some(None)` follows the recommended split.
    pub split: Option<Option<Split>>,
    pub send_on_weekends: Option<bool>,
    pub google_inboxes_per_domain: Option<u32>,
}

/// Which bundles to list.
#[derive(Debug, Clone, Default)]
pub struct BundleFilter {
    pub status: Option<BundleStatus>,
}

/// A bundle as stored; the recommended split is resolved when it is shown or ordered.
#[derive(Debug, Clone)]
pub struct Bundle {
    row: Model,
    split: Option<Split>,
}

impl Bundle {
    fn from_row(row: Model) -> Result<Self> {
        let split = match (row.google_percent, row.microsoft_percent) {
            (Some(google), Some(microsoft)) => Some(
                Split::new(unsigned(google)?, unsigned(microsoft)?)
                    .ok_or_else(|| StoreError::Corrupt(format!("split of bundle {}", row.id)))?,
            ),
            _ => None,
        };
        Ok(Self { row, split })
    }

    /// Whether it can be ordered.
    pub fn status(&self) -> BundleStatus {
        self.row.status
    }

    /// What it asks for, with `recommended` where it has no split of its own.
    pub fn volume(&self, recommended: Split) -> Result<Volume> {
        Ok(Volume {
            monthly_sending_volume: unsigned(self.row.monthly_sending_volume)?,
            split: self.split.unwrap_or(recommended),
            send_on_weekends: self.row.send_on_weekends,
            google_inboxes_per_domain: unsigned(self.row.google_inboxes_per_domain)?,
        })
    }

    /// As partners see it.
    pub fn view(&self, recommended: Split) -> Result<view::Bundle> {
        let volume = self.volume(recommended)?;
        let row = &self.row;
        Ok(view::Bundle {
            id: row.id.to_string(),
            name: row.name.clone(),
            monthly_sending_volume: volume.monthly_sending_volume,
            google_percent: self.split.map(|split| split.google_percent),
            microsoft_percent: self.split.map(|split| split.microsoft_percent),
            send_on_weekends: row.send_on_weekends,
            google_inboxes_per_domain: volume.google_inboxes_per_domain,
            status: row.status,
            effective: view::EffectiveSplit {
                google_percent: volume.split.google_percent,
                microsoft_percent: volume.split.microsoft_percent,
            },
            required_domains: required_domains(&volume),
            created_at: row.created_at,
        })
    }
}

pub async fn insert(
    db: &EnvironmentDb,
    account: &AccountId,
    id: BundleId,
    new: NewBundle,
    now: Timestamp,
) -> Result<Bundle> {
    let NewBundle {
        name,
        monthly_sending_volume,
        split,
        send_on_weekends,
        google_inboxes_per_domain,
    } = new;
    let row = Model {
        account_id: account.clone(),
        id,
        name: name.into(),
        monthly_sending_volume: small(monthly_sending_volume)?,
        google_percent: split.map(|split| small(split.google_percent)).transpose()?,
        microsoft_percent: split
            .map(|split| small(split.microsoft_percent))
            .transpose()?,
        send_on_weekends,
        google_inboxes_per_domain: small(google_inboxes_per_domain)?,
        status: BundleStatus::Active,
        created_at: now,
    };
    Entity::insert(row.clone().into_active_model().reset_all())
        .exec_without_returning(&db.pools.writer)
        .await?;
    Bundle::from_row(row)
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &BundleId,
) -> Result<Option<Bundle>> {
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .one(&db.pools.reader)
        .await?;
    row.map(Bundle::from_row).transpose()
}

/// A page of bundles.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &BundleFilter,
    page: &PageRequest,
) -> Result<Slice<Bundle>> {
    let mut query = Entity::find().filter(Column::AccountId.eq(account));
    if let Some(status) = filter.status {
        query = query.filter(Column::Status.eq(status));
    }
    let rows = page!(query, Column::Id, page).all(&db.pools.reader).await?;
    Slice::new(page, rows, |row| row.id.as_str()).try_map(Bundle::from_row)
}

/// Changes the given fields of an active bundle; `None` when there is no such active bundle.
pub async fn update(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &BundleId,
    patch: BundlePatch,
) -> Result<Option<Bundle>> {
    let BundlePatch {
        name,
        monthly_sending_volume,
        split,
        send_on_weekends,
        google_inboxes_per_domain,
    } = patch;
    let mut change: ActiveModel = Default::default();
    if let Some(name) = name {
        change.name = Set(name.into());
    }
    if let Some(volume) = monthly_sending_volume {
        change.monthly_sending_volume = Set(small(volume)?);
    }
    if let Some(split) = split {
        change.google_percent = Set(split.map(|split| small(split.google_percent)).transpose()?);
        change.microsoft_percent = Set(split
            .map(|split| small(split.microsoft_percent))
            .transpose()?);
    }
    if let Some(send_on_weekends) = send_on_weekends {
        change.send_on_weekends = Set(send_on_weekends);
    }
    if let Some(density) = google_inboxes_per_domain {
        change.google_inboxes_per_domain = Set(small(density)?);
    }
    if change.is_changed() {
        Entity::update_many()
            .set(change)
            .filter(Column::AccountId.eq(account))
            .filter(Column::Id.eq(id))
            .filter(Column::Status.eq(BundleStatus::Active))
            .exec(&db.pools.writer)
            .await?;
    }
    let row = Entity::find_by_id((account.clone(), id.clone()))
        .filter(Column::Status.eq(BundleStatus::Active))
        .one(&db.pools.writer)
        .await?;
    row.map(Bundle::from_row).transpose()
}

/// What became of a bundle that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// No order ever used it; it is gone.
    Deleted,
    /// Orders used it; it is archived.
    Archived,
}

/// Removes a bundle that no order used, archives any other; `None` when there is no such bundle.
pub async fn remove(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &BundleId,
) -> Result<Option<Removal>> {
    let this = |query: sea_orm::DeleteMany<Entity>| {
        query
            .filter(Column::AccountId.eq(account))
            .filter(Column::Id.eq(id))
    };
    // The foreign key of orders decides, so an order accepted at this very moment keeps its bundle.
    match this(Entity::delete_many())
        .exec(&db.pools.writer)
        .await
        .map_err(StoreError::from)
    {
        Ok(done) => Ok((done.rows_affected > 0).then_some(Removal::Deleted)),
        Err(StoreError::ForeignKey) => {
            Entity::update_many()
                .set(ActiveModel {
                    status: Set(BundleStatus::Archived),
                    ..Default::default()
                })
                .filter(Column::AccountId.eq(account))
                .filter(Column::Id.eq(id))
                .exec(&db.pools.writer)
                .await?;
            Ok(Some(Removal::Archived))
        }
        Err(error) => Err(error),
    }
}
