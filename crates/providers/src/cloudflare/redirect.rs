//! Redirects of a domain's web address: a rule of the zone, and two records that lead visitors to Cloudflare.

use peeker_domain::{DomainName, WebUrl};
use reqwest::Method;
use serde_json::{Value, json};

use super::Cloudflare;
use super::api::Permission;
use super::plan;
use super::refusal::Refusal;
use super::wire::{Batch, NewRecord, NewRuleset, Record, RecordId, Ruleset, Zone};
use crate::{Call, ProviderError};

/// By which our rule is known among those of others.
const REF: &str = "peeker_forwarding";
const COMMENT: &str = "Leads visitors to the redirect";
/// From a range for documentation (RFC 5737): nobody is asked there, because Cloudflare answers itself.
const ADDRESS: &str = "192.0.2.1";
/// A target may change, so browsers must not remember it for good.
const STATUS: u16 = 302;
/// The time to live of records that Cloudflare serves itself: it chooses.
const AUTOMATIC: u32 = 1;
/// What Cloudflare adds to a rule, and does not take.
const READ_ONLY: [&str; 2] = ["version", "last_updated"];

impl Cloudflare {
    pub(super) async fn redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError> {
        let zone = self.existing_zone(name).await?;
        let rules = self.rules(call, &zone).await?;
        let wanted = rule(name, target);
        let is_there = |rule: &Value| is_ours(rule) && says(rule, &wanted);
        let is_right =
            rules.iter().filter(|rule| is_ours(rule)).count() == 1 && rules.iter().any(is_there);
        if !is_right {
            let others = rules.into_iter().filter(|rule| !is_ours(rule));
            // The first rule that matches wins.
            let all = std::iter::once(wanted).chain(others).collect();
            self.replace_rules(call, &zone, all).await?;
        }
        let written = self.put(call, &zone, &addresses(name)).await?;
        if written || !is_right {
            self.look_now(&zone).await;
        }
        Ok(())
    }

    pub(super) async fn end_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<(), ProviderError> {
        let Some(zone) = self.find_zone(name).await? else {
            return Ok(());
        };
        let rules = self.rules(call, &zone).await?;
        if rules.iter().any(is_ours) {
            let others = rules.into_iter().filter(|rule| !is_ours(rule)).collect();
            self.replace_rules(call, &zone, others).await?;
        }
        let existing = self.list(call, &zone).await?;
        let ours = existing
            .iter()
            .filter(|record| is_of_redirect(record, &zone.name));
        let deletes = ours.map(|record| RecordId {
            id: record.id.clone(),
        });
        let batch = Batch {
            deletes: deletes.collect(),
            ..Batch::default()
        };
        // One that is gone meanwhile makes the whole batch fail, and the next call finds what is left.
        let parts = plan::parts(batch, self.batch);
        if self.write_all(call, &zone, &parts).await? {
            return Ok(());
        }
        let message = format!("the records of {name} change under our hands");
        Err(ProviderError::new(crate::ErrorClass::Conflict, message))
    }

    async fn rules(&self, call: Call<'_>, zone: &Zone) -> Result<Vec<Value>, ProviderError> {
        let request = self.request(Method::GET, &entry_point(zone));
        let reply = self.send("read the redirects", request).await?;
        match reply.refusal() {
            None => Ok(reply.result::<Ruleset>()?.rules.unwrap_or_default()),
            Some(Refusal::NoRuleset) => Ok(Vec::new()),
            Some(_) => {
                let needs = Permission::Redirect;
                Err(self.refused_in(call, zone, &reply, needs).await)
            }
        }
    }

    async fn replace_rules(
        &self,
        call: Call<'_>,
        zone: &Zone,
        mut rules: Vec<Value>,
    ) -> Result<(), ProviderError> {
        for rule in rules.iter_mut().filter_map(Value::as_object_mut) {
            rule.retain(|key, _| !READ_ONLY.contains(&key.as_str()));
        }
        let body = NewRuleset { rules };
        let request = self.request(Method::PUT, &entry_point(zone)).json(&body);
        let reply = self.send("write the redirects", request).await?;
        if reply.refusal().is_none() {
            return Ok(());
        }
        let needs = Permission::Redirect;
        Err(self.refused_in(call, zone, &reply, needs).await)
    }
}

pub(super) fn entry_point(zone: &Zone) -> String {
    let phase = "http_request_dynamic_redirect";
    format!("zones/{}/rulesets/phases/{phase}/entrypoint", zone.id)
}

fn rule(name: &DomainName, target: &WebUrl) -> Value {
    json!({
        "ref": REF,
        "description": "Redirects the domain's web address",
        "enabled": true,
        "expression": format!(r#"(http.host eq "{name}") or (http.host eq "www.{name}")"#),
        "action": "redirect",
        "action_parameters": {
            "from_value": {
                "target_url": {"value": target.as_str()},
                "status_code": STATUS,
                "preserve_query_string": true,
            },
        },
    })
}

fn is_ours(rule: &Value) -> bool {
    rule["ref"] == REF
}

/// Whether a rule of the zone says all that the wanted one says, whatever Cloudflare has added to it.
fn says(rule: &Value, wanted: &Value) -> bool {
    match wanted.as_object() {
        Some(fields) => fields.iter().all(|(key, value)| says(&rule[key], value)),
        None => rule == wanted,
    }
}

/// The records that have web requests come to Cloudflare.
fn addresses(name: &DomainName) -> [NewRecord; 2] {
    let proxied = |kind, name: String, content: &str| NewRecord {
        kind,
        name,
        content: content.to_owned(),
        priority: None,
        ttl: AUTOMATIC,
        proxied: true,
        comment: Some(COMMENT),
    };
    [
        proxied("A", name.to_string(), ADDRESS),
        proxied("CNAME", format!("www.{name}"), name.as_str()),
    ]
}

/// Whether the record is one of [`addresses`].
pub(super) fn is_of_redirect(record: &Record, apex: &str) -> bool {
    let is_named = |name: &str| record.name.trim_end_matches('.').eq_ignore_ascii_case(name);
    let says = |content: &str| {
        let content_there = record.content.trim_end_matches('.');
        content_there.eq_ignore_ascii_case(content)
    };
    let is_apex = record.kind == "A" && is_named(apex) && says(ADDRESS);
    let is_www = record.kind == "CNAME" && is_named(&format!("www.{apex}")) && says(apex);
    record.proxied == Some(true) && (is_apex || is_www)
}
