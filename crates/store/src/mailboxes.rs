//! What is known of inboxes at their vendors: passwords, pictures, ids at the sequencer.

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

pub use crate::entity::mailboxes::Model as MailboxRow;
use crate::entity::mailboxes::{ActiveModel, Column, Entity};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::insert_all;

/// Most addresses in one query; a domain has 99 inboxes at most.
const CHUNK: usize = 500;

/// Those of these inboxes that are known.
pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    addresses: &[&str],
) -> Result<Vec<MailboxRow>> {
    let mut found = Vec::new();
    for chunk in addresses.chunks(CHUNK) {
        let rows = Entity::find()
            .filter(Column::AccountId.eq(account))
            .filter(Column::Address.is_in(chunk.iter().copied()))
            .all(&db.pools.reader)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Stores new inboxes; of one that is known already, what is known stays.
pub async fn insert(db: &EnvironmentDb, rows: Vec<MailboxRow>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let tx = db.pools.begin().await?;
    let known = OnConflict::columns([Column::AccountId, Column::Address])
        .do_nothing()
        .to_owned();
    insert_all::<Entity, _>(&tx, rows, Some(known)).await?;
    tx.commit().await
}

/// What changes of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailboxChange {
    Pictured(String),
    Connected(Option<String>),
}

pub async fn update(
    db: &EnvironmentDb,
    account: &AccountId,
    address: &str,
    change: MailboxChange,
) -> Result<()> {
    let mut row = ActiveModel::default();
    match change {
        MailboxChange::Pictured(url) => row.picture_url = Set(Some(url)),
        MailboxChange::Connected(id) => row.sequencer_id = Set(id),
    }
    Entity::update_many()
        .set(row)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Address.eq(address))
        .exec(&db.pools.writer)
        .await?;
    Ok(())
}

/// Gives an inbox another address. What was known of that one is the past of an inbox that is gone.
pub async fn rename(db: &EnvironmentDb, account: &AccountId, from: &str, to: &str) -> Result<()> {
    let tx = db.pools.begin().await?;
    let found = Entity::find_by_id((account.clone(), from.to_owned()))
        .one(&tx)
        .await?;
    if let Some(row) = found {
        delete(&tx, account, &[from, to]).await?;
        let row = MailboxRow {
            address: to.to_owned(),
            ..row
        };
        insert_all::<Entity, _>(&tx, vec![row], None).await?;
    }
    tx.commit().await
}

/// Forgets inboxes.
pub async fn remove(db: &EnvironmentDb, account: &AccountId, addresses: &[&str]) -> Result<()> {
    let tx = db.pools.begin().await?;
    delete(&tx, account, addresses).await?;
    tx.commit().await
}

async fn delete(
    tx: &crate::WriteTransaction,
    account: &AccountId,
    addresses: &[&str],
) -> Result<()> {
    for chunk in addresses.chunks(CHUNK) {
        Entity::delete_many()
            .filter(Column::AccountId.eq(account))
            .filter(Column::Address.is_in(chunk.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// A new inbox, of which nothing but its password is known.
pub fn new_row(
    account: &AccountId,
    domain: &str,
    address: &str,
    sealed_password: String,
    now: Timestamp,
) -> MailboxRow {
    MailboxRow {
        account_id: account.clone(),
        address: address.to_owned(),
        domain: domain.to_owned(),
        sealed_password,
        picture_url: None,
        sequencer_id: None,
        created_at: now,
    }
}
