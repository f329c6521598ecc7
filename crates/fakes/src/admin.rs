//! The admin: what tests, the demo and the curious change and read from outside. The table of its calls is in the crate's docs.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::call::{Answer, Call, Outcome};
use crate::dns::ZoneRecord;
use crate::faults::Fault;
use crate::route::{Fit, Handler, Route, fit};
use crate::server::{Answering, Reply};
use crate::vendor::Vendor;
use crate::{Shared, World};

const ROUTES: &[Route] = &[
    Route::at_once("GET /accounts/{}", credentials),
    Route::at_once("POST /accounts/{}", open_account),
    Route::at_once("PUT /accounts/{}/{}", change_account),
    Route::at_once("GET /faults", faults),
    Route::at_once("PUT /faults", set_faults),
    Route::at_once("POST /faults", add_fault),
    Route::at_once("DELETE /faults", clear_faults),
    Route::at_once("PUT /limits/{}/{}", set_limit),
    Route::at_once("PUT /lag/{}", set_lag),
    Route::at_once("POST /clock", advance),
    Route::at_once("GET /counts", counts),
    Route::at_once("GET /holdings", all_holdings),
    Route::at_once("GET /holdings/{}", holdings),
    Route::at_once("GET /registry", registry),
    Route::at_once("PUT /registry/{}", register),
    Route::at_once("DELETE /registry/{}", lapse),
    Route::at_once("PUT /{}/{}/{}", change),
    Route::at_once("POST /{}/{}/console/{}", console),
];

/// How the admin's port answers: without faults and limits.
pub(crate) fn answering(shared: Shared) -> Answering {
    Arc::new(move |call| Box::pin(answer(shared.clone(), call)))
}

async fn answer(shared: Shared, mut call: Call) -> Reply {
    let outcome = match fit(ROUTES, &call.method, &call.path) {
        Fit::Route(route, params) => {
            call.params = params;
            match route.handler {
                Handler::AtOnce(handler) => handler(&mut shared.world(), &call),
                Handler::Waits(handler) => handler(shared.clone(), call).await,
            }
        }
        Fit::Method(methods) => Err(refused(405, &format!("this has {}", methods.join(", ")))),
        Fit::Nothing => Err(refused(404, "the admin has no such path")),
    };
    Reply::Whole(outcome.unwrap_or_else(|refused| refused))
}

fn refused(status: u16, why: &str) -> Answer {
    Answer::json(status, &json!({ "error": why }))
}

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Answer> {
    serde_json::from_slice(&call.body).map_err(|error| refused(400, &error.to_string()))
}

fn vendor(call: &Call) -> Result<Vendor, Answer> {
    call.param(0)
        .parse()
        .map_err(|why: String| refused(404, &why))
}

fn done() -> Outcome {
    Ok(Answer::empty(204))
}

fn credentials(world: &mut World, call: &Call) -> Outcome {
    Ok(Answer::json(200, &vendor(call)?.api().credentials(world)))
}

fn open_account(world: &mut World, call: &Call) -> Outcome {
    let wishes: Value = if call.body.is_empty() {
        json!({})
    } else {
        body(call)?
    };
    let opened = vendor(call)?.api().open_account(world, &wishes);
    Ok(Answer::json(
        201,
        &opened.map_err(|why| refused(400, &why))?,
    ))
}

fn change_account(world: &mut World, call: &Call) -> Outcome {
    let api = vendor(call)?.api();
    let changed = api.change(world, "accounts", call.param(1), &body(call)?);
    changed.map_err(|why| refused(400, &why))?;
    done()
}

fn change(world: &mut World, call: &Call) -> Outcome {
    let api = vendor(call)?.api();
    let changed = api.change(world, call.param(1), call.param(2), &body(call)?);
    changed.map_err(|why| refused(400, &why))?;
    done()
}

fn console(world: &mut World, call: &Call) -> Outcome {
    let api = vendor(call)?.api();
    let shown = api.console(world, call.param(1), call.param(2), &body(call)?);
    Ok(Answer::json(200, &shown.map_err(|why| refused(400, &why))?))
}

fn faults(world: &mut World, _: &Call) -> Outcome {
    let list = world.faults.list();
    let list: Vec<_> = list
        .map(|(fault, hits)| json!({ "fault": fault, "hits": hits }))
        .collect();
    Ok(Answer::json(200, &list))
}

fn set_faults(world: &mut World, call: &Call) -> Outcome {
    world.faults.set(body(call)?);
    done()
}

fn add_fault(world: &mut World, call: &Call) -> Outcome {
    world.faults.add(body::<Fault>(call)?);
    done()
}

fn clear_faults(world: &mut World, _: &Call) -> Outcome {
    world.faults.set(Vec::new());
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Most {
    most: Option<u64>,
}

fn set_limit(world: &mut World, call: &Call) -> Outcome {
    let Most { most } = body(call)?;
    world.limits.set(vendor(call)?, call.param(1), most);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reads {
    reads: u32,
}

fn set_lag(world: &mut World, call: &Call) -> Outcome {
    let Reads { reads } = body(call)?;
    world.set_lag(vendor(call)?, reads);
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

fn advance(world: &mut World, call: &Call) -> Outcome {
    let Advance { advance_seconds } = body(call)?;
    world.clock.advance_seconds(advance_seconds);
    done()
}

fn counts(world: &mut World, _: &Call) -> Outcome {
    Ok(Answer::json(200, &world.counts))
}

fn all_holdings(world: &mut World, _: &Call) -> Outcome {
    let all: Map<String, Value> = Vendor::ALL
        .into_iter()
        .map(|vendor| (vendor.word().to_owned(), vendor.api().holdings(world)))
        .collect();
    Ok(Answer::json(200, &all))
}

fn holdings(world: &mut World, call: &Call) -> Outcome {
    Ok(Answer::json(200, &vendor(call)?.api().holdings(world)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    nameservers: Vec<String>,
    records: Option<Vec<ElsewhereRecord>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElsewhereRecord {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    content: String,
    #[serde(default)]
    priority: u16,
}

fn register(world: &mut World, call: &Call) -> Outcome {
    let asked: Elsewhere = body(call)?;
    let domain = call.param(0);
    world
        .registry
        .register_elsewhere(domain, &asked.nameservers);
    if let Some(records) = asked.records {
        world.registry.withdraw(domain);
        for record in records {
            let kind = record.kind.parse();
            let kind = kind.map_err(|_| refused(400, "a record's type is unknown"))?;
            world.registry.publish(ZoneRecord {
                priority: record.priority,
                ..ZoneRecord::plain(&record.name, kind, &record.content)
            });
        }
    }
    done()
}

fn registry(world: &mut World, _: &Call) -> Outcome {
    Ok(Answer::json(200, world.registry.domains()))
}

fn lapse(world: &mut World, call: &Call) -> Outcome {
    world.registry.release(call.param(0));
    done()
}
