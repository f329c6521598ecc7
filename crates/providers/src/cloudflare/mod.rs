//! Cloudflare's API, version 4: zones, their records, and redirects of web addresses.
//!
//! Nothing is written that is there already: Cloudflare counts calls, and whoever repeats a step has mostly done it before.

mod account_check;
mod api;
mod plan;
mod records;
mod redirect;
mod refusal;
#[cfg(test)]
mod tests;
mod text;
mod wire;
mod zones;

use async_trait::async_trait;
use peeker_domain::{DomainName, WebUrl};
use secrecy::SecretString;

use crate::vendor::{InvalidAccount, Services, Setting, VendorAccount, VendorHttp};
use crate::{Call, Dns, DnsRecord, ProviderError, Zone};

pub use zones::ZoneRoom;

const HOST: &str = "https://api.cloudflare.com";

/// What can be set of an account. The credentials are an API token with the permissions Zone Edit, DNS Edit and Single
/// Redirect Edit on all zones of the account.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "account_id",
        required: true,
        help: "id of the account: 32 hexadecimal digits, shown on the overview page of any zone",
    },
    Setting {
        key: "plan",
        required: false,
        help: "`free` or `paid`: the plan of the zones, which says how many records one call changes; `free` unless set",
    },
    Setting {
        key: "capacity",
        required: false,
        help: "most zones that the account is to have; no limit but Cloudflare's unless set",
    },
];

/// One account at Cloudflare.
pub struct Cloudflare {
    http: VendorHttp,
    origin: String,
    token: SecretString,
    account_id: String,
    capacity: Option<u64>,
    /// Most changes that one call may hold.
    batch: usize,
}

impl Cloudflare {
    /// Speaks to `account`. Errors: settings that Cloudflare would refuse.
    pub fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let account_id = account.required("account_id")?.to_ascii_lowercase();
        if !account_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let problem = "must be the id that Cloudflare shows, letters and digits only";
            return Err(InvalidAccount::new("account_id", problem));
        }
        let batch = match account.setting("plan") {
            None | Some("free") => 200,
            Some("paid") => 3_500,
            Some(_) => return Err(InvalidAccount::new("plan", "must be free or paid")),
        };
        let capacity = account.setting("capacity").map(str::parse).transpose();
        let capacity =
            capacity.map_err(|_| InvalidAccount::new("capacity", "must be a number of zones"))?;
        Ok(Self {
            origin: account.origin(HOST),
            token: account.credentials.clone(),
            account_id,
            capacity,
            batch,
            http: VendorHttp::new(account, services),
        })
    }
}

#[async_trait]
impl Dns for Cloudflare {
    async fn zone_capacity(&self, _call: Call<'_>, zones: usize) -> Result<(), ProviderError> {
        self.room_for(zones).await
    }

    async fn ensure_zone(&self, call: Call<'_>, name: &DomainName) -> Result<Zone, ProviderError> {
        self.make_zone(call, name).await
    }

    async fn put_records(
        &self,
        call: Call<'_>,
        name: &DomainName,
        records: &[DnsRecord],
    ) -> Result<(), ProviderError> {
        self.publish(call, name, records).await
    }

    async fn records(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Vec<DnsRecord>, ProviderError> {
        self.published(call, name).await
    }

    async fn set_redirect(
        &self,
        call: Call<'_>,
        name: &DomainName,
        target: &WebUrl,
    ) -> Result<(), ProviderError> {
        self.redirect(call, name, target).await
    }

    async fn clear_redirect(&self, call: Call<'_>, name: &DomainName) -> Result<(), ProviderError> {
        self.end_redirect(call, name).await
    }
}
