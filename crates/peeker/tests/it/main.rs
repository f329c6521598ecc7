//! The binary as a person or a script runs it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "only tests are in here")]

mod commands;
mod data_files;
mod demo;
mod hostile_clients;
mod kill;
mod kill_sender;
mod listen;
mod live;
mod log;
mod profile;
mod serve;
mod server;
mod structure;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The binary with a data folder of its own and nothing of ours in the environment.
fn peeker(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peeker"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PEEKER_")) {
        command.env_remove(name);
    }
    command
        .env("PEEKER_DATA_DIR", folder.join("data"))
        .current_dir(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    peeker(folder).args(arguments).output().unwrap()
}

/// Stdout as JSON, and the exit status.
fn json(folder: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = run(folder, &[arguments, &["--json"]].concat());
    let parsed = serde_json::from_slice(&output.stdout);
    (
        parsed.unwrap_or_else(|error| panic!("{error}: {output:?}")),
        output.status.code(),
    )
}
