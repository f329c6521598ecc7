//! A read that many ask for at once: callers ask one by one, and whatever was asked during the last query is answered by
//! the next, for many of them together, in turns over the accounts. A worker with dozens of jobs then costs a few queries, not a few for each job.
//!
//! An answer is read after it was asked for, so it is as fresh as a query of one's own. If the query fails, every key is
//! read alone, so only the guilty one gets its error.

use std::future::Future;
use std::sync::Arc;

use peeker_domain::Turns;
use peeker_domain::id::AccountId;
use tokio::sync::{mpsc, oneshot};

use crate::environment::EnvironmentDb;
use crate::error::{Result, StoreError};

/// Most keys in one query.
const MAX_KEYS: usize = 64;

/// What a loader reads.
pub trait Load: Send + Sync + 'static {
    /// What is asked about.
    type Key: Send + Sync + 'static;
    type Found: Send + 'static;

    /// The account that the key is about.
    fn account(key: &Self::Key) -> &AccountId;

    /// Reads all keys with set-based queries; one answer per key, in order.
    fn load(
        db: &EnvironmentDb,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<Vec<Self::Found>>> + Send;
}

type Question<L> = (
    <L as Load>::Key,
    oneshot::Sender<Result<<L as Load>::Found>>,
);

/// A handle to a loader.
pub struct Loader<L: Load> {
    sender: mpsc::UnboundedSender<Question<L>>,
}

impl<L: Load> Loader<L> {
    /// Starts the loader; it ends with its last handle.
    pub fn start(db: &Arc<EnvironmentDb>) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(run::<L>(Arc::clone(db), receiver));
        Self { sender }
    }

    pub async fn ask(&self, key: L::Key) -> Result<L::Found> {
        let (reply, answer) = oneshot::channel();
        self.sender
            .send((key, reply))
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl<L: Load> std::fmt::Debug for Loader<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loader")
    }
}

async fn run<L: Load>(db: Arc<EnvironmentDb>, mut receiver: mpsc::UnboundedReceiver<Question<L>>) {
    let mut waiting: Turns<AccountId, Question<L>> = Turns::default();
    loop {
        if waiting.is_empty() {
            let Some(first) = receiver.recv().await else {
                return;
            };
            waiting.push(L::account(&first.0).clone(), first);
        }
        while let Ok(question) = receiver.try_recv() {
            waiting.push(L::account(&question.0).clone(), question);
        }
        let next = std::iter::from_fn(|| waiting.pop()).take(MAX_KEYS);
        let (keys, replies): (Vec<_>, Vec<_>) = next.unzip();
        match L::load(&db, &keys).await {
            Ok(found) => answer(replies.into_iter().zip(found.into_iter().map(Ok))),
            Err(error) if keys.len() == 1 => answer(replies.into_iter().zip([Err(error)])),
            Err(error) => {
                tracing::debug!(keys = keys.len(), %error, "a query failed, reading its keys one by one");
                for (key, reply) in keys.into_iter().zip(replies) {
                    let found = L::load(&db, &[key]).await;
                    let found = found.and_then(|mut found| found.pop().ok_or(StoreError::Closed));
                    answer([(reply, found)]);
                }
            }
        }
    }
}

/// Hands the answers out; whoever went away does not hear his.
fn answer<T>(answers: impl IntoIterator<Item = (oneshot::Sender<Result<T>>, Result<T>)>) {
    for (reply, found) in answers {
        let _ = reply.send(found);
    }
}
