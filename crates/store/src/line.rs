//! Claiming in turns over accounts, for jobs and for deliveries (docs/adr/0025).
//!
//! A row is *in line* when it is due at once, or once it has fallen due. The index of what is in line begins with the
//! account, so a look skips from account to account, however many rows each has there. What waits for its time is in
//! another index, by that time; a claim puts what has fallen due in line, in bounded portions.
//!
//! `in_line` is a hint, and nothing is lost when it is wrong: a row that is not due is not claimed, and one that is joins
//! the line by its time.

use std::fmt::Write as _;

use peeker_domain::Timestamp;
use peeker_domain::id::AccountId;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use serde_json::json;

use crate::connect::Pools;
use crate::error::Result;

/// Most accounts that one claim looks at, and most pieces of work that it takes.
pub const MOST_CLAIMED: usize = 64;
/// Most pieces that one claim puts in line because their time has come.
const MOST_JOINING: usize = 512;

/// A table of work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// The table; its indexes are `<table>_in_line` and `<table>_timers`.
    pub table: &'static str,
    /// What tells the rows of an account apart.
    pub keys: &'static [&'static str],
    /// The column that says when a row may be claimed.
    pub due: &'static str,
    /// The condition of rows that may be claimed at all, spelled out as in the indexes: a planner that sees a variable
    /// there cannot choose them.
    pub open: &'static str,
    /// Whose rows are left alone, but for a few.
    pub exception: Option<Exception>,
}

/// Accounts whose rows are left alone, but for a few.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exception {
    /// The condition on the row of `accounts`.
    pub accounts: &'static str,
    /// The condition on the few rows, which the table's key finds.
    pub rows: &'static str,
}

/// Who has work that is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineUp {
    /// The accounts, in the order of their turns.
    pub accounts: Vec<AccountId>,
    /// Where the look ended, if it ended before it was once around.
    pub ended_at: Option<AccountId>,
    /// Whether some of the work is to be put in line first, since its time has only come.
    pub fell_due: bool,
}

/// How much of an account's work may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub account: AccountId,
    pub most: usize,
}

/// What a claim changes in the rows that it takes, and what it gives back.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    /// The assignments. `$1` is the time, `$2` and so on are `values`.
    pub set: &'a str,
    pub values: Vec<Value>,
    /// The columns that are given back.
    pub returning: &'a str,
}

#[derive(FromQueryResult)]
struct Found {
    account_id: AccountId,
    is_due: bool,
    fell_due: bool,
}

#[derive(FromQueryResult)]
struct Next {
    due: Option<Timestamp>,
}

impl Line {
    /// Who has work that is due, in turns: the first is the account that follows `after` by its id, the last `after` itself.
    pub async fn up(
        &self,
        pools: &Pools,
        now: Timestamp,
        after: Option<&AccountId>,
    ) -> Result<LineUp> {
        let backend = pools.reader.get_database_backend();
        let query = self.up_query(backend, now, after.map_or("", AccountId::as_str));
        let rows = Found::find_by_statement(query).all(&pools.reader).await?;
        let mut up = LineUp::default();
        let in_line: Vec<&Found> = rows.iter().filter(|row| !row.fell_due).collect();
        if in_line.len() >= MOST_CLAIMED {
            let last = in_line.last();
            up.ended_at = last.map(|row| row.account_id.clone());
        }
        for row in rows {
            up.fell_due |= row.fell_due;
            if row.is_due && !up.accounts.contains(&row.account_id) {
                up.accounts.push(row.account_id);
            }
        }
        Ok(up)
    }

    /// The statement behind [`Line::up`]: a look-up by index for each account in line, and one for all that fell due.
    ///
    /// The recursion goes from each account to the next, from the last to the first, and ends where it began.
    pub fn up_query(&self, backend: DbBackend, now: Timestamp, after: &str) -> Statement {
        let Self { table, due, .. } = self;
        let (in_line, timers) = (self.in_line(backend), self.timers(backend));
        let next = |than: &str| {
            format!(
                "COALESCE(
        (SELECT {table}.account_id FROM {in_line} AND {table}.account_id > {than} ORDER BY {table}.account_id LIMIT 1),
        (SELECT {table}.account_id FROM {in_line} ORDER BY {table}.account_id LIMIT 1))"
            )
        };
        let (first, following) = (next("$1"), next("line.account_id"));
        let is_due = self.is_due(&in_line);
        let sql = format!(
            "WITH RECURSIVE start(account_id) AS (SELECT {first}),
line(account_id, place) AS (
    SELECT account_id, 1 FROM start
    UNION ALL
    SELECT {following}, place + 1 FROM line
    WHERE line.account_id IS NOT NULL AND place < {MOST_CLAIMED}
        AND (place = 1 OR line.account_id <> (SELECT account_id FROM start))
)
SELECT line.account_id AS account_id, {is_due} AS is_due, FALSE AS fell_due FROM line
WHERE line.account_id IS NOT NULL AND (place = 1 OR line.account_id <> (SELECT account_id FROM start))
UNION ALL
SELECT DISTINCT account_id, TRUE, TRUE FROM (
    SELECT account_id FROM {timers} AND {due} <= $2 ORDER BY {due} LIMIT {MOST_JOINING}
) AS fallen_due"
        );
        Statement::from_sql_and_values(backend, sql, [after.into(), now.into()])
    }

    /// Whether an account in line has a row that may be claimed.
    fn is_due(&self, in_line: &str) -> String {
        let Self { table, due, .. } = self;
        let usual = format!(
            "EXISTS (SELECT 1 FROM {in_line} AND {table}.account_id = line.account_id AND {table}.{due} <= $2)"
        );
        match self.exception {
            None => usual,
            Some(Exception { accounts, rows }) => format!(
                "CASE WHEN {} THEN EXISTS (SELECT 1 FROM {table} WHERE {table}.account_id = line.account_id AND {rows}
    AND {} AND {table}.{due} <= $2) ELSE {usual} END",
                is_one_of(accounts, "line.account_id"),
                self.open
            ),
        }
    }

    /// Puts what has fallen due in line, if anything has, and claims each account's share, what is due first before the rest.
    pub async fn claim<R: FromQueryResult>(
        &self,
        pools: &Pools,
        now: Timestamp,
        fell_due: bool,
        shares: &[Share],
        claim: Claim<'_>,
    ) -> Result<Vec<R>> {
        let backend = pools.writer.get_database_backend();
        let query = (!shares.is_empty()).then(|| self.claim_query(backend, now, shares, claim));
        if !fell_due {
            return match query {
                Some(query) => Ok(R::find_by_statement(query).all(&pools.writer).await?),
                None => Ok(Vec::new()),
            };
        }
        let tx = pools.begin().await?;
        tx.execute_raw(self.join_query(backend, now)).await?;
        let claimed = match query {
            Some(query) => R::find_by_statement(query).all(&tx).await?,
            None => Vec::new(),
        };
        tx.commit().await?;
        Ok(claimed)
    }

    /// Puts what has fallen due in line.
    pub fn join_query(&self, backend: DbBackend, now: Timestamp) -> Statement {
        let Self { table, due, .. } = self;
        let (timers, lock) = (self.timers(backend), lock(backend));
        let (keys, same) = (self.columns(), self.is_same());
        let sql = format!(
            "WITH due AS MATERIALIZED (
    SELECT {keys} FROM {timers} AND {due} <= $1 ORDER BY {due} LIMIT {MOST_JOINING} {lock}
)
UPDATE {table} SET in_line = TRUE FROM due WHERE {same}"
        );
        Statement::from_sql_and_values(backend, sql, [now.into()])
    }

    /// The statement behind [`Line::claim`].
    ///
    /// On PostgreSQL the sub-select must be materialised, or the planner may run it again and claim more than asked for.
    pub fn claim_query(
        &self,
        backend: DbBackend,
        now: Timestamp,
        shares: &[Share],
        claim: Claim<'_>,
    ) -> Statement {
        let Claim {
            set,
            values,
            returning,
        } = claim;
        let mut values: Vec<Value> = std::iter::once(now.into()).chain(values).collect();
        let due = match backend {
            DbBackend::Sqlite => self.due_on_sqlite(shares, &mut values),
            _ => self.due_on_postgres(shares, &mut values),
        };
        let (table, same) = (self.table, self.is_same());
        let sql = format!(
            "WITH due AS MATERIALIZED ({due})
UPDATE {table} SET {set}, in_line = FALSE FROM due WHERE {same}
RETURNING {returning}"
        );
        Statement::from_sql_and_values(backend, sql, values)
    }

    /// SQLite has no LATERAL: a branch for each account. The few numbers of branches make a few texts, prepared once.
    fn due_on_sqlite(&self, shares: &[Share], values: &mut Vec<Value>) -> String {
        let mut branches = String::new();
        for (index, share) in shares.iter().enumerate() {
            let (account, most) = (values.len() + 1, values.len() + 2);
            values.push((&share.account).into());
            values.push(i64::try_from(share.most).unwrap_or(i64::MAX).into());
            let separator = if index > 0 { " UNION ALL " } else { "" };
            let rows = self.of_account(
                DbBackend::Sqlite,
                &format!("${account}"),
                &format!("${most}"),
            );
            let _ = write!(branches, "{separator}{rows}");
        }
        branches
    }

    /// One text, whatever the number of accounts. The outermost LIMIT never cuts anything off; it tells the planner, which
    /// cannot know the shares, that the rows are few, so that it looks each up and does not read the table.
    fn due_on_postgres(&self, shares: &[Share], values: &mut Vec<Value>) -> String {
        let list: Vec<_> = shares
            .iter()
            .map(|share| json!({ "account_id": share.account.as_str(), "most": share.most }))
            .collect();
        values.push(serde_json::Value::from(list).to_string().into());
        let place = values.len();
        let rows = self.of_account(DbBackend::Postgres, "share.account_id", "share.most");
        format!(
            "SELECT of_account.* FROM json_to_recordset(${place}::json) AS share(account_id TEXT, most BIGINT)
    CROSS JOIN LATERAL ({rows}) AS of_account LIMIT {MOST_CLAIMED}"
        )
    }

    /// The rows of one account that are claimed.
    fn of_account(&self, backend: DbBackend, account: &str, most: &str) -> String {
        let Self {
            table, due, open, ..
        } = self;
        let (in_line, keys, lock) = (self.in_line(backend), self.columns(), lock(backend));
        let usual = |condition: &str| {
            format!(
                "SELECT * FROM (SELECT {keys} FROM {in_line} AND {table}.account_id = {account} AND {due} <= $1{condition}
        ORDER BY {due} LIMIT {most} {lock}) AS rows"
            )
        };
        let Some(Exception { accounts, rows }) = self.exception else {
            return usual("");
        };
        let is_exception = is_one_of(accounts, account);
        let usual = usual(&format!(" AND NOT {is_exception}"));
        format!(
            "{usual} UNION ALL SELECT * FROM (SELECT {keys} FROM {table} WHERE {table}.account_id = {account} AND {rows}
        AND {open} AND {due} <= $1 AND {is_exception} LIMIT {most} {lock}) AS few"
        )
    }

    /// About when the next piece of work is due, leased ones included; long ago, when some is in line. `None` when there is
    /// no work left.
    pub async fn next_due(&self, pools: &Pools) -> Result<Option<Timestamp>> {
        let backend = pools.reader.get_database_backend();
        let Self { table, due, .. } = self;
        let (in_line, timers) = (self.in_line(backend), self.timers(backend));
        let sql = format!(
            "SELECT MIN(due) AS due FROM (
    SELECT * FROM (SELECT {due} AS due FROM {in_line} ORDER BY {table}.account_id, {due} LIMIT 1) AS first
    UNION ALL SELECT * FROM (SELECT {due} AS due FROM {timers} ORDER BY {due} LIMIT 1) AS timer
) AS either"
        );
        let next = Next::find_by_statement(Statement::from_string(backend, sql));
        Ok(next.one(&pools.reader).await?.and_then(|next| next.due))
    }

    /// The rows in line, by account and time. Without statistics SQLite would prefer the table's key, which also begins with
    /// the account.
    fn in_line(&self, backend: DbBackend) -> String {
        self.partial("in_line", "TRUE", backend)
    }

    /// The rows that wait for their time, by it.
    fn timers(&self, backend: DbBackend) -> String {
        self.partial("timers", "FALSE", backend)
    }

    fn partial(&self, index: &str, in_line: &str, backend: DbBackend) -> String {
        let Self { table, open, .. } = self;
        let hint = match backend {
            DbBackend::Sqlite => format!(" INDEXED BY {table}_{index}"),
            _ => String::new(),
        };
        format!("{table}{hint} WHERE {open} AND in_line = {in_line}")
    }

    fn columns(&self) -> String {
        let table = self.table;
        let keys = self.keys.iter().map(|key| format!(", {table}.{key}"));
        format!("{table}.account_id{}", keys.collect::<String>())
    }

    fn is_same(&self) -> String {
        let table = self.table;
        let keys = self.keys.iter();
        let keys = keys.map(|key| format!(" AND {table}.{key} = due.{key}"));
        format!(
            "{table}.account_id = due.account_id{}",
            keys.collect::<String>()
        )
    }
}

fn is_one_of(condition: &str, account: &str) -> String {
    format!("EXISTS (SELECT 1 FROM accounts WHERE accounts.account_id = {account} AND {condition})")
}

/// What another worker claims at this moment is passed over. SQLite has one writer.
fn lock(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "",
        _ => "FOR UPDATE SKIP LOCKED",
    }
}
