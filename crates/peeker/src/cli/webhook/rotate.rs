//! `peeker webhook rotate`.

use clap::Args;
use peeker_app::webhooks::rotation::{self, DEFAULT_OVERLAP_SECONDS, MAX_OVERLAP_SECONDS};
use peeker_domain::Environment;
use peeker_domain::id::AccountId;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::cli::word;
use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;

const EXAMPLES: &str = "\
Examples:
  peeker webhook rotate org_… --environment live
  peeker webhook rotate org_… --environment test --overlap 7d --json
  {\"environment\":\"test\",\"secret\":\"whsec_…\",\"previous_signs_until\":\"2026-05-15T12:00:00Z\"}
  peeker webhook rotate org_… --environment live --overlap 0      The old secret is known to others

Both secrets sign during the overlap, the newest first, so a receiver that checks every signature misses nothing. A secret \
that is in an overlap already keeps its own end. Running servers follow within two seconds.";

/// Arguments of `webhook rotate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Rotate {
    /// The partner, org_…
    partner: AccountId,

    /// Which secret
    #[arg(long, value_parser = word!(Environment))]
    environment: Environment,

    /// How long the old secret signs as well: 0 to 30d, in s, m, h or d [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = parse_overlap)]
    overlap: Option<i64>,
}

fn parse_overlap(text: &str) -> Result<i64, String> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "" if number == "0" => 1,
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err("must be a number and s, m, h or d, such as 24h; or 0".to_owned()),
    };
    let number: i64 = number
        .parse()
        .map_err(|_| "must begin with a whole number, such as 24h".to_owned())?;
    let seconds = number.saturating_mul(factor);
    if seconds > MAX_OVERLAP_SECONDS {
        return Err("must not be longer than 30d".to_owned());
    }
    Ok(seconds)
}

/// Rotates a secret and prints the new one, this once.
pub async fn run(global: &Global, arguments: Rotate, output: Output) -> Result<()> {
    let Rotate {
        partner,
        environment,
        overlap,
    } = arguments;
    let installation = Installation::find(global)?;
    let app = installation.open(output).await?;
    let overlap = overlap.unwrap_or(DEFAULT_OVERLAP_SECONDS);
    let rotated = rotation::rotate(&app, &partner, environment, overlap).await?;
    let answer = json!({
        "environment": environment,
        "secret": rotated.secret.expose_secret(),
        "previous_signs_until": rotated.previous_until,
    });
    output.answer(&answer, |output| {
        let title = output.bold(&format!(
            "The {environment} webhooks of {partner} have a new secret"
        ));
        let old = if overlap == 0 {
            "No other secret signs any more.".to_owned()
        } else {
            format!(
                "The old one signs beside it until {}.",
                rotated.previous_until
            )
        };
        format!(
            "{title}\n  {environment} secret   {}\n\n\
             It is shown this once and cannot be read again; copy it now.\n{old}",
            rotated.secret.expose_secret(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_a_number_with_a_unit() {
        for (text, seconds) in [
            ("0", 0),
            ("0h", 0),
            ("45s", 45),
            ("90m", 5_400),
            ("24h", 86_400),
            ("30d", 2_592_000),
        ] {
            assert_eq!(parse_overlap(text), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "24",
            "h",
            "-1h",
            "1.5h",
            "31d",
            "721h",
            "1w",
            "1 h",
            "99999999999999999999d",
        ] {
            assert!(parse_overlap(text).is_err(), "{text}");
        }
    }
}
