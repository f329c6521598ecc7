//! Deleted users: reading them, and deleting them for good, which frees their names.

use super::error::{entity, not_found, query};
use super::users::{properties, shown};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::vendor::Vendor;

pub(crate) fn get(world: &mut World, call: &Call) -> Outcome {
    let query = query(call, &["$select"])?;
    let user = world.microsoft.of(call)?.deleted.get(call.param(0));
    let user = user.ok_or_else(|| not_found(call.param(0)))?;
    let names = properties(query.get("$select"))?;
    Ok(entity(200, "directoryObjects", shown(user, &names)))
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Outcome {
    query(call, &[])?;
    let user = world.microsoft.of(call)?.deleted.remove(call.param(0));
    let user = user.ok_or_else(|| not_found(call.param(0)))?;
    let counts = &mut world.counts;
    counts.add(Vendor::Microsoft, "users_purged", &user.upn, 1);
    Ok(Answer::empty(204))
}
