//! `POST /token`: access tokens for a service account that acts for a user of its tenant.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;

use super::key::Key;
use super::state::{Account, Grant};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::clock::machine_seconds;
use crate::strict;
use crate::vendor::Vendor;

pub(crate) const ROUTE: &str = "POST /token";

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LONGEST: u64 = 3600;
/// How far a client's clock may be ahead.
const SKEW: u64 = 300;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: Option<String>,
    scope: Option<String>,
    aud: Option<String>,
    iat: Option<u64>,
    exp: Option<u64>,
}

/// A signed text in its parts.
struct Assertion {
    header: Header,
    claims: Claims,
    signed: String,
    signature: Vec<u8>,
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description });
    Answer::json(status, &body)
}

fn invalid_grant(description: &str) -> Answer {
    refused(400, "invalid_grant", description)
}

pub(crate) fn token(world: &mut World, call: &Call) -> Outcome {
    let assertion = assertion(call)?;
    let claims = &assertion.claims;
    let google = &world.google;
    let found = google.accounts.iter().find(|(_, account)| {
        account.service.email == claims.iss || account.service.client_id == claims.iss
    });
    let Some((id, account)) = found.filter(|(_, account)| !account.service.refused) else {
        return Err(invalid_grant("Invalid grant: account not found"));
    };
    check_signature(account, &assertion)?;
    let own = format!("{}/token", world.url(Vendor::Google));
    check_claims(claims, &own)?;
    let subject = subject(account, claims)?;
    let scopes = scopes(account, claims)?;
    let grant = Grant {
        account: id.clone(),
        subject,
        scopes,
        expires_at: machine_seconds() + LONGEST,
    };
    let token = format!("ya29.{}", world.word(120));
    world.google.grants.insert(token.clone(), grant);
    Ok(Answer::json(
        200,
        &json!({ "access_token": token, "expires_in": LONGEST - 1, "token_type": "Bearer" }),
    ))
}

fn assertion(call: &Call) -> Result<Assertion, Answer> {
    let invalid = |why: &str| refused(400, "invalid_request", why);
    let mut form = strict::form(call).map_err(|_| invalid("Bad Request"))?;
    match form.remove("grant_type").as_deref() {
        Some(JWT_BEARER) => {}
        None => return Err(invalid("Missing required parameter: grant_type")),
        Some(other) => {
            let description = format!("Invalid grant_type: {other}");
            return Err(refused(400, "unsupported_grant_type", &description));
        }
    }
    let Some(assertion) = form.remove("assertion") else {
        return Err(invalid("Missing required parameter: assertion"));
    };
    if let Some(unknown) = form.keys().next() {
        return Err(invalid(&format!("Parameter not allowed: {unknown}")));
    }
    parse(&assertion).ok_or_else(|| invalid_grant("Bad Request"))
}

fn parse(assertion: &str) -> Option<Assertion> {
    let (signed, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    Some(Assertion {
        header: serde_json::from_slice(&decode(header)?).ok()?,
        claims: serde_json::from_slice(&decode(claims)?).ok()?,
        signature: decode(signature)?,
        signed: signed.to_owned(),
    })
}

fn check_signature(account: &Account, assertion: &Assertion) -> Result<(), Answer> {
    let Assertion { header, .. } = assertion;
    let known_key = header
        .kid
        .as_ref()
        .is_none_or(|kid| *kid == account.service.key_id);
    let signed = Key::of(account.service.key_seed)
        .is_ok_and(|key| key.signed(assertion.signed.as_bytes(), &assertion.signature));
    if header.alg == "RS256" && known_key && signed {
        Ok(())
    } else {
        Err(invalid_grant("Invalid JWT Signature."))
    }
}

fn check_claims(claims: &Claims, own: &str) -> Result<(), Answer> {
    let audience = claims.aud.as_deref().unwrap_or_default();
    if audience != own && audience != "https://oauth2.googleapis.com/token" {
        return Err(invalid_grant("Invalid JWT: Failed audience check."));
    }
    let now = machine_seconds();
    let in_time = claims.iat.zip(claims.exp).is_some_and(|(iat, exp)| {
        iat <= now + SKEW && exp > now && exp > iat && exp - iat <= LONGEST
    });
    if in_time {
        Ok(())
    } else {
        Err(invalid_grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. \
             Check your iat and exp values in the JWT claim.",
        ))
    }
}

/// Without a user it acts for, a service account belongs to no tenant.
fn subject(account: &Account, claims: &Claims) -> Result<String, Answer> {
    let asked = claims.sub.as_deref().unwrap_or_default().to_lowercase();
    let mut users = account.users.values();
    match users.find(|user| user.email == asked) {
        Some(user) if !user.suspended => Ok(user.email.clone()),
        _ => Err(invalid_grant("Invalid email or User ID")),
    }
}

fn scopes(account: &Account, claims: &Claims) -> Result<BTreeSet<String>, Answer> {
    let asked = claims.scope.as_deref().unwrap_or_default();
    let scopes: BTreeSet<_> = asked.split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        let description = "Invalid OAuth scope or ID token audience provided.";
        return Err(refused(400, "invalid_scope", description));
    }
    if scopes.is_subset(&account.delegated_scopes) {
        Ok(scopes)
    } else {
        Err(refused(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, \
             or client not authorized for any of the scopes requested.",
        ))
    }
}
