//! The Exchange admin API, which runs cmdlets: here those for DKIM.
//!
//! Nobody can foresee what the selectors point to: the name holds a letter that Exchange chooses.

use hickory_proto::rr::RecordType;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{body, denied, error, query};
use super::state::{Account, Dkim, Domain};
use crate::call::{Answer, Call, Outcome};
use crate::dkim;
use crate::dns::ZoneRecord;
use crate::lag::Lag;
use crate::route::Waiting;
use crate::vendor::Vendor;
use crate::{Shared, World};

pub(crate) const ROUTE: &str = "POST /adminapi/beta/{}/InvokeCommand";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Command {
    cmdlet_input: Cmdlet,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Cmdlet {
    cmdlet_name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// A refusal that names the exception in front of its message, as Exchange does.
fn refused(status: u16, code: &str, exception: &str, message: &str) -> Answer {
    error(status, code, &format!("|{exception}|{message}"))
}

fn invalid(message: &str) -> Answer {
    let exception = "Microsoft.Exchange.Management.Tasks.ValidationException";
    refused(400, "BadRequest", exception, message)
}

fn unknown(what: &str) -> Answer {
    let exception = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";
    let message =
        format!("The operation couldn't be performed because object '{what}' couldn't be found.");
    refused(404, "NotFound", exception, &message)
}

fn unbound(message: &str) -> Answer {
    let exception = "System.Management.Automation.ParameterBindingException";
    refused(400, "BadRequest", exception, message)
}

fn rows(rows: &[Value]) -> Answer {
    let context = "https://outlook.office365.com/adminapi/beta/$metadata#Collection(Exchange.GenericHashTable)";
    let body = json!({ "@odata.context": context, "adminapi.warnings@odata.type": "#Collection(String)", "@adminapi.warnings": [], "value": rows });
    Answer::json(200, &body)
}

pub(crate) fn invoke(shared: Shared, call: Call) -> Waiting {
    Box::pin(async move {
        query(&call, &[])?;
        let Cmdlet {
            cmdlet_name,
            parameters,
        } = body::<Command>(&call)?.cmdlet_input;
        let account = shared
            .world()
            .microsoft
            .of(&call)?
            .is_called(&call.account, call.param(0));
        if !account {
            return Err(denied());
        }
        match cmdlet_name.as_str() {
            "Get-DkimSigningConfig" => get(&mut shared.world(), &call, &parameters),
            "New-DkimSigningConfig" => new(&mut shared.world(), &call, &parameters),
            "Set-DkimSigningConfig" => set(&shared, &call, &parameters).await,
            other => Err(refused(
                400,
                "BadRequest",
                "System.Management.Automation.CommandNotFoundException",
                &format!("The term '{other}' is not recognized as a name of a cmdlet."),
            )),
        }
    })
}

/// The parameters must be these and no others; the first is a domain.
fn domain_of(parameters: &Map<String, Value>, known: &[&str]) -> Result<Option<String>, Answer> {
    if let Some(name) = parameters
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(unbound(&format!(
            "A parameter cannot be found that matches parameter name '{name}'."
        )));
    }
    let size = parameters.get("KeySize");
    if size.is_some_and(|size| *size != 1024 && *size != 2048) {
        return Err(unbound("Cannot bind parameter 'KeySize'."));
    }
    match parameters.get(known[0]) {
        None => Ok(None),
        Some(Value::String(domain)) => Ok(Some(domain.to_lowercase())),
        Some(_) => Err(unbound(&format!("Cannot bind parameter '{}'.", known[0]))),
    }
}

fn truth(parameters: &Map<String, Value>, name: &str) -> Result<Option<bool>, Answer> {
    match parameters.get(name) {
        None => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(*truth)),
        Some(_) => Err(unbound(&format!("Cannot bind parameter '{name}'."))),
    }
}

fn required(name: &str) -> Answer {
    unbound(&format!(
        "Cannot process command because of one or more missing mandatory parameters: {name}."
    ))
}

fn row(domain: &str, dkim: &Dkim) -> Value {
    json!({
        "Domain": domain,
        "Name": domain,
        "Identity": domain,
        "Enabled": dkim.enabled,
        "Status": if dkim.enabled { "Valid" } else { "CnameMissing" },
        "Selector1CNAME": dkim.targets[0],
        "Selector2CNAME": dkim.targets[1],
        "Selector1KeySize": 2048,
        "Selector2KeySize": 2048,
        "BodyCanonicalization": "Relaxed",
        "HeaderCanonicalization": "Relaxed",
        "Algorithm": "RsaSHA256",
        "IsDefault": false,
        "IsValid": true,
    })
}

fn get(world: &mut World, call: &Call, parameters: &Map<String, Value>) -> Outcome {
    let identity = domain_of(parameters, &["Identity"])?;
    let domains = world.microsoft.of(call)?.domains.iter_mut();
    let wanted = domains.filter(|(name, _)| identity.as_ref().is_none_or(|one| one == *name));
    let found: Vec<_> = wanted
        .filter_map(|(name, domain)| shown(name, domain))
        .collect();
    match identity {
        Some(identity) if found.is_empty() => Err(unknown(&identity)),
        _ => Ok(rows(&found)),
    }
}

fn shown(name: &str, domain: &mut Domain) -> Option<Value> {
    let dkim = domain.dkim.as_mut()?;
    (!dkim.unseen.hides()).then(|| row(name, dkim))
}

/// A domain that Exchange knows: proved, with mail, and after some commands.
fn accepted<'a>(account: &'a mut Account, name: &str) -> Result<&'a mut Domain, Answer> {
    let domain = account.domains.get_mut(name);
    let domain = domain.filter(|domain| {
        domain.verified && domain.services.iter().any(|service| service == "Email")
    });
    let domain = domain.and_then(|domain| (!domain.not_accepted.hides()).then_some(domain));
    domain.ok_or_else(|| unknown(name))
}

fn new(world: &mut World, call: &Call, parameters: &Map<String, Value>) -> Outcome {
    let known = [
        "DomainName",
        "Enabled",
        "KeySize",
        "BodyCanonicalization",
        "HeaderCanonicalization",
        "AdminDisplayName",
    ];
    let name = domain_of(parameters, &known)?.ok_or_else(|| required("DomainName"))?;
    let enabled = truth(parameters, "Enabled")?.ok_or_else(|| required("Enabled"))?;
    let lag = Lag::of(world.lag(Vendor::Microsoft));
    let letter = world.letter();
    let keys = [dkim::record(world), dkim::record(world)];
    let account = world.microsoft.of(call)?;
    let tenant = account.name.clone();
    let domain = accepted(account, &name)?;
    if domain.dkim.is_some() {
        return Err(invalid(&format!(
            "The DKIM signing config for '{name}' already exists."
        )));
    }
    let dashed = name.replace('.', "-");
    let targets = ["selector1", "selector2"].map(|selector| {
        format!("{selector}-{dashed}._domainkey.{tenant}.{letter}-v1.dkim.mail.microsoft")
    });
    if enabled {
        return Err(no_alias(&name, &targets));
    }
    let dkim = Dkim {
        enabled,
        targets,
        unseen: lag,
    };
    let answer = rows(&[row(&name, &dkim)]);
    for (target, key) in dkim.targets.iter().zip(keys) {
        let record = ZoneRecord::plain(target, RecordType::TXT, &key);
        world.registry.publish(record);
    }
    accepted(world.microsoft.of(call)?, &name)?.dkim = Some(dkim);
    world
        .counts
        .add(Vendor::Microsoft, "dkim_configs", &name, 1);
    Ok(answer)
}

fn no_alias(domain: &str, targets: &[String; 2]) -> Answer {
    invalid(&format!(
        "CNAME record does not exist for this config. Please publish the following two CNAME records first. \
         Domain Name : {domain} \
         Host Name : selector1._domainkey Points to address or value: {} \
         Host Name : selector2._domainkey Points to address or value: {}",
        targets[0], targets[1]
    ))
}

async fn set(shared: &Shared, call: &Call, parameters: &Map<String, Value>) -> Outcome {
    let known = [
        "Identity",
        "Enabled",
        "KeySize",
        "BodyCanonicalization",
        "HeaderCanonicalization",
        "PublishTxtRecords",
        "AdminDisplayName",
    ];
    let name = domain_of(parameters, &known)?.ok_or_else(|| required("Identity"))?;
    let Some(enabled) = truth(parameters, "Enabled")? else {
        return Ok(rows(&[]));
    };
    let targets = {
        let mut world = shared.world();
        let domain = world.microsoft.of(call)?.domains.get(&name);
        let dkim = domain.and_then(|domain| domain.dkim.as_ref());
        dkim.ok_or_else(|| unknown(&name))?.targets.clone()
    };
    if enabled {
        for (selector, target) in ["selector1", "selector2"].iter().zip(&targets) {
            let alias = shared
                .lookups
                .cname(&format!("{selector}._domainkey.{name}"))
                .await;
            if alias.as_ref() != Some(target) {
                return Err(no_alias(&name, &targets));
            }
        }
    }
    let mut world = shared.world();
    let domain = world.microsoft.of(call)?.domains.get_mut(&name);
    let dkim = domain.and_then(|domain| domain.dkim.as_mut());
    dkim.ok_or_else(|| unknown(&name))?.enabled = enabled;
    Ok(rows(&[]))
}
