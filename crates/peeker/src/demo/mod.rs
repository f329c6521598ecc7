//! `peeker demo`: a partner's whole way in one go, through the same doors a partner uses.
//!
//! The server is a real one on a socket. Everything after the partner is made goes over HTTP with its key, and the
//! receiver trusts nothing but the signatures. What must stay true: with `--exit`, status 0 means that the order is
//! completed and that every event it owes was received and verified.

mod client;
pub mod live;
mod order;
mod receiver;
mod show;
mod tables;
mod watch;
mod watched;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use peeker_app::webhooks::CreatedSecrets;
use peeker_app::{App, partners, webhooks};
use peeker_domain::id::AccountId;
use peeker_domain::{DomainName, Environment, Tier};
use peeker_providers::{Call, DnsRecord};
use peeker_webhooks::SigningSecret;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, Result};
use crate::installation::{Installation, shown};
use crate::output::Output;
use crate::profile::{self, Profile};
use crate::serve::{self, Bound, stop_on_signal};

use client::Client;
use receiver::{Received, Receiver};
use show::{Outcome, Show};

/// How the demonstration runs.
pub struct Stage {
    /// Whether it ends when the order is completed.
    pub exit: bool,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where the data is kept; without it, in a temporary folder.
    pub data_dir: Option<PathBuf>,
    /// The configuration file that was named.
    pub config_file: Option<PathBuf>,
}

/// Everything that runs while the show goes on.
struct Theatre {
    app: App,
    client: Client,
    base_url: String,
    partner: AccountId,
    test_key: SecretString,
    test_secret: SecretString,
    events: mpsc::UnboundedReceiver<Received>,
    server: JoinHandle<Result<()>>,
    stop: CancellationToken,
}

/// Runs the demonstration. Errors: the order was not completed in time, or a webhook is missing or not authentic.
pub async fn run(stage: Stage, output: Output) -> Result<()> {
    let started = Instant::now();
    let show = Show::new(output);
    show.title()?;
    let folder = folder(stage.data_dir)?;
    let interrupted = stop_on_signal(|| {})?;
    let installation = Installation::in_folder(folder.path(), stage.config_file)?;
    let mut theatre = open(&installation, stage.listen, output).await?;
    show.opened(&theatre.base_url, &theatre.partner, &folder)?;

    let performance = perform(&mut theatre, &show, started);
    let Some(performed) = interrupted.run_until_cancelled(performance).await else {
        close(theatre).await?;
        return Err(Failure::new(
            "interrupted",
            "Stopped before the order was completed",
        ));
    };
    if performed.is_ok() && !stage.exit {
        show.go_on(&theatre.base_url, &theatre.test_key, &theatre.test_secret)?;
        interrupted
            .run_until_cancelled(watch::linger(&mut theatre.events, &show))
            .await;
        show.goodbye()?;
    }
    let closed = close(theatre).await;
    performed.and(closed)
}

/// A folder of our own, which goes when it is dropped, or one that stays.
enum Folder {
    Temporary(TempDir),
    Named(PathBuf),
}

impl Folder {
    fn path(&self) -> PathBuf {
        match self {
            Self::Temporary(folder) => folder.path().to_owned(),
            Self::Named(path) => path.clone(),
        }
    }

    fn describe(&self) -> String {
        let kept = if matches!(self, Self::Temporary(_)) {
            "removed at the end"
        } else {
            "kept"
        };
        format!("{}, {kept}", shown(&self.path()))
    }
}

fn folder(named: Option<PathBuf>) -> Result<Folder> {
    if let Some(path) = named {
        return Ok(Folder::Named(path));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix("peeker-demo-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map(Folder::Temporary).map_err(|error| {
        let message =
            format!("Cannot make a temporary folder: {error}. Name a folder with --data-dir");
        Failure::configuration(message)
    })
}

/// Starts server and receiver and makes the partner whose webhooks go there.
async fn open(installation: &Installation, listen: SocketAddr, output: Output) -> Result<Theatre> {
    let bound = Bound::new(listen, "--listen").await?;
    let base_url = format!("http://{}", bound.address);
    // Its notes tell of folders and keys that are gone at the end; nobody has to keep them.
    let app = installation
        .open_in(Profile::Development, output.without_notes())
        .await?;
    profile::record_first(&app, Profile::Development).await?;
    let created = partners::create(&app, "Acme Resellers", Tier::Base).await?;
    let stop = CancellationToken::new();
    let receiver = Bound::new(SocketAddr::from(([127, 0, 0, 1], 0)), "--listen").await?;
    let url = format!("http://{}/webhooks", receiver.address);
    let test_secret = set_endpoint(&app, &created.partner.id, &url).await?.test;
    let signing = SigningSecret::parse(test_secret.expose_secret());
    let signing = signing.map_err(|error| Failure::new("internal_error", error.to_string()))?;
    let (sender, events) = mpsc::unbounded_channel();
    tokio::spawn(receiver.serve(Receiver::new(signing, sender).router().into(), stop.clone()));
    let server = tokio::spawn(serve::run(app.clone(), Some(bound), true, stop.clone()));
    let client = Client::new(&base_url, &created.test_key)?;
    let partner = created.partner.id;
    Ok(Theatre {
        app,
        client,
        base_url,
        partner,
        test_key: created.test_key,
        test_secret,
        events,
        server,
        stop,
    })
}

async fn set_endpoint(app: &App, partner: &AccountId, url: &str) -> Result<CreatedSecrets> {
    let created = webhooks::set_endpoint(app, partner, None, url).await?;
    created.ok_or_else(|| {
        Failure::new(
            "internal_error",
            "A new partner has webhook secrets already",
        )
    })
}

/// The show: bundle, availability, order, provisioning, result.
async fn perform(theatre: &mut Theatre, show: &Show, started: Instant) -> Result<()> {
    let client = &theatre.client;
    let bundle = order::create_bundle(client, show).await?;
    order::check_availability(client, show).await?;
    let placed = order::place(client, &bundle, show).await?;
    let watched = watch::until_done(client, &placed, &mut theatre.events, show).await?;
    let domains = client.domains().await?;
    let inboxes = client.inboxes(&placed.id).await?;
    let records = records(&theatre.app, &theatre.partner, order::DOMAINS[0]).await?;
    show.result(&Outcome {
        order: &watched.order,
        domains: &domains,
        inboxes: &inboxes,
        name: order::DOMAINS[0],
        records: &records,
    })?;
    show.summary(&watched, started.elapsed())?;
    show.json(&json!({
        "base_url": theatre.base_url,
        "partner": theatre.partner,
        "key": theatre.test_key.expose_secret(),
        "order": { "id": placed.id, "status": watched.order.status },
        "domains": domains.len(),
        "inboxes": inboxes.len(),
        "webhooks": { "received": watched.received, "verified": watched.received },
        "seconds": started.elapsed().as_secs_f64(),
    }))
}

/// What the simulated DNS host was asked to publish for a name. The one thing that the API does not show.
async fn records(app: &App, account: &AccountId, name: &str) -> Result<Vec<DnsRecord>> {
    let failed = |error: &dyn std::error::Error| {
        Failure::new("demo", format!("DNS records of {name}: {error}"))
    };
    let name = DomainName::parse(name).map_err(|error| failed(&error))?;
    let call = Call {
        account,
        idempotency_key: "",
        now: app.now(),
    };
    let dns = &app.providers(Environment::Test).dns;
    let records = dns.records(call, &name).await;
    records.map_err(|error| failed(&error))
}

async fn close(theatre: Theatre) -> Result<()> {
    theatre.stop.cancel();
    let ended = theatre.server.await;
    ended.unwrap_or_else(|error| {
        Err(Failure::new(
            "internal_error",
            format!("The server broke down: {error}"),
        ))
    })
}
