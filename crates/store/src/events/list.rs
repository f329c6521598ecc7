//! Reading events back, with what became of their delivery.
//!
//! The joins are CROSS JOINs with the condition in WHERE: the same to PostgreSQL, and to SQLite the order in which to
//! read the tables, which it could only guess. Each list is searched and ordered by an index, whatever the filter.

use peeker_domain::id::{AccountId, EventId, OrderId};
use peeker_domain::{ClockOffset, DeliveryState, EventType, FailureClass, Timestamp, view};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, Select,
    Statement, Value,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::entity::delivery_attempts;
use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};
use crate::number::unsigned;
use crate::paging::{PageRequest, Slice, page};

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub kind: Option<EventType>,
    /// Only events about this order.
    pub order: Option<OrderId>,
    /// Only events that arrived, or only those that did not (yet).
    pub delivered: Option<bool>,
    /// Only later events, oldest first: what somebody asks for who catches up.
    pub after_sequence: Option<i64>,
}

/// The indexed expression of the migration: the account, and `+` for what arrived ([`DeliveryState::Delivered`]) or `-` for
/// what did not.
const OUTCOME: &str = "(d.account_id || CASE WHEN d.state = 'delivered' THEN '+' ELSE '-' END)";

const COLUMNS: &str = "e.sequence AS sequence, e.id AS id, e.type AS kind, e.order_id AS order_id, \
    e.created_at AS created_at, e.body AS body, d.state AS state, d.attempts AS attempts, \
    d.next_attempt_at AS next_attempt_at, d.lease_token AS lease_token, \
    (SELECT a.clock_offset_ms FROM accounts a WHERE a.account_id = e.account_id) AS clock_offset_ms";

#[derive(FromQueryResult)]
pub(super) struct EventRow {
    sequence: i64,
    id: EventId,
    kind: EventType,
    order_id: Option<OrderId>,
    created_at: Timestamp,
    body: String,
    state: DeliveryState,
    attempts: i32,
    next_attempt_at: Timestamp,
    lease_token: Option<String>,
    clock_offset_ms: Option<ClockOffset>,
}

/// The object that changed, cut out of the body as it stands there.
#[derive(Deserialize)]
struct Data {
    data: Box<RawValue>,
}

pub(super) fn to_view(db: &EnvironmentDb, row: EventRow) -> Result<view::Event> {
    let waits = row.state == DeliveryState::Pending && row.lease_token.is_none();
    let clock = row.clock_offset_ms.unwrap_or_default();
    let next_attempt_at = clock.account_time(row.next_attempt_at);
    let Data { data } = serde_json::from_str(&row.body)?;
    Ok(view::Event {
        id: row.id.into(),
        kind: row.kind,
        created_at: row.created_at,
        environment: db.environment,
        sequence: row.sequence,
        order_id: row.order_id.map(String::from),
        data,
        delivery: view::EventDelivery {
            status: row.state.to_string(),
            attempts: unsigned(row.attempts)?,
            next_attempt_at: waits.then_some(next_attempt_at),
        },
    })
}

/// The statement of a page of events.
pub fn list_query(
    backend: DbBackend,
    account: &AccountId,
    filter: &EventFilter,
    page: &PageRequest,
) -> Result<Statement> {
    let EventFilter {
        kind,
        order,
        delivered,
        after_sequence,
    } = filter;
    // An order has few events. What did not arrive is little as well; what did is nearly everything.
    let lead = match delivered {
        Some(false) if order.is_none() => Lead::Outcome(false),
        Some(true) if order.is_none() && kind.is_none() => Lead::Outcome(true),
        _ => Lead::Events,
    };
    let mut query = Conditions::new(account, lead);
    if let Some(order) = order {
        query.and("e.order_id = ", order);
    }
    if let Some(kind) = kind {
        // The empty text keeps SQLite from choosing the index of types, except where it is the one to read by.
        let column = if lead == Lead::Events && order.is_none() {
            "e.type = "
        } else {
            "e.type || '' = "
        };
        query.and(column, *kind);
    }
    if let (Lead::Events, Some(delivered)) = (lead, delivered) {
        let is = if *delivered { "=" } else { "<>" };
        let delivered = DeliveryState::Delivered;
        query.parts.push(format!("d.state {is} '{delivered}'"));
    }
    let sequence = lead.sequence();
    if let Some(after) = after_sequence {
        query.and(&format!("{sequence} > "), *after);
    }
    let (further, order) = if after_sequence.is_some() {
        (">", "ASC")
    } else {
        ("<", "DESC")
    };
    if let Some(last) = &page.after {
        let last: i64 = last
            .parse()
            .map_err(|_| StoreError::Corrupt(format!("page after {last:?}")))?;
        query.and(&format!("{sequence} {further} "), last);
    }
    let limit = query.bind(i64::try_from(page.fetch()).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE {} ORDER BY {sequence} {order} LIMIT {limit}",
        lead.tables(),
        query.parts.join(" AND ")
    );
    Ok(Statement::from_sql_and_values(backend, sql, query.values))
}

/// Conditions that join an account's events to their deliveries, and the values in them, in step.
pub(super) struct Conditions {
    pub parts: Vec<String>,
    pub values: Vec<Value>,
}

/// Which table is read first, and so gives the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// The events, by one of their own indexes.
    Events,
    /// The deliveries: those that arrived, or those that did not.
    Outcome(bool),
}

impl Lead {
    pub fn tables(self) -> &'static str {
        match self {
            Self::Events => "events e CROSS JOIN deliveries d",
            Self::Outcome(_) => "deliveries d CROSS JOIN events e",
        }
    }

    fn sequence(self) -> &'static str {
        match self {
            Self::Events => "e.sequence",
            Self::Outcome(_) => "d.sequence",
        }
    }
}

impl Conditions {
    pub fn new(account: &AccountId, lead: Lead) -> Self {
        let mut conditions = Self {
            parts: vec![
                "e.account_id = $1".to_owned(),
                "e.sequence = d.sequence".to_owned(),
            ],
            values: vec![account.into()],
        };
        match lead {
            Lead::Events => conditions.parts.push("d.account_id = $1".to_owned()),
            Lead::Outcome(arrived) => {
                let sign = if arrived { '+' } else { '-' };
                conditions.and(&format!("{OUTCOME} = "), format!("{account}{sign}"));
            }
        }
        conditions
    }

    /// Where `value` stands in the statement.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Adds `condition` followed by `value`.
    pub fn and(&mut self, condition: &str, value: impl Into<Value>) {
        let bound = self.bind(value);
        self.parts.push(format!("{condition}{bound}"));
    }
}

/// A page of events: newest first, or oldest first after `after_sequence`.
pub async fn list(
    db: &EnvironmentDb,
    account: &AccountId,
    filter: &EventFilter,
    page: &PageRequest,
) -> Result<Slice<view::Event>> {
    let reader = &db.pools.reader;
    let statement = list_query(reader.get_database_backend(), account, filter, page)?;
    let turn = db.log_reader(account).await;
    let rows = EventRow::find_by_statement(statement).all(reader).await?;
    drop(turn);
    let rows: Vec<(String, EventRow)> = rows
        .into_iter()
        .map(|row| (row.sequence.to_string(), row))
        .collect();
    Slice::new(page, rows, |(sequence, _)| sequence).try_map(|(_, row)| to_view(db, row))
}

pub async fn find(
    db: &EnvironmentDb,
    account: &AccountId,
    id: &EventId,
) -> Result<Option<view::Event>> {
    find_in(db, &db.pools.reader, account, id).await
}

/// One event, as this connection sees it.
pub(super) async fn find_in(
    db: &EnvironmentDb,
    connection: &impl ConnectionTrait,
    account: &AccountId,
    id: &EventId,
) -> Result<Option<view::Event>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM events e CROSS JOIN deliveries d WHERE e.account_id = $1 AND e.id = $2 \
         AND d.account_id = $1 AND d.sequence = e.sequence"
    );
    let values = [account.into(), id.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = EventRow::find_by_statement(statement)
        .one(connection)
        .await?;
    row.map(|row| to_view(db, row)).transpose()
}

/// A page of the attempts made for an event, newest first.
pub async fn list_attempts(
    db: &EnvironmentDb,
    account: &AccountId,
    sequence: i64,
    page: &PageRequest,
) -> Result<Slice<view::DeliveryAttempt>> {
    let rows = attempts_query(account, sequence, page)
        .all(&db.pools.reader)
        .await?;
    Slice::new(page, rows, |row| row.id.as_str()).try_map(attempt_view)
}

/// The query of such a page.
pub fn attempts_query(
    account: &AccountId,
    sequence: i64,
    page: &PageRequest,
) -> Select<delivery_attempts::Entity> {
    use delivery_attempts::{Column, Entity};
    let query = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::EventSequence.eq(sequence));
    page!(query, Column::Id, page)
}

fn attempt_view(row: delivery_attempts::Model) -> Result<view::DeliveryAttempt> {
    Ok(view::DeliveryAttempt {
        id: row.id.into(),
        number: unsigned(row.number)?,
        started_at: row.started_at,
        status_code: row
            .http_status
            .and_then(|status| u16::try_from(status).ok()),
        failure: row.failure.map(|failure| failure.to_string()),
        failure_message: row.failure.map(FailureClass::explained),
        latency_ms: u64::try_from(row.latency_ms).unwrap_or(0),
        response_excerpt: row.response_excerpt,
    })
}
