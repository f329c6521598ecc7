//! Tokens per key and rolling minute (contract §1): a request is counted as one when it comes, and anew when it turns out
//! to be the work of many.
//!
//! With SQLite there is one server, and counting in memory is exact. Several servers on one PostgreSQL share the
//! count in its database: a server may let a small share of the limit through on its own word and reports it with its
//! next question, so most requests cost no round trip and the sum stays within one per cent for two servers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use peeker_domain::Timestamp;
use peeker_domain::id::KeyId;
use peeker_store::rate::{WINDOW_SECONDS, report_and_ask, room_at};
use peeker_store::{Pools, StoreError};

use crate::Quota;

/// The share of the limit that a server grants between two questions to the database: 3 of 600.
const SHARE_OF_LIMIT: u32 = 200;
/// Keys that are kept before idle ones are dropped.
const MAX_KEYS: usize = 10_000;

pub(crate) struct RateLimiter {
    shared: Option<Pools>,
    windows: Mutex<HashMap<KeyId, Arc<tokio::sync::Mutex<Window>>>>,
    last_uses: Mutex<HashMap<KeyId, i64>>,
}

/// What one server knows of one key.
#[derive(Default)]
struct Window {
    /// (second, tokens) that this server gave out, oldest first.
    own: VecDeque<(i64, u32)>,
    /// Tokens of all servers when the database was last asked.
    used_elsewhere: u32,
    /// Tokens given out since, by second; less than none where some were taken back.
    unreported: Vec<(i64, i32)>,
    /// Tokens that may be given out before the database has to be asked again.
    allowance: u32,
}

impl RateLimiter {
    pub fn new(control: &Pools) -> Self {
        let shared = (!control.is_sqlite()).then(|| control.clone());
        Self {
            shared,
            windows: Mutex::default(),
            last_uses: Mutex::default(),
        }
    }

    /// Counts one request, if it fits.
    pub async fn count(
        &self,
        key: &KeyId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Quota, StoreError> {
        let window = self.window(key, now.as_seconds());
        let mut window = window.lock().await;
        self.take(&mut window, key, 1, limit, now).await
    }

    /// Counts a request as `tokens` that was counted as one at `counted_at`, if they fit. If not, it is not counted at all.
    pub async fn recount(
        &self,
        key: &KeyId,
        counted_at: Timestamp,
        tokens: u32,
        limit: u32,
        now: Timestamp,
    ) -> Result<Quota, StoreError> {
        let window = self.window(key, now.as_seconds());
        let mut window = window.lock().await;
        window.take_back(counted_at.as_seconds(), self.shared.is_some());
        self.take(&mut window, key, tokens, limit, now).await
    }

    async fn take(
        &self,
        window: &mut Window,
        key: &KeyId,
        tokens: u32,
        limit: u32,
        now: Timestamp,
    ) -> Result<Quota, StoreError> {
        let second = now.as_seconds();
        window.forget_all_but(second);
        let Some(control) = &self.shared else {
            return Ok(window.grant_alone(tokens, limit, now));
        };
        if window.may_grant(tokens, limit) {
            window.allowance -= tokens;
            add(&mut window.own, second, tokens);
            window.report_later(second, i32::try_from(tokens).unwrap_or(i32::MAX));
            let used = window.used_by_all();
            return Ok(window.quota(limit, used, now));
        }
        let reported = &window.unreported;
        let answer = report_and_ask(control, key, reported, second, tokens, limit).await?;
        window.unreported.clear();
        window.used_elsewhere = answer.used;
        let left = limit.saturating_sub(answer.used);
        window.allowance = (limit / SHARE_OF_LIMIT).min(left);
        if let Some(room_at) = answer.room_at {
            window.allowance = 0;
            return Ok(refusal(limit, answer.used, room_at, now));
        }
        add(&mut window.own, second, tokens);
        Ok(window.quota(limit, answer.used, now))
    }

    fn window(&self, key: &KeyId, second: i64) -> Arc<tokio::sync::Mutex<Window>> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= windows.capacity() && windows.len() >= MAX_KEYS {
            // Before the map grows. Only windows that nobody holds, in which nothing counts any more, can go.
            windows.retain(|_, window| {
                let idle = |mut window: tokio::sync::MutexGuard<'_, Window>| {
                    window.forget_all_but(second);
                    window.own.is_empty() && window.unreported.is_empty()
                };
                Arc::strong_count(window) > 1 || !window.try_lock().is_ok_and(idle)
            });
        }
        Arc::clone(windows.entry(key.clone()).or_default())
    }

    /// Whether the key was not seen before in this minute, by this server.
    pub fn is_first_use_in_minute(&self, key: &KeyId, now: Timestamp) -> bool {
        let minute = now.as_seconds().div_euclid(60);
        let mut last_uses = self
            .last_uses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_uses.len() > MAX_KEYS {
            last_uses.retain(|_, last| *last == minute);
        }
        last_uses.insert(key.clone(), minute) != Some(minute)
    }
}

impl Window {
    /// Forgets what is outside of the window that ends now: what is over, and what a clock counted that was ahead, or the
    /// key would have to wait until the time is there again.
    fn forget_all_but(&mut self, second: i64) {
        let begin = second - WINDOW_SECONDS;
        while self.own.front().is_some_and(|(at, _)| *at <= begin) {
            self.own.pop_front();
        }
        while self.own.back().is_some_and(|(at, _)| *at > second) {
            self.own.pop_back();
        }
    }

    /// Counts tokens where no other server does, if they fit.
    fn grant_alone(&mut self, tokens: u32, limit: u32, now: Timestamp) -> Quota {
        let used: u32 = self.own.iter().map(|(_, tokens)| tokens).sum();
        if used.saturating_add(tokens) > limit {
            let room_at = room_at(self.own.make_contiguous(), tokens, limit);
            return refusal(limit, used, room_at, now);
        }
        add(&mut self.own, now.as_seconds(), tokens);
        self.quota(limit, used + tokens, now)
    }

    /// Tokens of all servers, as far as this one knows.
    fn used_by_all(&self) -> u32 {
        let unreported = self.unreported.iter().map(|(_, tokens)| tokens).sum();
        self.used_elsewhere.saturating_add_signed(unreported)
    }

    /// Whether this server may decide on its own: its share is not used up, and it does not believe that the limit is
    /// reached, which time or another server may have changed.
    fn may_grant(&self, tokens: u32, limit: u32) -> bool {
        self.allowance >= tokens && self.used_by_all().saturating_add(tokens) <= limit
    }

    /// Takes back one token that was given out in that second.
    fn take_back(&mut self, second: i64, is_shared: bool) {
        let given = self.own.iter_mut().find(|(at, _)| *at == second);
        // Gone when it has left the window meanwhile.
        let Some((_, tokens)) = given else { return };
        *tokens -= 1;
        self.own.retain(|(_, tokens)| *tokens > 0);
        if is_shared {
            self.report_later(second, -1);
        }
    }

    fn report_later(&mut self, second: i64, tokens: i32) {
        match self.unreported.iter_mut().find(|(at, _)| *at == second) {
            Some((_, sum)) => *sum += tokens,
            None => self.unreported.push((second, tokens)),
        }
    }

    /// What is left of the limit after a request that was granted.
    fn quota(&self, limit: u32, used: u32, now: Timestamp) -> Quota {
        let second = now.as_seconds();
        let oldest = self.own.front().map_or(second, |(at, _)| *at);
        Quota {
            granted: true,
            ..refusal(limit, used, oldest + WINDOW_SECONDS, now)
        }
    }
}

fn refusal(limit: u32, used: u32, room_at: i64, now: Timestamp) -> Quota {
    let wait = (room_at - now.as_seconds()).clamp(1, WINDOW_SECONDS);
    Quota {
        granted: false,
        limit,
        remaining: limit.saturating_sub(used),
        reset_seconds: u32::try_from(wait).unwrap_or(1),
        counted_at: now,
    }
}

fn add(counts: &mut VecDeque<(i64, u32)>, second: i64, tokens: u32) {
    match counts.back_mut() {
        Some((at, sum)) if *at == second => *sum += tokens,
        _ => counts.push_back((second, tokens)),
    }
}
