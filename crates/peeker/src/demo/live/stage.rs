//! What the live demonstration runs on: vendors, server, receiver, a partner with a live key.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use peeker_app::{App, partners, webhooks};
use peeker_domain::id::AccountId;
use peeker_domain::{JobKind, JobState, Tier};
use peeker_fakes::{Fakes, Options, Vendor};
use peeker_store::jobs;
use peeker_webhooks::{
    AddressPolicy, DELIVERY_TIMEOUT, Looking, Lookup, OutboundClient, SigningSecret,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::demo::Stage;
use crate::demo::client::Client;
use crate::demo::receiver::{Event, Received, Receiver};
use crate::failure::{Failure, Result};
use crate::installation::Installation;
use crate::output::Output;
use crate::profile::{self, Profile};
use crate::serve::{self, Bound};

/// Everything that runs while the show goes on.
pub struct LiveStage {
    pub app: App,
    pub fakes: Fakes,
    pub client: Client,
    pub base_url: String,
    pub partner: AccountId,
    pub live_key: SecretString,
    events: UnboundedReceiver<Received>,
    log: BTreeMap<i64, Event>,
    server: JoinHandle<Result<()>>,
    stop: CancellationToken,
}

impl LiveStage {
    /// Starts vendors, server and receiver, and makes the partner whose webhooks go there.
    pub async fn open(stage: &Stage, data_dir: PathBuf, output: Output) -> Result<Self> {
        let fakes = Fakes::start(Options::default()).await.map_err(|error| {
            Failure::configuration(format!(
                "Cannot start the vendors: {error}. They need 127.0.0.1 to 127.0.0.6 and free ports"
            ))
        })?;
        // What these show late has to be waited for by the half minute, and a demonstration should end.
        for prompt in [Vendor::Google, Vendor::Microsoft, Vendor::Smartlead] {
            fakes.set_lag(prompt, 0);
        }
        let mut installation = Installation::in_folder(data_dir, stage.config_file.clone())?;
        let dns = fakes.dns();
        let resolvers = dns.resolvers.iter().map(ToString::to_string);
        installation.config.dns.resolvers = resolvers.collect();
        installation.config.dns.authoritative_port = dns.registry.port();
        installation.outbound = Some(outbound()?);
        let bound = Bound::new(stage.listen, "--listen").await?;
        let base_url = format!("http://{}", bound.address);
        let app = installation
            .open_in(Profile::Development, output.without_notes())
            .await?;
        profile::record_first(&app, Profile::Development).await?;
        let created = partners::create(&app, "Acme Resellers", Tier::Vip).await?;
        let stop = CancellationToken::new();
        let events = receive(&app, &created.partner.id, stop.clone()).await?;
        let server = tokio::spawn(serve::run(app.clone(), Some(bound), true, stop.clone()));
        Ok(Self {
            client: Client::new(&base_url, &created.live_key)?,
            app,
            fakes,
            base_url,
            partner: created.partner.id,
            live_key: created.live_key,
            events,
            log: BTreeMap::new(),
            server,
            stop,
        })
    }

    /// The next event, once it is believed. Errors: a delivery is not authentic.
    pub async fn next_event(&mut self) -> Result<Option<Event>> {
        match self.events.recv().await {
            None => Ok(None),
            Some(Received(Ok(event))) => {
                let is_new = self.log.insert(event.sequence, event.clone()).is_none();
                Ok(is_new.then_some(event))
            }
            Some(Received(Err(why))) => Err(Failure::new(
                "demo",
                format!("A webhook could not be verified: {why}"),
            )),
        }
    }

    /// How many events were received and verified.
    pub fn heard(&self) -> usize {
        self.log.len()
    }

    /// Whether no number of the sequence is missing.
    pub fn has_no_gap(&self) -> bool {
        let last = self.log.last_key_value().map_or(0, |(last, _)| *last);
        i64::try_from(self.log.len()).is_ok_and(|heard| heard == last)
    }

    /// Whether no domain is being set up or taken back.
    pub async fn is_idle(&self) -> Result<bool> {
        let db = &self.app.store().live.db;
        let ready = jobs::list_unscoped(db, JobState::Ready).await;
        let ready = ready.map_err(|error| Failure::new("demo", error.to_string()))?;
        Ok(ready.iter().all(|(kind, _)| *kind != JobKind::Provision))
    }

    pub async fn close(self) -> Result<()> {
        self.stop.cancel();
        let ended = self.server.await;
        ended.unwrap_or_else(|error| {
            let message = format!("The server broke down: {error}");
            Err(Failure::new("internal_error", message))
        })
    }
}

/// The website that domains are forwarded to, which is served beside the vendors.
pub const WEBSITE: &str = "northwind.example";

/// Knows that website on this machine, and no other name.
struct Website;

impl Lookup for Website {
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a> {
        Box::pin(async move {
            if name == WEBSITE {
                return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
            }
            Err(std::io::Error::other("there is no such name here"))
        })
    }
}

fn outbound() -> Result<OutboundClient> {
    let policy = AddressPolicy::development();
    OutboundClient::with_lookup(policy, false, DELIVERY_TIMEOUT, Arc::new(Website))
        .map_err(|error| Failure::configuration(error.to_string()))
}

/// An endpoint of the partner, which checks what comes with the live secret.
async fn receive(
    app: &App,
    partner: &AccountId,
    stop: CancellationToken,
) -> Result<UnboundedReceiver<Received>> {
    let receiver = Bound::new(SocketAddr::from(([127, 0, 0, 1], 0)), "--listen").await?;
    let url = format!("http://{}/webhooks", receiver.address);
    let secrets = webhooks::set_endpoint(app, partner, None, &url).await?;
    let secrets = secrets
        .ok_or_else(|| Failure::new("internal_error", "A new partner has secrets already"))?;
    let signing = SigningSecret::parse(secrets.live.expose_secret())
        .map_err(|error| Failure::new("internal_error", error.to_string()))?;
    let (sender, events) = mpsc::unbounded_channel();
    tokio::spawn(receiver.serve(Receiver::new(signing, sender).router().into(), stop));
    Ok(events)
}
