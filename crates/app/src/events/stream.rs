//! Following the events of an account as they are recorded (docs/adr/0019).
//!
//! A stream is a cursor into the event log, and on request a second one into the log of replays. It looks, sends what
//! is there, and waits to be woken; while it waits it holds no database connection. Being woken only shortens the
//! wait: it also looks by itself, so a call that was lost costs a moment and no event.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use peeker_domain::id::KeyId;
use peeker_domain::{Code, Error, EventType, PartnerStatus, Result};
use peeker_store::events::{self as rows, Event, Heads};
use peeker_store::{EnvironmentDb, partners};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::failure::internal;
use crate::{Actor, App};

/// Streams that one key may have open at once, on one server.
const PER_KEY: usize = 10;
/// Events read at once.
const BATCH: u64 = 100;
/// How often a stream that hears nothing looks for itself.
const POLL: Duration = Duration::from_secs(2);
/// The shortest time between two looks that find nothing: the calls of a busy environment are for all its accounts.
const BREATH: Duration = Duration::from_millis(50);

/// How far a listener is: the last event, and the last replay when it follows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The sequence number of the last event.
    pub sequence: i64,
    /// The number of the last replay; `None` when replays are not followed.
    pub replay: Option<i64>,
}

/// `42`, or `42.7` where replays are followed.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.replay {
            Some(replay) => write!(f, "{}.{replay}", self.sequence),
            None => write!(f, "{}", self.sequence),
        }
    }
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the id of an event of this stream, such as 42 or 42.7")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = plain.then(|| digits.parse().ok()).flatten();
            number.ok_or(InvalidCursor)
        };
        let (sequence, replay) = match text.split_once('.') {
            Some((sequence, replay)) => (sequence, Some(number(replay)?)),
            None => (text, None),
        };
        Ok(Self {
            sequence: number(sequence)?,
            replay,
        })
    }
}

/// What a listener asks for.
#[derive(Debug, Clone)]
pub struct StreamRequest {
    /// Where it goes on; `None` for what comes from now on.
    pub after: Option<Cursor>,
    /// The parameter or header that says so, for an error about it.
    pub named_in: &'static str,
    /// Only these types; `None` for all.
    pub types: Option<BTreeSet<EventType>>,
    /// Whether it hears replays too.
    pub replays: bool,
    /// Whether it goes on when everything that is there has been sent.
    pub follow: bool,
}

/// A piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The first one: where the stream starts.
    Opened(Cursor),
    /// An event, and how far the listener is once it has it.
    Event(Cursor, Event),
    /// Nothing happened for a while. The cursor has moved when events of other types went by.
    Heartbeat(Cursor),
}

/// The streams of this server.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Arc<Mutex<HashMap<KeyId, usize>>>,
    ending: CancellationToken,
}

/// One of the permits that a key has.
#[derive(Debug)]
struct StreamPermit {
    open: Arc<Mutex<HashMap<KeyId, usize>>>,
    key: KeyId,
}

impl Streams {
    fn enter(&self, key: &KeyId) -> Option<StreamPermit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key.clone()).or_default();
        if *count >= PER_KEY {
            return None;
        }
        *count += 1;
        metrics::gauge!("event_streams_open").increment(1);
        Some(StreamPermit {
            open: Arc::clone(&self.open),
            key: key.clone(),
        })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
        metrics::gauge!("event_streams_open").decrement(1);
    }
}

impl App {
    /// Ends every event stream, now and later ones: a server that is to stop waits for the answers under way.
    pub fn end_streams(&self) {
        self.0.streams.ending.cancel();
    }
}

pub struct EventStream {
    app: App,
    actor: Actor,
    types: Option<BTreeSet<EventType>>,
    follow: bool,
    /// How far the log was read.
    cursor: Cursor,
    ready: VecDeque<Frame>,
    recorded: watch::Receiver<()>,
    next_beat: Instant,
    looked_at: Instant,
    _permit: StreamPermit,
}

impl EventStream {
    /// Opens a stream. Errors: `rate_limited` when the key has too many open; `invalid_request` when it should start after an
    /// event or a replay that never was: it would be silent until there are so many.
    pub async fn open(app: &App, actor: &Actor, request: StreamRequest) -> Result<Self> {
        let StreamRequest {
            after,
            named_in,
            types,
            replays,
            follow,
        } = request;
        let permit = app.0.streams.enter(&actor.key).ok_or_else(too_many)?;
        let db = &app.environment(actor.environment).db;
        // Before the look at where the log stands, so that nothing falls between the two.
        let recorded = db.watch_events();
        let heads = rows::heads(db, &actor.account)
            .await
            .map_err(internal("read where an event log stands"))?;
        if let Some(after) = after {
            must_have_been(after, heads, named_in)?;
        }
        let replay = after.and_then(|after| after.replay).unwrap_or(heads.replay);
        let cursor = Cursor {
            sequence: after.map_or(heads.sequence, |after| after.sequence),
            replay: replays.then_some(replay),
        };
        let now = Instant::now();
        Ok(Self {
            app: app.clone(),
            actor: actor.clone(),
            types,
            follow,
            cursor,
            ready: VecDeque::from([Frame::Opened(cursor)]),
            recorded,
            next_beat: now + app.settings().stream_heartbeat,
            looked_at: now,
            _permit: permit,
        })
    }

    /// The next piece, as soon as there is one. `None` ends the stream: the server is to stop, the key may not be used any more,
    /// everything was sent and the listener does not follow, or the database does not answer. The listener comes
    /// again with the last id it has.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if self.app.0.streams.ending.is_cancelled() {
                return None;
            }
            if Instant::now() >= self.next_beat {
                self.beat().await.ok()?;
            }
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            self.recorded.mark_unchanged();
            match self.look().await {
                Ok(true) => {}
                Ok(false) if self.follow => self.wait().await,
                Ok(false) => return None,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "An event stream ends early");
                    return None;
                }
            }
        }
    }

    /// Says that the stream is alive, if its key still is.
    async fn beat(&mut self) -> Result<(), Ended> {
        self.next_beat = Instant::now() + self.app.settings().stream_heartbeat;
        let control = &self.app.0.store.control;
        let key = partners::find_key(control, &self.actor.account, &self.actor.key).await;
        match key {
            Ok(Some((key, PartnerStatus::Active))) if key.revoked_at.is_none() => {}
            Ok(_) => return Err(Ended),
            Err(error) => {
                tracing::warn!(%error, "An event stream ends, since its key cannot be checked");
                return Err(Ended);
            }
        }
        if self.ready.is_empty() {
            self.ready.push_back(Frame::Heartbeat(self.cursor));
        }
        Ok(())
    }

    fn db(&self) -> &EnvironmentDb {
        &self.app.environment(self.actor.environment).db
    }

    /// Reads what is there after the cursor. Gives back whether there was anything.
    async fn look(&mut self) -> Result<bool> {
        self.looked_at = Instant::now();
        let account = self.actor.account.clone();
        let heads = rows::heads(self.db(), &account)
            .await
            .map_err(internal("read where an event log stands"))?;
        let mut found = false;
        if heads.sequence > self.cursor.sequence {
            let events = rows::list_after(self.db(), &account, self.cursor.sequence, BATCH)
                .await
                .map_err(internal("read events"))?;
            for event in events {
                found = true;
                self.cursor.sequence = event.sequence;
                self.pass_on(event);
            }
        }
        if let Some(number) = self.cursor.replay
            && heads.replay > number
        {
            let replays = rows::list_replays_after(self.db(), &account, number, BATCH)
                .await
                .map_err(internal("read replays"))?;
            for (number, event) in replays {
                found = true;
                self.cursor.replay = Some(number);
                self.pass_on(event);
            }
        }
        Ok(found)
    }

    fn pass_on(&mut self, event: Event) {
        let types = self.types.as_ref();
        let wanted = types.is_none_or(|types| types.contains(&event.kind));
        if wanted {
            self.ready.push_back(Frame::Event(self.cursor, event));
        }
    }

    /// Waits until somebody tells of an event, or it is time to look or to beat.
    async fn wait(&mut self) {
        let look_at = (self.looked_at + POLL).min(self.next_beat);
        let ending = self.app.0.streams.ending.clone();
        tokio::select! {
            () = ending.cancelled() => return,
            () = sleep_until(look_at) => return,
            // The sender lives as long as the app that this stream holds.
            _ = self.recorded.changed() => {}
        }
        tokio::select! {
            () = ending.cancelled() => {}
            () = sleep_until(self.looked_at + BREATH) => {}
        }
    }
}

fn must_have_been(after: Cursor, heads: Heads, named_in: &str) -> Result<()> {
    let is_ahead =
        after.sequence > heads.sequence || after.replay.is_some_and(|replay| replay > heads.replay);
    if !is_ahead {
        return Ok(());
    }
    let last = Cursor {
        sequence: heads.sequence,
        replay: after.replay.map(|_| heads.replay),
    };
    let message = format!("{named_in} must not be later than the last event, which is {last}");
    Err(Error::invalid(named_in, message))
}

/// The stream is over, for a reason that was logged or is the key's.
struct Ended;

fn too_many() -> Error {
    let message = format!("This key has {PER_KEY} event streams open; end one of them first");
    Error::new(Code::RateLimited, message)
        .with_detail("retry_after_seconds", 1)
        .with_detail("reason", "too_many_streams")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_nothing_else_does() {
        for text in ["0", "42", "42.7"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "-1",
            "+1",
            "4.",
            ".7",
            "4.7.1",
            "x",
            "99999999999999999999",
        ] {
            assert_eq!(bad.parse::<Cursor>(), Err(InvalidCursor), "{bad}");
        }
    }
}
