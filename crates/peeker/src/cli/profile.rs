//! `peeker profile`: how strict an installation is, which its first server has decided.

use clap::{Args, Subcommand};
use peeker_app::webhooks::refused::{self, RefusedAddress};
use serde_json::{Value, json};

use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;
use crate::profile::{self, Profile};

const SHOW_EXAMPLES: &str = "\
Examples:
  peeker profile show
  peeker profile show --json
  {\"profile\":\"production\",\"recorded\":true}

The first server that is started on an installation records its profile. Until then, what a server without flags would \
run in is shown.";
const SET_EXAMPLES: &str = "\
Examples:
  peeker profile set production
  peeker profile set production --json
  {\"profile\":\"production\",\"before\":\"development\",\"refused_addresses\":[]}

Commands go by it at once, servers from their next start on. Webhook addresses that the new profile does not allow stay \
as they are and are listed: nothing is sent there any more.";

/// What can be done with the profile.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the profile of this installation
    Show(Show),
    /// Change the profile of this installation
    Set(Set),
}

/// Flags of `profile show`: none of its own.
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct Show {}

/// Arguments of `profile set`.
#[derive(Debug, Args)]
#[command(after_help = SET_EXAMPLES)]
pub struct Set {
    /// The profile
    #[arg(value_enum)]
    profile: Profile,
}

/// Runs a command about the profile.
pub async fn run(global: &Global, command: Command, output: Output) -> Result<()> {
    let installation = Installation::find(global)?;
    match command {
        Command::Show(Show {}) => show(&installation, output).await,
        Command::Set(Set { profile }) => set(&installation, profile, output).await,
    }
}

async fn show(installation: &Installation, output: Output) -> Result<()> {
    let recorded = installation.recorded_profile().await?;
    let profile = installation.profile().await?;
    let answer = json!({ "profile": profile.to_string(), "recorded": recorded.is_some() });
    output.answer(&answer, |output| {
        let title = output.bold(&format!("{profile} profile"));
        if recorded.is_some() {
            format!(
                "{title}\nRecorded; change it with: peeker profile set {}",
                profile.other()
            )
        } else {
            format!("{title}\nNot recorded yet: the first server that starts here does that.")
        }
    })
}

async fn set(installation: &Installation, wanted: Profile, output: Output) -> Result<()> {
    let before = installation.recorded_profile().await?;
    let app = installation
        .open_in(before.unwrap_or(wanted), output)
        .await?;
    profile::change(&app, wanted).await?;
    drop(app);
    // Opened anew where that can be, since what is allowed now depends on the new profile.
    let refused = match installation.open_in(wanted, output).await {
        Ok(app) => refused::addresses_unscoped(&app).await?,
        Err(failure) => {
            output.note(&format!(
                "No command and no server works until this is mended: {failure}"
            ));
            Vec::new()
        }
    };
    let answer = json!({
        "profile": wanted.to_string(),
        "before": before.map(|before| before.to_string()),
        "refused_addresses": refused.iter().map(address).collect::<Vec<Value>>(),
    });
    output.answer(&answer, |output| {
        let mut lines =
            vec![output.bold(&format!("This installation runs in the {wanted} profile"))];
        if before.is_some_and(|before| before != wanted) {
            lines.push("Restart its servers: those that run go on as before.".to_owned());
        }
        if !refused.is_empty() {
            lines.push("Nothing is sent to these addresses any more:".to_owned());
        }
        lines.extend(refused.iter().map(|one| {
            let RefusedAddress {
                account,
                environment,
                url,
                why,
            } = one;
            format!("  {account} {environment} {url}: {why}")
        }));
        lines.join("\n")
    })
}

fn address(refused: &RefusedAddress) -> Value {
    let RefusedAddress {
        account,
        environment,
        url,
        why,
    } = refused;
    json!({ "partner": account, "environment": environment, "url": url, "why": why })
}
