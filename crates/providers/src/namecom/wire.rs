//! name.com's bodies. It may leave out what has the default value of its type, and writes `null` for it at times.

use peeker_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::contact::Contact;
use super::dollars::Dollars;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckRequest<'a> {
    pub(super) domain_names: Vec<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct CheckResponse {
    pub(super) results: Option<Vec<CheckResult>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CheckResult {
    pub(super) domain_name: String,
    pub(super) purchasable: Option<bool>,
    pub(super) premium: Option<bool>,
    pub(super) purchase_type: Option<String>,
    pub(super) purchase_price: Option<Dollars>,
    pub(super) renewal_price: Option<Dollars>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Pricing {
    pub(super) premium: Option<bool>,
    pub(super) purchase_price: Option<Dollars>,
    pub(super) renewal_price: Option<Dollars>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateDomain<'a> {
    pub(super) domain: NewDomain<'a>,
    pub(super) years: u8,
    pub(super) purchase_type: &'static str,
    pub(super) purchase_price: Dollars,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewDomain<'a> {
    pub(super) domain_name: &'a str,
    pub(super) autorenew_enabled: bool,
    pub(super) privacy_enabled: bool,
    pub(super) locked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contacts: Option<Contacts<'a>>,
}

/// One person in all four roles.
#[derive(Serialize)]
pub(super) struct Contacts<'a> {
    pub(super) registrant: &'a Contact,
    pub(super) admin: &'a Contact,
    pub(super) tech: &'a Contact,
    pub(super) billing: &'a Contact,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RenewDomain {
    pub(super) years: u8,
    pub(super) purchase_price: Dollars,
}

/// The answer to a purchase and to a renewal.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sale {
    pub(super) domain: Option<Domain>,
    pub(super) order: Option<i64>,
    pub(super) total_paid: Option<Dollars>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Domain {
    #[serde(rename = "domainName")]
    pub(super) name: String,
    pub(super) expire_date: Option<Timestamp>,
    pub(super) nameservers: Option<Vec<String>>,
    pub(super) locks: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DomainPage {
    pub(super) domains: Option<Vec<Domain>>,
    pub(super) next_page: Option<u32>,
    pub(super) total_count: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct SetNameservers<'a> {
    pub(super) nameservers: &'a [String],
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DsRecords {
    pub(super) dnssec: Option<Vec<DsRecord>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DsRecord {
    pub(super) digest: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Hello {
    pub(super) username: String,
}

#[derive(Deserialize)]
pub(super) struct Balance {
    pub(super) balance: Option<Dollars>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UnverifiedContacts {
    pub(super) total_count: u64,
}

/// What every refusal holds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    pub(super) message: Option<String>,
    pub(super) details: Option<String>,
}
