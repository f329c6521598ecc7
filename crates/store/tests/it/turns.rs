//! Write lanes and loaders take what waits in turns over accounts.

use std::sync::{Arc, Mutex};

use futures::future::join_all;
use peeker_domain::id::AccountId;
use peeker_store::{Batch, EnvironmentDb, Lane, Load, Loader, Result, UnitOfWork};
use peeker_testkit::{TestApp, apply, on_both_engines};

/// Batches in the order in which they were worked on, each with its pieces: whose, and which.
type Log = Arc<Mutex<Vec<Vec<(String, usize)>>>>;

/// A piece that is only noted.
#[derive(Debug, Clone)]
struct Piece {
    account: AccountId,
    number: usize,
    log: Log,
}

impl Piece {
    fn note(pieces: &[&Self]) {
        let named = |piece: &&Self| (piece.account.to_string(), piece.number);
        let log = pieces.first().map(|piece| Arc::clone(&piece.log)).unwrap();
        log.lock().unwrap().push(pieces.iter().map(named).collect());
    }

    /// Many of one account, then one of another.
    fn of_two(log: &Log) -> Vec<Self> {
        let of = |account: &str, number| Self {
            account: AccountId::from_stored(account.to_owned()),
            number,
            log: Arc::clone(log),
        };
        let heavy = (0..500).map(|number| of("heavy", number));
        heavy.chain([of("light", 0)]).collect()
    }
}

enum Noted {}

impl Batch for Noted {
    type Item = Piece;
    type Output = usize;

    const LOCKS_ACCOUNTS: bool = false;

    fn account(item: &Piece) -> &AccountId {
        &item.account
    }

    async fn write(_: &mut UnitOfWork<'_>, items: &[&Piece]) -> Result<Vec<usize>> {
        Piece::note(items);
        Ok(items.iter().map(|item| item.number).collect())
    }
}

impl Load for Noted {
    type Key = Piece;
    type Found = usize;

    fn account(key: &Piece) -> &AccountId {
        &key.account
    }

    async fn load(_: &EnvironmentDb, keys: &[Piece]) -> Result<Vec<usize>> {
        Piece::note(&keys.iter().collect::<Vec<_>>());
        Ok(keys.iter().map(|key| key.number).collect())
    }
}

fn assert_in_turns(log: &Log) {
    let batches = log.lock().unwrap();
    assert!(
        batches[0].contains(&("light".to_owned(), 0)),
        "{:?}",
        batches[0]
    );
    assert_eq!(batches[0].len(), 64, "the other fills the rest");
    let heavy = batches
        .iter()
        .flatten()
        .filter(|(account, _)| account == "heavy");
    let numbers: Vec<usize> = heavy.map(|(_, number)| *number).collect();
    assert_eq!(
        numbers,
        (0..500).collect::<Vec<_>>(),
        "each account's own stay in order"
    );
}

#[apply(on_both_engines!)]
async fn a_lane_writes_what_one_account_wants_beside_the_queue_of_another(app: &TestApp) {
    let lane: Lane<Noted> = Lane::start(&app.app.store().sandbox.db, 1);
    let log = Log::default();
    let written = join_all(
        Piece::of_two(&log)
            .into_iter()
            .map(|piece| lane.submit(piece)),
    )
    .await;
    assert_eq!(
        written.into_iter().map(Result::unwrap).sum::<usize>(),
        499 * 500 / 2
    );
    assert_in_turns(&log);
}

#[apply(on_both_engines!)]
async fn a_loader_reads_what_one_account_asks_beside_the_questions_of_another(app: &TestApp) {
    let loader: Loader<Noted> = Loader::start(&app.app.store().sandbox.db);
    let log = Log::default();
    let found = join_all(
        Piece::of_two(&log)
            .into_iter()
            .map(|piece| loader.ask(piece)),
    )
    .await;
    assert_eq!(
        found.into_iter().map(Result::unwrap).sum::<usize>(),
        499 * 500 / 2
    );
    assert_in_turns(&log);
}
