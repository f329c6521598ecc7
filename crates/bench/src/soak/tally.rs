//! What was answered, and what of it was not true.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::load::Answer;

/// Faults of one kind that are shown; there may be many, of one cause.
const SHOWN: usize = 20;

/// Counts of everything that happened.
#[derive(Debug, Default)]
pub struct Tally {
    /// Orders that were answered with 200 for the first time.
    pub orders: AtomicU64,
    /// Orders that were looked for after a restart and found.
    pub found: AtomicU64,
    /// Reads that were answered.
    pub reads: AtomicU64,
    /// Imports that were accepted.
    pub imports: AtomicU64,
    /// Swaps that were accepted.
    pub swaps: AtomicU64,
    /// Events in the logs at the end.
    pub events: AtomicU64,
    refused: AtomicU64,
    limited: AtomicU64,
    unanswered: AtomicU64,
    faults: Mutex<Vec<String>>,
}

/// Counts one.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Tally {
    /// Counts an answer. Gives back the body of a good one; anything but a good one, 503 and 429 is a fault.
    pub fn meet(&self, what: &str, answer: Option<Answer>) -> Option<Value> {
        match answer {
            None => count(&self.unanswered),
            Some(Answer {
                status: 200..=202,
                body,
            }) => return Some(body),
            Some(Answer { status: 503, .. }) => count(&self.refused),
            Some(Answer { status: 429, .. }) => count(&self.limited),
            Some(Answer { status, body }) => self.fault(format!("{what}: {status} {body}")),
        }
        None
    }

    /// Notes that something is not as it was answered.
    pub fn fault(&self, fault: String) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(fault);
    }

    /// Prints the figures, one a line.
    pub fn print(&self, load_seconds: u64, settle_seconds: u64) {
        println!("load, seconds                       {load_seconds}");
        for (name, counter) in [
            ("orders answered 200", &self.orders),
            ("  found again after a restart", &self.found),
            ("imports accepted", &self.imports),
            ("swaps accepted", &self.swaps),
            ("reads answered", &self.reads),
            ("requests refused with 503", &self.refused),
            ("requests refused with 429", &self.limited),
            ("requests without an answer", &self.unanswered),
            ("events in the logs", &self.events),
        ] {
            println!("{name:<35} {}", counter.load(Ordering::Relaxed));
        }
        println!("all done after the last start, s    {settle_seconds}");
    }

    /// An error when there were faults; they go to standard error.
    pub fn verdict(&self) -> Result<(), String> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        println!("lost or wrong                       {}", faults.len());
        for fault in faults.iter().take(SHOWN) {
            eprintln!("  {fault}");
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "{} things are not as they were answered",
                faults.len()
            ))
        }
    }
}
