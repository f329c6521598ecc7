//! What an operator can configure, by file and by environment. Flags come on top, in the commands that have them.
//!
//! Precedence: flag, then environment variable, then file, then default. `peeker.toml.example` lists every key; a test
//! holds it to this file. Secrets are never in the file: the master key and the database URL are environment only.

mod connections;
mod dns;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use ipnet::IpNet;
use peeker_app::Settings;
use peeker_app::settings::IdempotencyBudget;
use peeker_domain::Cents;
use peeker_domain::price::PriceBook;
use peeker_domain::sizing::{MICROSOFT_DENSITIES, Split};
use serde::Deserialize;
use url::Url;

use crate::failure::{Failure, Result};
pub use connections::Connections;
pub use dns::Dns;

/// Name of the file in the data folder.
pub const FILE_NAME: &str = "peeker.toml";

/// Where the API listens when nobody says otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Most jobs or deliveries at once; beyond it the databases are the limit.
const MAX_CONCURRENCY: usize = 10_000;
/// Highest price of one license, in cents: a guard against an amount given in the wrong unit.
const MAX_PRICE_CENTS: u32 = 10_000_000;

const MEBIBYTE: u64 = 1024 * 1024;
/// Longest time that anything is kept, in days: ten years.
const MAX_DAYS: u32 = 3650;

/// Most idempotency keys that an account may be allowed; counting them takes time.
const MAX_KEYS: u64 = 100_000_000;
/// Most mebibytes of kept answers that an account may be allowed.
const MAX_ANSWER_MEBIBYTES: u32 = 1_000_000;

/// Everything in the file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the server is found.
    pub server: Server,
    /// What clients may take of it.
    pub connections: Connections,
    pub database: Database,
    pub prices: Prices,
    /// How bundles are sized.
    pub sizing: Sizing,
    /// Where webhooks may go.
    pub webhooks: Webhooks,
    /// How much is done at once.
    pub workers: Workers,
    /// For how long things are kept.
    pub retention: Retention,
    /// How much is kept for idempotency keys.
    pub idempotency: Idempotency,
    /// Who is asked about the DNS of real domains.
    pub dns: Dns,
}

/// Where the server is found.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Origin of the links in answers; without it, the request's own.
    pub public_url: Option<String>,
    /// Where the API listens.
    pub listen: Option<SocketAddr>,
    /// Where metrics are served; without it, nowhere.
    pub metrics_listen: Option<SocketAddr>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Most PostgreSQL connections of one process for each of `live` and `sandbox`; `control` gets a quarter.
    pub max_connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            max_connections: 16,
        }
    }
}

/// What licenses cost, in cents a month.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    pub google_license_cents: u32,
    pub microsoft_license_cents: u32,
}

impl Default for Prices {
    fn default() -> Self {
        let book = PriceBook::default();
        let cents = |price: Cents| u32::try_from(price.0).unwrap_or(u32::MAX);
        Self {
            google_license_cents: cents(book.google_license),
            microsoft_license_cents: cents(book.microsoft_license),
        }
    }
}

/// How bundles are sized.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Sizing {
    /// Share on Google of a bundle without a split of its own; the rest is on Microsoft.
    pub recommended_google_percent: u32,
    /// Inboxes on a Microsoft domain of a bundle order.
    pub microsoft_inboxes_per_license: u32,
}

impl Default for Sizing {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            recommended_google_percent: settings.recommended_split.google_percent,
            microsoft_inboxes_per_license: settings.microsoft_inboxes_per_license,
        }
    }
}

/// Where webhooks may go.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Ranges that are not public and still allowed, as `10.1.0.0/16`.
    pub allowed_ranges: Vec<String>,
}

/// How much is done at once, per environment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Workers {
    pub job_concurrency: usize,
    pub delivery_concurrency: usize,
}

impl Default for Workers {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            job_concurrency: settings.job_concurrency,
            delivery_concurrency: settings.delivery_concurrency,
        }
    }
}

/// For how long things are kept, in days.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    pub event_days: u32,
    /// Records of delivery attempts and of replays.
    pub attempt_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        let kept = Settings::default().retention;
        Self {
            event_days: kept.event_days,
            attempt_days: kept.attempt_days,
        }
    }
}

/// How much an account may have kept for its idempotency keys, in each environment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Idempotency {
    /// Keys in 24 hours.
    pub keys_per_account: u64,
    /// Mebibytes of kept answers.
    pub answer_mebibytes_per_account: u32,
}

impl Default for Idempotency {
    fn default() -> Self {
        let budget = IdempotencyBudget::default();
        let mebibytes = budget.answer_bytes / MEBIBYTE;
        Self {
            keys_per_account: budget.keys,
            answer_mebibytes_per_account: u32::try_from(mebibytes).unwrap_or(u32::MAX),
        }
    }
}

impl Config {
    /// Reads the file and what the environment says on top of it, and checks the whole.
    /// Errors: names the file and the key, or every value that cannot be.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let mut config = match file {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        config.overlay(|name| std::env::var(name).ok())?;
        config.check()?;
        Ok(config)
    }

    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::configuration(format!("Cannot read {shown}: {error}")))?;
        toml::from_str(&text).map_err(|error| {
            Failure::configuration(format!("{shown}: {error}").trim_end().to_owned())
        })
    }

    /// Puts environment variables over the file. The variables of `[server]` belong to flags of `serve`.
    fn overlay(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<()> {
        let Self {
            server: _,
            connections,
            database,
            prices,
            sizing,
            webhooks,
            workers,
            retention,
            idempotency,
            dns,
        } = self;
        let set = Overlay(variable);
        connections.overlay(&set)?;
        dns.overlay(&set)?;
        set.number(
            "PEEKER_DATABASE_MAX_CONNECTIONS",
            &mut database.max_connections,
        )?;
        set.number(
            "PEEKER_PRICES_GOOGLE_LICENSE_CENTS",
            &mut prices.google_license_cents,
        )?;
        set.number(
            "PEEKER_PRICES_MICROSOFT_LICENSE_CENTS",
            &mut prices.microsoft_license_cents,
        )?;
        set.number(
            "PEEKER_SIZING_RECOMMENDED_GOOGLE_PERCENT",
            &mut sizing.recommended_google_percent,
        )?;
        set.number(
            "PEEKER_SIZING_MICROSOFT_INBOXES_PER_LICENSE",
            &mut sizing.microsoft_inboxes_per_license,
        )?;
        set.number(
            "PEEKER_WORKERS_JOB_CONCURRENCY",
            &mut workers.job_concurrency,
        )?;
        set.number(
            "PEEKER_WORKERS_DELIVERY_CONCURRENCY",
            &mut workers.delivery_concurrency,
        )?;
        set.number("PEEKER_RETENTION_EVENT_DAYS", &mut retention.event_days)?;
        set.number("PEEKER_RETENTION_ATTEMPT_DAYS", &mut retention.attempt_days)?;
        set.number(
            "PEEKER_IDEMPOTENCY_KEYS_PER_ACCOUNT",
            &mut idempotency.keys_per_account,
        )?;
        set.number(
            "PEEKER_IDEMPOTENCY_ANSWER_MEBIBYTES_PER_ACCOUNT",
            &mut idempotency.answer_mebibytes_per_account,
        )?;
        set.list(
            "PEEKER_WEBHOOKS_ALLOWED_RANGES",
            &mut webhooks.allowed_ranges,
        );
        Ok(())
    }

    /// Checks every value and tells of all that cannot be at once.
    fn check(&self) -> Result<()> {
        let Self {
            server,
            connections,
            database,
            prices,
            sizing,
            webhooks,
            workers,
            retention,
            idempotency,
            dns,
        } = self;
        let mut problems = Vec::new();
        let mut expect = |holds: bool, key: &str, rule: String| {
            if !holds {
                problems.push(format!("{key} {rule}"));
            }
        };
        if let Some(Err(rule)) = server.public_url.as_deref().map(parse_origin) {
            expect(false, "[server] public_url", rule);
        }
        connections.check(&mut expect);
        dns.check(&mut expect);
        let fits = (1..=1000).contains(&database.max_connections);
        expect(
            fits,
            "[database] max_connections",
            "must be 1 to 1000".to_owned(),
        );
        for (key, cents) in [
            ("[prices] google_license_cents", prices.google_license_cents),
            (
                "[prices] microsoft_license_cents",
                prices.microsoft_license_cents,
            ),
        ] {
            expect(
                cents <= MAX_PRICE_CENTS,
                key,
                format!("must be 0 to {MAX_PRICE_CENTS}"),
            );
        }
        let percent = sizing.recommended_google_percent;
        expect(
            percent <= 100,
            "[sizing] recommended_google_percent",
            "must be 0 to 100".to_owned(),
        );
        let density = MICROSOFT_DENSITIES.contains(&sizing.microsoft_inboxes_per_license);
        let densities = MICROSOFT_DENSITIES
            .map(|density| density.to_string())
            .join(", ");
        expect(
            density,
            "[sizing] microsoft_inboxes_per_license",
            format!("must be one of {densities}"),
        );
        for range in &webhooks.allowed_ranges {
            let rule = format!("has {range:?}, which is no address range such as 10.1.0.0/16");
            expect(
                parse_range(range).is_some(),
                "[webhooks] allowed_ranges",
                rule,
            );
        }
        for (key, at_once) in [
            ("[workers] job_concurrency", workers.job_concurrency),
            (
                "[workers] delivery_concurrency",
                workers.delivery_concurrency,
            ),
        ] {
            expect(
                (1..=MAX_CONCURRENCY).contains(&at_once),
                key,
                format!("must be 1 to {MAX_CONCURRENCY}"),
            );
        }
        for (key, days) in [
            ("[retention] event_days", retention.event_days),
            ("[retention] attempt_days", retention.attempt_days),
        ] {
            let rule = format!("must be 1 to {MAX_DAYS}");
            expect((1..=MAX_DAYS).contains(&days), key, rule);
        }
        expect(
            (1..=MAX_KEYS).contains(&idempotency.keys_per_account),
            "[idempotency] keys_per_account",
            format!("must be 1 to {MAX_KEYS}"),
        );
        expect(
            (1..=MAX_ANSWER_MEBIBYTES).contains(&idempotency.answer_mebibytes_per_account),
            "[idempotency] answer_mebibytes_per_account",
            format!("must be 1 to {MAX_ANSWER_MEBIBYTES}"),
        );
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Failure::configuration(problems.join("; ")))
        }
    }

    /// The ranges that webhooks may go to although they are not public.
    pub fn allowed_ranges(&self) -> Vec<IpNet> {
        // Checked when the configuration was loaded.
        self.webhooks
            .allowed_ranges
            .iter()
            .filter_map(|range| parse_range(range))
            .collect()
    }

    /// What the use-cases take of it.
    pub fn settings(&self) -> Settings {
        let google = self.sizing.recommended_google_percent.min(100);
        Settings {
            public_url: self.server.public_url.clone(),
            prices: PriceBook {
                google_license: Cents(self.prices.google_license_cents.into()),
                microsoft_license: Cents(self.prices.microsoft_license_cents.into()),
            },
            recommended_split: Split {
                google_percent: google,
                microsoft_percent: 100 - google,
            },
            microsoft_inboxes_per_license: self.sizing.microsoft_inboxes_per_license,
            job_concurrency: self.workers.job_concurrency,
            delivery_concurrency: self.workers.delivery_concurrency,
            retention: peeker_app::settings::Retention {
                event_days: self.retention.event_days,
                attempt_days: self.retention.attempt_days,
            },
            idempotency: IdempotencyBudget {
                keys: self.idempotency.keys_per_account,
                answer_bytes: u64::from(self.idempotency.answer_mebibytes_per_account) * MEBIBYTE,
            },
            dns: self.dns.settings(),
            ..Settings::default()
        }
    }
}

/// Takes environment variables into fields.
struct Overlay<F>(F);

impl<F: Fn(&str) -> Option<String>> Overlay<F> {
    fn number<N: FromStr>(&self, name: &str, field: &mut N) -> Result<()> {
        if let Some(text) = (self.0)(name) {
            let refused =
                |_| Failure::configuration(format!("{name} must be a whole number, not {text:?}"));
            *field = text.trim().parse().map_err(refused)?;
        }
        Ok(())
    }

    /// Words with commas between them; an empty text is an empty list.
    fn list(&self, name: &str, field: &mut Vec<String>) {
        if let Some(text) = (self.0)(name) {
            let words = text.split(',').map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            *field = words.map(ToOwned::to_owned).collect();
        }
    }
}

fn parse_range(text: &str) -> Option<IpNet> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

/// Reads an origin, `https://host` with an optional port, and gives it back without a slash at the end.
pub fn parse_origin(text: &str) -> Result<String, String> {
    const RULE: &str = "must be an origin such as https://api.example.com";
    let url = Url::parse(text.trim()).map_err(|_| RULE.to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(RULE.to_owned());
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{RULE}: no path, query or user"));
    }
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
