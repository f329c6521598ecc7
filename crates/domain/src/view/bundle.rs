//! A bundle (contract §2, sizing of §8).

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::words_schema;
use crate::status::BundleStatus;
use crate::time::Timestamp;

/// A saved order template, sized in monthly sending volume.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Bundle {
    /// `bun_…`
    #[schema(example = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// The partner's name for it.
    #[schema(example = "Growth 25k")]
    pub name: String,
    /// E-mails a month.
    #[schema(example = 25_000)]
    pub monthly_sending_volume: u32,
    /// Share on Google; `null` follows the recommended split.
    #[schema(required = true, maximum = 100)]
    pub google_percent: Option<u32>,
    /// Share on Microsoft; `null` follows the recommended split.
    #[schema(required = true, maximum = 100)]
    pub microsoft_percent: Option<u32>,
    /// Whether the volume is spread over 30 days rather than 22.
    pub send_on_weekends: bool,
    /// 2 or 3.
    #[schema(example = 2, minimum = 2, maximum = 3)]
    pub google_inboxes_per_domain: u32,
    /// Whether it can be ordered.
    pub status: BundleStatus,
    /// The split in force now.
    pub effective: EffectiveSplit,
    /// How many domains an order of this bundle must bring.
    pub required_domains: RequiredDomains,
    /// When the bundle was made.
    pub created_at: Timestamp,
}

/// The split in force: the bundle's own, or the recommended one at the time of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct EffectiveSplit {
    /// Percent on Google.
    #[schema(example = 50, maximum = 100)]
    pub google_percent: u32,
    /// Percent on Microsoft.
    #[schema(example = 50, maximum = 100)]
    pub microsoft_percent: u32,
}

/// Domains that an order needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequiredDomains {
    /// On Google.
    #[schema(example = 15)]
    pub google: u32,
    /// On Microsoft.
    #[schema(example = 4)]
    pub microsoft: u32,
    /// Together.
    #[schema(example = 19)]
    pub total: u32,
}

/// The answer to `DELETE /bundles/{id}`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BundleRemoved {
    /// `bun_…`
    #[schema(example = "bun_01KJZ4V1B6E8N2Q4R6S8T0V2W4")]
    pub id: String,
    /// `deleted` when no order ever used it, else `archived`.
    #[schema(schema_with = removal_schema)]
    pub status: String,
}

fn removal_schema() -> Object {
    let what = "`deleted` when no order ever used it, else `archived`.";
    words_schema(what, &["archived", "deleted"])
}
