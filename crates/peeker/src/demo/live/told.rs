//! What is told of the live demonstration.

use std::time::Duration;

use peeker_app::operator_tasks::Task;
use peeker_app::provider_accounts::{ProviderAccount, VendorReport};
use peeker_app::vendor_spend::{self, Spend};
use peeker_domain::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::holdings;
use super::stage::LiveStage;
use crate::demo::client::{Domain, Inbox, Order};
use crate::demo::receiver::Event;
use crate::demo::tables;
use crate::failure::Result;
use crate::output::{Output, dollars};

/// What is told. Nothing of it with `--json`, where only the summary at the end is printed.
pub struct Told(Output);

impl Told {
    pub const fn new(output: Output) -> Self {
        Self(output)
    }

    pub fn title(&self) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let title = format!("Peeker {version}: a live order over the vendors' wire formats");
        self.0.line(&self.0.bold(&title))?;
        self.0.line(&self.0.dim(
            "name.com, Cloudflare, Google, Microsoft, Smartlead and the DNS run beside the server, strict, late and forgetful \
             like the real ones.",
        ))
    }

    pub fn opened(&self, live: &LiveStage, folder: &str) -> Result<()> {
        self.section("Server and vendors")?;
        self.row("API", &format!("{}/partner/v1", live.base_url))?;
        self.row("data", folder)?;
        self.row("vendors", &live.fakes.admin_url())
    }

    pub fn section(&self, title: &str) -> Result<()> {
        self.0.line(&format!("\n{}", self.0.bold(title)))
    }

    pub fn row(&self, name: &str, value: &str) -> Result<()> {
        let name = self.0.dim(&format!("{name:<20}"));
        self.0.line(&format!("  {name} {value}"))
    }

    pub fn account(&self, account: &ProviderAccount, report: &VendorReport) -> Result<()> {
        let facts: Vec<String> = report
            .facts
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        let works = self.0.green("works");
        self.row(
            account.vendor.name(),
            &format!("{works}  {}", facts.join(", ")),
        )
    }

    /// Something that the operator did by hand.
    pub fn task(&self, task: &Task) -> Result<()> {
        let text = format!(
            "  oper  {:<22} {:<30}  entered",
            task.kind.to_string(),
            task.domain
        );
        self.0.line(&self.0.yellow(&text))
    }

    pub fn event(&self, event: &Event) -> Result<()> {
        let text = |name: &str| event.data[name].as_str().unwrap_or_default();
        let subject = match event.kind.split('.').next() {
            Some("swap") => text("replacement_domain"),
            Some("order" | "domain_import") => text("id"),
            _ => text("domain"),
        };
        let verified = self.0.green("signature ok");
        let number = format!("#{}", event.sequence);
        let kind = &event.kind;
        self.0.line(&format!(
            "  {number:>4}  {kind:<22} {subject:<30}  {verified}"
        ))
    }

    /// An order with its domains and costs.
    pub fn order(&self, order: &Order, domains: &[Domain], inboxes: &[Inbox]) -> Result<()> {
        self.section(&format!(
            "{} domains, {} inboxes",
            domains.len(),
            inboxes.len()
        ))?;
        let heading = ["DOMAIN", "PROVIDER", "INBOXES", "STATUS"];
        let rows = tables::domains(domains, inboxes);
        self.0.line(&self.0.table("  ", &heading, &rows))?;
        let heading = ["ITEM", "QUANTITY", "   AMOUNT"];
        let rows = tables::costs(order);
        self.0.line(&self.0.table("  ", &heading, &rows))
    }

    /// What each vendor holds at this point. A tenant has a domain and an administrator of its own.
    pub fn holdings(&self, live: &LiveStage) -> Result<()> {
        self.section("What each vendor holds now")?;
        for (vendor, rows) in holdings::of(&live.fakes) {
            self.row(vendor, &rows)?;
        }
        Ok(())
    }

    /// What vendors were paid, held against what they took.
    pub async fn bill(&self, live: &LiveStage) -> Result<Spend> {
        let bill = vendor_spend::bill(
            &live.app,
            Timestamp::from_millis(0),
            live.app.now().plus_seconds(1),
        )
        .await?;
        self.section("The bill: peeker provider spend")?;
        for line in &bill.lines {
            let text = format!(
                "{} for {} {}s",
                dollars(line.amount.0),
                line.payments,
                line.kind
            );
            self.row(&line.account, &text)?;
        }
        let sums = format!(
            "{} to vendors, {} in doubt; {} from the partner",
            dollars(bill.paid.0),
            dollars(bill.in_doubt.0),
            dollars(bill.sales.0)
        );
        self.row("together", &sums)?;
        Ok(bill)
    }

    pub fn summary(&self, events: usize, took: Duration) -> Result<()> {
        let done = self.0.green("Done:");
        self.0.line(&format!(
            "\n{done} ordered, swapped and cancelled over the wire in {:.1} s; {events} webhooks in a sequence without gaps, \
             each with two valid signatures.",
            took.as_secs_f64()
        ))
    }

    pub fn json(&self, summary: &Value) -> Result<()> {
        if self.0.json {
            Output::print_json(summary)
        } else {
            Ok(())
        }
    }

    pub fn go_on(&self, live: &LiveStage) -> Result<()> {
        self.section("Go on")?;
        self.row("base URL", &format!("{}/partner/v1", live.base_url))?;
        self.row("live key", live.live_key.expose_secret())?;
        self.row(
            "vendors",
            &format!("{}/holdings, /counts, /faults", live.fakes.admin_url()),
        )?;
        self.0.line("\nStop with Ctrl-C.")
    }

    pub fn goodbye(&self) -> Result<()> {
        self.0.line("\nStopped.")
    }
}
