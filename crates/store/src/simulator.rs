//! The memory of the sandbox's simulated providers: small documents by account, kind and name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use peeker_domain::id::AccountId;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use crate::entity::simulated_records::{Column, Entity, Model};
use crate::environment::EnvironmentDb;
use crate::error::Result;
use crate::insert::insert_all;
use crate::lane::Batch;
use crate::loader::Load;
use crate::unit_of_work::UnitOfWork;

/// The lane that simulated providers write through.
#[derive(Debug)]
pub enum Remember {}

/// One wish of a simulated provider.
#[derive(Debug)]
pub struct Request {
    pub account: AccountId,
    /// What to do with each record.
    pub operations: Vec<Operation>,
}

/// What to do with one record.
#[derive(Debug)]
pub struct Operation {
    /// What kind of thing it is.
    pub kind: &'static str,
    /// Its name within the kind.
    pub name: String,
    pub action: Action,
}

#[derive(Debug)]
pub enum Action {
    /// Store the document unless one is there.
    PutIfAbsent(Value),
    Put(Value),
    /// Remove the record; one that is not there is no error.
    Remove,
    Increment,
}

/// What a record is after an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The document stored now; `null` for a counter or a removed record.
    pub document: Value,
    pub counter: i64,
    /// Whether the record is new.
    pub created: bool,
}

type Key = (AccountId, String, String);

impl Batch for Remember {
    type Item = Request;
    type Output = Vec<Outcome>;

    const LOCKS_ACCOUNTS: bool = false;

    fn account(item: &Request) -> &AccountId {
        &item.account
    }

    fn weight(item: &Request) -> usize {
        item.operations.len()
    }

    async fn write(work: &mut UnitOfWork<'_>, items: &[&Request]) -> Result<Vec<Vec<Outcome>>> {
        let named = items.iter().flat_map(|item| {
            let names = item.operations.iter();
            names.map(|operation| (&item.account, operation.kind, &*operation.name))
        });
        let rows = read(work.tx(), named.collect()).await?;
        let mut rows: BTreeMap<Key, Model> = rows
            .into_iter()
            .map(|row| {
                (
                    (row.account_id.clone(), row.kind.clone(), row.name.clone()),
                    row,
                )
            })
            .collect();
        let mut touched = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            let mut of_item = Vec::with_capacity(item.operations.len());
            for operation in &item.operations {
                of_item.push(apply(&mut rows, &mut touched, &item.account, operation)?);
            }
            outcomes.push(of_item);
        }
        store(work, rows, touched).await?;
        Ok(outcomes)
    }
}

fn apply(
    rows: &mut BTreeMap<Key, Model>,
    touched: &mut BTreeSet<Key>,
    account: &AccountId,
    operation: &Operation,
) -> Result<Outcome> {
    let key = (
        account.clone(),
        operation.kind.to_owned(),
        operation.name.clone(),
    );
    let created = !rows.contains_key(&key);
    if matches!(operation.action, Action::Remove) {
        rows.remove(&key);
        touched.insert(key);
        return Ok(Outcome {
            document: Value::Null,
            counter: 0,
            created: false,
        });
    }
    let row = rows.entry(key.clone()).or_insert_with(|| Model {
        account_id: key.0.clone(),
        kind: key.1.clone(),
        name: key.2.clone(),
        document: "null".to_owned(),
        counter: 0,
    });
    match &operation.action {
        Action::Put(document) => row.document = document.to_string(),
        Action::PutIfAbsent(document) if created => row.document = document.to_string(),
        Action::Increment => row.counter += 1,
        Action::PutIfAbsent(_) | Action::Remove => {}
    }
    if created || !matches!(operation.action, Action::PutIfAbsent(_)) {
        touched.insert(key);
    }
    Ok(Outcome {
        document: serde_json::from_str(&row.document)?,
        counter: row.counter,
        created,
    })
}

/// The records of these accounts, kinds and names that are there. Asked for by kind, since every name with every kind
/// would be many more look-ups than there are records.
async fn read<'n>(
    db: &impl ConnectionTrait,
    named: Vec<(&'n AccountId, &'n str, &'n str)>,
) -> Result<Vec<Model>> {
    let mut by_kind: BTreeMap<(&AccountId, &str), BTreeSet<&str>> = BTreeMap::new();
    for (account, kind, name) in named {
        by_kind.entry((account, kind)).or_default().insert(name);
    }
    if by_kind.is_empty() {
        return Ok(Vec::new());
    }
    let of_kind = |((account, kind), names): ((&AccountId, &str), BTreeSet<&str>)| {
        Column::AccountId
            .eq(account)
            .and(Column::Kind.eq(kind))
            .and(Column::Name.is_in(names))
    };
    let groups = by_kind.into_iter().map(of_kind);
    let any = groups.fold(Condition::any(), Condition::add);
    Ok(Entity::find().filter(any).all(db).await?)
}

async fn store(
    work: &UnitOfWork<'_>,
    mut rows: BTreeMap<Key, Model>,
    touched: BTreeSet<Key>,
) -> Result<()> {
    let (mut written, mut removed) = (Vec::new(), Vec::new());
    for key in touched {
        match rows.remove(&key) {
            Some(row) => written.push(row),
            None => removed.push(key),
        }
    }
    let overwrite = OnConflict::columns([Column::AccountId, Column::Kind, Column::Name])
        .update_columns([Column::Document, Column::Counter])
        .to_owned();
    insert_all::<Entity, _>(work.tx(), written, Some(overwrite)).await?;
    for key in removed {
        Entity::delete_by_id(key).exec(work.tx()).await?;
    }
    Ok(())
}

#[derive(Debug)]
pub enum Documents {}

/// Some names of one kind.
#[derive(Debug)]
pub struct Wanted {
    pub account: AccountId,
    pub kind: &'static str,
    pub names: Vec<String>,
}

impl Load for Documents {
    type Key = Wanted;
    /// In the order of the names.
    type Found = Vec<Option<Value>>;

    fn account(wanted: &Wanted) -> &AccountId {
        &wanted.account
    }

    async fn load(db: &EnvironmentDb, wanted: &[Wanted]) -> Result<Vec<Vec<Option<Value>>>> {
        let named = wanted.iter().flat_map(|wanted| {
            let names = wanted.names.iter();
            names.map(|name| (&wanted.account, wanted.kind, name.as_str()))
        });
        let rows = read(&db.pools.reader, named.collect()).await?;
        let rows: HashMap<(&AccountId, &str, &str), &str> = rows
            .iter()
            .map(|row| ((&row.account_id, &*row.kind, &*row.name), &*row.document))
            .collect();
        let documents = |wanted: &Wanted| {
            let document = |name: &String| {
                let document = rows.get(&(&wanted.account, wanted.kind, name));
                document
                    .map(|document| serde_json::from_str(document))
                    .transpose()
            };
            Ok(wanted
                .names
                .iter()
                .map(document)
                .collect::<Result<_, _>>()?)
        };
        wanted.iter().map(documents).collect()
    }
}
