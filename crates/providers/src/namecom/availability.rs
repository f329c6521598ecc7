//! Which names are for sale.

use std::collections::HashMap;

use peeker_domain::{DomainName, MailProvider};
use reqwest::{Method, StatusCode};

use super::NameCom;
use super::api::unexpected;
use super::dollars::Dollars;
use super::wire::{CheckRequest, CheckResponse, CheckResult};
use crate::registrar::MAX_CHECKED_NAMES;
use crate::{Check, ProviderError, Scope, Verdict};

/// What is bought from the registry at the usual price; everything else is somebody's to sell.
pub(super) const USUAL_PURCHASE: &str = "registration";

impl NameCom {
    pub(super) async fn look_up(&self, names: &[DomainName]) -> Result<Vec<Check>, ProviderError> {
        if names.len() > MAX_CHECKED_NAMES {
            let message = format!("at most {MAX_CHECKED_NAMES} names can be checked at once");
            return Err(ProviderError::permanent(Scope::Order, message));
        }
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let body = CheckRequest {
            domain_names: names.iter().map(DomainName::as_str).collect(),
        };
        let request = self.request(Method::POST, "domains:checkAvailability");
        let answer = self.send("check names", request.json(&body)).await?;
        match answer.status {
            StatusCode::OK => {
                let found: CheckResponse = answer.json()?;
                Ok(in_order(names, found.results.unwrap_or_default()))
            }
            // None of them has an ending that is sold.
            StatusCode::UNPROCESSABLE_ENTITY => Ok(in_order(names, Vec::new())),
            _ => Err(unexpected(&answer)),
        }
    }
}

/// One answer per name, in the order asked: name.com keeps none, and leaves out what it does not sell.
pub(super) fn in_order(names: &[DomainName], results: Vec<CheckResult>) -> Vec<Check> {
    let mut verdicts: HashMap<String, Verdict> = results
        .into_iter()
        .map(|result| (result.domain_name.to_ascii_lowercase(), verdict(&result)))
        .collect();
    let answers = names.iter().map(|name| Check {
        name: name.clone(),
        verdict: verdicts.remove(name.as_str()).unwrap_or(Verdict::Unknown),
    });
    answers.collect()
}

fn verdict(result: &CheckResult) -> Verdict {
    let is_usual = |kind: &str| kind == USUAL_PURCHASE;
    let purchase_type = result.purchase_type.as_deref();
    if result.premium == Some(true) || !purchase_type.is_none_or(is_usual) {
        return Verdict::Premium;
    }
    if result.purchasable != Some(true) {
        return Verdict::Taken;
    }
    match (result.purchase_price, result.renewal_price) {
        (Some(Dollars(price)), Some(Dollars(renewal_price))) => Verdict::Available {
            price,
            renewal_price,
            usable_for: MailProvider::ALL.to_vec(),
        },
        _ => Verdict::Errored,
    }
}
