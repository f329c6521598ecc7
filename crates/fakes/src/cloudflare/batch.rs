//! Many changes to a zone's records in one call, all or none.

use serde::Deserialize;
use serde_json::{Value, json};

use super::draft::{change, count};
use super::envelope::{error, refuse, success};
use super::record::{Fields, Record};
use crate::World;
use crate::call::{Answer, Call, Outcome};
use crate::strict;

/// What one batch changes on the free plan.
const MOST: usize = 200;

/// Fields beside the id are ignored.
#[derive(Deserialize)]
struct Delete {
    id: String,
}

/// A record of a batch: its id beside its fields.
#[derive(Deserialize)]
struct Change {
    id: String,
    #[serde(flatten)]
    fields: Value,
}

impl Change {
    fn fields(self) -> Result<Fields, Answer> {
        let fields = Fields::deserialize(self.fields);
        fields.map_err(|why| refuse(&strict::Refusal::Body(why.to_string())))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    #[serde(default)]
    deletes: Vec<Delete>,
    #[serde(default)]
    patches: Vec<Change>,
    #[serde(default)]
    puts: Vec<Change>,
    #[serde(default)]
    posts: Vec<Fields>,
}

/// Deletes, then patches, then puts, then posts; the first that is refused undoes all.
pub(crate) fn batch(world: &mut World, call: &Call) -> Outcome {
    let asked: Batch = strict::json(call).map_err(|why| refuse(&why))?;
    let changed = asked.patches.len() + asked.puts.len();
    if asked.deletes.len() + changed + asked.posts.len() > MOST {
        let why = format!("A batch holds at most {MOST} changes on this plan.");
        return Err(error(400, 9205, &why));
    }
    let done = change(world, call, |draft, id| {
        let mut done: [Vec<Record>; 4] = Default::default();
        for one in asked.deletes {
            done[0].push(draft.remove(&one.id)?);
        }
        for one in asked.patches {
            done[1].push(draft.replace(&one.id.clone(), one.fields()?, true)?);
        }
        for one in asked.puts {
            done[2].push(draft.replace(&one.id.clone(), one.fields()?, false)?);
        }
        for fields in asked.posts {
            done[3].push(draft.add(fields, id())?);
        }
        Ok(done)
    })?;
    count(world, &done[3]);
    let show = |records: &[Record]| records.iter().map(Record::show).collect::<Vec<_>>();
    Ok(success(&json!({
        "deletes": show(&done[0]),
        "patches": show(&done[1]),
        "puts": show(&done[2]),
        "posts": show(&done[3]),
    })))
}
