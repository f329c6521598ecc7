//! Making an event of each type happen in the sandbox, by the calls that a partner would make.

mod scenarios;

use std::time::{Duration, Instant};

use peeker_domain::EventType;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::partner_api::PartnerApi;

pub use scenarios::how;

/// How long an event may take. Sandbox orders take seconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Makes an event of this type happen and waits for it. Gives back the event as `GET /events` shows it.
pub async fn run(api: &PartnerApi, kind: EventType, output: Output) -> Result<Value> {
    let newest = api.get("/events?per_page=1").await?;
    let stage = Stage {
        api,
        output,
        since: newest[0]["sequence"].as_i64().unwrap_or(0),
    };
    let about = scenarios::play(&stage, kind).await?;
    stage.wait_for(kind, &about).await
}

/// A field of an event, as a JSON pointer, and the value that tells our object from others.
struct About {
    field: &'static str,
    value: String,
}

impl About {
    fn id(object: &Value) -> Self {
        Self {
            field: "/data/id",
            value: text(object, "id"),
        }
    }
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_default().to_owned()
}

struct Stage<'a> {
    api: &'a PartnerApi,
    output: Output,
    /// The last event before anything was done.
    since: i64,
}

impl Stage<'_> {
    /// Posts a body and says so.
    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.api.post(path, body).await?;
        let made = answer["id"].as_str().map(|id| format!("  → {id}"));
        self.output
            .note(&format!("POST {path}{}", made.unwrap_or_default()));
        Ok(answer)
    }

    /// Changes an object and says so.
    async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.api.patch(path, body).await?;
        self.output.note(&format!("PATCH {path}"));
        Ok(answer)
    }

    /// Waits for an event about our object.
    async fn wait_for(&self, kind: EventType, about: &About) -> Result<Value> {
        let path = format!(
            "/events?type={kind}&after_sequence={}&per_page=100",
            self.since
        );
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let events = self.api.get(&path).await?;
            let ours = |event: &&Value| {
                let found = event.pointer(about.field).and_then(Value::as_str);
                found == Some(&about.value)
            };
            if let Some(event) = events
                .as_array()
                .and_then(|events| events.iter().find(ours))
            {
                return Ok(event.clone());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let seconds = PATIENCE.as_secs();
        Err(Failure::new(
            "no_event",
            format!(
                "No {kind} came within {seconds} seconds. Is a worker running? See `peeker doctor` on the server"
            ),
        ))
    }
}
