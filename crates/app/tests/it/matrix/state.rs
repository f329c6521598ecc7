//! Everything that an account's sandbox holds, such that two runs of the same can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use peeker_domain::Environment;
use peeker_store::Connections;
use peeker_testkit::TestApp;
use sea_orm::{ConnectionTrait, FromQueryResult, JsonValue, Statement};
use serde_json::Value;

use crate::books::assert_balanced;

/// Tables that are no part of where a workflow ends.
const LEFT_OUT: [&str; 4] = [
    "schema_migrations",
    "idempotency_keys",
    "delivery_attempts",
    "cents in all wallets",
];
/// Columns that say how it got there: in which order, in how many tries.
const HOW: [&str; 9] = [
    "sequence",
    "event_sequence",
    "event_id",
    "attempts",
    "lease_token",
    "last_error",
    "rerun_requested",
    "sealed_password",
    "fingerprint",
];
/// Where the status stands that makes up an outcome: of what there is, the first.
const NOUNS: [(&str, &str); 4] = [
    ("swaps", "swap"),
    ("forwardings", "forwarding"),
    ("imports", "import"),
    ("orders", "order"),
];

/// The rows of each table, as JSON.
pub struct State(BTreeMap<String, Vec<Value>>);

impl State {
    pub async fn read(app: &TestApp) -> Self {
        let reader = &app.app.store().sandbox.db.pools.reader;
        let mut tables = BTreeMap::new();
        for table in app.row_counts(Environment::Test).await.into_keys() {
            if !LEFT_OUT.contains(&table.as_str()) {
                let rows = rows(reader, &table, app.partner.id.as_str()).await;
                tables.insert(table, rows);
            }
        }
        Self(tables)
    }

    fn of(&self, table: &str) -> &[Value] {
        &self.0[table]
    }

    /// What became of it in one word or two, when it is what it is in the other run; else how it differs.
    pub fn compared(&self, wanted: &Self) -> Result<String, String> {
        let mut differences = String::new();
        for (table, rows) in &self.0 {
            let (found, wanted) = (comparable(rows), comparable(wanted.of(table)));
            for row in surplus_of(&found, &wanted) {
                writeln!(differences, "  {table} has too much: {row}").unwrap();
            }
            for row in surplus_of(&wanted, &found) {
                writeln!(differences, "  {table} lacks: {row}").unwrap();
            }
        }
        if differences.is_empty() {
            Ok(self.outcome())
        } else {
            Err(differences)
        }
    }

    fn outcome(&self) -> String {
        let noun = NOUNS.iter().find(|(table, _)| !self.of(table).is_empty());
        let (table, noun) = noun.unwrap();
        let statuses: BTreeSet<&str> = self
            .of(table)
            .iter()
            .filter_map(|row| row["status"].as_str())
            .collect();
        let statuses: Vec<&str> = statuses.into_iter().collect();
        format!("{noun} {}", statuses.join(", "))
    }

    /// What must hold wherever a workflow ends: the books balance, events have no gap, and the providers have what our
    /// rows say, no orphan and no duplicate.
    pub async fn assert_whole(&self, app: &TestApp) {
        assert_balanced(app).await;
        let numbers: BTreeSet<i64> = self
            .of("events")
            .iter()
            .map(|row| row["sequence"].as_i64().unwrap())
            .collect();
        if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
            let count = i64::try_from(numbers.len()).unwrap();
            assert_eq!(last - first + 1, count, "events have a gap: {numbers:?}");
        }
        self.assert_domains_match(app.now().as_millis() + self.clock_offset());
        self.assert_inboxes_match();
    }

    fn clock_offset(&self) -> i64 {
        self.of("accounts")[0]["clock_offset_ms"].as_i64().unwrap()
    }

    /// Registrations, zones and redirects are those of the account's domains. A registrar may remember one that is over.
    fn assert_domains_match(&self, now: i64) {
        let registered = self.documents("registration").into_iter();
        let registered: BTreeMap<String, Option<i64>> = registered
            .map(|(name, document)| (name, document["expires_at_ms"].as_i64()))
            .filter(|(_, until)| *until > Some(now))
            .collect();
        let bought: BTreeMap<String, Option<i64>> = self
            .domains_with("registered_until")
            .map(|row| (text(row, "name"), row["registered_until"].as_i64()))
            .collect();
        assert_eq!(registered, bought, "registrations");
        let redirects = self.documents("redirect").into_iter();
        let redirects: BTreeMap<String, String> = redirects
            .map(|(name, document)| (name, text(&document, "target")))
            .collect();
        let forwarded: BTreeMap<String, String> = self
            .domains_with("forwarding_url")
            .map(|row| (text(row, "name"), text(row, "forwarding_url")))
            .collect();
        assert_eq!(redirects, forwarded, "redirects");
        let names: BTreeSet<String> = self
            .domains_with("name")
            .map(|row| text(row, "name"))
            .collect();
        for zone in self.documents("zone").keys() {
            assert!(names.contains(zone), "{zone} has a zone and no row");
        }
    }

    /// The mail providers have, and the sequencer knows, the inboxes that are live.
    fn assert_inboxes_match(&self) {
        let live: BTreeSet<String> = self
            .of("inboxes")
            .iter()
            .filter(|row| row["status"] == "active")
            .map(|row| text(row, "email"))
            .collect();
        let made: Vec<String> = self
            .documents("inboxes")
            .into_values()
            .flat_map(addresses)
            .collect();
        assert_eq!(made.len(), live.len(), "an inbox is there twice");
        assert_eq!(made.into_iter().collect::<BTreeSet<_>>(), live, "inboxes");
        let handed_over: BTreeSet<String> = self
            .documents("hand_over")
            .into_values()
            .flat_map(|mut document| addresses(document["addresses"].take()))
            .collect();
        assert_eq!(handed_over, live, "hand-overs");
    }

    fn domains_with<'s>(&'s self, column: &'s str) -> impl Iterator<Item = &'s Value> {
        let domains = self.of("domains").iter();
        domains.filter(move |row| !row[column].is_null())
    }

    /// What the simulated providers remember of one kind, by name.
    fn documents(&self, kind: &str) -> BTreeMap<String, Value> {
        let of_kind = self
            .of("simulated_records")
            .iter()
            .filter(|row| row["kind"] == kind);
        of_kind
            .map(|row| {
                let document = serde_json::from_str(row["document"].as_str().unwrap());
                (row["name"].as_str().unwrap().to_owned(), document.unwrap())
            })
            .collect()
    }
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

fn addresses(document: Value) -> Vec<String> {
    serde_json::from_value(document).unwrap()
}

async fn rows(db: &Connections, table: &str, account: &str) -> Vec<Value> {
    let sql = format!("SELECT * FROM {table} WHERE account_id = $1");
    let statement =
        Statement::from_sql_and_values(db.get_database_backend(), sql, [account.into()]);
    JsonValue::find_by_statement(statement)
        .all(db)
        .await
        .unwrap()
}

/// Rows without how they came about, in an order of their own.
fn comparable(rows: &[Value]) -> Vec<String> {
    let mut comparable: Vec<String> = rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            strip(&mut row);
            row.to_string()
        })
        .collect();
    comparable.sort_unstable();
    comparable
}

fn strip(value: &mut Value) {
    match value {
        Value::String(text) if is_id(text) => text.truncate(3),
        Value::String(text) if text.starts_with(['{', '[']) => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                strip(&mut inner);
                *value = inner;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        Value::Object(fields) => {
            fields.retain(|name, _| !HOW.contains(&name.as_str()));
            fields.values_mut().for_each(strip);
        }
        _ => {}
    }
}

fn is_id(text: &str) -> bool {
    text.split_once('_')
        .is_some_and(|(prefix, rest)| prefix.len() == 3 && rest.len() == 26)
}

/// The rows that are there more often than among the others.
fn surplus_of(rows: &[String], others: &[String]) -> Vec<String> {
    let mut left: Vec<&String> = others.iter().collect();
    let mut surplus = Vec::new();
    for row in rows {
        match left.iter().position(|other| *other == row) {
            Some(found) => {
                left.swap_remove(found);
            }
            None => surplus.push(row.clone()),
        }
    }
    surplus
}
