//! The password grant: a user's tokens for SMTP and IMAP.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Form, check_fields, give, lifetime, refused, scopes};
use crate::World;
use crate::call::{Answer, Outcome};
use crate::clock::machine_seconds;
use crate::microsoft::state::{Audience, Grant};

const MAIL: [&str; 2] = [
    "https://outlook.office.com/",
    "https://outlook.office365.com/",
];

fn invalid_grant(number: u32, why: &str) -> Answer {
    refused(400, "invalid_grant", number, why)
}

pub(crate) fn user(world: &mut World, tenant: &str, form: &Form) -> Outcome {
    check_fields(form, &["scope", "username", "password"])?;
    let scopes = scopes(form);
    let id = log_in(world, tenant, form)?;
    let account = &world.microsoft.accounts[tenant];
    check_scopes(&scopes, &account.app.delegated_scopes)?;
    let offline = form["scope"]
        .split_whitespace()
        .any(|word| word == "offline_access");
    let refresh_token = offline.then(|| format!("1.{}", world.word(200)));
    let scope = scopes.iter().cloned().collect::<Vec<_>>().join(" ");
    let claims = json!({
        "aud": "https://outlook.office.com",
        "scp": scope,
        "tid": tenant,
        "oid": id,
        "upn": form["username"],
    });
    let grant = Grant {
        account: tenant.to_owned(),
        audience: Audience::Mail,
        allowed: scopes,
        user: Some(id),
        refresh_token: refresh_token.clone(),
        expires_at: machine_seconds() + lifetime(),
    };
    let mut body = json!({
        "token_type": "Bearer",
        "scope": scope,
        "expires_in": lifetime() - 1,
        "ext_expires_in": lifetime() - 1,
        "access_token": give(world, grant, claims),
    });
    if let Some(token) = refresh_token {
        body["refresh_token"] = json!(token);
    }
    Ok(Answer::json(200, &body))
}

/// The id of the user whom name and password belong to.
fn log_in(world: &mut World, tenant: &str, form: &Form) -> Result<String, Answer> {
    let account = world.microsoft.accounts.get_mut(tenant);
    let refused = account.as_ref().is_some_and(|account| account.ropc_refused);
    let user = account.and_then(|account| account.user(&form["username"]));
    let user = user.and_then(|user| (!user.no_log_in.hides()).then_some(user));
    let Some(user) = user else {
        let why = "The user account does not exist in the directory.";
        return Err(invalid_grant(50_034, why));
    };
    if user.password != form["password"] {
        let why = "Error validating credentials due to invalid username or password.";
        return Err(invalid_grant(50_126, why));
    }
    if !user.enabled {
        return Err(invalid_grant(50_057, "The user account is disabled."));
    }
    if user.must_change_password {
        return Err(invalid_grant(50_055, "The password is expired."));
    }
    if refused {
        let why = "Due to a configuration change made by your administrator, you must use multi-factor authentication.";
        return Err(invalid_grant(50_076, why));
    }
    Ok(user.id.clone())
}

fn name(scope: &str) -> Option<&str> {
    MAIL.iter().find_map(|begin| scope.strip_prefix(begin))
}

fn check_scopes(asked: &BTreeSet<String>, delegated: &BTreeSet<String>) -> Result<(), Answer> {
    let names: Option<Vec<_>> = asked.iter().map(|scope| name(scope)).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let why = "The provided value for the input parameter 'scope' is not valid.";
        return Err(refused(400, "invalid_scope", 70_011, why));
    };
    if names.iter().all(|name| delegated.contains(*name)) {
        Ok(())
    } else {
        let why = "The user or administrator has not consented to use the application.";
        Err(invalid_grant(65_001, why))
    }
}
