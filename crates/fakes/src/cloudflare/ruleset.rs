//! Redirect rules: the entry point ruleset of the phase for them, replaced as a whole.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::auth::zone_id;
use super::envelope::{error, refuse, success};
use super::state::Ruleset;
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict;

const PHASE: &str = "http_request_dynamic_redirect";

/// What the free plan allows.
const MOST_RULES: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    name: Option<String>,
    description: Option<String>,
    kind: Option<String>,
    phase: Option<String>,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    description: Option<String>,
    enabled: Option<bool>,
    expression: String,
    action: String,
    action_parameters: Parameters,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    from_value: Redirect,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Redirect {
    target_url: Target,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preserve_query_string: Option<bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    Value(String),
    Expression(String),
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let zone = zone_id(world, call)?;
    phase(call)?;
    let zone = world.cloudflare.zones.get(&zone);
    match zone.and_then(|zone| zone.redirects.as_ref()) {
        Some(rules) => Ok(success(rules)),
        None => Err(none(PHASE)),
    }
}

fn none(phase: &str) -> Answer {
    let why = format!("could not find entrypoint ruleset in the {phase} phase");
    error(404, 10_003, &why)
}

fn phase(call: &Call) -> Result<(), Answer> {
    match call.param(1) {
        PHASE => Ok(()),
        other => Err(none(other)),
    }
}

pub(crate) fn put(world: &mut World, call: &Call) -> Outcome {
    let zone = zone_id(world, call)?;
    phase(call)?;
    let asked: Put = strict::json(call).map_err(|why| refuse(&why))?;
    let kind = asked.kind.as_deref().unwrap_or("zone");
    if kind != "zone" || asked.phase.as_deref().unwrap_or(PHASE) != PHASE {
        return Err(error(400, 20_019, "kind and phase are those of the path"));
    }
    if asked.rules.len() > MOST_RULES {
        let why = format!("exceeded maximum number of rules in the phase: {MOST_RULES}");
        return Err(error(400, 20_217, &why));
    }
    let now = world.clock.now().to_string();
    let mut rules = Vec::new();
    for rule in asked.rules {
        check(&rule)?;
        let id = rule.id.clone().unwrap_or_else(|| world.hex(32));
        rules.push(show(&rule, &id, &now));
    }
    let fresh = world.hex(32);
    let Some(zone) = world.cloudflare.zones.get_mut(&zone) else {
        return Err(none(PHASE));
    };
    let old = zone.redirects.take();
    let version = old.as_ref().and_then(|old| old.version.parse::<u32>().ok());
    let put = Ruleset {
        id: old.map_or(fresh, |old| old.id),
        name: asked.name.unwrap_or_else(|| "default".to_owned()),
        description: asked.description.unwrap_or_default(),
        kind: "zone",
        phase: PHASE,
        version: (version.unwrap_or_default() + 1).to_string(),
        last_updated: now,
        rules,
    };
    let answer = success(&put);
    zone.redirects = Some(put);
    Ok(answer)
}

fn check(rule: &Rule) -> Result<(), Answer> {
    let redirect = &rule.action_parameters.from_value;
    let status = redirect.status_code.unwrap_or(301);
    if rule.action != "redirect" {
        return Err(error(
            400,
            20_016,
            "this phase has the action redirect only",
        ));
    }
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Err(error(400, 20_120, "status_code is no redirect"));
    }
    if !is_expression(&rule.expression) {
        return Err(error(
            400,
            20_127,
            "the rule's expression could not be parsed",
        ));
    }
    let fits = match &redirect.target_url {
        Target::Value(text) => url::Url::parse(text).is_ok_and(|url| url.has_host()),
        Target::Expression(text) => is_expression(text),
    };
    if fits {
        Ok(())
    } else {
        Err(error(400, 20_122, "target_url is no absolute URL"))
    }
}

/// Not a parser: only that there is something, with quotes and parentheses in pairs.
fn is_expression(text: &str) -> bool {
    let mut depth = 0_i32;
    for (at, outside) in text.split('"').enumerate() {
        if at % 2 == 1 {
            continue;
        }
        for character in outside.chars() {
            depth += i32::from(character == '(') - i32::from(character == ')');
            if depth < 0 {
                return false;
            }
        }
    }
    !text.trim().is_empty() && depth == 0 && text.matches('"').count().is_multiple_of(2)
}

fn show(rule: &Rule, id: &str, now: &str) -> Value {
    json!({
        "id": id,
        "version": "1",
        "ref": rule.reference.as_deref().unwrap_or(id),
        "description": rule.description.as_deref().unwrap_or_default(),
        "enabled": rule.enabled.unwrap_or(true),
        "expression": rule.expression,
        "action": rule.action,
        "action_parameters": rule.action_parameters,
        "last_updated": now,
    })
}
