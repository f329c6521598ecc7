//! Products, their seats, and who has a licence.

use serde::Deserialize;
use serde_json::json;

use super::error::{bad_request, body, context, entity, not_found, query};
use super::users::{USUAL, find, shown};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::lag::Lag;
use crate::vendor::Vendor;

pub(crate) fn skus(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let account = world.microsoft.of(call)?;
    let skus = account.skus.iter().map(|(id, sku)| {
        json!({
            "id": format!("{}_{id}", call.account),
            "accountId": call.account,
            "accountName": account.name,
            "appliesTo": "User",
            "capabilityStatus": "Enabled",
            "consumedUnits": account.consumed(id),
            "skuId": id,
            "skuPartNumber": sku.part,
            "subscriptionIds": [],
            "servicePlans": [],
            "prepaidUnits": {
                "enabled": sku.seats,
                "suspended": 0,
                "warning": 0,
                "lockedOut": 0,
            },
        })
    });
    let skus: Vec<_> = skus.collect();
    let body = json!({ "@odata.context": context("subscribedSkus"), "value": skus });
    Ok(Answer::json(200, &body))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    add_licenses: Vec<Licence>,
    remove_licenses: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Licence {
    sku_id: String,
    #[serde(default, rename = "disabledPlans")]
    _disabled_plans: Vec<String>,
}

pub(crate) fn assign(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let wanted: Wanted = body(call)?;
    let lag = Lag::of(world.lag(Vendor::Microsoft));
    let account = world.microsoft.of(call)?;
    let user = find(account, call)?;
    let (id, upn, held) = (user.id.clone(), user.upn.clone(), user.licences.clone());
    if user.usage_location.is_none() && !wanted.add_licenses.is_empty() {
        return Err(bad_request(
            "License assignment cannot be done for user with invalid usage location.",
        ));
    }
    if wanted.remove_licenses.iter().any(|sku| !held.contains(sku)) {
        return Err(bad_request("User does not have a corresponding license."));
    }
    let new = wanted
        .add_licenses
        .into_iter()
        .map(|licence| licence.sku_id);
    let new: Vec<_> = new.filter(|sku| !held.contains(sku)).collect();
    for sku in &new {
        let Some(product) = account.skus.get(sku) else {
            return Err(bad_request(&format!(
                "License {sku} does not correspond to a valid company License."
            )));
        };
        if account.consumed(sku) >= product.seats as usize {
            return Err(bad_request(&format!(
                "Subscription with SKU {sku} does not have any available licenses."
            )));
        }
    }
    let user = account.user(&id).ok_or_else(|| not_found(call.param(0)))?;
    user.licences
        .retain(|sku| !wanted.remove_licenses.contains(sku));
    if user.licences.is_empty() && !new.is_empty() {
        user.no_mailbox = lag;
    }
    user.licences.extend(new.iter().cloned());
    let answer = entity(200, "users", shown(user, &USUAL));
    let count = new.len() as u64;
    world.counts.add(Vendor::Microsoft, "licences", &upn, count);
    Ok(answer)
}
