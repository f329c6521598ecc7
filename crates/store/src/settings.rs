//! Facts about the installation, in the `control` database.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::connect::Pools;
use crate::entity::settings::{Column, Entity, Model};
use crate::error::Result;

pub async fn get(control: &Pools, name: &str) -> Result<Option<String>> {
    Ok(Entity::find_by_id(name.to_owned())
        .one(&control.reader)
        .await?
        .map(|row| row.value))
}

/// Records a fact unless it is recorded already. Gives back what is recorded now.
pub async fn get_or_insert(control: &Pools, name: &str, value: &str) -> Result<String> {
    let row = Model {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Entity::insert_many([row.into_active_model().reset_all()])
        .on_conflict(OnConflict::column(Column::Name).do_nothing().to_owned())
        .exec_without_returning(&control.writer)
        .await?;
    let row = Entity::find_by_id(name.to_owned())
        .one(&control.writer)
        .await?;
    Ok(row.map_or_else(|| value.to_owned(), |row| row.value))
}
