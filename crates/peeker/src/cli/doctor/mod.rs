//! `peeker doctor`: looks at everything a server needs and says what to do. Changes nothing that is there already.

mod data;
mod machine;
mod vendors;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::failure::Result;
use crate::global_options::Global;
use crate::installation::Installation;
use crate::output::Output;
use crate::profile::Profile;

const EXAMPLES: &str = "\
Examples:
  peeker doctor
  peeker doctor --profile production --data-dir /var/lib/peeker --json

Each line is ok, warn or FAIL. Exit status 1 if any failed.";

/// Flags of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The profile to check for [default: that of the installation]
    #[arg(long, env = "PEEKER_PROFILE", value_enum)]
    profile: Option<Profile>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, but needs a look.
    Warn,
    /// A server could not work.
    Fail,
}

/// One line of the report.
#[derive(Debug, Serialize)]
pub struct Check {
    name: &'static str,
    status: Verdict,
    message: String,
    /// What to do.
    advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            status: Verdict::Ok,
            message: message.into(),
            advice: None,
        }
    }

    fn warn(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            status: Verdict::Warn,
            message: message.into(),
            advice: Some(advice.into()),
        }
    }

    fn fail(name: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            status: Verdict::Fail,
            message: message.into(),
            advice: Some(advice.into()),
        }
    }
}

/// Runs all checks. The exit status is 1 if one failed.
pub async fn run(global: &Global, arguments: Arguments, output: Output) -> Result<ExitCode> {
    let checks = examine(global, arguments.profile, output).await;
    let worst = checks
        .iter()
        .map(|check| check.status)
        .max()
        .unwrap_or(Verdict::Ok);
    let answer = json!({ "status": worst, "checks": checks });
    output.answer(&answer, |output| text(&checks, output))?;
    Ok(if worst == Verdict::Fail {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(global: &Global, named: Option<Profile>, output: Output) -> Vec<Check> {
    let installation = match Installation::find(global) {
        Ok(installation) => installation,
        Err(failure) => {
            let advice =
                "Mend it and run peeker doctor again; the other checks need the configuration";
            return vec![Check::fail("configuration", failure.to_string(), advice)];
        }
    };
    let mut checks = vec![machine::configuration(&installation)];
    let (profile, check) = machine::profile(&installation, named).await;
    checks.push(check);
    let Some(profile) = profile else {
        return checks;
    };
    checks.extend(machine::public_url(&installation, profile));
    checks.push(machine::certificates(&installation, profile));
    checks.push(machine::data_folder(&installation));
    let key = machine::master_key(&installation, profile).await;
    let has_key = key.status != Verdict::Fail;
    checks.push(key);
    checks.extend(data::examine(&installation, profile, has_key, output).await);
    checks.push(Check::ok(
        "sandbox providers",
        "Simulated; test keys need nothing else",
    ));
    checks
}

fn text(checks: &[Check], output: Output) -> String {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for Check {
        name,
        status,
        message,
        advice,
    } in checks
    {
        let verdict = match status {
            Verdict::Ok => output.green("ok  "),
            Verdict::Warn => output.yellow("warn"),
            Verdict::Fail => output.red("FAIL"),
        };
        // What is listed below a message stands below its start.
        let indent = " ".repeat(width + 8);
        lines.push(format!(
            "{verdict}  {name:<width$}  {}",
            message.replace('\n', &format!("\n{indent}"))
        ));
        lines.extend(advice.iter().map(|advice| format!("{indent}→ {advice}")));
    }
    let count = |wanted| checks.iter().filter(|check| check.status == wanted).count();
    lines.push(String::new());
    lines.push(match (count(Verdict::Fail), count(Verdict::Warn)) {
        (0, 0) => output.bold("Everything is in order."),
        (0, warnings) => output.bold(&format!(
            "Nothing is broken; {} to look at.",
            things(warnings)
        )),
        (failures, _) => output.bold(&format!("Not in order: {} to mend.", things(failures))),
    });
    lines.join("\n")
}

fn things(count: usize) -> String {
    if count == 1 {
        "one thing".to_owned()
    } else {
        format!("{count} things")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides() {
        assert!(Verdict::Ok < Verdict::Warn && Verdict::Warn < Verdict::Fail);
    }

    #[test]
    fn checks_are_lower_case_words_in_json() {
        let check = serde_json::to_value(Check::fail("clock", "behind", "set it")).unwrap();
        assert_eq!(
            check,
            json!({"name": "clock", "status": "fail", "message": "behind", "advice": "set it"})
        );
    }
}
