//! What the vendors hold, in a line each.

use peeker_fakes::{Fakes, Vendor};
use serde_json::Value;

/// What is bought of a vendor and kept there, by the name the fakes list it under.
const KEPT: [&str; 4] = ["domains", "zones", "users", "mailboxes"];

/// For each vendor, its name and how many of each thing it holds.
pub fn of(fakes: &Fakes) -> Vec<(&'static str, String)> {
    [
        ("name.com", Vendor::NameCom),
        ("Cloudflare", Vendor::Cloudflare),
        ("Google Workspace", Vendor::Google),
        ("Microsoft 365", Vendor::Microsoft),
        ("Smartlead", Vendor::Smartlead),
    ]
    .map(|(name, vendor)| (name, line(&fakes.holdings(vendor))))
    .into()
}

fn line(holdings: &Value) -> String {
    let counted = KEPT
        .iter()
        .filter_map(|kind| Some(format!("{} {kind}", count(holdings, kind)?)));
    let counted: Vec<_> = counted.collect();
    if counted.is_empty() {
        return "nothing".to_owned();
    }
    counted.join(", ")
}

/// How many of a kind there are over all accounts. None if the vendor has no such list.
fn count(holdings: &Value, kind: &str) -> Option<usize> {
    let counts = holdings.as_object()?.iter().filter_map(|(name, held)| {
        if name != kind {
            return count(held, kind);
        }
        match held {
            Value::Array(entries) => Some(entries.len()),
            Value::Object(entries) => Some(entries.len()),
            _ => None,
        }
    });
    counts.reduce(|sum, one| sum + one)
}
