//! Facts about the installation, in the `control` database.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use crate::connect::{self, Location, Pools};
use crate::entity::settings::{Column, Entity, Model};
use crate::error::Result;
use crate::migrate;

pub async fn get(control: &Pools, name: &str) -> Result<Option<String>> {
    Ok(Entity::find_by_id(name.to_owned())
        .one(&control.reader)
        .await?
        .map(|row| row.value))
}

/// A fact about an installation that is not open yet; `None` also when its databases are new.
pub async fn look_up(location: &Location, name: &str) -> Result<Option<String>> {
    let control = connect::open(location, "control").await?;
    let found = if migrate::is_new(&control).await {
        None
    } else {
        get(&control, name).await?
    };
    control.reader.close().await?;
    control.writer.close().await?;
    Ok(found)
}

/// Records a fact, whatever was recorded before.
pub async fn set(control: &Pools, name: &str, value: &str) -> Result<()> {
    let row = Model {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(
            OnConflict::column(Column::Name)
                .update_column(Column::Value)
                .to_owned(),
        )
        .exec_without_returning(&control.writer)
        .await?;
    Ok(())
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
