//! Requests per key and rolling minute (contract §1).
//!
//! With SQLite there is one server, and counting in memory is exact. Several servers on one PostgreSQL share the
//! count in its database: a server may let a small share of the limit through on its own word and reports it with its
//! next question, so most requests cost no round trip and the sum stays within one per cent for two servers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use peeker_domain::Timestamp;
use peeker_domain::id::KeyId;
use peeker_store::rate::{WINDOW_SECONDS, report_and_ask};
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
    /// (second, requests) that this server let through, oldest first.
    own: VecDeque<(i64, u32)>,
    /// Requests of all servers when the database was last asked.
    used_elsewhere: u32,
    /// Requests let through since, by second.
    unreported: Vec<(i64, u32)>,
    /// Requests that may be let through before the database has to be asked again.
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
        let second = now.as_seconds();
        let window = self.window(key, second);
        let mut window = window.lock().await;
        window.forget_before(second - WINDOW_SECONDS);
        let used = match &self.shared {
            None => window.own.iter().map(|(_, requests)| requests).sum(),
            Some(control) if window.must_ask(limit) => {
                let answer =
                    report_and_ask(control, key, &window.unreported, second, limit).await?;
                window.unreported.clear();
                window.used_elsewhere = answer.used - u32::from(answer.granted);
                let left = limit.saturating_sub(answer.used);
                window.allowance = if answer.granted {
                    (limit / SHARE_OF_LIMIT).min(left)
                } else {
                    0
                };
                if answer.granted {
                    add(&mut window.own, second);
                    window.used_elsewhere += 1;
                }
                return Ok(window.quota(answer.granted, limit, answer.used, second));
            }
            Some(_) => window.used_by_all(),
        };
        let granted = used < limit;
        if granted {
            add(&mut window.own, second);
            if self.shared.is_some() {
                window.allowance -= 1;
                window.report_later(second);
            }
        }
        Ok(window.quota(granted, limit, used + u32::from(granted), second))
    }

    fn window(&self, key: &KeyId, second: i64) -> Arc<tokio::sync::Mutex<Window>> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= windows.capacity() && windows.len() >= MAX_KEYS {
            // Before the map grows. Only windows that nobody holds, in which nothing counts any more, can go.
            windows.retain(|_, window| {
                let idle = |mut window: tokio::sync::MutexGuard<'_, Window>| {
                    window.forget_before(second - WINDOW_SECONDS);
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
    fn forget_before(&mut self, second: i64) {
        while self.own.front().is_some_and(|(at, _)| *at <= second) {
            self.own.pop_front();
        }
    }

    /// Requests of all servers, as far as this one knows.
    fn used_by_all(&self) -> u32 {
        self.used_elsewhere
            + self
                .unreported
                .iter()
                .map(|(_, requests)| requests)
                .sum::<u32>()
    }

    /// Whether this server may not decide on its own: its share is used up, or it believes that the limit is reached,
    /// which time or another server may have changed.
    fn must_ask(&self, limit: u32) -> bool {
        self.allowance == 0 || self.used_by_all() >= limit
    }

    fn report_later(&mut self, second: i64) {
        match self.unreported.last_mut() {
            Some((at, requests)) if *at == second => *requests += 1,
            _ => self.unreported.push((second, 1)),
        }
    }

    fn quota(&self, granted: bool, limit: u32, used: u32, second: i64) -> Quota {
        // A server that only sees refusals waits a second and asks again: others may hold the window.
        let oldest = self
            .own
            .front()
            .map_or(second - WINDOW_SECONDS + 1, |(at, _)| *at);
        let reset = (oldest + WINDOW_SECONDS - second).clamp(1, WINDOW_SECONDS);
        Quota {
            granted,
            limit,
            remaining: limit.saturating_sub(used),
            reset_seconds: u32::try_from(reset).unwrap_or(1),
        }
    }
}

fn add(counts: &mut VecDeque<(i64, u32)>, second: i64) {
    match counts.back_mut() {
        Some((at, requests)) if *at == second => *requests += 1,
        _ => counts.push_back((second, 1)),
    }
}
