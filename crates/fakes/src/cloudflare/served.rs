//! What Cloudflare's name servers answer from.

use std::collections::BTreeSet;

use super::record::Record;
use crate::World;
use crate::dns::Zone;

/// The zone at or above a name. Of several the one that the domain is delegated to, and a live one rather than one that was deleted
/// some days ago.
pub(crate) fn zone_above<'a>(world: &'a World, name: &str) -> Option<Zone<'a>> {
    let now = world.clock.now_ms();
    let is_above = |zone: &str| name == zone || name.ends_with(&format!(".{zone}"));
    let state = &world.cloudflare;
    let deleted = state.deleted.iter().filter(|(until, _)| *until > now);
    let live = state.zones.values().map(|zone| (true, zone));
    let all = live.chain(deleted.map(|(_, zone)| (false, zone)));
    let above = all.filter(|(_, zone)| is_above(&zone.name));
    let (_, zone) = above.max_by_key(|(live, zone)| {
        let delegation = world.registry.find(&zone.name);
        let there: Option<BTreeSet<_>> = delegation.map(|there| there.nameservers.iter().collect());
        let delegated = there == Some(zone.nameservers.iter().collect());
        (zone.name.len(), delegated, *live)
    })?;
    Some(Zone {
        apex: &zone.name,
        nameservers: &zone.nameservers,
        records: zone.records.iter().map(Record::served).collect(),
    })
}
