//! `POST /{tenant}/oauth2/v2.0/token`: access tokens for an app, or for a user by password.

mod sign_in;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::error::{now, request_id};
use super::state::{Account, Audience, Grant, State};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::clock::machine_seconds;
use crate::strict;
use sign_in::user;

pub(crate) const ROUTE: &str = "POST /{}/oauth2/v2.0/token";

const LIFETIME: u64 = 3600;

pub(crate) type Form = BTreeMap<String, String>;

/// A refusal with its number, in the shape of the token endpoint.
pub(crate) fn refused(status: u16, error: &str, number: u32, why: &str) -> Answer {
    let (trace, correlation, time) = (request_id(), request_id(), now());
    let description = format!(
        "AADSTS{number}: {why} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}Z"
    );
    let body = json!({
        "error": error,
        "error_description": description,
        "error_codes": [number],
        "timestamp": format!("{}Z", time.replace('T', " ")),
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    });
    Answer::json(status, &body)
}

pub(crate) fn token(world: &mut World, call: &Call) -> Outcome {
    let form = strict::form(call);
    let form = form.map_err(|_| {
        refused(
            400,
            "invalid_request",
            900_144,
            "The request body must be a form.",
        )
    })?;
    let (tenant, account) = tenant(&world.microsoft, call.param(0))?;
    check_app(account, &tenant, &form)?;
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => app(world, &tenant, &form),
        Some("password") => user(world, &tenant, &form),
        None => Err(missing("grant_type")),
        Some(other) => {
            let why = format!("The app requested an unsupported grant type '{other}'.");
            Err(refused(400, "unsupported_grant_type", 70_003, &why))
        }
    }
}

pub(crate) fn missing(field: &str) -> Answer {
    let why = format!("The request body must contain the following parameter: '{field}'.");
    refused(400, "invalid_request", 900_144, &why)
}

fn tenant<'a>(microsoft: &'a State, asked: &str) -> Result<(String, &'a Account), Answer> {
    let mut accounts = microsoft.accounts.iter();
    let found = accounts.find(|(id, account)| account.is_called(id, asked));
    let (id, account) = found.ok_or_else(|| {
        let why = format!("Tenant '{asked}' not found.");
        refused(400, "invalid_request", 90_002, &why)
    })?;
    Ok((id.clone(), account))
}

fn check_app(account: &Account, tenant: &str, form: &Form) -> Result<(), Answer> {
    let client_id = form.get("client_id").ok_or_else(|| missing("client_id"))?;
    if *client_id != account.app.client_id {
        let why = format!(
            "Application with identifier '{client_id}' was not found in the directory '{tenant}'."
        );
        return Err(refused(400, "unauthorized_client", 700_016, &why));
    }
    let Some(secret) = form.get("client_secret") else {
        let why = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return Err(refused(401, "invalid_client", 7_000_218, why));
    };
    if account.app.refused || *secret != account.app.secret {
        let why = "Invalid client secret provided.";
        return Err(refused(401, "invalid_client", 7_000_215, why));
    }
    if account.app.secret_expired {
        let why = "The provided client secret keys for the app are expired.";
        return Err(refused(401, "invalid_client", 7_000_222, why));
    }
    Ok(())
}

/// The form must hold these fields besides those of the app, and no others.
pub(crate) fn check_fields(form: &Form, needed: &[&str]) -> Result<(), Answer> {
    let of_app = ["client_id", "client_secret", "grant_type"];
    if let Some(field) = needed.iter().find(|field| !form.contains_key(**field)) {
        return Err(missing(field));
    }
    let known = |name: &str| of_app.contains(&name) || needed.contains(&name);
    match form.keys().find(|name| !known(name)) {
        Some(unknown) => {
            let why = format!("The parameter '{unknown}' is not supported for this grant.");
            Err(refused(400, "invalid_request", 9_000_144, &why))
        }
        None => Ok(()),
    }
}

fn app(world: &mut World, tenant: &str, form: &Form) -> Outcome {
    check_fields(form, &["scope"])?;
    let account = &world.microsoft.accounts[tenant];
    let scope = form["scope"].as_str();
    let (audience, roles) = match scope {
        "https://graph.microsoft.com/.default" => (Audience::Graph, &account.app.roles),
        "https://outlook.office365.com/.default" => {
            (Audience::Exchange, &account.app.exchange_roles)
        }
        scope if scope.ends_with("/.default") => {
            let why = format!("The resource principal named {scope} was not found in the tenant.");
            return Err(refused(400, "invalid_resource", 500_011, &why));
        }
        scope => {
            let why = format!(
                "The provided value for scope {scope} is not valid: it must end with /.default."
            );
            return Err(refused(400, "invalid_scope", 1_002_012, &why));
        }
    };
    let claims = json!({
        "aud": scope.trim_end_matches("/.default"),
        "appid": account.app.client_id,
        "roles": roles,
        "tid": tenant,
        "idtyp": "app",
    });
    let grant = Grant {
        account: tenant.to_owned(),
        audience,
        allowed: roles.clone(),
        user: None,
        refresh_token: None,
        expires_at: machine_seconds() + LIFETIME,
    };
    let access_token = give(world, grant, claims);
    Ok(Answer::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME - 1,
            "ext_expires_in": LIFETIME - 1,
            "access_token": access_token,
        }),
    ))
}

/// Keeps what a new access token allows; its text has the form of a JWT that tells the same.
pub(crate) fn give(world: &mut World, grant: Grant, mut claims: Value) -> String {
    claims["iat"] = json!(machine_seconds());
    claims["exp"] = json!(grant.expires_at);
    claims["iss"] = json!(format!("https://sts.windows.net/{}/", grant.account));
    claims["uti"] = json!(world.word(22));
    let header = json!({ "typ": "JWT", "alg": "RS256" });
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signature = world.word(86);
    let token = format!("{}.{}.{signature}", part(&header), part(&claims));
    world.microsoft.grants.insert(token.clone(), grant);
    token
}

/// The scopes of a form, without those that belong to logging in.
pub(crate) fn scopes(form: &Form) -> BTreeSet<String> {
    let words = form["scope"].split_whitespace();
    let of_login = ["offline_access", "openid", "profile", "email"];
    let scopes = words.filter(|word| !of_login.contains(word));
    scopes.map(str::to_owned).collect()
}

pub(crate) const fn lifetime() -> u64 {
    LIFETIME
}
