//! `peeker serve`: the server.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

use clap::{Args, ValueEnum};
use peeker_app::{App, partners};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::config::DEFAULT_LISTEN;
use crate::config::parse_origin;
use crate::failure::{Failure, Result};
use crate::global_options::Global;
use crate::installation::{Installation, MAKE_A_KEY, master_key_variable};
use crate::output::Output;
use crate::profile::{self, Profile};
use crate::serve::{Bound, stop_on_signal};
use crate::{metrics, serve, telemetry};

const EXAMPLES: &str = "\
Examples:
  peeker serve
      On this machine, data in ./peeker-data; needs nothing else

  export PEEKER_MASTER_KEY=… PEEKER_PUBLIC_URL=https://api.example.com
  peeker serve --listen 0.0.0.0:8080 --data-dir /var/lib/peeker
      For partners, on SQLite, behind a proxy that ends TLS

  export PEEKER_DATABASE_URL=postgres://peeker@db/peeker
  peeker serve --role api --listen 0.0.0.0:8080
  peeker serve --role worker
      For partners, on PostgreSQL, in as many processes as it takes

The first SIGINT or SIGTERM lets requests and jobs end; the second stops at once.";

/// Flags of `serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Where the API listens; port 0 takes any free port [default: 127.0.0.1:8080]
    #[arg(long, env = "PEEKER_LISTEN", value_name = "ADDRESS", value_parser = parse_address)]
    listen: Option<SocketAddr>,

    /// What this process does
    #[arg(long, env = "PEEKER_ROLE", value_enum, default_value_t = Role::All)]
    role: Role,

    /// Where Prometheus metrics are served, at /metrics [default: nowhere]
    #[arg(long, env = "PEEKER_METRICS_LISTEN", value_name = "ADDRESS", value_parser = parse_address)]
    metrics_listen: Option<SocketAddr>,

    /// How strict to be [default: that of the installation; at its first start development on a loopback address without a
    /// database URL, else production]
    #[arg(long, env = "PEEKER_PROFILE", value_enum)]
    profile: Option<Profile>,

    /// Origin of the links in answers [default: that of the request]
    #[arg(long, env = "PEEKER_PUBLIC_URL", value_name = "https://HOST", value_parser = parse_origin)]
    public_url: Option<String>,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Both
    All,
    /// Answer requests
    Api,
    /// Provision domains and send webhooks
    Worker,
}

/// Reads an address with a port; `localhost` and a bare `:8080` mean this machine.
pub fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let named = text.strip_prefix("localhost").unwrap_or(text);
    let local = named
        .strip_prefix(':')
        .filter(|port| !port.contains(':'))
        .map(|port| format!("{}:{port}", Ipv4Addr::LOCALHOST));
    local
        .as_deref()
        .unwrap_or(text)
        .parse()
        .or_else(|_| resolve(text))
        .map_err(|()| "give an address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

fn resolve(text: &str) -> Result<SocketAddr, ()> {
    text.to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next())
        .ok_or(())
}

/// What `serve` runs with.
struct Plan {
    installation: Installation,
    profile: Profile,
    role: Role,
    listen: SocketAddr,
    metrics_listen: Option<SocketAddr>,
}

/// Runs the server until a signal.
pub async fn run(global: &Global, arguments: Arguments, output: Output) -> Result<()> {
    telemetry::log_panics();
    let output = output.with_logged_notes();
    let plan = plan(global, arguments).await?;
    let Plan {
        installation,
        profile,
        role,
        ..
    } = &plan;
    if *profile == Profile::Production {
        check_production(installation)?;
    }
    // Before the databases are opened: another server's port must not be found out only after a migration.
    let api = match role {
        Role::Worker => None,
        Role::All | Role::Api => {
            let limits = installation.config.connections.limits();
            let bound = Bound::new(plan.listen, "--listen").await?;
            Some(bound.with_limits(limits.within_open_files()))
        }
    };
    let recorder = match plan.metrics_listen {
        Some(address) => Some((
            Bound::new(address, "--metrics-listen").await?,
            metrics::start()?,
        )),
        None => None,
    };
    let stop = stop_on_signal(move || {
        output
            .note("Stopping: requests and jobs under way may end. A second signal stops at once.");
    })?;
    let app = installation.open_in(*profile, output).await?;
    let on_record = profile::record_first(&app, *profile).await?;
    if on_record != *profile {
        // Another server was the first, a moment ago.
        return Err(Profile::another(on_record, *profile));
    }
    let api_address = api.as_ref().map(|bound| bound.address);
    let metrics_address = recorder.as_ref().map(|(bound, _)| bound.address);
    let announcement = announcement(&plan, &app, api_address, metrics_address, output).await?;
    print_aside(announcement);
    let metrics_stop = CancellationToken::new();
    let _until_the_end = metrics_stop.clone().drop_guard();
    if let Some((bound, handle)) = recorder {
        tokio::spawn(metrics::upkeep(handle.clone(), metrics_stop.clone()));
        tokio::spawn(bound.serve(metrics::router(handle).into(), metrics_stop.clone()));
    }
    let worker = *role != Role::Api;
    let _sole_worker = if worker {
        installation.recover_work(&app).await?
    } else {
        None
    };
    serve::run(app, api, worker, stop).await?;
    output.note("Stopped.");
    Ok(())
}

/// Flag before environment (both in `arguments`) before file before default.
async fn plan(global: &Global, arguments: Arguments) -> Result<Plan> {
    let Arguments {
        listen,
        role,
        metrics_listen,
        profile,
        public_url,
    } = arguments;
    let mut installation = Installation::find(global)?;
    let server = &mut installation.config.server;
    let listen = listen.or(server.listen).unwrap_or(DEFAULT_LISTEN);
    let metrics_listen = metrics_listen.or(server.metrics_listen);
    let public_url = public_url
        .map(Ok)
        .or_else(|| server.public_url.as_deref().map(parse_origin));
    server.public_url = public_url.transpose().map_err(Failure::configuration)?;
    let likely = Profile::default_for(listen, installation.is_postgres());
    let profile = Profile::of_server(installation.recorded_profile().await?, profile, likely)?;
    Ok(Plan {
        installation,
        profile,
        role,
        listen,
        metrics_listen,
    })
}

/// Names everything that is missing at once.
fn check_production(installation: &Installation) -> Result<()> {
    let mut missing = Vec::new();
    if master_key_variable()?.is_none() {
        let take = installation.master_key_in_file();
        missing.push(format!(
            "the master key: {}  (keep it in a safe place; every server needs the same)",
            take.as_deref().unwrap_or(MAKE_A_KEY)
        ));
    }
    match installation.config.server.public_url.as_deref() {
        None => missing.push(
            "the public URL: --public-url https://api.example.com, or PEEKER_PUBLIC_URL".to_owned(),
        ),
        Some(url) if !url.starts_with("https://") => {
            missing.push(format!(
                "a public URL with https, not {url}: partners send their keys to it"
            ));
        }
        Some(_) => {}
    }
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join("\n  - ");
    Err(Failure::configuration(format!(
        "The production profile needs\n  - {list}\nTo try Peeker on this machine: peeker serve --profile development"
    )))
}

/// Where the server is found and what to do next, in words or in JSON.
async fn announcement(
    plan: &Plan,
    app: &App,
    api: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
    output: Output,
) -> Result<String> {
    let profile = plan.profile.to_string();
    let role = plan
        .role
        .to_possible_value()
        .map(|value| value.get_name().to_owned());
    let url = api.map(|address| format!("http://{address}"));
    if output.json {
        let metrics = metrics.map(|address| format!("http://{address}/metrics"));
        let listening = json!({"api": url, "metrics": metrics});
        return Ok(json!({"listening": listening, "profile": profile, "role": role}).to_string());
    }
    let version = env!("CARGO_PKG_VERSION");
    let role = role.unwrap_or_default();
    let mut lines = vec![output.bold(&format!("Peeker {version}, {profile} profile, role {role}"))];
    if let Some(url) = &url {
        lines.push(format!("  API       {url}/partner/v1"));
        lines.push(format!("  docs      {url}/docs"));
    }
    if let Some(address) = metrics {
        lines.push(format!("  metrics   http://{address}/metrics"));
    }
    lines.push(format!("  data      {}", plan.installation.describe()));
    if api.is_some() && partners::list(app).await?.is_empty() {
        lines.push("\nNo partner yet. In a second terminal: peeker partner create --name \"Acme Resellers\"".to_owned());
    }
    lines.push("Stop with Ctrl-C.".to_owned());
    Ok(lines.join("\n"))
}

/// Prints on a thread of its own: a server serves, whether somebody reads its stdout, nobody does, or its disk is full.
fn print_aside(text: String) {
    let print = move || {
        if let Err(failure) = Output::print(&text) {
            tracing::warn!(error = %failure, "where the server is found could not be printed");
        }
    };
    if let Err(error) = std::thread::Builder::new().spawn(print) {
        tracing::warn!(%error, "where the server is found could not be printed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_a_port() {
        for (text, address) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("localhost:0", "127.0.0.1:0"),
            (":9090", "127.0.0.1:9090"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(parse_address(text).unwrap().to_string(), address);
        }
        for bad in [
            "",
            "8080",
            "127.0.0.1",
            "localhost",
            "::1:80:x",
            "127.0.0.1:99999",
        ] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
    }
}
