//! Taking an import in: its job, its fingerprint, its claim on the names.

use std::collections::BTreeSet;

use peeker_domain::id::{AccountId, ImportId};
use peeker_domain::view::FailureReason;
use peeker_domain::{DomainName, ImportStatus, JobDomainState, JobKind, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::connections::WriteTransaction;
use crate::entity::{import_domains, import_fingerprints, imported_names, imports};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::insert_all;
use crate::number::small;
use crate::unit_of_work::UnitOfWork;
use peeker_domain::NewJob;

/// A new import job.
#[derive(Debug)]
pub struct NewImport {
    pub account: AccountId,
    /// Its id, should it become a job of its own.
    pub id: ImportId,
    /// The domains, in submitted order.
    pub domains: Vec<Submitted>,
    /// What makes a repeated job the same, and until when; `None` for an import that is answered at once.
    pub fingerprint: Option<(String, Timestamp)>,
    /// When a worker takes it up.
    pub run_at: Timestamp,
    pub created_at: Timestamp,
}

/// A domain as it was submitted.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// One that can be imported.
    Valid(DomainName),
    Refused {
        name: String,
        reason: FailureReason,
    },
}

/// What became of a job that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is a new job.
    New,
    /// It is a repetition of this one; nothing was written.
    Original(ImportId),
}

/// Stores a new job with the work to be done for it.
pub async fn begin(db: &EnvironmentDb, new: &NewImport) -> Result<Begun> {
    let mut work = UnitOfWork::begin(db, [&new.account]).await?;
    if let Some((fingerprint, expires_at)) = &new.fingerprint
        && let Some(original) = claim_fingerprint(work.tx(), new, fingerprint, *expires_at).await?
    {
        return Ok(Begun::Original(original));
    }
    let foreign = if db.rules.exclusive_imports {
        claim_names(work.tx(), new).await?
    } else {
        BTreeSet::new()
    };
    let rows = new.domains.iter().zip(0..).map(|(domain, position)| {
        let (name, reason) = match domain {
            Submitted::Valid(name) if foreign.contains(name.as_str()) => {
                (name.to_string(), Some(FailureReason::AlreadyImported))
            }
            Submitted::Valid(name) => (name.to_string(), None),
            Submitted::Refused { name, reason } => (name.clone(), Some(*reason)),
        };
        import_domains::Model {
            account_id: new.account.clone(),
            import_id: new.id.clone(),
            position,
            name,
            state: match reason {
                Some(_) => JobDomainState::Failed,
                None => JobDomainState::Pending,
            },
            reason,
            domain_id: None,
        }
    });
    let rows: Vec<import_domains::Model> = rows.collect();
    let failed = rows.iter().filter(|row| row.reason.is_some()).count();
    let row = imports::Model {
        account_id: new.account.clone(),
        id: new.id.clone(),
        status: ImportStatus::InProgress,
        completed_count: 0,
        failed_count: small(u32::try_from(failed).unwrap_or(u32::MAX))?,
        created_at: new.created_at,
        completed_at: None,
    };
    insert_all::<import_domains::Entity, _>(work.tx(), rows, None).await?;
    insert_all::<imports::Entity, _>(work.tx(), vec![row], None).await?;
    let job = if new.run_at > new.created_at {
        NewJob::timer
    } else {
        NewJob::new
    };
    work.enqueue(job(
        &new.account,
        JobKind::Import,
        new.id.as_str(),
        new.run_at,
    ));
    work.commit().await?;
    Ok(Begun::New)
}

/// Takes the fingerprint when it is free or lapsed; else gives back the job that it stands for.
async fn claim_fingerprint(
    tx: &WriteTransaction,
    new: &NewImport,
    fingerprint: &str,
    expires_at: Timestamp,
) -> Result<Option<ImportId>> {
    use import_fingerprints::{Column, Entity, Model};
    let row = Model {
        account_id: new.account.clone(),
        fingerprint: fingerprint.to_owned(),
        import_id: new.id.clone(),
        expires_at,
    };
    let lapsed = OnConflict::columns([Column::AccountId, Column::Fingerprint])
        .update_columns([Column::ImportId, Column::ExpiresAt])
        .action_and_where(Expr::col((Entity, Column::ExpiresAt)).lte(new.created_at))
        .to_owned();
    let insert = Entity::insert_many([row.into_active_model().reset_all()]).on_conflict(lapsed);
    if insert.exec_without_returning(tx).await? > 0 {
        return Ok(None);
    }
    let held = Entity::find_by_id((new.account.clone(), fingerprint.to_owned()))
        .one(tx)
        .await?;
    Ok(held.map(|row| row.import_id))
}

/// Claims the names for the account. Gives back those that another account has.
async fn claim_names(tx: &WriteTransaction, new: &NewImport) -> Result<BTreeSet<String>> {
    use imported_names::{Column, Entity, Model};
    let names: BTreeSet<&str> = new
        .domains
        .iter()
        .filter_map(|domain| match domain {
            Submitted::Valid(name) => Some(name.as_str()),
            Submitted::Refused { .. } => None,
        })
        .collect();
    // Sorted, so that two imports which overlap lock the names in the same order.
    let rows = names.iter().map(|name| Model {
        name: (*name).to_owned(),
        account_id: new.account.clone(),
    });
    let ignore = OnConflict::column(Column::Name).do_nothing().to_owned();
    insert_all::<Entity, _>(tx, rows.collect(), Some(ignore)).await?;
    let foreign = Entity::find()
        .filter(Column::Name.is_in(names))
        .filter(Column::AccountId.ne(&new.account))
        .all(tx)
        .await?;
    Ok(foreign.into_iter().map(|row| row.name).collect())
}
