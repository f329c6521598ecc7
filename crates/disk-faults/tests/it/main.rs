//! The disk that fails on request, as SQLite sees it through sqlx.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use std::path::Path;

use peeker_disk_faults::{Disk, Failure, Operation, Plan};
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

const FULL: &str = "13";
const IO_WRITE: &str = "778";
const IO_SYNC: &str = "1034";
/// SQLite shortens what its VFS says.
const NO_MEMORY: &str = "7";
const CANNOT_OPEN: &str = "14";
const SHM_SIZE: &str = "4874";

fn watched_folder() -> (TempDir, Disk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::of(folder.path());
    (folder, disk)
}

async fn try_open(folder: &Path) -> sqlx::Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("test.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    SqliteConnection::connect_with(&options).await
}

async fn open(folder: &Path) -> SqliteConnection {
    try_open(folder).await.unwrap()
}

/// With a table that has no rows.
async fn open_with_table(folder: &Path) -> SqliteConnection {
    let mut connection = open(folder).await;
    sqlx::query("CREATE TABLE numbers (number INTEGER PRIMARY KEY, filling TEXT NOT NULL)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

/// One row of more than a page, so that its transaction is several writes.
async fn insert(connection: &mut SqliteConnection, number: i64) -> Result<(), String> {
    let filling = "f".repeat(9_000);
    sqlx::query("INSERT INTO numbers VALUES (?, ?)")
        .bind(number)
        .bind(filling)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| code_of(&error))
}

fn code_of(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.unwrap_or_else(|| panic!("no code: {error}"))
        .into_owned()
}

async fn numbers(connection: &mut SqliteConnection) -> Vec<i64> {
    sqlx::query_scalar("SELECT number FROM numbers ORDER BY number")
        .fetch_all(connection)
        .await
        .unwrap()
}

async fn assert_sound(connection: &mut SqliteConnection) {
    let found: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(connection)
        .await
        .unwrap();
    assert_eq!(found, "ok");
}

#[tokio::test]
async fn the_nth_operation_fails_and_those_around_it_work() {
    let (folder, disk) = watched_folder();
    let mut connection = open_with_table(folder.path()).await;
    for (operation, failure, code) in [
        (Operation::Write, Failure::Full, FULL),
        (Operation::Write, Failure::Io, IO_WRITE),
        (Operation::Write, Failure::NoMemory, NO_MEMORY),
        (Operation::Sync, Failure::Full, FULL),
        (Operation::Sync, Failure::Io, IO_SYNC),
        (Operation::Any, Failure::Full, FULL),
    ] {
        let before = numbers(&mut connection).await.len();
        disk.reset_counts();
        insert(&mut connection, i64::try_from(before).unwrap())
            .await
            .unwrap();
        let last = disk.count(operation);
        assert!(last >= 1, "{operation:?} never happens");
        assert_eq!(disk.refused(), 0);
        disk.reset_counts();
        disk.fail(Plan::once(operation, last, failure));
        let refused = insert(&mut connection, -1).await.unwrap_err();
        assert_eq!(refused, code, "{operation:?} {failure:?}");
        assert_eq!((disk.count(operation), disk.refused()), (last, 1));
        assert_eq!(numbers(&mut connection).await.len(), before + 1);
    }
}

#[tokio::test]
async fn a_fault_that_lasts_ends_with_the_restoration() {
    let (folder, disk) = watched_folder();
    let mut connection = open_with_table(folder.path()).await;
    disk.fail(Plan::from(Operation::Write, 2, Failure::Full));
    for number in 0..3 {
        assert_eq!(insert(&mut connection, number).await.unwrap_err(), FULL);
    }
    disk.restore();
    insert(&mut connection, 3).await.unwrap();
    assert_eq!(numbers(&mut connection).await, [3]);
}

#[tokio::test]
async fn no_fault_at_any_operation_damages_the_file() {
    for failure in [Failure::Full, Failure::Io, Failure::NoMemory] {
        let (folder, disk) = watched_folder();
        let mut connection = open_with_table(folder.path()).await;
        let mut told = Vec::new();
        for number in 1.. {
            disk.reset_counts();
            let nth = u64::try_from(number).unwrap();
            disk.fail(Plan::once(Operation::Any, nth, failure).torn());
            if insert(&mut connection, number).await.is_ok() {
                told.push(number);
            }
            let is_reached = disk.refused() > 0;
            disk.restore();
            assert_eq!(numbers(&mut connection).await, told, "{failure:?} {nth}");
            if !is_reached {
                assert!(nth > 4, "{failure:?}: {nth} operations are too few");
                break;
            }
        }
        assert_sound(&mut open(folder.path()).await).await;
    }
}

#[tokio::test]
async fn half_of_a_torn_write_is_written() {
    let (folder, disk) = watched_folder();
    let mut connection = open_with_table(folder.path()).await;
    let log = folder.path().join("test.db-wal");
    let length = || std::fs::metadata(&log).unwrap().len();
    let before = length();
    disk.fail(Plan::once(Operation::Write, 2, Failure::Io));
    insert(&mut connection, 1).await.unwrap_err();
    let after_a_clean_fault = length();
    // The head of a frame is written, its page is not.
    assert_eq!(after_a_clean_fault, before + 24);
    disk.fail(Plan::once(Operation::Write, 2, Failure::Io).torn());
    insert(&mut connection, 1).await.unwrap_err();
    assert_eq!(length(), before + 24 + 2_048);
    assert_sound(&mut connection).await;
}

#[tokio::test]
async fn a_read_only_disk_can_be_read_and_not_written() {
    let (folder, disk) = watched_folder();
    let mut connection = open_with_table(folder.path()).await;
    insert(&mut connection, 1).await.unwrap();
    disk.make_read_only();
    assert_eq!(insert(&mut connection, 2).await.unwrap_err(), IO_WRITE);
    assert_eq!(numbers(&mut connection).await, [1]);
    let mut late = open(folder.path()).await;
    assert_eq!(numbers(&mut late).await, [1]);
    insert(&mut late, 3).await.unwrap_err();
    disk.restore();
    insert(&mut connection, 4).await.unwrap();
    assert_eq!(numbers(&mut late).await, [1, 4]);
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_so() {
    let (folder, disk) = watched_folder();
    let connection = open_with_table(folder.path()).await;
    connection.close().await.unwrap();
    for (operation, code) in [
        (Operation::Open, CANNOT_OPEN),
        (Operation::ShmMap, SHM_SIZE),
    ] {
        disk.fail(Plan::once(operation, 1, Failure::Full));
        let refused = try_open(folder.path()).await.unwrap_err();
        assert_eq!(code_of(&refused), code, "{operation:?}");
    }
    let mut connection = open(folder.path()).await;
    insert(&mut connection, 1).await.unwrap();
}

#[tokio::test]
async fn other_folders_are_left_alone() {
    let (_broken, disk) = watched_folder();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut connection = open_with_table(elsewhere.path()).await;
    disk.fail(Plan::from(Operation::Any, 1, Failure::Io));
    insert(&mut connection, 1).await.unwrap();
    assert_eq!((disk.count(Operation::Any), disk.refused()), (0, 0));
}

#[tokio::test]
async fn a_folder_is_one_disk_by_whatever_name() {
    let (folder, disk) = watched_folder();
    let links = tempfile::tempdir().unwrap();
    let link = links.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let mut connection = open_with_table(&link).await;
    Disk::of(&link).fail(Plan::once(Operation::Write, 1, Failure::Full));
    assert_eq!(insert(&mut connection, 1).await.unwrap_err(), FULL);
    assert_eq!(disk.refused(), 1);
}
