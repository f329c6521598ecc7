//! Watching an order: by asking, for the progress bar, and by webhook, for the events.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::client::{Client, Order, Progress, Receipt};
use super::receiver::{Event, Received};
use super::show::Show;
use super::watched::Watched;
use crate::failure::{Failure, Result};

/// How long the order may take. Sandbox orders take seconds.
const DEADLINE: Duration = Duration::from_mins(2);
/// How often the order is asked for. A key has 600 requests a minute; this takes up to 240, and one for each event.
const POLL: Duration = Duration::from_millis(250);

/// Events that were believed, each once, by their place in the sequence.
#[derive(Default)]
struct Log(BTreeMap<i64, Event>);

impl Log {
    /// What the order still owes: its two events, one for each domain, and no gap.
    fn missing(&self, domains: u32) -> Vec<String> {
        let count = |kind: &str| self.0.values().filter(|event| event.kind == kind).count();
        let mut missing: Vec<String> = ["order.in_progress", "order.completed"]
            .into_iter()
            .filter(|kind| count(kind) == 0)
            .map(ToOwned::to_owned)
            .collect();
        let connected: BTreeSet<_> = self
            .0
            .values()
            .filter(|event| event.kind == "domain.connected")
            .filter_map(|event| event.data["domain"].as_str())
            .collect();
        let left = (domains as usize).saturating_sub(connected.len());
        if left > 0 {
            missing.push(format!("domain.connected of {left} domains"));
        }
        if self
            .0
            .last_key_value()
            .is_some_and(|(last, _)| *last != i64::try_from(self.0.len()).unwrap_or(-1))
        {
            missing.push("a number of the sequence".to_owned());
        }
        missing
    }
}

/// Watches until the order is completed and all its events are here.
/// Errors: it ends otherwise, takes too long, or an event does not verify.
pub async fn until_done(
    client: &Client,
    placed: &Receipt,
    events: &mut UnboundedReceiver<Received>,
    show: &Show,
) -> Result<Watched> {
    let started = Instant::now();
    let mut log = Log::default();
    let mut order = client.order(&placed.id).await?;
    let bar = Bar::new(order.progress, show)?;
    let mut polls = tokio::time::interval(POLL);
    loop {
        tokio::select! {
            _ = polls.tick() => order = client.order(&placed.id).await?,
            Some(received) = events.recv() => {
                bar.aside(|| note(received, &mut log, show))?;
                order = client.order(&placed.id).await?;
            }
        }
        bar.show(order.progress)?;
        let missing = log.missing(placed.domain_count);
        match order.status.as_str() {
            "completed" if missing.is_empty() => break,
            "in_progress" | "completed" => {}
            other => {
                return Err(Failure::new(
                    "demo",
                    format!("Order {} ended with status {other}", placed.id),
                ));
            }
        }
        if started.elapsed() > DEADLINE {
            return Err(too_late(&placed.id, &order, &missing));
        }
    }
    bar.finish();
    Ok(Watched {
        order,
        received: log.0.len(),
        took: started.elapsed(),
    })
}

/// Shows events until nobody wants to see more.
pub async fn linger(events: &mut UnboundedReceiver<Received>, show: &Show) {
    while let Some(Received(read)) = events.recv().await {
        // A closed stdout is no reason to stop serving.
        let _ = match &read {
            Ok(event) => show.event(event),
            Err(why) => show.forged(why),
        };
    }
}

fn note(Received(read): Received, log: &mut Log, show: &Show) -> Result<()> {
    match read {
        Ok(event) => {
            let shown = show.event(&event);
            log.0.insert(event.sequence, event);
            shown
        }
        Err(why) => {
            show.forged(&why)?;
            Err(Failure::new(
                "demo",
                format!("A webhook could not be verified: {why}"),
            ))
        }
    }
}

fn too_late(id: &str, order: &Order, missing: &[String]) -> Failure {
    let Progress {
        domains_total,
        domains_active,
        ..
    } = order.progress;
    let webhooks = if missing.is_empty() {
        "all here".to_owned()
    } else {
        format!("missing {}", missing.join(", "))
    };
    Failure::new(
        "demo",
        format!(
            "After {} s order {id} is {} with {domains_active} of {domains_total} domains live; webhooks: {webhooks}. \
             Try again with PEEKER_LOG=info to see what the workers do",
            DEADLINE.as_secs(),
            order.status,
        ),
    )
}

/// The progress bar; lines where nobody looks at a terminal.
struct Bar<'a> {
    drawn: ProgressBar,
    show: &'a Show,
    quarters: Cell<Option<u32>>,
}

impl<'a> Bar<'a> {
    fn new(progress: Progress, show: &'a Show) -> Result<Self> {
        show.provisioning()?;
        let drawn =
            std::io::stderr().is_terminal() && std::io::stdout().is_terminal() && !show.is_json();
        let target = if drawn {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(progress.domains_total.into()), target)
            .with_message("0 inboxes");
        let style = ProgressStyle::with_template("  {bar:32} {pos} of {len} domains live, {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("━╸ "));
        Ok(Self {
            drawn: bar,
            show,
            quarters: Cell::new(None),
        })
    }

    fn show(&self, progress: Progress) -> Result<()> {
        let Progress {
            domains_total,
            domains_active,
            inboxes_total,
            inboxes_active,
        } = progress;
        let inboxes = format!("{inboxes_active} of {inboxes_total} inboxes");
        if !self.drawn.is_hidden() {
            self.drawn.set_position(domains_active.into());
            self.drawn.set_message(inboxes);
            return Ok(());
        }
        // A line for each quarter is enough where lines pile up.
        let quarters = 4 * domains_active / domains_total.max(1);
        if self.quarters.replace(Some(quarters)) == Some(quarters) {
            return Ok(());
        }
        self.show.progress(&format!(
            "{domains_active} of {domains_total} domains live, {inboxes}"
        ))
    }

    /// Prints above the bar.
    fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.drawn.suspend(print)
    }

    fn finish(&self) {
        self.drawn.finish();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(events: &[(i64, &str, &str)]) -> Log {
        let event = |&(sequence, kind, domain): &(i64, &str, &str)| {
            let kind = kind.to_owned();
            (
                sequence,
                Event {
                    kind,
                    sequence,
                    data: json!({ "domain": domain }),
                },
            )
        };
        Log(events.iter().map(event).collect())
    }

    #[test]
    fn nothing_is_missing_when_every_domain_and_both_ends_are_told() {
        let all = [
            (1, "order.in_progress", ""),
            (2, "domain.connected", "a.com"),
            (3, "domain.connected", "b.com"),
            (4, "order.completed", ""),
        ];
        assert_eq!(log(&all).missing(2), Vec::<String>::new());
        assert_eq!(
            log(&all[1..]).missing(2),
            ["order.in_progress", "a number of the sequence"]
        );
        assert_eq!(
            log(&all[..2]).missing(2),
            ["order.completed", "domain.connected of 1 domains"]
        );
    }

    #[test]
    fn the_same_domain_twice_counts_once() {
        let twice = [
            (1, "order.in_progress", ""),
            (2, "domain.connected", "a.com"),
            (3, "domain.connected", "a.com"),
            (4, "order.completed", ""),
        ];
        assert_eq!(log(&twice).missing(2), ["domain.connected of 1 domains"]);
    }
}
