//! The peeker binary: command line, configuration, telemetry, wiring.

mod cli;
mod config;
mod demo;
mod failure;
mod global_options;
mod installation;
mod listen;
mod metrics;
mod output;
mod partner_api;
mod profile;
mod serve;
mod telemetry;
mod trigger;

use std::process::ExitCode;

/// Many small allocations on many threads are what a JSON server does; this allocator is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
