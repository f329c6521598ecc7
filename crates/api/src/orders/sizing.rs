//! The two ways to size an order: by a bundle, or by license counts (contract §4). Exactly one of them.

use peeker_domain::id::BundleId;
use peeker_domain::order::{GoogleSizing, MicrosoftSizing, Sizing};
use peeker_domain::{Code, Error};
use utoipa::openapi::{RefOr, Schema};

use crate::extract::presence::{optional, together};
use crate::extract::rule::{Components, Rule};
use crate::extract::values::{choice, integer, string_schema};
use crate::extract::{Fields, Item, Refused, object};

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

/// Whether it is a bundle order: that `bundle_id` is there, whatever it holds, makes it one.
pub(super) fn is_by_bundle(fields: &Fields<'_>) -> Result<bool, Refused> {
    let by_bundle = fields.has("bundle_id");
    if by_bundle && CUSTOM_FIELDS.iter().any(|name| fields.has(name)) {
        let message = format!(
            "bundle_id sizes the order already; leave out {}",
            CUSTOM_FIELDS.join(", ")
        );
        return Err(fields.conflict(Error::new(Code::OrderShapeConflict, message)));
    }
    Ok(by_bundle)
}

/// A bundle's id; a malformed one is one that no bundle has.
pub(super) struct Bundle;

impl Rule for Bundle {
    type Value = BundleId;

    fn read(&self, item: &Item<'_>) -> Result<BundleId, Refused> {
        let id = item.text(|text| Ok(text.trim().parse()))?;
        id.map_err(|_| item.refuse_unknown("bundle"))
    }

    fn schema(&self, _: &mut Components) -> RefOr<Schema> {
        string_schema()
    }
}

object! {
    /// License counts: of Google, of Microsoft, or of both.
    pub Licenses -> Sizing {
        google: together::<GoogleLicenses>(),
        microsoft: together::<MicrosoftLicenses>(),
    }
    => |fields| {
        let (google, microsoft) = (google?, microsoft?);
        if google.is_none() && microsoft.is_none() {
            let what = "is required, unless bundle_id or microsoft_licenses is given";
            return Err(fields.refuse("google_licenses", what));
        }
        Ok(Sizing::Custom { google, microsoft })
    }
}

object! {
    /// Both or neither.
    pub GoogleLicenses -> Option<GoogleSizing> {
        /// Google licenses, one inbox each; needs `google_inboxes_per_domain`.
        #[example = 20]
        #[with = "google_inboxes_per_domain"]
        google_licenses: optional(integer(1..=MAX_LICENSES)),
        /// Inboxes on each Google domain: 2 or 3.
        #[example = 2]
        #[with = "google_licenses"]
        google_inboxes_per_domain: optional(choice(GOOGLE_DENSITIES)),
    }
    => |fields| match (google_licenses?, google_inboxes_per_domain?) {
        (Some(licenses), Some(inboxes_per_domain)) => Ok(Some(GoogleSizing { licenses, inboxes_per_domain })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(fields.refuse("google_inboxes_per_domain", "is required with google_licenses")),
        (None, Some(_)) => Err(fields.refuse("google_licenses", "is required with google_inboxes_per_domain")),
    }
}

object! {
    /// Both or neither.
    pub MicrosoftLicenses -> Option<MicrosoftSizing> {
        /// Microsoft licenses, one domain each; needs `microsoft_inboxes_per_domain`.
        #[example = 2]
        #[with = "microsoft_inboxes_per_domain"]
        microsoft_licenses: optional(integer(1..=MAX_LICENSES)),
        /// Inboxes on each Microsoft domain: 25, 50, 75 or 99.
        #[with = "microsoft_licenses"]
        microsoft_inboxes_per_domain: optional(choice(MICROSOFT_DENSITIES)),
    }
    => |fields| match (microsoft_licenses?, microsoft_inboxes_per_domain?) {
        (Some(licenses), Some(inboxes_per_domain)) => Ok(Some(MicrosoftSizing { licenses, inboxes_per_domain })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(fields.refuse("microsoft_inboxes_per_domain", "is required with microsoft_licenses")),
        (None, Some(_)) => Err(fields.refuse("microsoft_licenses", "is required with microsoft_inboxes_per_domain")),
    }
}
