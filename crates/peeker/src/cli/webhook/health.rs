//! `peeker webhook show` and `resume`.

use clap::Args;
use peeker_app::webhooks::rotation::{self, SecretAge};
use peeker_app::webhooks::{health, refused};
use peeker_domain::id::AccountId;
use peeker_domain::view::{EndpointStatus, WebhookEndpoint};
use peeker_domain::{Environment, FailureClass, Timestamp};
use serde_json::{Map, Value, json};

use crate::cli::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const SHOW_EXAMPLES: &str = "\
Examples:
  peeker webhook show org_…
  peeker webhook show org_… --json";
const RESUME_EXAMPLES: &str = "\
Examples:
  peeker webhook resume org_…
  peeker webhook resume org_… --environment live --json
  {\"live\":{\"resumed\":true,\"released_count\":12}}

An endpoint that only failed for five days, or that answered 410, is paused and its events wait. It is tried every hour, \
after a 410 every day, and resumed by its first success; this command does not wait for that. If it still fails, it is \
paused again.";

/// Arguments of `webhook show`.
#[derive(Debug, Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct Show {
    /// The partner, org_…
    partner: AccountId,
}

/// Arguments of `webhook resume`.
#[derive(Debug, Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub struct Resume {
    /// The partner, org_…
    partner: AccountId,

    /// Only there [default: both]
    #[arg(long, value_parser = word!(Environment))]
    environment: Option<Environment>,
}

/// Shows both environments of an endpoint.
pub async fn show(global: &Global, arguments: Show, output: Output) -> Result<()> {
    let Show { partner } = arguments;
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    let (mut answer, mut sections) = (Map::new(), Vec::new());
    for &environment in Environment::ALL {
        let endpoint = health::show(&app, &partner, environment).await?;
        let secrets = rotation::secrets(&app, &partner, environment).await?;
        let failure = refused::last_failure(&app, &partner, environment).await?;
        let ages: Vec<Value> = secrets.iter().map(secret_json).collect();
        answer.insert(
            environment.to_string(),
            json!({
                "endpoint": endpoint,
                "secrets": ages,
                "last_failure": failure,
                "last_failure_message": failure.map(FailureClass::explained),
            }),
        );
        sections.push(Section {
            environment,
            endpoint,
            secrets,
            failure,
        });
    }
    output.answer(&answer, |output| text(&partner, &sections, output))
}

fn secret_json(secret: &SecretAge) -> Value {
    json!({ "created_at": secret.created_at, "signs_until": secret.expires_at })
}

/// What is shown of one environment.
struct Section {
    environment: Environment,
    endpoint: WebhookEndpoint,
    secrets: Vec<SecretAge>,
    /// Why the last attempt failed.
    failure: Option<FailureClass>,
}

fn text(partner: &AccountId, sections: &[Section], output: Output) -> String {
    let mut lines = vec![output.bold(&format!("Webhooks of {partner}"))];
    for Section {
        environment,
        endpoint,
        secrets,
        failure,
    } in sections
    {
        let url = endpoint.url.as_deref().unwrap_or("no address");
        lines.push(format!("  {environment:<5} {url}"));
        lines.push(format!("        {}", standing(endpoint)));
        let time = |time: Option<Timestamp>| {
            time.map_or_else(|| "never".to_owned(), |time| time.to_string())
        };
        lines.push(format!(
            "        last success {}",
            time(endpoint.last_success_at)
        ));
        if let Some(since) = endpoint.failing_since {
            lines.push(format!("        failing since {since}"));
        }
        if let Some(failure) = failure {
            lines.push(format!("        {}", failure.explained()));
        }
        for secret in secrets {
            let until = secret
                .expires_at
                .map_or_else(String::new, |until| format!(", signs until {until}"));
            lines.push(format!("        secret of {}{until}", secret.created_at));
        }
    }
    lines.join("\n")
}

fn standing(endpoint: &WebhookEndpoint) -> String {
    let (Some(at), Some(reason)) = (endpoint.paused_at, endpoint.paused_reason) else {
        return endpoint.status.to_string();
    };
    if endpoint.status != EndpointStatus::Paused {
        return endpoint.status.to_string();
    }
    let next = endpoint
        .next_probe_at
        .map_or_else(String::new, |next| format!("; tried again at {next}"));
    format!(
        "paused since {at} ({reason}), {} events wait{next}",
        endpoint.waiting_count
    )
}

/// Resumes an endpoint; one that is not paused stays as it is.
pub async fn resume(global: &Global, arguments: Resume, output: Output) -> Result<()> {
    let Resume {
        partner,
        environment,
    } = arguments;
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    let (mut answer, mut lines) = (Map::new(), Vec::new());
    let wanted = Environment::ALL
        .iter()
        .filter(|one| environment.is_none_or(|wanted| wanted == **one));
    for &environment in wanted {
        let released = health::resume(&app, &partner, environment).await?;
        answer.insert(
            environment.to_string(),
            json!({ "resumed": released.is_some(), "released_count": released.unwrap_or(0) }),
        );
        lines.push(match released {
            Some(count) => format!("{environment}: resumed, {count} events go out now"),
            None => format!("{environment}: was not paused"),
        });
    }
    output.answer(&answer, |_| lines.join("\n"))
}
