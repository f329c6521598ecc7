//! What only the operator can do, until it is done.

use peeker_domain::Timestamp;
use peeker_domain::id::{AccountId, ProviderAccountId, TaskId};
use peeker_domain::vendor::{OperatorTask, TaskState};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

pub use crate::entity::operator_tasks::Model as Task;
use crate::entity::operator_tasks::{ActiveModel, Column, Entity};
use crate::environment::EnvironmentDb;
use crate::error::Result;

/// A task that may be new.
#[derive(Debug, Clone, Copy)]
pub struct NewTask<'a> {
    pub account: &'a AccountId,
    pub domain: &'a str,
    pub kind: OperatorTask,
    pub provider_account: &'a ProviderAccountId,
    pub instructions: &'a str,
}

/// Puts a task on the list, unless it is there. Gives back the task as it is.
pub async fn open(db: &EnvironmentDb, new: NewTask<'_>, now: Timestamp) -> Result<Task> {
    let key = (new.account.clone(), new.domain.to_owned(), new.kind);
    if let Some(found) = Entity::find_by_id(key.clone())
        .one(&db.pools.reader)
        .await?
    {
        return Ok(found);
    }
    let row = Task {
        account_id: new.account.clone(),
        domain: new.domain.to_owned(),
        kind: new.kind,
        id: TaskId::new(now),
        provider_account_id: new.provider_account.clone(),
        instructions: new.instructions.to_owned(),
        state: TaskState::Open,
        answer: None,
        created_at: now,
        done_at: None,
    };
    let known = OnConflict::columns([Column::AccountId, Column::Domain, Column::Kind])
        .do_nothing()
        .to_owned();
    Entity::insert(row.clone().into_active_model().reset_all())
        .on_conflict(known)
        .exec_without_returning(&db.pools.writer)
        .await?;
    let found = Entity::find_by_id(key).one(&db.pools.writer).await?;
    Ok(found.unwrap_or(row))
}

/// Takes a task off the list, and forgets what was entered for it.
pub async fn forget(
    db: &EnvironmentDb,
    account: &AccountId,
    domain: &str,
    kind: OperatorTask,
) -> Result<()> {
    let key = (account.clone(), domain.to_owned(), kind);
    if Entity::find_by_id(key.clone())
        .one(&db.pools.reader)
        .await?
        .is_some()
    {
        Entity::delete_by_id(key).exec(&db.pools.writer).await?;
    }
    Ok(())
}

/// The tasks that wait, oldest first, at most `most`.
pub async fn open_unscoped(db: &EnvironmentDb, most: u64) -> Result<Vec<Task>> {
    Ok(Entity::find()
        .filter(Column::State.eq(TaskState::Open))
        .order_by_asc(Column::CreatedAt)
        .limit(most)
        .all(&db.pools.reader)
        .await?)
}

/// How many tasks wait.
pub async fn count_open_unscoped(db: &EnvironmentDb) -> Result<u64> {
    Ok(Entity::find()
        .filter(Column::State.eq(TaskState::Open))
        .count(&db.pools.reader)
        .await?)
}

pub async fn find_unscoped(db: &EnvironmentDb, id: &TaskId) -> Result<Option<Task>> {
    Ok(Entity::find()
        .filter(Column::Id.eq(id))
        .one(&db.pools.reader)
        .await?)
}

/// Records that a task is done. Gives back whether it was open.
pub async fn done(
    db: &EnvironmentDb,
    task: &Task,
    answer: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let change = ActiveModel {
        state: Set(TaskState::Done),
        answer: Set(answer.map(ToOwned::to_owned)),
        done_at: Set(Some(now)),
        ..Default::default()
    };
    let done = Entity::update_many()
        .set(change)
        .filter(Column::AccountId.eq(&task.account_id))
        .filter(Column::Domain.eq(&task.domain))
        .filter(Column::Kind.eq(task.kind))
        .filter(Column::State.eq(TaskState::Open))
        .exec(&db.pools.writer)
        .await?;
    Ok(done.rows_affected > 0)
}
