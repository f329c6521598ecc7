//! `peeker partner`: partners, as the operator makes them.

use clap::{Args, Subcommand};
use peeker_app::partners::{self, Closed, CreatedPartner, Partner};
use peeker_domain::id::AccountId;
use peeker_domain::{PartnerStatus, Tier, Timestamp};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const CREATE_EXAMPLES: &str = "\
Examples:
  peeker partner create --name \"Acme Resellers\"
  peeker partner create --name Acme --tier vip --json
  {\"partner\":{\"id\":\"org_…\",\"name\":\"Acme\"},\"keys\":{\"test\":\"pk_test_…\",\"live\":\"pk_live_…\"}}";

const SET_EXAMPLES: &str = "\
Examples:
  peeker partner set org_… --tier vip
  peeker partner set org_… --name \"Acme Resellers Ltd\" --json
  {\"id\":\"org_…\",\"name\":\"Acme Resellers Ltd\",\"tier\":\"vip\",\"status\":\"active\",\"created_at\":\"…\"}";

const SUSPEND_EXAMPLES: &str = "\
Examples:
  peeker partner suspend org_…
  peeker partner suspend org_… --json

Every request with a key of the partner is answered 403, reads too. What was ordered goes on: work under way, renewals, and \
the events that tell of it. Undo it with peeker partner resume.";

const RESUME_EXAMPLES: &str = "\
Examples:
  peeker partner resume org_…

The keys of a suspended or closed partner work again, at once. Orders that a closing has cancelled stay cancelled.";

const CLOSE_EXAMPLES: &str = "\
Examples:
  peeker partner close org_…
  peeker partner close org_… --json
  {\"partner\":{…},\"cancelled_orders\":3}

The partner's keys are refused like unknown ones, and its orders are cancelled, in live and in the sandbox: each ends with \
its paid month, or at once if nothing of it was delivered. Nothing is renewed after that. Events are still sent. What is left \
in the wallet stays there: see peeker wallet debit. When the command was interrupted, run it again.";

/// What can be done with partners.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a partner with a full key for each environment; the keys are shown once
    Create(Create),
    /// List all partners, oldest first
    List,
    /// Change a partner's name or tier
    Set(Set),
    /// Let a partner's keys do nothing until it is resumed; its orders go on
    Suspend(Suspend),
    /// Let the keys of a suspended or closed partner be used again
    Resume(Resume),
    /// Refuse a partner's keys and cancel its orders
    Close(Close),
}

/// Arguments of `partner set`.
#[derive(Debug, Args)]
#[command(after_help = SET_EXAMPLES)]
pub struct Set {
    /// The partner, org_…
    partner: AccountId,

    #[command(flatten)]
    change: Change,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Change {
    /// The new name, 1 to 120 characters
    #[arg(long)]
    name: Option<String>,

    /// The new billing tier; sets the quota of premium swaps
    #[arg(long, value_parser = word!(Tier))]
    tier: Option<Tier>,
}

/// Arguments of `partner suspend`.
#[derive(Debug, Args)]
#[command(after_help = SUSPEND_EXAMPLES)]
pub struct Suspend {
    /// The partner, org_…
    partner: AccountId,
}

/// Arguments of `partner resume`.
#[derive(Debug, Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub struct Resume {
    /// The partner, org_…
    partner: AccountId,
}

/// Arguments of `partner close`.
#[derive(Debug, Args)]
#[command(after_help = CLOSE_EXAMPLES)]
pub struct Close {
    /// The partner, org_…
    partner: AccountId,
}

/// Flags of `partner create`.
#[derive(Debug, Args)]
#[command(after_help = CREATE_EXAMPLES)]
pub struct Create {
    /// The partner's name, 1 to 120 characters
    #[arg(long)]
    name: String,

    /// Billing tier; sets the quota of premium swaps
    #[arg(long, default_value = "base", value_parser = word!(Tier))]
    tier: Tier,
}

/// Runs a command about partners.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    match command {
        Command::Create(Create { name, tier }) => {
            let created = partners::create(&app, &name, tier).await?;
            output.answer(&created_json(&created), |output| {
                created_text(&created, output)
            })
        }
        Command::List => {
            let list = partners::list(&app).await?;
            output.answer(&list_json(&list), |output| list_text(&list, output))
        }
        Command::Set(Set { partner, change }) => {
            let Change { name, tier } = change;
            let partner = partners::set(&app, &partner, name.as_deref(), tier).await?;
            output.answer(&Row::from(&partner), |_| {
                let Partner { id, name, tier, .. } = &partner;
                format!("{id} is {name}, tier {tier}")
            })
        }
        Command::Suspend(Suspend { partner }) => {
            let partner = partners::suspend(&app, &partner).await?;
            output.answer(&Row::from(&partner), |_| {
                format!(
                    "Suspended {}. Its keys are answered 403 from now on; what was ordered goes on.",
                    partner.id
                )
            })
        }
        Command::Resume(Resume { partner }) => {
            let partner = partners::resume(&app, &partner).await?;
            output.answer(&Row::from(&partner), |_| {
                format!("{} is active. Its keys work.", partner.id)
            })
        }
        Command::Close(Close { partner }) => {
            let closed = partners::close(&app, &partner).await?;
            output.answer(&ClosedJson::from(&closed), |_| closed_text(&closed))
        }
    }
}

/// A closed partner for scripts.
#[derive(Serialize)]
struct ClosedJson<'a> {
    partner: Row<'a>,
    cancelled_orders: u64,
}

impl<'a> From<&'a Closed> for ClosedJson<'a> {
    fn from(closed: &'a Closed) -> Self {
        Self {
            partner: Row::from(&closed.partner),
            cancelled_orders: closed.cancelled_orders,
        }
    }
}

fn closed_text(closed: &Closed) -> String {
    let Closed {
        partner,
        cancelled_orders,
    } = closed;
    format!(
        "Closed {}. Its keys are refused from now on; orders cancelled: {cancelled_orders}.",
        partner.id
    )
}

/// A new partner for scripts.
#[derive(Serialize)]
struct CreatedJson<'a> {
    partner: Named<'a>,
    keys: Keys<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a AccountId,
    name: &'a str,
}

#[derive(Serialize)]
struct Keys<'a> {
    test: &'a str,
    live: &'a str,
}

fn created_json(created: &CreatedPartner) -> CreatedJson<'_> {
    let CreatedPartner {
        partner,
        test_key,
        live_key,
    } = created;
    CreatedJson {
        partner: Named {
            id: &partner.id,
            name: &partner.name,
        },
        keys: Keys {
            test: test_key.expose_secret(),
            live: live_key.expose_secret(),
        },
    }
}

fn created_text(created: &CreatedPartner, output: Output) -> String {
    let CreatedPartner {
        partner,
        test_key,
        live_key,
    } = created;
    format!(
        "{title}\n  partner    {id}\n  test key   {test}\n  live key   {live}\n\n\
         The keys are shown this once and cannot be read again; copy them now.\n\
         Next: peeker webhook set {id} --url https://…",
        title = output.bold(&format!("Made partner {}", partner.name)),
        id = partner.id,
        test = test_key.expose_secret(),
        live = live_key.expose_secret(),
    )
}

/// All partners for scripts.
#[derive(Serialize)]
struct ListJson<'a> {
    partners: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a AccountId,
    name: &'a str,
    tier: Tier,
    status: PartnerStatus,
    created_at: Timestamp,
}

impl<'a> From<&'a Partner> for Row<'a> {
    fn from(partner: &'a Partner) -> Self {
        Self {
            id: &partner.id,
            name: &partner.name,
            tier: partner.tier,
            status: partner.status,
            created_at: partner.created_at,
        }
    }
}

fn list_json(list: &[Partner]) -> ListJson<'_> {
    ListJson {
        partners: list.iter().map(Row::from).collect(),
    }
}

fn list_text(list: &[Partner], output: Output) -> String {
    if list.is_empty() {
        return "No partners yet. Make one: peeker partner create --name \"Acme Resellers\""
            .to_owned();
    }
    let row = |partner: &Partner| {
        vec![
            partner.id.to_string(),
            partner.tier.to_string(),
            partner.status.to_string(),
            partner.created_at.to_string(),
            partner.name.clone(),
        ]
    };
    let rows: Vec<_> = list.iter().map(row).collect();
    output.table("", &["ID", "TIER", "STATUS", "CREATED", "NAME"], &rows)
}
