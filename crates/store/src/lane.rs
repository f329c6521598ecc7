//! A write lane: callers hand in items one by one, the lane writes whatever queued up during the last commit in one
//! transaction, in turns over the accounts (docs/adr/0025). On a disk where a sync takes milliseconds this is the difference between hundreds and thousands of
//! writes a second (docs/adr/0002).
//!
//! If the batch fails, every item runs alone through the same function, so only the guilty one gets its error. An
//! item whose caller went away is still written: nobody can tell whether it was already on its way.
//!
//! If the database itself fails, nobody is guilty: everybody in the batch and in line behind it is told so at once,
//! rather than each after a try of his own, and the next one begins on a fresh connection.

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use peeker_domain::Turns;
use peeker_domain::id::AccountId;
use tokio::sync::{mpsc, oneshot};

use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError, no_answer};
use crate::turnstile::{Pass, Writer};
use crate::unit_of_work::UnitOfWork;

/// Most items in one transaction.
const MAX_ITEMS: usize = 64;
/// Where a batch stops growing, in rows: keeps the time that others wait for the writer short.
const MAX_WEIGHT: usize = 4_000;
/// How long one transaction may take. Only a database that has stopped answering needs more.
const LIMIT: Duration = Duration::from_millis(4_500);
/// How often an item that runs alone is tried when the database says it may work the next time.
const TRIES: u32 = 4;

/// What a lane writes.
pub trait Batch: Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    /// What the caller gets back.
    type Output: Send + 'static;

    /// Whether the batch records events or moves money, for which the accounts' rows have to be locked. A batch that
    /// does neither stands in nobody's way.
    const LOCKS_ACCOUNTS: bool = true;

    /// The account that the item is about.
    fn account(item: &Self::Item) -> &AccountId;

    /// Roughly how many rows the item writes.
    fn weight(_item: &Self::Item) -> usize {
        1
    }

    /// Writes all items with set-based statements; one output per item, in order. An error rolls all of it back.
    fn write(
        work: &mut UnitOfWork<'_>,
        items: &[&Self::Item],
    ) -> impl Future<Output = Result<Vec<Self::Output>>> + Send;
}

type Entry<B> = (
    <B as Batch>::Item,
    oneshot::Sender<Result<<B as Batch>::Output>>,
);

/// A handle to one or more parallel lanes; accounts are spread over them, one account always uses the same.
pub struct Lane<B: Batch> {
    senders: Vec<mpsc::UnboundedSender<Entry<B>>>,
}

impl<B: Batch> Lane<B> {
    /// Starts `parallel` lanes: 1 on SQLite, which has one writer, more on PostgreSQL.
    pub fn start(db: &Arc<EnvironmentDb>, parallel: usize) -> Self {
        let spawn = |index| {
            // Whoever hands something in waits for the answer, so there is no more in a lane than there are callers.
            let (sender, receiver) = mpsc::unbounded_channel();
            let writer = Writer::Lane(std::any::type_name::<B>(), index);
            tokio::spawn(run::<B>(Arc::clone(db), writer, receiver));
            sender
        };
        Self {
            senders: (0..parallel.max(1)).map(spawn).collect(),
        }
    }

    /// Writes one item; returns when it is stored durably.
    pub async fn submit(&self, item: B::Item) -> Result<B::Output> {
        let hash =
            BuildHasherDefault::<DefaultHasher>::default().hash_one(B::account(&item).as_str());
        let lane = usize::try_from(hash % self.senders.len() as u64).unwrap_or(0);
        let (reply, answer) = oneshot::channel();
        self.senders[lane]
            .send((item, reply))
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl<B: Batch> std::fmt::Debug for Lane<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lane({})", self.senders.len())
    }
}

async fn run<B: Batch>(
    db: Arc<EnvironmentDb>,
    writer: Writer,
    mut receiver: mpsc::UnboundedReceiver<Entry<B>>,
) {
    let mut waiting: Turns<AccountId, Entry<B>> = Turns::default();
    loop {
        if waiting.is_empty() {
            let Some(first) = receiver.recv().await else {
                return;
            };
            waiting.push(B::account(&first.0).clone(), first);
        }
        while let Ok(entry) = receiver.try_recv() {
            waiting.push(B::account(&entry.0).clone(), entry);
        }
        if let Err(error) = write_batch::<B>(&db, &writer, next_batch::<B>(&mut waiting)).await {
            while let Some((_, reply)) = waiting.pop() {
                let _ = reply.send(Err(error.share_unavailable()));
            }
        }
    }
}

fn next_batch<B: Batch>(waiting: &mut Turns<AccountId, Entry<B>>) -> Vec<Entry<B>> {
    let (mut batch, mut weight) = (Vec::new(), 0);
    while batch.len() < MAX_ITEMS
        && weight < MAX_WEIGHT
        && let Some(entry) = waiting.pop()
    {
        weight += B::weight(&entry.0);
        batch.push(entry);
    }
    batch
}

/// Writes the items and answers their callers. Errors: the database is not available.
async fn write_batch<B: Batch>(
    db: &EnvironmentDb,
    writer: &Writer,
    batch: Vec<Entry<B>>,
) -> Result<()> {
    let (items, mut replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let all: Vec<&B::Item> = items.iter().collect();
    match transaction::<B>(db, writer, &all).await {
        Ok(outputs) => {
            for (reply, output) in replies.into_iter().zip(outputs) {
                // A caller that went away does not hear the answer; the write stands.
                let _ = reply.send(Ok(output));
            }
        }
        Err(error) if error.is_unavailable() => {
            for reply in replies {
                let _ = reply.send(Err(error.share_unavailable()));
            }
            return Err(error);
        }
        Err(error) if items.len() == 1 && !error.is_transient() => {
            if let Some(reply) = replies.pop() {
                let _ = reply.send(Err(error));
            }
        }
        Err(error) => {
            tracing::debug!(items = items.len(), %error, "batch failed, writing its items one by one");
            let mut entries = items.iter().zip(replies);
            while let Some((item, reply)) = entries.next() {
                let written = alone::<B>(db, writer, item).await;
                let failed = match &written {
                    Err(error) if error.is_unavailable() => Some(error.share_unavailable()),
                    _ => None,
                };
                let _ = reply.send(written);
                if let Some(error) = failed {
                    for (_, reply) in entries {
                        let _ = reply.send(Err(error.share_unavailable()));
                    }
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

async fn alone<B: Batch>(db: &EnvironmentDb, writer: &Writer, item: &B::Item) -> Result<B::Output> {
    let mut tries = 1;
    loop {
        match transaction::<B>(db, writer, &[item]).await {
            Ok(outputs) => return outputs.into_iter().next().ok_or(StoreError::Closed),
            Err(error) if error.is_transient() && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// One transaction. A panic in a batch is a bug, but it must not end the lane for everybody who comes later.
async fn transaction<B: Batch>(
    db: &EnvironmentDb,
    writer: &Writer,
    items: &[&B::Item],
) -> Result<Vec<B::Output>> {
    let turn = db.writers.pass(writer.clone()).await;
    let written = AssertUnwindSafe(write_and_commit::<B>(db, turn, items)).catch_unwind();
    match tokio::time::timeout(LIMIT, written).await {
        Ok(Ok(written)) => written,
        Ok(Err(_)) => Err(StoreError::Corrupt("a write panicked".to_owned())),
        Err(_) => Err(no_answer().into()),
    }
}

async fn write_and_commit<B: Batch>(
    db: &EnvironmentDb,
    turn: Pass<Writer>,
    items: &[&B::Item],
) -> Result<Vec<B::Output>> {
    let accounts: BTreeSet<&AccountId> = items.iter().map(|item| B::account(item)).collect();
    let locked = accounts.into_iter().filter(|_| B::LOCKS_ACCOUNTS);
    let mut work = UnitOfWork::begin_in(db, turn, locked).await?;
    let outputs = B::write(&mut work, items).await?;
    work.commit().await?;
    Ok(outputs)
}
