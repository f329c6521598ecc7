//! One installation as a command finds it: data folder, databases, master key, configuration.
//!
//! What must stay true: nothing is made where it could hide a mistake. A master key is only made when no database was
//! written under another one, and never in production.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use peeker_app::clock::SystemClock;
use peeker_app::{App, Hooks, MasterKey, Options};
use peeker_store::{Location, data_files};
use peeker_webhooks::OutboundClient;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::config::DEFAULT_LISTEN;
use crate::config::{Config, FILE_NAME};
use crate::failure::{Failure, Result, chain};
use crate::global_options::Global;
use crate::output::Output;
use crate::profile::{self, PROFILE_VARIABLE, Profile};

/// Where the data is when nobody says otherwise.
pub const DEFAULT_DATA_DIR: &str = "peeker-data";
/// The variable with the master key. A flag would show in the list of processes.
pub const MASTER_KEY_VARIABLE: &str = "PEEKER_MASTER_KEY";
/// Locked by the process that works through jobs and deliveries.
const WORKER_LOCK_FILE: &str = "worker.lock";
const MASTER_KEY_FILE: &str = "master.key";
/// How a master key is made, for messages.
pub const MAKE_A_KEY: &str = "export PEEKER_MASTER_KEY=$(openssl rand -hex 32)";

/// The port of `postgres://` URLs without one.
const POSTGRES_PORT: u16 = 5432;
/// A database server that takes longer than this to take up the phone is not there.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);

/// An installation, before anything of it is opened.
#[derive(Debug)]
pub struct Installation {
    /// The data folder; on PostgreSQL it is only where `peeker.toml` is looked for.
    pub data_dir: PathBuf,
    pub config: Config,
    /// The file it was read from.
    pub config_file: Option<PathBuf>,
    database_url: Option<SecretString>,
    /// What stands in for the client that the profile has; nothing, outside of a demonstration.
    pub outbound: Option<OutboundClient>,
}

impl Installation {
    /// Finds the installation that the global options name, and reads its configuration.
    pub fn find(global: &Global) -> Result<Self> {
        let data_dir = global
            .data_dir
            .clone()
            .unwrap_or_else(|| DEFAULT_DATA_DIR.into());
        let database_url = global.database_url.clone();
        if let Some(url) = &database_url {
            check_database_url(url)?;
        }
        let in_folder = data_dir.join(FILE_NAME);
        let config_file = global
            .config
            .clone()
            .or_else(|| in_folder.exists().then_some(in_folder));
        let config = Config::load(config_file.as_deref())?;
        Ok(Self {
            data_dir,
            config,
            config_file,
            database_url,
            outbound: None,
        })
    }

    /// An installation for this machine only, in a folder, on the embedded database. It has no public URL: links lead
    /// back to where the request came in.
    pub fn in_folder(data_dir: PathBuf, config_file: Option<PathBuf>) -> Result<Self> {
        let mut config = Config::load(config_file.as_deref())?;
        config.server.public_url = None;
        Ok(Self {
            data_dir,
            config,
            config_file,
            database_url: None,
            outbound: None,
        })
    }

    /// Whether the databases are on a server.
    pub fn is_postgres(&self) -> bool {
        self.database_url.is_some()
    }

    /// The profile that this installation runs in: the one on record. Before a server was started on it, the one that the
    /// environment names, or else that of a server without flags.
    pub async fn profile(&self) -> Result<Profile> {
        if let Some(recorded) = self.recorded_profile().await? {
            return Ok(recorded);
        }
        let named = std::env::var(PROFILE_VARIABLE).ok();
        if let Some(name) = named.filter(|name| !name.is_empty()) {
            return Profile::parse(&name);
        }
        let listen = self.config.server.listen.unwrap_or(DEFAULT_LISTEN);
        Ok(Profile::default_for(listen, self.is_postgres()))
    }

    /// The profile on record. Makes nothing.
    pub async fn recorded_profile(&self) -> Result<Option<Profile>> {
        if !self.has_databases() {
            return Ok(None);
        }
        if let Some(url) = &self.database_url {
            reach(url).await?;
        }
        profile::recorded(&self.location()).await
    }

    /// Where the databases are.
    pub fn location(&self) -> Location {
        match &self.database_url {
            Some(url) => Location::Postgres {
                url: url.expose_secret().to_owned(),
                max_connections: self.config.database.max_connections,
            },
            None => Location::Sqlite(self.data_dir.clone()),
        }
    }

    /// The databases in words that hold no password.
    pub fn describe(&self) -> String {
        match &self.database_url {
            Some(url) => match server_of(url) {
                Some((host, port)) => format!("PostgreSQL at {host}:{port}"),
                None => "PostgreSQL".to_owned(),
            },
            None => format!("SQLite in {}", shown(&self.data_dir)),
        }
    }

    /// Whether there is a database to look at.
    pub fn has_databases(&self) -> bool {
        self.is_postgres() || self.data_dir.join("control.db").exists()
    }

    /// Makes the data folder, or sees that the database server answers.
    pub async fn prepare(&self, output: Output) -> Result<()> {
        if let Some(url) = &self.database_url {
            return reach(url).await;
        }
        let made = make_private_folder(&self.data_dir).map_err(|error| {
            let message = format!(
                "Cannot make the data folder {}: {error}. Name another with --data-dir",
                shown(&self.data_dir)
            );
            Failure::configuration(message)
        })?;
        if made {
            output.note(&format!(
                "Made the data folder {}, which only you can read.",
                shown(&self.data_dir)
            ));
        }
        Ok(())
    }

    fn worker_lock_file(&self) -> PathBuf {
        self.data_dir.join(WORKER_LOCK_FILE)
    }

    /// Databases and lock, as far as others than the owner may read or write them by their modes.
    pub fn files_open_to_others(&self) -> Vec<PathBuf> {
        let mut files = data_files::database_files(&self.data_dir);
        files.push(self.worker_lock_file());
        files.retain(|file| data_files::is_open_to_others(file));
        files
    }

    /// Closes files to others that an older version or another program left open to them. The folder, and what is the
    /// operator's own in it, stay as they are.
    pub fn close_files_to_others(&self, output: Output) {
        let master_key = self.master_key_file().into_iter();
        for file in self.files_open_to_others().into_iter().chain(master_key) {
            let name = shown(&file);
            match data_files::close_to_others(&file) {
                Ok(true) => output.note(&format!(
                    "{name} could be read or written by others; it is private now."
                )),
                Ok(false) => {}
                Err(error) => output.note(&format!(
                    "{name} can be read or written by others, and cannot be made private: {error}"
                )),
            }
        }
    }

    /// Where the master key file is, if this installation may have one.
    pub fn master_key_file(&self) -> Option<PathBuf> {
        (!self.is_postgres()).then(|| self.data_dir.join(MASTER_KEY_FILE))
    }

    /// The master key: from the environment, else from its file, which is made in the development profile.
    pub async fn master_key(&self, profile: Profile, output: Output) -> Result<MasterKey> {
        if let Some(key) = master_key_variable()? {
            return Ok(key);
        }
        let Some(file) = self
            .master_key_file()
            .filter(|_| profile == Profile::Development)
        else {
            return Err(Failure::configuration(self.missing_master_key()));
        };
        let is_new = !file.exists();
        if is_new && self.was_written_under_a_key().await {
            return Err(Failure::configuration(format!(
                "The databases in {} were written under a master key that is not there. Set {MASTER_KEY_VARIABLE} to \
                 that key, or put the file {MASTER_KEY_FILE} back",
                shown(&self.data_dir)
            )));
        }
        let key = MasterKey::load_or_create(&file)
            .map_err(|error| Failure::configuration(chain(&error)))?;
        if is_new {
            output.note(&format!(
                "Made the master key {}. Keep a copy in a safe place: without it, stored secrets cannot be read.",
                shown(&file)
            ));
        }
        Ok(key)
    }

    /// What to say when a master key has to be given.
    pub fn missing_master_key(&self) -> String {
        let why = if self.is_postgres() {
            "with a database URL"
        } else {
            "in the production profile"
        };
        let how = match self.master_key_in_file() {
            Some(take) => {
                format!("This installation has one already, from its time in development: {take}")
            }
            None => format!(
                "Make one key, keep it in a safe place, and give it to every server and command of this installation: \
                 {MAKE_A_KEY}"
            ),
        };
        format!("{MASTER_KEY_VARIABLE} is not set, and {why} it must be. {how}")
    }

    /// How the key that development has made is taken over, where there is one.
    pub fn master_key_in_file(&self) -> Option<String> {
        let file = self.master_key_file().filter(|file| file.exists())?;
        Some(format!(
            "export {MASTER_KEY_VARIABLE}=$(cat {})",
            shown(&file)
        ))
    }

    /// Whether a master key is on record in databases that are there already.
    pub async fn was_written_under_a_key(&self) -> bool {
        if !self.has_databases() {
            return false;
        }
        // What cannot be read here is reported by whoever opens the databases for real.
        let recorded = peeker_store::settings::look_up(&self.location(), "master_key_check").await;
        recorded.is_ok_and(|value| value.is_some())
    }

    /// On SQLite, ends the leases of a process that was killed, so that its work goes on at once and not when they
    /// lapse. Gives back a lock to be held for as long as this process works; `None` when another process holds it,
    /// whose leases must stand, and on PostgreSQL, where there is always another process.
    pub async fn recover_work(&self, app: &App) -> Result<Option<File>> {
        if self.is_postgres() {
            return Ok(None);
        }
        let path = self.worker_lock_file();
        let failed = |error: std::io::Error| {
            Failure::configuration(format!("Cannot lock {}: {error}", shown(&path)))
        };
        let lock = data_files::open_lock(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                peeker_app::runner::end_all_leases(app).await?;
                Ok(Some(lock))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Opens everything for a command: in the profile of the installation.
    pub async fn open(&self, output: Output) -> Result<App> {
        self.open_in(self.profile().await?, output).await
    }

    /// Makes ready what is missing and opens everything, bringing the databases to this binary's schema.
    /// Errors: among others, another profile than this is on record.
    pub async fn open_in(&self, profile: Profile, output: Output) -> Result<App> {
        self.prepare(output).await?;
        self.close_files_to_others(output);
        let app = self.open_prepared(profile, output).await?;
        match profile::recorded_in(&app).await? {
            Some(recorded) if recorded != profile => Err(Profile::another(recorded, profile)),
            _ => Ok(app),
        }
    }

    /// Opens what [`Self::prepare`] has found in order, with the modes of its files left as they are.
    pub async fn open_prepared(&self, profile: Profile, output: Output) -> Result<App> {
        let settings = self.config.settings();
        let outbound = match &self.outbound {
            Some(outbound) => outbound.clone(),
            None => profile.outbound(self.config.allowed_ranges())?,
        };
        let master_key = self.master_key(profile, output).await?;
        let clock = Arc::new(SystemClock);
        let location = self.location();
        Ok(App::start(Options {
            location,
            master_key,
            clock,
            settings,
            outbound,
            hooks: Hooks::default(),
        })
        .await?)
    }
}

/// The key in the environment. Errors: it is set and no key.
pub fn master_key_variable() -> Result<Option<MasterKey>> {
    let Some(text) = std::env::var_os(MASTER_KEY_VARIABLE).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let malformed = |error: &dyn std::error::Error| {
        Failure::configuration(format!("{MASTER_KEY_VARIABLE}: {error}"))
    };
    let text = SecretString::from(text.to_string_lossy().into_owned());
    MasterKey::parse(&text)
        .map(Some)
        .map_err(|error| malformed(&error))
}

/// A path as a person can use it from anywhere.
pub fn shown(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}

/// Makes a folder that only its owner can read; parents too. Gives back whether it was missing.
fn make_private_folder(folder: &Path) -> std::io::Result<bool> {
    if folder.is_dir() {
        return Ok(false);
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map(|()| true)
}

/// Errors never show the URL: it may hold a password.
fn check_database_url(url: &SecretString) -> Result<()> {
    let parsed = Url::parse(url.expose_secret());
    if parsed.is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql")) {
        return Ok(());
    }
    Err(Failure::configuration(
        "The database URL must look like postgres://user:password@host:5432/database. Without one, Peeker keeps its \
         data in SQLite files in the data folder",
    ))
}

/// Host and port of a database server; `None` when it is a socket file.
fn server_of(url: &SecretString) -> Option<(String, u16)> {
    let url = Url::parse(url.expose_secret()).ok()?;
    let by_parameter = url
        .query_pairs()
        .any(|(name, _)| name == "host" || name == "hostaddr");
    let host = match url.host()? {
        Host::Domain(name) if name.is_empty() || name.contains('%') => return None,
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => format!("[{address}]"),
    };
    (!by_parameter).then(|| (host, url.port().unwrap_or(POSTGRES_PORT)))
}

/// Sees at once whether a database server is there. The connection pool would keep trying for half a minute.
async fn reach(url: &SecretString) -> Result<()> {
    let Some((host, port)) = server_of(url) else {
        return Ok(());
    };
    let address = format!("{host}:{port}");
    let why = match tokio::time::timeout(REACH_TIMEOUT, TcpStream::connect(&address)).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", REACH_TIMEOUT.as_secs()),
    };
    Err(Failure::new(
        "database_unreachable",
        format!(
            "Cannot reach PostgreSQL at {address}: {why}. Is it running, and is the database URL right?"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_database_url_is_never_shown() {
        for bad in ["mysql://root:hunter2@db/x", "hunter2"] {
            let message = check_database_url(&secret(bad)).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert!(check_database_url(&secret("postgres://peeker@db/peeker")).is_ok());
    }

    #[test]
    fn finds_the_server_in_a_url() {
        for (url, server) in [
            (
                "postgres://u:p@db.example/peeker",
                Some(("db.example".to_owned(), 5432)),
            ),
            (
                "postgresql://u@[::1]:6543/x",
                Some(("[::1]".to_owned(), 6543)),
            ),
            ("postgres:///x?host=/run/postgresql", None),
            ("postgres://u@%2Frun%2Fpostgresql/x", None),
        ] {
            assert_eq!(server_of(&secret(url)), server, "{url}");
        }
    }

    #[test]
    fn a_data_folder_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        assert!(make_private_folder(&folder).unwrap());
        assert!(!make_private_folder(&folder).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
    }
}
