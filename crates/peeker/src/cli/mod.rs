//! The command line: what can be typed, and which file answers it.

mod action;
mod demo;
mod doctor;
mod job;
mod key;
mod listen;
mod migrate;
mod openapi;
mod order;
mod partner;
mod profile;
mod provider;
pub mod serve;
mod trigger;
mod user;
mod wallet;
mod webhook;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::failure::{Failure, Result};
use crate::global_options::Global;
use crate::output::Output;
use crate::telemetry;

const EXAMPLES: &str = "\
First steps:
  peeker demo                                      See an order complete, end to end
  peeker serve                                     Start a server at http://127.0.0.1:8080
  peeker partner create --name \"Acme Resellers\"    Make a partner and its keys
  peeker listen --forward-to http://localhost:3000/hook    Get webhooks on this machine
  peeker doctor                                    See whether everything is in order

Environment:
  PEEKER_API_KEY       The test key that listen and trigger use
  PEEKER_MASTER_KEY    32 random bytes in hexadecimal or base64; what is secret is sealed under it
  PEEKER_LOG           What is logged to stderr, such as info or info,peeker_api=debug
  PEEKER_LOG_FORMAT    text or json; by default text on a terminal, else json
  NO_COLOR             Any value turns colours off";

/// Domains and inboxes for cold e-mail, ordered over HTTP, with signed webhooks
#[derive(Debug, Parser)]
#[command(name = "peeker", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: the API, the workers, or both
    Serve(serve::Arguments),
    /// Start a server, place an order, watch it complete and verify its webhooks
    Demo(demo::Arguments),
    /// Partners: make one, list them, change, suspend, resume or close one
    #[command(subcommand)]
    Partner(partner::Command),
    /// API keys: make one, list them, revoke one
    #[command(subcommand)]
    Key(key::Command),
    /// Where a partner's webhooks go
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Forward a test key's events to a receiver on this machine, signed
    Listen(listen::Arguments),
    /// Make an event of a type happen in the sandbox
    Trigger(trigger::Arguments),
    /// Wallets: book payments, debits and corrections, show one, verify all
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Customers of partners: restore a deleted one
    #[command(subcommand)]
    User(user::Command),
    /// Orders: end one at once
    #[command(subcommand)]
    Order(order::Command),
    /// Pending actions: resolve one that does not end by itself
    #[command(subcommand)]
    Action(action::Command),
    /// Work that failed on our side: list it, try it again
    #[command(subcommand)]
    Job(job::Command),
    /// Accounts at vendors for live orders: add, check, pause, rotate; tasks; what they were paid
    #[command(subcommand)]
    Provider(provider::Command),
    /// Bring the databases to this version's schema
    Migrate(migrate::Arguments),
    /// Print the OpenAPI 3.1 document of the API
    Openapi(openapi::Arguments),
    /// How strict this installation is: show it, change it
    #[command(subcommand)]
    Profile(profile::Command),
    /// Check configuration, databases, keys, clock and providers, and say what to do
    Doctor(doctor::Arguments),
}

/// Reads the command line and runs what it asks for. Exit status 0, 1 on failure, 2 when the command line is wrong.
pub fn main() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let output = Output::new(cli.global.json);
    match run(cli, output) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// The commands that know no installation: a server's address, or nothing, is all they go by.
const WITHOUT_INSTALLATION: [&str; 3] = ["listen", "trigger", "openapi"];

/// What can be typed. Where an option of every command has no meaning, help is silent about it.
fn command() -> clap::Command {
    let command = Cli::command();
    let of_installation: Vec<_> = command
        .get_arguments()
        .filter(|option| option.is_global_set() && option.get_id() != "json")
        .map(|option| option.clone().hide(true))
        .collect();
    command.mut_subcommands(|one| {
        if WITHOUT_INSTALLATION.contains(&one.get_name()) {
            one.args(&of_installation)
        } else {
            one
        }
    })
}

fn parse() -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches()?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let is_flag = |option| matches.value_source(option) == Some(ValueSource::CommandLine);
    cli.global.data_dir_is_flag = is_flag("data_dir");
    let database_url = cli.global.database_url.as_ref();
    if is_flag("database_url") && database_url.is_some_and(holds_password) {
        let message = "--database-url must not hold a password: every user of this machine can read it in the list of \
                       processes. Give the URL in PEEKER_DATABASE_URL";
        return Err(Cli::command().error(ErrorKind::ValueValidation, message));
    }
    Ok(cli)
}

fn holds_password(url: &SecretString) -> bool {
    Url::parse(url.expose_secret()).is_ok_and(|url| {
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
    })
}

/// Help and version are answers; everything else is a wrong command line.
fn refuse(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && wants_json {
        let text = error.render().to_string();
        let first_lines: Vec<_> = text
            .lines()
            .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
            .map(str::trim)
            .collect();
        let message = first_lines.join(" ");
        let message = message.trim().trim_start_matches("error: ").to_owned();
        Output::new(true).failure(&Failure::new("usage", message));
    } else {
        // Nowhere is left to report that stderr is closed.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(cli: Cli, output: Output) -> Result<ExitCode> {
    let Cli { global, command } = cli;
    let _until_the_end = telemetry::start(match command {
        Command::Serve(_) => telemetry::SERVER,
        Command::Demo(_) => telemetry::DEMO,
        _ => telemetry::QUIET,
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("runtime", format!("Cannot start threads: {error}")))?;
    runtime.block_on(async {
        let done = match command {
            Command::Serve(arguments) => serve::run(&global, arguments, output).await,
            Command::Demo(arguments) => demo::run(&global, arguments, output).await,
            Command::Partner(command) => partner::run(&global, command, output).await,
            Command::Key(command) => key::run(&global, command, output).await,
            Command::Webhook(command) => webhook::run(&global, command, output).await,
            Command::Listen(arguments) => listen::run(arguments, output).await,
            Command::Trigger(arguments) => trigger::run(arguments, output).await,
            Command::Wallet(command) => return wallet::run(&global, command, output).await,
            Command::Provider(command) => return provider::run(&global, command, output).await,
            Command::Profile(command) => profile::run(&global, command, output).await,
            Command::User(command) => user::run(&global, command, output).await,
            Command::Order(command) => order::run(&global, command, output).await,
            Command::Action(command) => action::run(&global, command, output).await,
            Command::Job(command) => job::run(&global, command, output).await,
            Command::Migrate(_) => migrate::run(&global, output).await,
            Command::Openapi(_) => openapi::run(),
            Command::Doctor(arguments) => return doctor::run(&global, arguments, output).await,
        };
        done.map(|()| ExitCode::SUCCESS)
    })
}

/// A parser of one of an enum's stored words that lists them in help and errors.
macro_rules! word {
    ($kind:ty) => {{
        use clap::builder::TypedValueParser as _;
        let words = <$kind>::ALL
            .iter()
            .map(|value| clap::builder::PossibleValue::new(value.as_str()));
        clap::builder::PossibleValuesParser::new(words).try_map(|text| text.parse::<$kind>())
    }};
}
use word;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    fn every_command(command: &clap::Command, look: &impl Fn(&clap::Command)) {
        look(command);
        let parts = command.get_subcommands();
        parts.for_each(|part| every_command(part, look));
    }

    #[test]
    fn paragraphs_of_help_are_wrapped_by_the_terminal_alone() {
        every_command(&command(), &|one| {
            let help = one.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            let lines: Vec<&str> = help.lines().collect();
            let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ');
            for pair in lines.windows(2) {
                let is_wrapped = is_text(pair[0]) && is_text(pair[1]);
                assert!(!is_wrapped, "{}: {pair:?}", one.get_name());
            }
        });
    }

    #[test]
    fn commands_list_the_options_that_they_use() {
        let help = |name: &str| {
            let mut all = command();
            all.build();
            let one = all.find_subcommand_mut(name).unwrap();
            one.render_help().to_string()
        };
        for name in WITHOUT_INSTALLATION {
            let text = help(name);
            assert!(text.contains("--json"), "{text}");
            for unused in ["--data-dir", "--database-url", "--config"] {
                assert!(!text.contains(unused), "{name}: {text}");
            }
        }
        assert!(help("doctor").contains("--data-dir"));
    }

    #[test]
    fn whom_a_command_is_about_is_no_option() {
        fn assert_none(command: &clap::Command) {
            for option in command.get_opts() {
                let is_about = matches!(option.get_long(), Some("partner" | "id"));
                // Of a new account, whose it is is a property as others are.
                let is_property = command.get_name() == "add";
                assert!(!is_about || is_property, "{} {option}", command.get_name());
            }
            command.get_subcommands().for_each(assert_none);
        }
        assert_none(&Cli::command());
    }

    #[test]
    fn options_of_every_command_may_stand_behind_it() {
        let cli = Cli::try_parse_from(["peeker", "partner", "list", "--json", "--data-dir", "x"])
            .unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.data_dir, Some("x".into()));
    }

    #[test]
    fn a_database_url_is_not_shown_by_debug() {
        let cli = Cli::try_parse_from([
            "peeker",
            "doctor",
            "--database-url",
            "postgres://u:hunter2@h/d",
        ])
        .unwrap();
        assert!(!format!("{cli:?}").contains("hunter2"));
    }
}
