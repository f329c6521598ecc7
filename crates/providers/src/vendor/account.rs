//! An account at a vendor, as an adapter is made from it.

use std::collections::BTreeMap;

use peeker_domain::Timestamp;
use peeker_domain::id::ProviderAccountId;
use peeker_domain::vendor::Vendor;
use secrecy::SecretString;
use url::Url;

/// What an operator may or must say of an account, beside its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// As it is given: `--set key=value`.
    pub key: &'static str,
    pub required: bool,
    /// What it is and where it is found, in one sentence.
    pub help: &'static str,
}

/// The settings of an account, by key.
pub type Settings = BTreeMap<String, String>;

/// What an adapter is made from.
#[derive(Debug, Clone)]
pub struct VendorAccount {
    pub id: ProviderAccountId,
    pub vendor: Vendor,
    /// What the operator calls it; for messages.
    pub label: String,
    /// Where all of the vendor's hosts are instead, such as a fake or a proxy; `None` is the vendor itself.
    pub base_url: Option<Url>,
    pub settings: Settings,
    pub credentials: SecretString,
    /// When any of this was last changed.
    pub changed_at: Timestamp,
}

impl VendorAccount {
    /// A setting that is there and not empty.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let value = self.settings.get(key).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// A setting that this vendor cannot do without.
    pub fn required(&self, key: &'static str) -> Result<&str, InvalidAccount> {
        self.setting(key)
            .ok_or_else(|| InvalidAccount::new(key, "must be set"))
    }

    /// The address of one of the vendor's hosts, without a slash at the end: `host` itself, or the base URL.
    pub fn origin(&self, host: &str) -> String {
        let base = self.base_url.as_ref().map_or(host, Url::as_str);
        base.trim_end_matches('/').to_owned()
    }
}

/// Why no adapter can be made from an account. It never repeats a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidAccount {
    /// The key of the setting, or `credentials`.
    pub field: &'static str,
    pub problem: String,
}

impl InvalidAccount {
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self {
            field,
            problem: problem.into(),
        }
    }
}
