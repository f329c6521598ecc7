//! A zone's records while they are changed, and the rules that hold among them.

use jiff::Timestamp;
use serde_json::json;

use super::auth::zone_id;
use super::envelope::error;
use super::record::{Fields, Kind, Record};
use crate::World;
use crate::call::{Answer, Call};
use crate::vendor::Vendor;

pub(crate) fn no_record() -> Answer {
    error(404, 81_044, "Record does not exist.")
}

/// What a zone on the free plan holds.
const MOST_RECORDS: usize = 200;

/// What the TXT records of one name hold together.
const MOST_TEXT: usize = 8192;

/// A zone's records while they are changed, so that a change is whole or none.
pub(crate) struct Draft<'a> {
    zone: &'a str,
    now: Timestamp,
    records: Vec<Record>,
}

impl Draft<'_> {
    pub fn add(&mut self, fields: Fields, id: String) -> Result<Record, Answer> {
        if self.records.len() >= MOST_RECORDS {
            return Err(error(400, 81_045, "Record quota exceeded."));
        }
        let record = fields.record(id, self.zone, self.now)?;
        self.check(&record)?;
        self.records.push(record.clone());
        Ok(record)
    }

    pub fn replace(&mut self, id: &str, fields: Fields, keep_rest: bool) -> Result<Record, Answer> {
        let at = self.find(id)?;
        let old = self.records[at].clone();
        let fields = if keep_rest {
            fields.over(Fields::of(&old))
        } else {
            fields
        };
        let record = Record {
            created: old.created,
            ..fields.record(old.id, self.zone, self.now)?
        };
        self.check(&record)?;
        self.records[at] = record.clone();
        Ok(record)
    }

    pub fn remove(&mut self, id: &str) -> Result<Record, Answer> {
        let at = self.find(id)?;
        Ok(self.records.remove(at))
    }

    fn find(&self, id: &str) -> Result<usize, Answer> {
        let at = self.records.iter().position(|record| record.id == id);
        at.ok_or_else(no_record)
    }

    /// No record twice, no address or alias beside an alias, and texts of one name that are not too long together.
    fn check(&self, new: &Record) -> Result<(), Answer> {
        let others = self
            .records
            .iter()
            .filter(|old| old.id != new.id && old.name == new.name);
        let mut texts = 0;
        for old in others {
            if old.is_same(new) {
                return Err(error(400, 81_058, "An identical record already exists."));
            }
            if new.kind == Kind::Cname && old.kind.is_proxiable() {
                let why = "An A, AAAA, or CNAME record with that host already exists.";
                return Err(error(400, 81_053, why));
            }
            if old.kind == Kind::Cname && new.kind.is_proxiable() {
                let why = "A CNAME record with that host already exists.";
                return Err(error(400, 81_054, why));
            }
            if old.kind == Kind::Txt && new.kind == Kind::Txt {
                texts += old.content.len();
            }
        }
        if texts > 0 && texts + new.content.len() > MOST_TEXT {
            let why = "The TXT records of this name are too long together.";
            return Err(error(400, 9020, why));
        }
        Ok(())
    }
}

/// Changes a zone's records by `change`, if all of it works.
pub(crate) fn change<T>(
    world: &mut World,
    call: &Call,
    change: impl FnOnce(&mut Draft<'_>, &mut dyn FnMut() -> String) -> Result<T, Answer>,
) -> Result<T, Answer> {
    let id = zone_id(world, call)?;
    let now = world.clock.now();
    let Some(zone) = world.cloudflare.zones.get(&id) else {
        return Err(error(
            403,
            9109,
            "Unauthorized to access requested resource",
        ));
    };
    let (name, records) = (zone.name.clone(), zone.records.clone());
    let mut draft = Draft {
        zone: &name,
        now,
        records,
    };
    let done = change(&mut draft, &mut || world.hex(32))?;
    let records = draft.records;
    if let Some(zone) = world.cloudflare.zones.get_mut(&id) {
        zone.records = records;
        zone.modified = now;
    }
    Ok(done)
}

/// Counts records that were made.
pub(crate) fn count(world: &mut World, records: &[Record]) {
    for record in records {
        let name = format!(
            "{} {}",
            json!(record.kind).as_str().unwrap_or_default(),
            record.name
        );
        world
            .counts
            .add(Vendor::Cloudflare, "records_created", &name, 1);
    }
}
