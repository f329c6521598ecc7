//! The simulated registrar: one price, everything free that is not magic or bought.

use async_trait::async_trait;
use peeker_domain::{Cents, DomainName, MailProvider, Timestamp};
use serde::{Deserialize, Serialize};

use super::magic::Magic;
use super::state::Documents;
use crate::registrar::MAX_CHECKED_NAMES;
use crate::{Bought, Call, Check, ProviderError, Receipt, Registrar, Registration, Scope, Verdict};

/// First year of any domain (contract §8).
pub const REGISTRATION_PRICE: Cents = Cents(3_300);
/// Every further year (contract §8).
pub const RENEWAL_PRICE: Cents = Cents(3_300);

const REGISTRATIONS: &str = "registration";
const DELEGATIONS: &str = "delegation";
const ATTEMPTS: &str = "registration_attempts";
/// How often `flaky2-` names fail.
const FLAKY_FAILURES: u64 = 2;
/// How soon they may be tried again. Not less than our own pause after so many failures, which varies a little: a sandbox
/// that does the same is to tell of it at the same time.
const FLAKY_RETRY_MS: i64 = 4_000;
const MONTHS_PER_TERM: i32 = 12;

#[derive(Serialize, Deserialize)]
struct RegistrationDocument {
    expires_at_ms: i64,
    price: Cents,
}

impl RegistrationDocument {
    fn new(expires_at: Timestamp, price: Cents) -> Self {
        Self {
            expires_at_ms: expires_at.as_millis(),
            price,
        }
    }

    /// Paid for by this call.
    fn bought(self) -> Bought {
        let paid = self.price;
        Bought {
            registration: self.into(),
            receipt: Some(Receipt {
                paid,
                reference: None,
            }),
        }
    }

    /// A name whose term has ended can be bought by anybody.
    fn holds(&self, now: Timestamp) -> bool {
        self.expires_at_ms > now.as_millis()
    }
}

impl From<RegistrationDocument> for Registration {
    fn from(document: RegistrationDocument) -> Self {
        Self {
            expires_at: Timestamp::from_millis(document.expires_at_ms),
        }
    }
}

#[derive(Serialize)]
struct DelegationDocument<'a> {
    nameservers: &'a [String],
}

pub(super) struct SandboxRegistrar {
    documents: Documents,
}

impl SandboxRegistrar {
    pub(super) fn new(documents: Documents) -> Self {
        Self { documents }
    }

    /// What the name alone says; `None` when it depends on what was bought.
    fn magic_verdict(name: &DomainName) -> Option<Verdict> {
        match Magic::of(name)? {
            Magic::Taken | Magic::NotImported => Some(Verdict::Taken),
            Magic::Premium => Some(Verdict::Premium),
            Magic::Unknown => Some(Verdict::Unknown),
            Magic::ProviderError => Some(Verdict::Errored),
            Magic::GoogleOnly
            | Magic::Replace
            | Magic::SwapFails
            | Magic::Fail
            | Magic::Flaky2
            | Magic::Slow5
            | Magic::NameserversPending
            | Magic::ForwardingFails => None,
        }
    }

    fn available(name: &DomainName) -> Verdict {
        let usable_for = match Magic::of(name) {
            Some(Magic::GoogleOnly) => vec![MailProvider::Google],
            _ => MailProvider::ALL.to_vec(),
        };
        Verdict::Available {
            price: REGISTRATION_PRICE,
            renewal_price: RENEWAL_PRICE,
            usable_for,
        }
    }
}

#[async_trait]
impl Registrar for SandboxRegistrar {
    async fn check(
        &self,
        call: Call<'_>,
        names: &[DomainName],
    ) -> Result<Vec<Check>, ProviderError> {
        if names.len() > MAX_CHECKED_NAMES {
            let message = format!("at most {MAX_CHECKED_NAMES} names can be checked at once");
            return Err(ProviderError::permanent(Scope::Order, message));
        }
        let keys: Vec<String> = names.iter().map(ToString::to_string).collect();
        let sold = self
            .documents
            .find_many::<RegistrationDocument>(call, REGISTRATIONS, &keys)
            .await?;
        let answers = names.iter().zip(sold).map(|(name, sold)| {
            let bought = sold.is_some_and(|sold| sold.holds(call.now));
            let verdict = match Self::magic_verdict(name) {
                Some(verdict) => verdict,
                None if bought => Verdict::Taken,
                None => Self::available(name),
            };
            Check {
                name: name.clone(),
                verdict,
            }
        });
        Ok(answers.collect())
    }

    async fn register(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        if Self::magic_verdict(name).is_some() {
            return Err(ProviderError::permanent(
                Scope::Domain,
                format!("{name} is not for sale"),
            ));
        }
        if Magic::of(name) == Some(Magic::Flaky2)
            && self.documents.count(call, ATTEMPTS, name.as_str()).await? <= FLAKY_FAILURES
        {
            return Err(ProviderError::retry(
                Some(FLAKY_RETRY_MS),
                "the simulated registrar is down for a moment",
            ));
        }
        if expected_price != REGISTRATION_PRICE {
            // The guard is against paying another price; what is already paid for is adopted all the same.
            return self
                .find(call, name)
                .await?
                .map(Bought::held)
                .ok_or_else(|| {
                    let message = format!(
                        "{name} costs {} cents, not the expected {} cents",
                        REGISTRATION_PRICE.0, expected_price.0
                    );
                    ProviderError::permanent(Scope::Domain, message)
                });
        }
        let new =
            RegistrationDocument::new(call.now.plus_months(MONTHS_PER_TERM), REGISTRATION_PRICE);
        let name = name.as_str();
        let first = self.documents.keep_first(call, REGISTRATIONS, name, &new);
        match first.await? {
            Some(held) if held.holds(call.now) => return Ok(Bought::held(held.into())),
            Some(_) => {
                let documents = &self.documents;
                documents.replace(call, REGISTRATIONS, name, &new).await?;
            }
            None => {}
        }
        Ok(new.bought())
    }

    async fn renew(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected_price: Cents,
    ) -> Result<Bought, ProviderError> {
        let refuse = |message| Err(ProviderError::permanent(Scope::Domain, message));
        let held = self
            .documents
            .find::<RegistrationDocument>(call, REGISTRATIONS, name.as_str())
            .await?
            .map(Registration::from);
        match held {
            None => return refuse(format!("{name} is not registered here")),
            Some(held) if held.expires_at > current_end => return Ok(Bought::held(held)),
            Some(held) if held.expires_at < current_end => {
                return refuse(format!("{name} is registered until {}", held.expires_at));
            }
            Some(_) => {}
        }
        if expected_price != RENEWAL_PRICE {
            let (price, expected) = (RENEWAL_PRICE, expected_price);
            return refuse(format!(
                "another year of {name} costs {price}, not {expected}"
            ));
        }
        let renewed =
            RegistrationDocument::new(current_end.plus_months(MONTHS_PER_TERM), RENEWAL_PRICE);
        self.documents
            .replace(call, REGISTRATIONS, name.as_str(), &renewed)
            .await?;
        Ok(renewed.bought())
    }

    async fn find(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Registration>, ProviderError> {
        let held = self
            .documents
            .find::<RegistrationDocument>(call, REGISTRATIONS, name.as_str())
            .await?;
        let held = held.filter(|held| held.holds(call.now));
        Ok(held.map(Registration::from))
    }

    async fn set_nameservers(
        &self,
        call: Call<'_>,
        name: &DomainName,
        nameservers: &[String],
    ) -> Result<(), ProviderError> {
        let document = DelegationDocument { nameservers };
        self.documents
            .replace(call, DELEGATIONS, name.as_str(), &document)
            .await
    }
}
