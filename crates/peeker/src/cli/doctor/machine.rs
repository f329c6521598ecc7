//! Checks that need no database: configuration, certificates, folder, master key.

use std::path::Path;

use super::Check;
use crate::failure::Failure;
use crate::installation::{Installation, MASTER_KEY_VARIABLE, master_key_variable, shown};
use crate::profile::Profile;

pub(super) fn configuration(installation: &Installation) -> Check {
    let file = match &installation.config_file {
        Some(path) => shown(path),
        None => "no file, defaults".to_owned(),
    };
    Check::ok(
        "configuration",
        format!("{file}; {}", installation.describe()),
    )
}

/// The profile to check for: the one that was named, or else that of the installation; `None` when it cannot be told.
pub(super) async fn profile(
    installation: &Installation,
    named: Option<Profile>,
) -> (Option<Profile>, Check) {
    const NAME: &str = "profile";
    let known = async {
        Ok((
            installation.recorded_profile().await?,
            installation.profile().await?,
        ))
    };
    let (recorded, profile) = match known.await {
        Ok(known) => known,
        Err(failure) => {
            let failure: Failure = failure;
            let advice = "Mend it and run peeker doctor again; the other checks need the profile";
            return (None, Check::fail(NAME, failure.to_string(), advice));
        }
    };
    let check = match (recorded, named) {
        (Some(recorded), Some(named)) if recorded != named => Check::warn(
            NAME,
            format!("{recorded} is on record, and this looks at what {named} would need"),
            format!(
                "A server that is asked to run in {named} does not start before peeker profile set {named}"
            ),
        ),
        (Some(recorded), _) => Check::ok(NAME, format!("{recorded}, on record")),
        (None, _) => {
            let profile = named.unwrap_or(profile);
            let message = format!("{profile}; the first server that starts records its own");
            Check::ok(NAME, message)
        }
    };
    (Some(named.unwrap_or(profile)), check)
}

pub(super) fn public_url(installation: &Installation, profile: Profile) -> Option<Check> {
    // The flag and variable belong to `serve`; what the variable says is what a server would see.
    let variable = std::env::var("PEEKER_PUBLIC_URL").ok();
    let url = variable.or_else(|| installation.config.server.public_url.clone());
    match url {
        Some(url) if profile == Profile::Production && !url.starts_with("https://") => {
            Some(Check::fail(
                "public URL",
                format!("{url} is not https"),
                "Partners send their keys to it: put a proxy that ends TLS in front, and name its https origin",
            ))
        }
        Some(url) => Some(Check::ok("public URL", url)),
        None if profile == Profile::Production => Some(Check::fail(
            "public URL",
            "Not set, and the production profile needs it",
            "export PEEKER_PUBLIC_URL=https://api.example.com, or [server] public_url in peeker.toml",
        )),
        None => None,
    }
}

pub(super) fn certificates(installation: &Installation, profile: Profile) -> Check {
    match profile.outbound(installation.config.allowed_ranges()) {
        Ok(_) => Check::ok("certificates", "Trusted root certificates are installed"),
        Err(failure) => Check::fail(
            "certificates",
            failure.to_string(),
            "Webhooks over https cannot be sent without",
        ),
    }
}

pub(super) fn data_folder(installation: &Installation) -> Check {
    const NAME: &str = "data folder";
    let folder = &installation.data_dir;
    let path = shown(folder);
    if installation.is_postgres() {
        return Check::ok(NAME, "Not needed with PostgreSQL");
    }
    if !folder.exists() {
        return Check::ok(
            NAME,
            format!("{path} is not there yet; the first start makes it"),
        );
    }
    if let Err(error) = tempfile::tempfile_in(folder) {
        let advice = "Give the user that runs Peeker the right to write there, or name another folder with --data-dir";
        return Check::fail(
            NAME,
            format!("{path} cannot be written to: {error}"),
            advice,
        );
    }
    let Some(mode) = mode(folder).filter(|mode| mode & 0o077 != 0) else {
        return Check::ok(NAME, format!("{path} is private and can be written to"));
    };
    if mode & 0o022 != 0 {
        let message = format!("{path} can be written to by others (mode {mode:o})");
        return Check::warn(NAME, message, format!("chmod 700 {path}"));
    }
    let open: Vec<_> = installation
        .files_open_to_others()
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect();
    if open.is_empty() {
        return Check::ok(
            NAME,
            format!("{path} can be written to; others can see it, but its files are private"),
        );
    }
    Check::warn(
        NAME,
        format!("Others can read or write {} in {path}", open.join(", ")),
        "Start the server or run any other command, which makes these files private; or chmod 600 each of them",
    )
}

pub(super) async fn master_key(installation: &Installation, profile: Profile) -> Check {
    const NAME: &str = "master key";
    match master_key_variable() {
        Ok(Some(_)) => return Check::ok(NAME, format!("From {MASTER_KEY_VARIABLE}")),
        Err(failure) => {
            return Check::fail(
                NAME,
                failure.to_string(),
                "Use the key that the databases were made with",
            );
        }
        Ok(None) => {}
    }
    let Some(file) = installation
        .master_key_file()
        .filter(|_| profile == Profile::Development)
    else {
        let advice =
            "Set it to the key of this installation; only a new installation needs a new one";
        return Check::fail(NAME, installation.missing_master_key(), advice);
    };
    let path = shown(&file);
    match mode(&file) {
        Some(mode) if mode & 0o077 != 0 => Check::warn(
            NAME,
            format!("{path} can be read by others (mode {mode:o})"),
            format!("chmod 600 {path}"),
        ),
        _ if file.exists() => Check::ok(NAME, path),
        _ if installation.was_written_under_a_key().await => Check::fail(
            NAME,
            format!("{path} is not there, and the databases were written under a key"),
            format!("Put the file back, or set {MASTER_KEY_VARIABLE} to that key"),
        ),
        _ => Check::ok(
            NAME,
            format!("{path} is not there yet; the first start makes it"),
        ),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .ok()
        .map(|metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}
