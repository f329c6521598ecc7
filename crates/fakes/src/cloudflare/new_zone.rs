//! Adding a domain to an account, and all the reasons for which that is refused.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde::Deserialize;

use super::envelope::{error, refuse, success, throttled};
use super::state::{Status, Zone};
use super::zone::{READS_TO_CHECK, show};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::dns::resolve;
use crate::lag::Lag;
use crate::limits::Limit;
use crate::strict;
use crate::vendor::Vendor;

/// From more zones than this on, those that are pending must not outnumber those that are active. The admin calls it `pending`.
const FREE_OF_BALANCE: u64 = 50;

const NEW_ZONES: Limit = Limit {
    vendor: Vendor::Cloudflare,
    name: "zones",
    most: 25,
    seconds: 600,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    account: Owner,
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    id: String,
}

pub(crate) fn create(world: &mut World, call: &Call) -> Outcome {
    let asked: Create = strict::json(call).map_err(|why| refuse(&why))?;
    let name = asked.name.to_ascii_lowercase();
    if asked.account.id != call.account {
        let why = "Unauthorized to access requested resource";
        return Err(error(403, 9109, why));
    }
    if asked.kind.as_deref().unwrap_or("full") != "full" {
        return Err(error(400, 1006, "this account has zones of type full only"));
    }
    label(&name)?;
    account(world, call)?;
    domain(world, &name)?;
    let zones = world.cloudflare.zones.values();
    if zones
        .filter(|zone| zone.account == call.account)
        .any(|zone| zone.name == name)
    {
        return Err(error(400, 1061, &format!("{name} already exists")));
    }
    let now = world.clock.now_ms();
    let standing = world.limits.take(&NEW_ZONES, &call.account, 1, now);
    if !standing.within {
        let why = "Please wait and consider throttling your request speed";
        return Err(throttled(971, why, standing.reset_in));
    }
    Ok(made(world, call, &name))
}

/// Labels that stand for what other people have done.
fn label(name: &str) -> Result<(), Answer> {
    let refused = [
        (
            "held-",
            1118,
            "This name is subject to a hold, so its zone cannot be created.",
        ),
        (
            "blocked-",
            1105,
            "This domain is temporarily restricted, too many attempts were made.",
        ),
        ("banned-", 1097, "This zone is blocked and cannot be added."),
        (
            "lookup-",
            1110,
            "The look-up of this domain failed, please try again.",
        ),
    ];
    for (start, code, why) in refused {
        if name.starts_with(start) {
            return Err(error(400, code, why));
        }
    }
    Ok(())
}

fn account(world: &World, call: &Call) -> Result<(), Answer> {
    let account = world.cloudflare.accounts.get(&call.account);
    if let Some(code) = account.and_then(|account| account.blocked) {
        return Err(error(400, code, "This account cannot add zones."));
    }
    let zones = world.cloudflare.zones.values();
    let (active, others): (Vec<_>, Vec<_>) = zones
        .filter(|zone| zone.account == call.account)
        .partition(|zone| zone.status == Status::Active);
    let free = world
        .limits
        .fixed(Vendor::Cloudflare, "pending", FREE_OF_BALANCE);
    let many = (active.len() + others.len()) as u64 > free;
    if many && others.len() > active.len() {
        let why = "Please wait and consider throttling your request speed";
        return Err(throttled(971, why, 300));
    }
    Ok(())
}

/// The name is a registered domain, no name below one, and the registry knows of it by now.
fn domain(world: &mut World, name: &str) -> Result<(), Answer> {
    let above = world
        .registry
        .above(name)
        .map(|(domain, _)| domain.to_owned());
    match above {
        Some(domain) if domain == name && !world.cloudflare.is_too_new(name) => served(world, name),
        Some(domain) if domain != name => {
            let why = "Please ensure you are providing the root domain and not any subdomains.";
            Err(error(400, 1116, why))
        }
        _ if name.contains('.') => {
            let why = format!("{name} is not a registered domain");
            Err(error(400, 1049, &why))
        }
        _ => {
            let why = format!("We were unable to identify {name} as a registered domain.");
            Err(error(400, 1099, &why))
        }
    }
}

/// The domain's servers answer for it. Cloudflare's own need not: a zone that was deleted is added again.
fn served(world: &World, name: &str) -> Result<(), Answer> {
    let answer = resolve::answer(world, resolve::Role::Resolver, name, RecordType::SOA);
    let preset = is_preset(world, name, |host| host.ends_with(".ns.cloudflare.com"));
    match answer.code {
        ResponseCode::NXDomain => {
            let why = format!("{name} is not a registered domain");
            Err(error(400, 1049, &why))
        }
        ResponseCode::ServFail if !preset => {
            let why = format!("Failed to look up {name}, please try again later.");
            Err(error(400, 1110, &why))
        }
        _ => Ok(()),
    }
}

/// Whether the domain is delegated to a host of some kind already.
fn is_preset(world: &World, name: &str, kind: impl Fn(&str) -> bool) -> bool {
    let delegation = world.registry.find(name);
    delegation.is_some_and(|there| there.nameservers.iter().any(|host| kind(host)))
}

/// The account's pair, or a new one where being delegated to that pair would prove nothing: the domain is so already, or was in a
/// zone with that pair before.
fn nameservers(world: &mut World, call: &Call, name: &str) -> [String; 2] {
    let account = world.cloudflare.accounts.get(&call.account);
    let usual = account
        .map(|account| account.nameservers.clone())
        .unwrap_or_default();
    let mut before = world.cloudflare.deleted.iter();
    let known = before.any(|(_, zone)| zone.name == name && zone.nameservers == usual);
    if known || is_preset(world, name, |host| usual.iter().any(|own| own == host)) {
        super::account::pair(world)
    } else {
        usual
    }
}

fn made(world: &mut World, call: &Call, name: &str) -> Answer {
    let (id, now) = (world.hex(32), world.clock.now());
    let nameservers = nameservers(world, call, name);
    let delegation = world.registry.find(name);
    let original = delegation.map(|delegation| delegation.nameservers.clone());
    let zone = Zone {
        account: call.account.clone(),
        name: name.to_owned(),
        status: Status::Pending,
        created: now,
        modified: now,
        activated: None,
        moved: None,
        nameservers,
        original_nameservers: original.unwrap_or_default(),
        paused: false,
        unseen: Lag::of(world.lag(Vendor::Cloudflare)),
        reads_to_check: READS_TO_CHECK,
        records: Vec::new(),
        redirects: None,
    };
    let shown = show(world, &id, &zone);
    world.cloudflare.zones.insert(id, zone);
    let made = format!("{} {name}", call.account);
    world
        .counts
        .add(Vendor::Cloudflare, "zones_created", &made, 1);
    success(&shown)
}
