//! The two ways to run: on a developer's machine, or where partners depend on it.
//!
//! Which one it is belongs to the installation. The first server that is started on its databases records it there; every
//! command and every later server goes by that, whatever its own flags and environment would make of it.

use std::fmt;
use std::net::SocketAddr;

use clap::ValueEnum;
use ipnet::IpNet;
use peeker_app::App;
use peeker_store::{Location, StoreError, settings};
use peeker_webhooks::{AddressPolicy, OutboundClient};

use crate::failure::{Failure, Result, chain};

/// The name of the setting that it is recorded under.
const SETTING: &str = "profile";
/// Names a profile where there is no flag for it.
pub const PROFILE_VARIABLE: &str = "PEEKER_PROFILE";

/// How strict the server is about keys, its public address and where webhooks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Makes its own master key; webhooks may go to this machine, over plain http as well
    Development,
    /// Needs a master key and a public URL; webhooks go to public HTTPS addresses only
    Production,
}

impl Profile {
    /// The one that this is not.
    pub fn other(self) -> Self {
        match self {
            Self::Development => Self::Production,
            Self::Production => Self::Development,
        }
    }

    /// Reads a profile by its name.
    /// Errors: there is none of this name.
    pub fn parse(name: &str) -> Result<Self> {
        <Self as ValueEnum>::from_str(name, false).map_err(|_| {
            Failure::configuration(format!(
                "There is no profile {name:?}: it is development or production"
            ))
        })
    }

    /// The profile that a server runs in, from the one on `record`, the one it was asked for by name, and the one that its
    /// listen address and its database make likely.
    /// Errors: they do not go together; says how to change the one on record.
    pub fn of_server(recorded: Option<Self>, named: Option<Self>, likely: Self) -> Result<Self> {
        let Some(recorded) = recorded else {
            return Ok(named.unwrap_or(likely));
        };
        match named {
            Some(named) if named != recorded => Err(Self::another(recorded, named)),
            // Stricter than need be is safe: a server behind a proxy listens on a loopback address as well.
            None if recorded == Self::Development && likely == Self::Production => {
                Err(Failure::configuration(
                    "This installation runs in the development profile, and a server that others can reach, or one on \
                     PostgreSQL, should not. For partners: peeker profile set production. To go on as before, name it: \
                     peeker serve --profile development",
                ))
            }
            _ => Ok(recorded),
        }
    }

    /// The failure of a server that was asked to run in another profile than its installation.
    pub fn another(recorded: Self, named: Self) -> Failure {
        Failure::configuration(format!(
            "This installation runs in the {recorded} profile, and this server was asked to run in {named}. Start it without \
             --profile and {PROFILE_VARIABLE}, or change the profile of the installation first: peeker profile set {named}"
        ))
    }

    /// The profile where none is named: development on a loopback address without a database server.
    pub fn default_for(listen: SocketAddr, has_database_url: bool) -> Self {
        if listen.ip().is_loopback() && !has_database_url {
            Self::Development
        } else {
            Self::Production
        }
    }

    /// The client for webhooks. `allowed` opens ranges that are not public.
    /// Errors: a range that always stays closed, or no trusted certificates on this machine.
    pub fn outbound(self, allowed: Vec<IpNet>) -> Result<OutboundClient> {
        let (policy, require_https) = match self {
            Self::Development => (AddressPolicy::development(), false),
            Self::Production => (AddressPolicy::public_only(), true),
        };
        let policy = policy.with_allowed(allowed).map_err(|error| {
            Failure::configuration(format!("[webhooks] allowed_ranges: {error}"))
        })?;
        OutboundClient::new(policy, require_https).map_err(|error| {
            let message = format!(
                "{}. On Debian: apt-get install ca-certificates",
                chain(&error)
            );
            Failure::configuration(message)
        })
    }
}

/// What is recorded of an installation; `None` before the first server was started on it.
pub async fn recorded(location: &Location) -> Result<Option<Profile>> {
    let text = settings::look_up(location, SETTING).await;
    text.map_err(|error| unreadable(&error))?
        .map(|text| Profile::parse(&text))
        .transpose()
}

/// As [`recorded`], of an installation that is open.
pub async fn recorded_in(app: &App) -> Result<Option<Profile>> {
    let text = settings::get(&app.store().control, SETTING).await;
    text.map_err(|error| unreadable(&error))?
        .map(|text| Profile::parse(&text))
        .transpose()
}

/// Records the profile of a server that starts, unless one is on record. Gives back the one on record.
pub async fn record_first(app: &App, profile: Profile) -> Result<Profile> {
    let name = profile.to_string();
    let text = settings::get_or_insert(&app.store().control, SETTING, &name).await;
    Profile::parse(&text.map_err(|error| unreadable(&error))?)
}

/// Changes what is recorded. Servers that run go on as they are.
pub async fn change(app: &App, profile: Profile) -> Result<()> {
    let name = profile.to_string();
    let changed = settings::set(&app.store().control, SETTING, &name).await;
    changed.map_err(|error| unreadable(&error))
}

fn unreadable(error: &StoreError) -> Failure {
    Failure::configuration(format!(
        "Cannot read or write the profile of this installation: {}",
        chain(error)
    ))
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_address_without_a_database_server_is_development() {
        for (listen, has_database_url, expected) in [
            ("127.0.0.1:8080", false, Profile::Development),
            ("[::1]:8080", false, Profile::Development),
            ("127.0.0.1:8080", true, Profile::Production),
            ("0.0.0.0:8080", false, Profile::Production),
            ("192.0.2.1:8080", false, Profile::Production),
        ] {
            let listen = listen.parse().unwrap();
            assert_eq!(
                Profile::default_for(listen, has_database_url),
                expected,
                "{listen}"
            );
        }
    }

    #[test]
    fn a_server_runs_in_the_profile_on_record_or_not_at_all() {
        use Profile::{Development, Production};
        for (recorded, named, likely, expected) in [
            (None, None, Development, Some(Development)),
            (None, None, Production, Some(Production)),
            (None, Some(Production), Development, Some(Production)),
            (Some(Production), None, Development, Some(Production)),
            (
                Some(Production),
                Some(Production),
                Development,
                Some(Production),
            ),
            (Some(Production), Some(Development), Development, None),
            (Some(Development), None, Development, Some(Development)),
            (Some(Development), None, Production, None),
            (
                Some(Development),
                Some(Development),
                Production,
                Some(Development),
            ),
            (Some(Development), Some(Production), Development, None),
        ] {
            let settled = Profile::of_server(recorded, named, likely);
            assert_eq!(settled.as_ref().ok().copied(), expected, "{settled:?}");
            if let Err(refusal) = settled {
                assert!(refusal.to_string().contains("peeker profile set"));
            }
        }
    }

    #[test]
    fn production_sends_only_to_public_https() {
        let targets = |profile: Profile, url: &str| {
            let url = peeker_domain::WebUrl::parse(url).unwrap();
            profile
                .outbound(Vec::new())
                .unwrap()
                .check_target(&url)
                .is_ok()
        };
        for (url, development, production) in [
            ("https://1.1.1.1/hook", true, true),
            ("http://1.1.1.1/hook", true, false),
            ("http://127.0.0.1:9000/hook", true, false),
            ("https://127.0.0.1/hook", true, false),
            ("http://169.254.169.254/", false, false),
        ] {
            assert_eq!(targets(Profile::Development, url), development, "{url}");
            assert_eq!(targets(Profile::Production, url), production, "{url}");
        }
    }

    #[test]
    fn a_range_that_stays_closed_is_refused_by_name() {
        let refused = Profile::Production.outbound(vec!["169.254.0.0/16".parse().unwrap()]);
        assert!(refused.unwrap_err().to_string().contains("169.254.0.0/16"));
    }
}
