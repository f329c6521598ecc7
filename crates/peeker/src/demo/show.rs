//! What the demonstration prints. Nothing of it with `--json`, where only the summary at the end is printed.

use std::time::Duration;

use peeker_domain::id::AccountId;
use peeker_providers::DnsRecord;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Folder;
use super::client::{Answer, Availability, Bundle, Domain, Inbox, Order, Receipt};
use super::receiver::Event;
use super::tables;
use super::watched::Watched;
use crate::failure::Result;
use crate::output::{Output, dollars, grouped};

/// What an order has brought.
pub struct Outcome<'a> {
    pub order: &'a Order,
    pub domains: &'a [Domain],
    pub inboxes: &'a [Inbox],
    /// The domain whose records are shown.
    pub name: &'a str,
    pub records: &'a [DnsRecord],
}

/// The printing hand of the demonstration.
pub struct Show(Output);

impl Show {
    /// Prints to `output`.
    pub fn new(output: Output) -> Self {
        Self(output)
    }

    /// Whether only the summary is printed.
    pub fn is_json(&self) -> bool {
        self.0.json
    }

    /// Prints the summary for scripts.
    pub fn json(&self, summary: &Value) -> Result<()> {
        if self.0.json {
            Output::print_json(summary)
        } else {
            Ok(())
        }
    }

    pub fn title(&self) -> Result<()> {
        self.0.line(&self.0.bold(&format!(
            "Peeker {}: an order from start to end",
            env!("CARGO_PKG_VERSION")
        )))?;
        self.0.line(
            &self
                .0
                .dim("Simulated providers, a real server, real HTTP, real signatures."),
        )
    }

    fn section(&self, title: &str) -> Result<()> {
        self.0.line(&format!("\n{}", self.0.bold(title)))
    }

    fn row(&self, name: &str, value: &str) -> Result<()> {
        self.0
            .line(&format!("  {} {value}", self.0.dim(&format!("{name:<13}"))))
    }

    pub fn opened(&self, base_url: &str, partner: &AccountId, folder: &Folder) -> Result<()> {
        self.section("Server")?;
        self.row("API", &format!("{base_url}/partner/v1"))?;
        self.row("data", &folder.describe())?;
        self.row("partner", &format!("Acme Resellers, {partner}"))
    }

    /// The bundle and what it needs.
    pub fn bundle(&self, bundle: &Bundle) -> Result<()> {
        self.section("Bundle and domains")?;
        let Bundle {
            id,
            name,
            monthly_sending_volume,
            required_domains,
        } = bundle;
        self.row("bundle", &format!("{name}, {id}"))?;
        let (google, microsoft) = (required_domains.google, required_domains.microsoft);
        let volume = grouped((*monthly_sending_volume).into());
        self.row(
            "size",
            &format!(
                "{volume} e-mails a month: {google} domains at Google, {microsoft} at Microsoft"
            ),
        )
    }

    /// What the registrar says of the names.
    pub fn availability(&self, domains: &[Availability], took: Duration) -> Result<()> {
        let free: Vec<_> = domains.iter().filter(|domain| domain.available).collect();
        let price = free
            .iter()
            .filter_map(|domain| domain.price_cents)
            .max()
            .unwrap_or(0);
        let text = format!(
            "{} of {} names are free at {} a year",
            free.len(),
            domains.len(),
            dollars(price)
        );
        self.row(
            "available",
            &format!("{text}  {}", self.0.dim(&millis(took))),
        )?;
        for domain in domains.iter().filter(|domain| !domain.available) {
            let reason = domain.reason.as_deref().unwrap_or("unknown");
            self.row(
                "not",
                &format!("{}: {reason}, so it is left out", domain.domain),
            )?;
        }
        Ok(())
    }

    /// The order, and the same order again.
    pub fn placed(
        &self,
        customer: &str,
        first: &Answer<Receipt>,
        again: &Answer<Receipt>,
    ) -> Result<()> {
        self.section("Order")?;
        let Receipt {
            id,
            status,
            domain_count,
        } = &first.data;
        self.row("customer", customer)?;
        let placed = format!("{} {status}, {domain_count} domains", first.status);
        self.row(
            "POST /orders",
            &format!("{placed}  {}", self.0.dim(&millis(first.took))),
        )?;
        self.row("order", id)?;
        let same = format!(
            "{} the same order: no second charge, work or event",
            again.status
        );
        self.row(
            "sent again",
            &format!("{same}  {}", self.0.dim(&millis(again.took))),
        )
    }

    /// What follows is under way.
    pub fn provisioning(&self) -> Result<()> {
        self.section("Provisioning, and the webhooks it sends")
    }

    /// How far the order is, where there is no bar.
    pub fn progress(&self, text: &str) -> Result<()> {
        self.0.line(&format!("  {}", self.0.dim(text)))
    }

    /// An event that was believed.
    pub fn event(&self, event: &Event) -> Result<()> {
        let Event {
            kind,
            sequence,
            data,
        } = event;
        let text = |name: &str| data[name].as_str().unwrap_or_default();
        let subject = if kind.starts_with("order.") {
            text("id")
        } else {
            text("domain")
        };
        let verified = self.0.green("signature ok");
        self.0.line(&format!(
            "  {:>4}  {kind:<22} {subject:<30}  {verified}",
            format!("#{sequence}")
        ))
    }

    /// A delivery that was not believed.
    pub fn forged(&self, why: &str) -> Result<()> {
        self.0.line(&format!(
            "     ?  {}",
            self.0.red(&format!("not believed: {why}"))
        ))
    }

    /// Domains, inboxes, DNS records and costs.
    pub fn result(&self, outcome: &Outcome<'_>) -> Result<()> {
        let Outcome {
            order,
            domains,
            inboxes,
            name,
            records,
        } = outcome;
        self.section(&format!("{} domains", domains.len()))?;
        self.0.line(&self.0.table(
            "  ",
            &["DOMAIN", "PROVIDER", "INBOXES", "STATUS"],
            &tables::domains(domains, inboxes),
        ))?;
        self.section(&format!("{} inboxes", order.inbox_count))?;
        self.0.line(&self.0.table(
            "  ",
            &["INBOX", "NAME", "PROVIDER", "STATUS"],
            &tables::inboxes(inboxes),
        ))?;
        let left = inboxes.len().saturating_sub(tables::inboxes(inboxes).len());
        self.0.line(&self.0.dim(&format!("  and {left} more")))?;
        self.section(&format!("DNS records of {name}"))?;
        self.0.line(&self.0.table(
            "  ",
            &["TYPE", "NAME", "CONTENT"],
            &tables::records(records),
        ))?;
        self.section("Costs")?;
        self.0.line(&self.0.table(
            "  ",
            &["ITEM", "QUANTITY", "   AMOUNT"],
            &tables::costs(order),
        ))?;
        if let Some(renews_at) = &order.renews_at {
            self.0.line(&self.0.dim(&format!(
                "  Licenses renew at {renews_at}. The sandbox charges nothing."
            )))?;
        }
        Ok(())
    }

    /// What it comes to.
    pub fn summary(&self, watched: &Watched, total: Duration) -> Result<()> {
        let Watched {
            order,
            received,
            took,
        } = watched;
        let line = format!(
            "\n{} {} inboxes on {} domains in {:.1} s, {received} webhooks in a sequence without gaps, each with two \
             valid signatures.",
            self.0.green("Completed:"),
            order.progress.inboxes_active,
            order.progress.domains_active,
            took.as_secs_f64(),
        );
        self.0.line(&line)?;
        self.0.line(&self.0.dim(&format!(
            "Everything, server start included, took {:.1} s.",
            total.as_secs_f64()
        )))
    }

    /// What can be done while the server is up.
    pub fn go_on(&self, base_url: &str, key: &SecretString, secret: &SecretString) -> Result<()> {
        self.section("Go on")?;
        self.row("base URL", &format!("{base_url}/partner/v1"))?;
        self.row("docs", &format!("{base_url}/docs"))?;
        self.row("test key", key.expose_secret())?;
        self.row(
            "secret",
            &format!(
                "{}, signs the webhooks of this partner",
                secret.expose_secret()
            ),
        )?;
        self.0
            .line(&format!("\n{}\n", curl_line(base_url, key.expose_secret())))?;
        self.0
            .line("Webhooks of what you order appear below. Stop with Ctrl-C.")
    }

    pub fn goodbye(&self) -> Result<()> {
        self.0.line("\nStopped.")
    }
}

fn millis(took: Duration) -> String {
    format!("{} ms", took.as_millis().max(1))
}

/// A small order to paste into a terminal.
fn curl_line(base_url: &str, key: &str) -> String {
    let body = r#"{"user":"client@example.com","sequencer":{"provider":"smartlead","client_id":null,"login_email":"sequencer@example.com","login_password":"correct horse"},"google_licenses":2,"google_inboxes_per_domain":2,"domains":["acme-outreach.com"],"personas":[{"first_name":"Sam","last_name":"Lee","profile_picture_url":null}]}"#;
    format!(
        "curl -sS {base_url}/partner/v1/orders \\\n  -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
}
