//! `peeker demo`: flags of the demonstration; the show itself is in `demo/`.

use std::net::SocketAddr;

use clap::Args;

use super::serve::parse_address;
use crate::demo::{self, Stage};
use crate::failure::{Failure, Result};
use crate::global_options::Global;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  peeker demo           Stays up afterwards, with a key to go on with
  peeker demo --exit    Ends when the order is completed; exit status 0 if everything was as it should be
  peeker demo --live    The same with a live key, at vendors that speak as the real ones do

Data is kept in a temporary folder that is removed at the end, unless --data-dir names one.";

/// Flags of `demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// End when the order is completed and all its webhooks are verified
    #[arg(long)]
    exit: bool,

    /// A live order over the vendors' wire formats, at vendors that run beside the server; then a swap and a cancellation
    #[arg(long)]
    live: bool,

    /// Where the API listens; a loopback address [default: a free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    listen: Option<SocketAddr>,
}

/// Runs the demonstration.
pub async fn run(global: &Global, arguments: Arguments, output: Output) -> Result<()> {
    let Arguments { exit, live, listen } = arguments;
    let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    if !listen.ip().is_loopback() {
        return Err(Failure::configuration(format!(
            "The demo is for this machine only and cannot listen on {listen}. For others to reach it: peeker serve --help"
        )));
    }
    let data_dir = global.data_dir.clone().filter(|_| global.data_dir_is_flag);
    let stage = Stage {
        exit,
        listen,
        data_dir,
        config_file: global.config.clone(),
    };
    if live {
        demo::live::run(stage, output).await
    } else {
        demo::run(stage, output).await
    }
}
