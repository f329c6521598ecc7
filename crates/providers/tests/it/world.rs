//! A world of fakes for one test, and accounts there.

use std::collections::BTreeMap;

use peeker_domain::id::{AccountId, ProviderAccountId};
use peeker_domain::vendor::Vendor;
use peeker_domain::{DomainName, Timestamp};
use peeker_fakes::{Fakes, Fault, FaultKind, Options};
use peeker_providers::vendor::{AccountCheck, AccountReport, VendorAccount};
use peeker_providers::{Call, ErrorClass, ProviderError, Scope};
use serde_json::Value;

use crate::services::{Memory, now};

/// How long a connection is held whose answer is lost.
const HOLD_MS: u64 = 50;

pub struct World {
    pub fakes: Fakes,
    pub memory: Memory,
    partner: AccountId,
    /// By how much the fakes were moved on.
    ahead_ms: i64,
}

impl World {
    /// Fakes that show at once what was done.
    pub async fn new() -> Self {
        Self::with_lag(0).await
    }

    /// Fakes that show what was done after so many reads.
    pub async fn with_lag(lag: u32) -> Self {
        let options = Options {
            lag,
            seed: Some(7),
            ..Options::default()
        };
        Self {
            fakes: Fakes::start(options).await.unwrap(),
            memory: Memory::default(),
            partner: AccountId::from_stored("org_01KJZ4V1B6E8N2Q4R6S8T0V2W4".to_owned()),
            ahead_ms: 0,
        }
    }

    pub fn now(&self) -> Timestamp {
        now().plus_millis(self.ahead_ms)
    }

    pub fn advance_seconds(&mut self, seconds: u32) {
        self.fakes.advance_seconds(seconds.into());
        self.ahead_ms += i64::from(seconds) * 1000;
    }

    pub fn call<'a>(&'a self, key: &'a str) -> Call<'a> {
        Call {
            account: &self.partner,
            idempotency_key: key,
            now: self.now(),
        }
    }

    /// An account of ours at the fake of a vendor.
    pub fn account(
        &self,
        vendor: Vendor,
        id: &str,
        credentials: String,
        settings: &[(&str, &str)],
    ) -> VendorAccount {
        let fake = vendor.as_str().parse().unwrap();
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        VendorAccount {
            id: ProviderAccountId::from_stored(id.to_owned()),
            vendor,
            label: id.to_owned(),
            base_url: Some(self.fakes.url(fake).parse().unwrap()),
            settings: settings.iter().map(owned).collect::<BTreeMap<_, _>>(),
            credentials: credentials.into(),
            changed_at: Timestamp::from_millis(0),
        }
    }

    /// The next call to this route goes wrong.
    pub fn fail_next(&self, vendor: peeker_fakes::Vendor, route: &str, kind: FaultKind) {
        let fault = Fault::next(vendor, 1, kind).on(route).hold_ms(HOLD_MS);
        self.fakes.add_fault(fault);
    }
}

/// Every way in which an answer is lost after the call was carried out.
pub fn lost_answers() -> [FaultKind; 3] {
    [
        FaultKind::TimeoutAfterItWorked,
        FaultKind::AfterItWorked5xx(502),
        FaultKind::HalfAnswer,
    ]
}

/// Every way in which a call is not carried out and may be sent again.
pub fn passing_failures() -> [FaultKind; 2] {
    [FaultKind::TimeoutBefore, FaultKind::ServerError(503)]
}

pub const REFUSED: ErrorClass = ErrorClass::Permanent {
    scope: Scope::Domain,
};

/// The class of an error, whose sentence gives nothing away.
pub fn class<T: std::fmt::Debug>(result: Result<T, ProviderError>) -> ErrorClass {
    let error = result.unwrap_err();
    let said = error.to_string();
    for secret in ["http", "127.0.0.1", "Basic", "Bearer", "{"] {
        assert!(!said.contains(secret), "{said}");
    }
    error.class
}

pub fn is_retry(class: ErrorClass) -> bool {
    matches!(class, ErrorClass::Retry { .. })
}

pub fn domain(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// What an operator is told of an account.
pub async fn look(adapter: &dyn AccountCheck) -> Result<AccountReport, ProviderError> {
    adapter.check().await
}

/// The id of the account of this number among those of a vendor.
pub fn account_id(index: usize) -> ProviderAccountId {
    ProviderAccountId::from_stored(format!("pacc_{index}"))
}
