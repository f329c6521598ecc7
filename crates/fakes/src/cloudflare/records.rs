//! The calls for one record at a time.

use serde_json::json;

use super::auth::zone;
use super::draft::{change, count, no_record};
use super::envelope::{refuse, success};
use super::record::Fields;
use crate::World;
use crate::call::{Call, Outcome};
use crate::strict;

pub(crate) fn create(world: &mut World, call: &Call) -> Outcome {
    let fields: Fields = strict::json(call).map_err(|why| refuse(&why))?;
    let record = change(world, call, |draft, id| draft.add(fields, id()))?;
    count(world, std::slice::from_ref(&record));
    Ok(success(&record.show()))
}

pub(crate) fn overwrite(world: &mut World, call: &Call) -> Outcome {
    replace(world, call, false)
}

pub(crate) fn patch(world: &mut World, call: &Call) -> Outcome {
    replace(world, call, true)
}

fn replace(world: &mut World, call: &Call, keep_rest: bool) -> Outcome {
    let fields: Fields = strict::json(call).map_err(|why| refuse(&why))?;
    let id = call.param(1);
    let record = change(world, call, |draft, _| draft.replace(id, fields, keep_rest))?;
    Ok(success(&record.show()))
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    let record = change(world, call, |draft, _| draft.remove(call.param(1)))?;
    Ok(success(&json!({ "id": record.id })))
}

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let zone = zone(world, call)?;
    let found = zone
        .records
        .iter()
        .find(|record| record.id == call.param(1));
    match found {
        Some(record) => Ok(success(&record.show())),
        None => Err(no_record()),
    }
}
