//! Site verification: a user proves a domain by a TXT record, which is looked up.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{body, error, invalid, query};
use super::state::{Account, Site};
use crate::call::{Answer, Call, Outcome};
use crate::route::Waiting;
use crate::strict::is_domain;
use crate::vendor::Vendor;
use crate::{Shared, World};

const METHOD: &str = "DNS_TXT";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(rename = "type")]
    kind: String,
    identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenWanted {
    site: Named,
    verification_method: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    site: Named,
    #[serde(rename = "id")]
    _id: Option<String>,
    /// More owners than the one who asks; the fakes take none.
    owners: Option<Vec<String>>,
}

fn check(site: &Named, method: Option<&str>) -> Result<String, Answer> {
    let name = site.identifier.to_lowercase();
    if site.kind != "INET_DOMAIN" || !is_domain(&name) {
        return Err(invalid("Invalid site."));
    }
    if method == Some(METHOD) {
        Ok(name)
    } else {
        Err(invalid("Invalid verification method."))
    }
}

pub(crate) fn token(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let wanted: TokenWanted = body(call)?;
    let domain = check(&wanted.site, Some(&wanted.verification_method))?;
    let fresh = format!("google-site-verification={}", world.word(43));
    let key = (world.google.subject(call), domain);
    let account = world.google.of(call)?;
    let site = account.sites.entry(key).or_insert(Site {
        token: fresh,
        verified: false,
    });
    let body = json!({ "method": METHOD, "token": site.token });
    Ok(Answer::json(200, &body))
}

pub(crate) fn insert(shared: Shared, call: Call) -> Waiting {
    Box::pin(async move {
        let method = query(&call, &["verificationMethod"])?.get("verificationMethod");
        let wanted: Resource = body(&call)?;
        let domain = check(&wanted.site, method)?;
        if wanted.owners.is_some_and(|owners| !owners.is_empty()) {
            return Err(invalid("Invalid owners."));
        }
        let published = shared.lookups.txt(&domain).await;
        prove(&mut shared.world(), &call, &domain, &published)
    })
}

fn prove(world: &mut World, call: &Call, domain: &str, published: &[String]) -> Outcome {
    let subject = world.google.subject(call);
    let account = world.google.of(call)?;
    let is_admin = account.admin == subject;
    let site = account.sites.get_mut(&(subject.clone(), domain.to_owned()));
    let Some(site) = site.filter(|site| published.contains(&site.token)) else {
        return Err(error(
            400,
            "badRequest",
            "The necessary verification token could not be found on your site.",
        ));
    };
    site.verified = true;
    if is_admin && let Some(domain) = account.domains.get_mut(domain) {
        domain.verified = true;
    }
    world.counts.add(Vendor::Google, "verifications", domain, 1);
    Ok(Answer::json(200, &shown(domain, &subject)))
}

fn shown(domain: &str, owner: &str) -> Value {
    json!({
        "id": format!("dns://{domain}"),
        "site": { "type": "INET_DOMAIN", "identifier": domain },
        "owners": [owner],
    })
}

/// The domains that a user has proved.
fn proved<'a>(account: &'a Account, subject: &'a str) -> impl Iterator<Item = &'a str> {
    let sites = account.sites.iter();
    sites
        .filter(move |((owner, _), site)| owner == subject && site.verified)
        .map(|((_, domain), _)| domain.as_str())
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let subject = world.google.subject(call);
    let account = world.google.of(call)?;
    let items: Vec<_> = proved(account, &subject)
        .map(|domain| shown(domain, &subject))
        .collect();
    let body = if items.is_empty() {
        json!({})
    } else {
        json!({ "items": items })
    };
    Ok(Answer::json(200, &body))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let subject = world.google.subject(call);
    let account = world.google.of(call)?;
    let asked = call.param(0).strip_prefix("dns://").unwrap_or_default();
    if proved(account, &subject).any(|domain| domain == asked) {
        Ok(Answer::json(200, &shown(asked, &subject)))
    } else {
        let message = "You are not an owner of this site.";
        Err(error(403, "forbidden", message))
    }
}
