//! How many calls a vendor takes in a time, and when the next may be made.
//!
//! A limit is kept by two times, so that it is one row and one statement however many wait. *Theoretical arrival* is the
//! generic cell rate algorithm's: each call moves it on by one interval, and a call may be made while it is no further
//! ahead than the burst. *Tail* is the end of the line: whoever is told to come back is told a time of his own, so that a
//! thousand jobs that wait for one account do not all come back when its window opens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vendor;
use crate::status::stored_enum;

stored_enum! {
    /// What is counted together at a vendor.
    Bucket {
        /// Any call.
        Call = "call",
        /// A call that changes something.
        Write = "write",
        /// Making a zone.
        Zone = "zone",
        /// Writing a picture.
        Picture = "picture",
    }
}

/// What a vendor takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// At most so many in every window of this length.
    Rate { most: u32, window_ms: u32 },
    /// At most so many at the same time.
    AtOnce { most: u32 },
}

/// The limits that a vendor publishes for one of its accounts. Cloudflare's docs, "API limits" and "Zone setup limits";
/// name.com's specification; Google's Directory API quotas; Microsoft Graph's throttling limits; Smartlead's guide names
/// 60 a minute for the smallest plan.
pub const fn limits(vendor: Vendor, bucket: Bucket) -> &'static [Limit] {
    const MINUTE: u32 = 60_000;
    const fn rate(most: u32, window_ms: u32) -> Limit {
        Limit::Rate { most, window_ms }
    }
    match (vendor, bucket) {
        (Vendor::Cloudflare, Bucket::Call) => const { &[rate(1_200, 5 * MINUTE)] },
        (Vendor::Cloudflare, Bucket::Zone) => const { &[rate(25, 10 * MINUTE)] },
        (Vendor::NameCom, Bucket::Call) => const { &[rate(20, 1_000), rate(3_000, 60 * MINUTE)] },
        (Vendor::Google, Bucket::Call) => const { &[rate(2_400, MINUTE)] },
        (Vendor::Microsoft, Bucket::Write) => const { &[rate(3_000, 5 * MINUTE / 2)] },
        (Vendor::Microsoft, Bucket::Picture) => const { &[Limit::AtOnce { most: 4 }] },
        (Vendor::Smartlead, Bucket::Call) => const { &[rate(1, 1_000)] },
        _ => &[],
    }
}

/// Nobody is told to come back later than this; who comes too early is told again.
const LONGEST_LINE_MS: i64 = 24 * 60 * 60 * 1000;

/// Where a rate stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// When the calls so far would all have been made at an even pace, in milliseconds.
    pub arrival_ms: i64,
    /// When the last of those who wait was told to come back, in milliseconds.
    pub tail_ms: i64,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Now,
    /// Not before so many milliseconds have passed.
    After(i64),
}

impl Cursor {
    /// Asks for one call under a rate of `most` in `window_ms`. Half of a window's calls may come at once, so that no
    /// window of that length ever holds more than `most`: the burst, and what has run in since.
    ///
    /// A caller that can wait for `patience_ms` has its call booked already when the wait is no longer than that.
    pub fn ask(self, most: u32, window_ms: u32, patience_ms: i64, now_ms: i64) -> (Self, Turn) {
        let burst = (most / 2).max(1);
        // What runs in during a window must leave room for the burst.
        let even = i64::from((most - burst).max(1));
        let interval = (i64::from(window_ms) + even - 1) / even;
        // A clock that went back must not leave everybody waiting until it has come to where it was.
        let arrival = self
            .arrival_ms
            .clamp(now_ms, now_ms + i64::from(window_ms) + patience_ms.max(0));
        let wait = arrival - interval * i64::from(burst - 1) - now_ms;
        if wait <= patience_ms.max(0) {
            let booked = Self {
                arrival_ms: arrival + interval,
                tail_ms: self.tail_ms,
            };
            let turn = if wait <= 0 {
                Turn::Now
            } else {
                Turn::After(wait)
            };
            return (booked, turn);
        }
        let tail = self.tail_ms.min(now_ms + LONGEST_LINE_MS);
        let tail = tail.max(now_ms + wait - interval) + interval;
        let queued = Self {
            arrival_ms: self.arrival_ms,
            tail_ms: tail,
        };
        (queued, Turn::After(tail - now_ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the arrivals, no window holds more than the vendor takes.
        #[test]
        fn no_window_holds_more_than_the_vendor_takes(
            most in 1_u32..60,
            window_ms in 10_u32..5_000,
            gaps in prop::collection::vec(0_i64..200, 1..400),
        ) {
            let (mut cursor, mut now, mut made) = (Cursor::default(), 0, Vec::new());
            for gap in gaps {
                now += gap;
                let (next, turn) = cursor.ask(most, window_ms, 0, now);
                cursor = next;
                if turn == Turn::Now {
                    made.push(now);
                }
            }
            for (index, start) in made.iter().enumerate() {
                let end = start + i64::from(window_ms);
                let within = made[index..].iter().take_while(|at| **at < end).count();
                prop_assert!(within <= most as usize, "{within} of {most} from {start}");
            }
        }

        /// Whoever is told to come back finds a free place then, however many wait.
        #[test]
        fn each_that_waits_is_told_a_time_of_its_own(waiting in 1_usize..80) {
            let (most, window_ms) = (25, 600_000);
            let mut cursor = Cursor::default();
            while let (next, Turn::Now) = cursor.ask(most, window_ms, 0, 0) {
                cursor = next;
            }
            let mut times = Vec::new();
            for _ in 0..waiting {
                let (next, turn) = cursor.ask(most, window_ms, 0, 0);
                cursor = next;
                let Turn::After(wait) = turn else { panic!("the burst is used up") };
                times.push(wait);
            }
            for at in times {
                let (next, turn) = cursor.ask(most, window_ms, 0, at);
                cursor = next;
                prop_assert_eq!(turn, Turn::Now);
            }
        }
    }

    #[test]
    fn a_patient_caller_has_its_place_booked() {
        let mut cursor = Cursor::default();
        let mut waits = Vec::new();
        for _ in 0..4 {
            let (next, turn) = cursor.ask(2, 1_000, 5_000, 0);
            cursor = next;
            waits.push(turn);
        }
        assert_eq!(
            waits,
            [
                Turn::Now,
                Turn::After(1_000),
                Turn::After(2_000),
                Turn::After(3_000)
            ]
        );
    }
}
