//! Domains of a tenant: adding, proving and deleting them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{bad_request, body, context, entity, error, not_found, query};
use super::state::{Account, Domain};
use crate::call::{Answer, Call, Outcome};
use crate::lag::Lag;
use crate::route::Waiting;
use crate::strict::is_domain;
use crate::vendor::Vendor;
use crate::{Shared, World};

/// Domains with a name that begins so are always somebody else's.
const OTHER_TENANT: &str = "othertenant-";

const SERVICES: [&str; 10] = [
    "Email",
    "EmailInternalRelayOnly",
    "FullRedelegation",
    "Intune",
    "OfficeCommunicationsOnline",
    "OrgIdAuthentication",
    "SharePointDefaultDomain",
    "SharePointPublic",
    "Sharepoint",
    "Yammer",
];

fn shown(name: &str, domain: &mut Domain) -> Value {
    let verified = domain.verified && !domain.unverified.hides();
    json!({
        "id": name,
        "authenticationType": "Managed",
        "availabilityStatus": null,
        "isAdminManaged": true,
        "isDefault": domain.initial,
        "isInitial": domain.initial,
        "isRoot": true,
        "isVerified": verified,
        "supportedServices": domain.services,
        "passwordValidityPeriodInDays": 2_147_483_647,
        "passwordNotificationWindowInDays": 14,
        "state": null,
        "manufacturer": null,
        "model": null,
    })
}

/// The domain of a path, for a request that may be too early or too late.
pub(crate) fn find<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Domain, Answer> {
    let name = call.param(0).to_lowercase();
    let gone = account.domains.get_mut(&name).is_some_and(|domain| {
        let leaving = domain.leaving.as_mut();
        leaving.is_some_and(|lag| !lag.hides())
    });
    if gone {
        account.domains.remove(&name);
    }
    let domain = account.domains.get_mut(&name);
    domain
        .and_then(|domain| (!domain.unseen.hides()).then_some(domain))
        .ok_or_else(|| not_found(&name))
}

pub(crate) fn list(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let account = world.microsoft.of(call)?;
    account.domains.retain(|_, domain| {
        let leaving = domain.leaving.as_mut();
        leaving.is_none_or(Lag::hides)
    });
    let domains = account.domains.iter_mut();
    let domains: Vec<_> = domains
        .filter_map(|(name, domain)| (!domain.unseen.hides()).then(|| shown(name, domain)))
        .collect();
    let body = json!({ "@odata.context": context("domains"), "value": domains });
    Ok(Answer::json(200, &body))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let name = call.param(0).to_lowercase();
    let domain = find(world.microsoft.of(call)?, call)?;
    Ok(entity(200, "domains", shown(&name, domain)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    id: String,
}

pub(crate) fn create(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let name = body::<Wanted>(call)?.id.to_lowercase();
    if !is_domain(&name) {
        return Err(bad_request(
            "Invalid value specified for property 'id' of resource 'Domain'.",
        ));
    }
    if name.starts_with(OTHER_TENANT) {
        return Err(elsewhere());
    }
    if world.microsoft.of(call)?.domains.contains_key(&name) {
        let message = "Another object with the same value for property id already exists.";
        return Err(error(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            message,
        ));
    }
    let lag = Lag::of(world.lag(Vendor::Microsoft));
    let mut domain = Domain {
        unseen: lag,
        unverified: lag,
        no_records: lag,
        not_accepted: lag,
        ..new(world, false)
    };
    let answer = entity(201, "domains", shown(&name, &mut domain));
    let domains = &mut world.microsoft.of(call)?.domains;
    domains.insert(name.clone(), domain);
    world.counts.add(Vendor::Microsoft, "domains", &name, 1);
    Ok(answer)
}

/// A domain without delays.
pub(crate) fn new(world: &mut World, initial: bool) -> Domain {
    Domain {
        initial,
        verified: initial,
        services: if initial {
            vec!["Email".to_owned()]
        } else {
            Vec::new()
        },
        text: format!("MS=ms{}", world.digits(8)),
        mx_part: format!("{}-v1", world.letter()),
        unseen: Lag::default(),
        unverified: Lag::default(),
        no_records: Lag::default(),
        not_accepted: Lag::default(),
        leaving: None,
        dkim: None,
    }
}

fn elsewhere() -> Answer {
    bad_request("Unable to use this domain because it is verified in another organization.")
}

pub(crate) fn verify(shared: Shared, call: Call) -> Waiting {
    Box::pin(async move {
        query(&call, &[])?;
        let name = call.param(0).to_lowercase();
        let wanted = {
            let mut world = shared.world();
            let domain = find(world.microsoft.of(&call)?, &call)?;
            if domain.verified {
                return Err(bad_request("Domain is already verified."));
            }
            domain.text.clone()
        };
        if !shared.lookups.txt(&name).await.contains(&wanted) {
            return Err(bad_request(
                "Domain verification failed with the following error: 'The DNS record was not found. Please verify that it exists.'",
            ));
        }
        let mut world = shared.world();
        if world.microsoft.owner_of(&name).is_some() {
            return Err(elsewhere());
        }
        let account = world.microsoft.of(&call)?;
        let domain = account.domains.get_mut(&name);
        let domain = domain.ok_or_else(|| not_found(&name))?;
        domain.verified = true;
        let mut shown = shown(&name, domain);
        shown["isVerified"] = json!(true);
        let counts = &mut world.counts;
        counts.add(Vendor::Microsoft, "verifications", &name, 1);
        Ok(entity(200, "domains", shown))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    supported_services: Option<Vec<String>>,
    #[serde(rename = "passwordValidityPeriodInDays")]
    _validity: Option<u32>,
    #[serde(rename = "passwordNotificationWindowInDays")]
    _notification: Option<u32>,
}

pub(crate) fn update(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let change: Change = body(call)?;
    let domain = find(world.microsoft.of(call)?, call)?;
    if !domain.verified {
        return Err(bad_request("Domain is not verified."));
    }
    let Some(services) = change.supported_services else {
        return Ok(Answer::empty(204));
    };
    let known = |service: &String| SERVICES.contains(&service.as_str());
    if !services.iter().all(known) {
        return Err(bad_request(
            "Invalid value specified for property 'supportedServices' of resource 'Domain'.",
        ));
    }
    domain.services = services;
    Ok(Answer::empty(204))
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let name = call.param(0).to_lowercase();
    let account = world.microsoft.of(call)?;
    let initial = find(account, call)?.initial;
    let of_domain = format!("@{name}");
    let used = account
        .users
        .values()
        .any(|user| user.upn.ends_with(&of_domain));
    if initial || used {
        return Err(bad_request(
            "Domain cannot be deleted: it is the initial one or has dependents. The forceDelete action renames them.",
        ));
    }
    account.domains.remove(&name);
    world
        .counts
        .add(Vendor::Microsoft, "domains_deleted", &name, 1);
    Ok(Answer::empty(204))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Force {
    disable_user_accounts: Option<bool>,
}

pub(crate) fn force_delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let force: Force = body(call)?;
    let name = call.param(0).to_lowercase();
    let lag = Lag::of(world.lag(Vendor::Microsoft));
    let account = world.microsoft.of(call)?;
    let initial_domain = account.initial_domain();
    let domain = find(account, call)?;
    if domain.initial {
        return Err(bad_request("The initial domain cannot be deleted."));
    }
    domain.leaving = Some(lag);
    let of_domain = format!("@{name}");
    for user in account.users.values_mut() {
        if let Some(local) = user.upn.strip_suffix(&of_domain) {
            user.upn = format!("{local}@{initial_domain}");
            user.enabled &= force.disable_user_accounts != Some(true);
        }
    }
    world
        .counts
        .add(Vendor::Microsoft, "domains_deleted", &name, 1);
    Ok(Answer::empty(204))
}
