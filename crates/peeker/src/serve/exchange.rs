//! Who has to do something next on a connection: the server or its client.
//!
//! A time limit on a client must not run while it is the server that takes its time, and a server that is to stop must
//! not wait for clients that do nothing. So every exchange, a request with its answer, notes whose turn it is. The bodies
//! in both directions are wrapped for that, since only they know.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::limits::Patience;

/// How long a client that is to leave may take over its part: the end of its request, the next piece of its answer.
pub(super) const LEAVE: Duration = Duration::from_secs(1);
/// Most of an answer that is handed over at once, in bytes. What is handed over is out of our hands, and an HTTP/2 client
/// that opens its window by one byte gets the whole piece queued.
const PIECE: usize = 32 * 1024;

tokio::task_local! {
    /// Since when the client of this HTTP/2 stream leaves lie what it was offered. Every stream is a task of its own.
    static OFFERED_SINCE: Cell<Option<Instant>>;
}

/// What is under way on one connection.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    has_begun: bool,
    exchanges: usize,
    /// The exchanges in which the server has to do something.
    ours: usize,
    /// When an exchange last went on or, while there is none, when its last byte was taken.
    changed: Instant,
    /// Since when a write waits for the client.
    waits_since: Option<Instant>,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            has_begun: false,
            exchanges: 0,
            ours: 0,
            changed: Instant::now(),
            waits_since: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the client is late with, should it have to leave now; `None` when it has only been idle.
    pub(super) fn late_with(&self) -> Option<&'static str> {
        let state = self.state();
        if state.waits_since.is_some() {
            Some("stalled")
        } else {
            (!state.has_begun).then_some("silent")
        }
    }

    /// When the client must have done something. `leaving` tells since when the connection is to end.
    /// `None` while the server has to do something, and while an HTTP/2 stream is taken, which has a limit of its own.
    pub(super) fn deadline(&self, patience: Patience, leaving: Option<Instant>) -> Option<Instant> {
        let state = self.state();
        if let Some(leaving) = leaving {
            let since = match state.waits_since {
                Some(since) => Some(since),
                None => (state.ours == 0).then_some(state.changed),
            };
            return since.map(|since| since.max(leaving) + LEAVE);
        }
        if let Some(since) = state.waits_since {
            return Some(since + patience.stall);
        }
        let limit = if state.has_begun {
            patience.idle
        } else {
            patience.head
        };
        (state.exchanges == 0).then(|| state.changed + limit)
    }

    /// Whether a write waits for the client to take what is there.
    pub(super) fn write_waits(&self, waits: bool) {
        let mut state = self.state();
        let now = Instant::now();
        state.waits_since = waits.then_some(now);
        if state.exchanges == 0 && state.has_begun {
            state.changed = now;
        }
    }

    /// The head of a request has come, and with `is_whole` nothing else belongs to it.
    pub(super) fn begin(self: &Arc<Self>, is_whole: bool) -> Arc<Exchange> {
        let mut state = self.state();
        state.has_begun = true;
        state.exchanges += 1;
        state.ours += usize::from(is_whole);
        state.changed = Instant::now();
        let turn = if is_whole { Turn::Ours } else { Turn::Sends };
        Arc::new(Exchange {
            activity: Arc::clone(self),
            turn: Mutex::new(turn),
        })
    }
}

/// Whose turn it is in an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The client sends the body of its request.
    Sends,
    Ours,
    /// The client takes what was offered of the answer.
    Takes,
}

/// A request and its answer. Dropped when both are done with.
#[derive(Debug)]
pub(super) struct Exchange {
    activity: Arc<Activity>,
    turn: Mutex<Turn>,
}

impl Exchange {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, turn: &mut Turn, to: Turn) {
        let was_ours = *turn == Turn::Ours;
        *turn = to;
        let mut state = self.activity.state();
        state.ours = state.ours + usize::from(to == Turn::Ours) - usize::from(was_ours);
        state.changed = Instant::now();
        let offered = (to == Turn::Takes).then_some(state.changed);
        // HTTP/1 has no streams: there the client does not read its connection, which the connection sees.
        let _ = OFFERED_SINCE.try_with(|since| since.set(offered));
    }

    /// The request has come in, or its rest is not wanted.
    fn received(&self) {
        let mut turn = self.turn();
        if *turn == Turn::Sends {
            self.pass(&mut turn, Turn::Ours);
        }
    }

    /// A piece of the answer is there for the client.
    fn offer(&self) {
        self.pass(&mut self.turn(), Turn::Takes);
    }

    /// The client has taken all there is, and more is to come.
    fn prepare(&self) {
        let mut turn = self.turn();
        if *turn != Turn::Ours {
            self.pass(&mut turn, Turn::Ours);
        }
    }

    /// The answer to the request of this exchange.
    pub(super) fn answer(self: Arc<Self>, body: Body) -> Answer {
        self.offer();
        Answer {
            body,
            rest: Bytes::new(),
            exchange: self,
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let was_ours = *self.turn() == Turn::Ours;
        let mut state = self.activity.state();
        state.exchanges -= 1;
        state.ours -= usize::from(was_ours);
        state.changed = Instant::now();
    }
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct Received<B = Incoming> {
    pub(super) body: B,
    pub(super) exchange: Arc<Exchange>,
}

impl<B: HttpBody + Unpin> HttpBody for Received<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.exchange.received();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Received<B> {
    fn drop(&mut self) {
        self.exchange.received();
    }
}

/// The body of an answer, offered piece by piece.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    /// What is left of the frame that is being handed over.
    rest: Bytes,
    exchange: Arc<Exchange>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.rest.is_empty() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
                self.exchange.prepare();
                return Poll::Pending;
            };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => {
                    self.exchange.offer();
                    return Poll::Ready(Some(Ok(other)));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        self.exchange.offer();
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.size_hint();
        let rest = self.rest.len() as u64;
        let mut whole = SizeHint::new();
        if let Some(upper) = body.upper() {
            whole.set_upper(upper + rest);
        }
        whole.set_lower(body.lower() + rest);
        whole
    }
}

/// Runs the task of an HTTP/2 stream until it is done, or until its client has left lie for `stall` what it was offered.
/// Gives back whether it is done.
pub(super) async fn run_stream(stream: impl Future<Output = ()>, stall: Duration) -> bool {
    let mut stream = std::pin::pin!(stream);
    let mut alarm = std::pin::pin!(tokio::time::sleep(stall));
    let taken = std::future::poll_fn(|context| {
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        let Some(since) = OFFERED_SINCE.with(Cell::get) else {
            return Poll::Pending;
        };
        let deadline = since + stall;
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(context).map(|()| false)
    });
    OFFERED_SINCE.scope(Cell::default(), taken).await
}
