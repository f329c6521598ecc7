//! Whether a mailbox opens: the passwords and tokens are those of the mailbox providers' users.

use serde_json::json;

use super::error::failed;
use super::state::{Account, Edition, Servers};
use crate::World;
use crate::call::Answer;
use crate::lag::Lag;
use crate::vendor::Vendor;

const GOOGLE: (&str, &str) = ("smtp.gmail.com", "imap.gmail.com");
const MICROSOFT: (&str, &str) = ("smtp.office365.com", "outlook.office365.com");

const SCOPES: [&str; 2] = [
    "https://outlook.office.com/SMTP.Send",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
];
const GMAIL_SCOPE: &str = "https://mail.google.com/";

/// An OAuth token as a client gives it.
pub(crate) struct Token {
    pub access: String,
    pub refresh: String,
}

/// Logs in with a password; gives whether reading works too. Without sending there is nothing.
pub(crate) fn by_password(
    world: &mut World,
    account: &str,
    username: &str,
    servers: &Servers,
) -> Result<bool, Answer> {
    let user = match servers.smtp_host.as_str() {
        host if host == GOOGLE.0 => google_user(world, username, &servers.password),
        host if host == MICROSOFT.0 => microsoft_user(world, username, &servers.password),
        _ => None,
    };
    let port = [25, 465, 587].contains(&servers.smtp_port);
    let user = user.filter(|user| port && !is_too_new(world, user));
    if user.is_none() {
        return Err(refused(&world.smartlead.accounts[account]));
    }
    let reads = [GOOGLE, MICROSOFT].contains(&(&servers.smtp_host, &servers.imap_host));
    let same_user = servers
        .imap_username
        .as_ref()
        .is_none_or(|name| name == username);
    let imap_password = servers.imap_password.as_ref();
    let same_password = imap_password.is_none_or(|password| *password == servers.password);
    Ok(reads && same_user && same_password && servers.imap_port == 993)
}

fn google_user(world: &World, username: &str, password: &str) -> Option<String> {
    let user = world.google.mailbox(username)?;
    let opens = user.opens_with(password) && !user.suspended && !user.change_password;
    opens.then(|| user.id.clone())
}

fn microsoft_user(world: &World, username: &str, password: &str) -> Option<String> {
    let (tenant, user) = world.microsoft.mailbox(username)?;
    let opens = user.password == password && user.enabled && !user.must_change_password;
    let sends = tenant.smtp_auth && !user.licences.is_empty();
    (opens && sends).then(|| user.id.clone())
}

/// A new mailbox does not let anybody in for some tries.
fn is_too_new(world: &mut World, user: &str) -> bool {
    let lag = Lag::of(world.lag(Vendor::Smartlead));
    let tries = &mut world.smartlead.too_new;
    tries.entry(user.to_owned()).or_insert(lag).hides()
}

fn refused(account: &Account) -> Answer {
    match account.edition {
        Edition::Current => failed(
            account.log_in_failure_status,
            &json!({ "ok": false, "message": "SMTP connection failed", "error": "Invalid credentials" }),
        ),
        Edition::Older => failed(
            404,
            &json!({
                "ok": false,
                "message": "Email account verification failed. Please verify account details.",
                "errorCode": "ACCOUNT_VERIFICATION_FAILED",
                "error": "Invalid login",
            }),
        ),
    }
}

/// Logs in with a token, which must be the user's own and allow to send and to read.
pub(crate) fn by_token(
    world: &mut World,
    account: &str,
    username: &str,
    kind: &str,
    token: &Token,
) -> Result<(), Answer> {
    let user = if kind == "GMAIL" {
        gmail_user(world, username, token)
    } else {
        outlook_user(world, username, token)
    };
    let Some(user) = user else {
        let message = "Invalid or expired OAuth token";
        return Err(failed(400, &json!({ "ok": false, "message": message })));
    };
    if is_too_new(world, &user) {
        return Err(refused(&world.smartlead.accounts[account]));
    }
    Ok(())
}

fn gmail_user(world: &World, username: &str, token: &Token) -> Option<String> {
    let grant = world.google.grants.get(&token.access)?;
    let own = grant.subject.eq_ignore_ascii_case(username) && !token.refresh.is_empty();
    let user = world.google.mailbox(username)?;
    (own && grant.scopes.contains(GMAIL_SCOPE)).then(|| user.id.clone())
}

fn outlook_user(world: &World, username: &str, token: &Token) -> Option<String> {
    let grant = world.microsoft.grants.get(&token.access)?;
    let (_, user) = world.microsoft.mailbox(username)?;
    let own = grant.user.as_ref() == Some(&user.id);
    let renews = grant.refresh_token.as_ref() == Some(&token.refresh);
    let allowed = SCOPES.iter().all(|scope| grant.allowed.contains(*scope));
    let has_mailbox = user.enabled && !user.licences.is_empty();
    (own && renews && allowed && has_mailbox).then(|| user.id.clone())
}
