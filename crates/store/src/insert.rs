//! Set-based inserts that stay below the engines' limit of bind variables.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, Iterable};

use crate::connections::WriteTransaction;
use crate::error::Result;

/// Rows of one statement, largest first. A few fixed sizes make a few statement texts, which the engine prepares once
/// and finds again; a text of its own for every number of rows would be parsed anew each time (docs/adr/0002).
/// 128 rows of the widest table (25 columns) stay far below the 32,766 variables that SQLite takes in a statement.
const CHUNKS: [usize; 5] = [128, 32, 8, 3, 1];

/// The size of the next statement when so many rows are left.
pub fn chunk_size(left: usize) -> usize {
    CHUNKS
        .into_iter()
        .find(|size| *size <= left)
        .unwrap_or(left)
}

/// Inserts all rows, many in a statement. Nothing happens when there are none.
pub async fn insert_all<E, A>(
    tx: &WriteTransaction,
    rows: Vec<E::Model>,
    on_conflict: Option<OnConflict>,
) -> Result<()>
where
    A: ActiveModelTrait<Entity = E> + Send,
    E: EntityTrait,
    E::Model: IntoActiveModel<A>,
{
    let mut rows = rows.into_iter();
    loop {
        let size = chunk_size(rows.len());
        let chunk: Vec<A> = rows
            .by_ref()
            .take(size)
            .map(|row| row.into_active_model().reset_all())
            .collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let mut insert = E::insert_many(chunk);
        if let Some(on_conflict) = &on_conflict {
            insert = insert.on_conflict(on_conflict.clone());
        }
        insert.exec_without_returning(tx).await?;
    }
}

/// Writes changed rows back in one statement: an insert that updates every column of a row that is there. All of the
/// rows were read in this transaction, so none is ever new.
pub async fn write_back<E, A>(tx: &WriteTransaction, rows: Vec<E::Model>) -> Result<()>
where
    A: ActiveModelTrait<Entity = E> + Send,
    E: EntityTrait,
    E::Model: IntoActiveModel<A>,
{
    let keys: Vec<String> = E::PrimaryKey::iter()
        .map(|key| {
            use sea_orm::{IdenStatic, PrimaryKeyToColumn};
            key.into_column().as_str().to_owned()
        })
        .collect();
    let is_key = |column: &E::Column| {
        use sea_orm::IdenStatic;
        keys.iter().any(|key| key == column.as_str())
    };
    let mut on_conflict = OnConflict::columns(E::Column::iter().filter(is_key));
    on_conflict.update_columns(E::Column::iter().filter(|column| !is_key(column)));
    insert_all::<E, A>(tx, rows, Some(on_conflict)).await
}

/// Columns of a table as text, for tests that hold entities against the schema.
pub fn columns<E: EntityTrait>() -> Vec<String> {
    E::Column::iter()
        .map(|column| column.as_column_ref().1.to_string())
        .collect()
}
