//! The options that every command has.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Folder for databases, master key and peeker.toml; made when missing [default: peeker-data]
    #[arg(long, global = true, env = "PEEKER_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// PostgreSQL instead of SQLite; a URL with a password only by the variable
    #[arg(
        long,
        global = true,
        env = "PEEKER_DATABASE_URL",
        value_name = "POSTGRES_URL",
        hide_env_values = true
    )]
    #[arg(value_parser = |text: &str| Ok::<_, std::convert::Infallible>(SecretString::from(text)))]
    pub database_url: Option<SecretString>,

    /// Configuration file [default: peeker.toml in the data folder]
    #[arg(long, global = true, env = "PEEKER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Answer with JSON on stdout, errors included
    #[arg(long, global = true)]
    pub json: bool,

    /// Whether the folder was named on the command line rather than in the environment.
    #[arg(skip)]
    pub data_dir_is_flag: bool,
}
