//! Following a test key's events and handing each to a local receiver.
//!
//! Where it is in the stream is remembered as the last `id` that was handled, so that a broken connection costs no
//! event and brings none twice. An event that the receiver does not take is told of and not repeated: the developer
//! sends it again when the receiver is mended.

mod forward;
mod sse;

use std::time::Duration;

use peeker_domain::EventType;
use peeker_domain::id::EventId;
use peeker_webhooks::listener_secret;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::failure::{Failure, Result, chain};
use crate::output::Output;
use crate::partner_api::{PartnerApi, Refusal, client};

use forward::{Forwarder, Handed};
use sse::{Block, Parser};

/// Longer than two heartbeats of the server: a connection that is silent for so long is dead.
const SILENCE: Duration = Duration::from_secs(40);
/// The pause before the first attempt to connect again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What to listen to and where to hand it.
pub struct Plan {
    /// The server and the key.
    pub api: PartnerApi,
    pub target: Url,
    /// Only these types; none for all.
    pub types: Vec<EventType>,
    /// Where to start; `None` for what comes from now on.
    pub after_sequence: Option<u64>,
}

/// Why a connection is over.
enum Broken {
    /// Trying again is of no use.
    Final(Failure),
    /// It may work again in a moment.
    Passing(Failure),
}

/// What is read of a body, for the line about it.
#[derive(Deserialize)]
struct Event {
    id: EventId,
    #[serde(rename = "type")]
    kind: String,
    sequence: i64,
}

struct Session {
    plan: Plan,
    http: reqwest::Client,
    forwarder: Forwarder,
    output: Output,
    last_id: Option<String>,
    connected: bool,
    /// Whether the developer was told how to have a failed event sent again.
    advised: bool,
}

/// Listens until it is stopped. Errors: the server is not there at the start, or does not take the key.
pub async fn run(plan: Plan, output: Output) -> Result<()> {
    let me = plan.api.get("/me").await?;
    let secret = listener_secret(plan.api.key())
        .map_err(|error| Failure::new("internal_error", error.to_string()))?;
    announce(
        &plan,
        me["partner"]["name"].as_str().unwrap_or_default(),
        secret.expose(),
        output,
    )?;
    let mut session = Session {
        // No limit for the whole answer, which has no end.
        http: client(&plan.api.url, |builder| builder)?,
        forwarder: Forwarder::new(plan.target.clone(), secret)?,
        plan,
        output,
        last_id: None,
        connected: false,
        advised: false,
    };
    let mut pause = FIRST_PAUSE;
    loop {
        session.connected = false;
        let began = session.last_id.is_some();
        match session.listen().await {
            Broken::Final(failure) => return Err(failure),
            Broken::Passing(failure) if !began && !session.connected => return Err(failure),
            Broken::Passing(failure) => {
                if session.connected {
                    pause = FIRST_PAUSE;
                }
                let seconds = pause.as_secs_f32();
                output.note(&format!("{failure}. Trying again in {seconds} s"));
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn announce(plan: &Plan, partner: &str, secret: &str, output: Output) -> Result<()> {
    let (url, target) = (&plan.api.url, plan.target.as_str());
    if output.json {
        let listening =
            json!({ "url": url, "partner": partner, "forward_to": target, "secret": secret });
        return Output::print_json(&json!({ "listening": listening }));
    }
    output.line(&output.bold(&format!("Listening to the sandbox of {partner} at {url}")))?;
    output.line(&format!("  forward to       {target}"))?;
    output.line(&format!("  signing secret   {secret}"))?;
    output.line(&output.dim(
        "\nThe secret is the same whenever this key listens. Make an event in a second terminal, for instance:\n  \
         peeker trigger order.completed\nStop with Ctrl-C.\n",
    ))
}

impl Session {
    /// Follows one connection until it breaks.
    async fn listen(&mut self) -> Broken {
        match self.follow().await {
            Err(broken) => broken,
            Ok(()) => Broken::Passing(Failure::new("ended", "The server ended the connection")),
        }
    }

    async fn follow(&mut self) -> Result<(), Broken> {
        let mut response = self.connect().await?;
        self.connected = true;
        let mut parser = Parser::default();
        loop {
            let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
            let lost = |why: String| {
                Broken::Passing(Failure::new(
                    "lost",
                    format!("The connection was lost: {why}"),
                ))
            };
            let chunk = chunk
                .map_err(|_| lost("the server has become silent".to_owned()))?
                .map_err(|error| lost(chain(&error)))?;
            let Some(bytes) = chunk else { return Ok(()) };
            for block in parser.push(&bytes) {
                self.handle(block).await.map_err(Broken::Final)?;
            }
        }
    }

    async fn connect(&self) -> Result<reqwest::Response, Broken> {
        let api = &self.plan.api;
        let mut path = "/events/stream?replays=true".to_owned();
        if !self.plan.types.is_empty() {
            let types: Vec<&str> = self.plan.types.iter().map(|kind| kind.as_str()).collect();
            path = format!("{path}&types={}", types.join(","));
        }
        if let Some(after) = self.plan.after_sequence {
            path = format!("{path}&after_sequence={after}");
        }
        let mut request = api.request(&self.http, Method::GET, &path);
        if let Some(last_id) = &self.last_id {
            request = request.header("Last-Event-ID", last_id);
        }
        let response = request
            .send()
            .await
            .map_err(|error| Broken::Passing(api.unreachable(&error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let failure = api.refused("GET /events/stream", &Refusal::read(response).await);
        let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Err(if may_pass {
            Broken::Passing(failure)
        } else {
            Broken::Final(failure)
        })
    }

    async fn handle(&mut self, block: Block) -> Result<()> {
        if let Some(body) = &block.data {
            let is_replay = self.is_replay(block.id.as_deref());
            let event: Event = serde_json::from_str(body).map_err(|error| {
                Failure::new(
                    "unreadable",
                    format!("An event is not as documented: {error}"),
                )
            })?;
            let handed = self.forwarder.hand_over(&event.id, body).await;
            self.tell(&event, is_replay, &handed)?;
        }
        // After the event was handled: one that was not is sent again.
        if block.id.is_some() {
            self.last_id = block.id;
        }
        Ok(())
    }

    /// Whether the second number of the id, which counts replays, has grown.
    fn is_replay(&self, id: Option<&str>) -> bool {
        let replays = |id: &str| id.split_once('.').map(|(_, replays)| replays.to_owned());
        let (now, before) = (
            id.and_then(replays),
            self.last_id.as_deref().and_then(replays),
        );
        before.is_some() && now != before
    }

    fn tell(&mut self, event: &Event, is_replay: bool, handed: &Handed) -> Result<()> {
        let Event { id, kind, sequence } = event;
        let (status, error) = match &handed.outcome {
            Ok(status) => (Some(status.as_u16()), None),
            Err(error) => (None, Some(error)),
        };
        let ms = handed.latency_ms;
        if self.output.json {
            return Output::print_json(&json!({
                "sequence": sequence, "id": id, "type": kind, "replay": is_replay,
                "status": status, "latency_ms": ms, "error": error,
            }));
        }
        let answer = match (&handed.outcome, handed.is_success()) {
            (Ok(status), true) => self
                .output
                .green(&format!("{} in {ms} ms", status.as_u16())),
            (Ok(status), false) => self.output.yellow(&format!("{status} in {ms} ms")),
            (Err(error), _) => self.output.red(error),
        };
        let replay = if is_replay { "  (replay)" } else { "" };
        self.output
            .line(&format!("#{sequence:<5} {kind:<30} {id}  {answer}{replay}"))?;
        if !handed.is_success() && !self.advised {
            self.advised = true;
            self.output.note(&format!(
                "An event that is not taken is not sent again by itself. Have it sent again with: \
                 curl -X POST -H \"Authorization: Bearer $PEEKER_API_KEY\" {}/partner/v1/events/{id}/replay",
                self.plan.api.url
            ));
        }
        Ok(())
    }
}
