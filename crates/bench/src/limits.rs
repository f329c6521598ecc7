//! What this machine can do at best: the denominators of all ratios.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::load::{Run, Target, run};

/// How long the disk is measured.
const DISK_TIME: Duration = Duration::from_secs(1);

/// Durable writes per second: 4 KiB appended and synced, one after the other. One transaction cannot be faster.
pub fn durable_writes(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join(format!(".peeker-bench-{}", std::process::id()));
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let block = [0x5a; 4096];
    let start = Instant::now();
    let mut writes = 0_u32;
    while start.elapsed() < DISK_TIME {
        file.write_all(&block)?;
        file.sync_data()?;
        writes += 1;
    }
    let elapsed = start.elapsed();
    std::fs::remove_file(&path)?;
    Ok(f64::from(writes) / elapsed.as_secs_f64())
}

/// Requests per second that do nothing but answer: HTTP, client included, cannot be faster.
pub async fn empty_requests(target: &Target, clients: usize) -> Result<Run, String> {
    run(20_000, clients, |_| target.touch("/healthz")).await
}
