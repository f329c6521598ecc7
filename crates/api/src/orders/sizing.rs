//! The two ways to size an order: by a bundle, or by license counts (contract §4). Exactly one of them.

use peeker_domain::id::BundleId;
use peeker_domain::order::{GoogleSizing, MicrosoftSizing, Sizing};
use peeker_domain::{Code, Error};
use utoipa::openapi::schema::Object;

use crate::extract::values::{choice, integer, string};
use crate::extract::{Fields, Refused};
use crate::openapi::choice_schema;

/// Most licenses of one provider on one order.
const MAX_LICENSES: u32 = 10_000;
/// Google inboxes that a domain may bear (contract §4).
const GOOGLE_DENSITIES: &[u32] = &[2, 3];
/// Microsoft inboxes that a domain may bear (contract §4).
const MICROSOFT_DENSITIES: &[u32] = &[25, 50, 75, 99];
/// The fields of a custom order that a bundle order must not have.
pub(super) const CUSTOM_FIELDS: [&str; 4] = [
    "google_licenses",
    "google_inboxes_per_domain",
    "microsoft_licenses",
    "microsoft_inboxes_per_domain",
];

/// The schema of `microsoft_inboxes_per_domain`.
pub(super) fn microsoft_density_schema() -> Object {
    let description = "Inboxes on each Microsoft domain: 25, 50, 75 or 99.";
    choice_schema(MICROSOFT_DENSITIES, description)
}

/// Reads the sizing; that `bundle_id` is there, whatever it holds, makes it a bundle order.
pub(super) fn read(fields: &mut Fields<'_>) -> Result<Sizing, Refused> {
    if !fields.has("bundle_id") {
        return read_custom(fields);
    }
    if CUSTOM_FIELDS.iter().any(|name| fields.has(name)) {
        let message = format!(
            "bundle_id sizes the order already; leave out {}",
            CUSTOM_FIELDS.join(", ")
        );
        return Err(fields.conflict(Error::new(Code::OrderShapeConflict, message)));
    }
    let text = fields.required("bundle_id", |value| string(value).map(str::to_owned))?;
    let id = text
        .trim()
        .parse::<BundleId>()
        .map_err(|_| fields.refuse_unknown("bundle_id", "bundle"))?;
    Ok(Sizing::Bundle(id))
}

fn read_custom(fields: &mut Fields<'_>) -> Result<Sizing, Refused> {
    let google = read_pair(
        fields,
        "google_licenses",
        "google_inboxes_per_domain",
        GOOGLE_DENSITIES,
    );
    let microsoft = read_pair(
        fields,
        "microsoft_licenses",
        "microsoft_inboxes_per_domain",
        MICROSOFT_DENSITIES,
    );
    let (google, microsoft) = (google?, microsoft?);
    if google.is_none() && microsoft.is_none() {
        let what = "is required, unless bundle_id or microsoft_licenses is given";
        return Err(fields.refuse("google_licenses", what));
    }
    Ok(Sizing::Custom {
        google: google.map(|(licenses, inboxes_per_domain)| GoogleSizing {
            licenses,
            inboxes_per_domain,
        }),
        microsoft: microsoft.map(|(licenses, inboxes_per_domain)| MicrosoftSizing {
            licenses,
            inboxes_per_domain,
        }),
    })
}

/// Reads one provider's licenses and density: both or neither.
fn read_pair(
    fields: &mut Fields<'_>,
    licenses: &'static str,
    density: &'static str,
    densities: &'static [u32],
) -> Result<Option<(u32, u32)>, Refused> {
    let count = fields.optional(licenses, integer(1..=MAX_LICENSES));
    let inboxes = fields.optional(density, choice(densities));
    match (count?, inboxes?) {
        (Some(count), Some(inboxes)) => Ok(Some((count, inboxes))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(fields.refuse(density, &format!("is required with {licenses}"))),
        (None, Some(_)) => Err(fields.refuse(licenses, &format!("is required with {density}"))),
    }
}
