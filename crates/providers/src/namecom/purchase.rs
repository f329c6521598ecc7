//! What is paid for: the first year of a domain, and every further one.

use peeker_domain::{Cents, DomainName, Timestamp};
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};

use super::NameCom;
use super::api::{Held, refused, said, unexpected};
use super::availability::USUAL_PURCHASE;
use super::dollars::Dollars;
use super::wire::{Contacts, CreateDomain, NewDomain, Pricing, RenewDomain, Sale};
use crate::vendor::Answer;
use crate::{Bought, Call, ErrorClass, ProviderError, Receipt, Registration};

/// Two ends of a term that are no further apart are the same: registries round, and a term is a year.
const SAME_END_MS: i64 = 24 * 60 * 60 * 1000;
/// After a renewal whose answer was lost, nobody looks before that: name.com may still be at work on it, and whoever looked
/// too early would pay again.
const SETTLED_AFTER_MS: i64 = 5 * 60 * 1000;
const BAD_CONTACT: &str = "the registrant contact is refused; correct the contact.* settings, or the default contacts of the \
                           account at name.com";
/// What refusals of a contact speak of.
const CONTACT_WORDS: [&str; 4] = ["contact", "registrant", "phone", "postal"];

impl NameCom {
    pub(super) async fn buy(
        &self,
        call: Call<'_>,
        name: &DomainName,
        expected: Cents,
    ) -> Result<Bought, ProviderError> {
        if let Some(held) = self.read(call, name).await? {
            return adopt(call, name, &held);
        }
        let prices = self.prices(name).await?;
        if prices.premium == Some(true) {
            return Err(refused(format!(
                "{name} is for sale at a premium price only"
            )));
        }
        guard(&format!("{name} costs"), prices.purchase_price, expected)?;
        let contacts = self.contact.as_ref().map(|contact| Contacts {
            registrant: contact,
            admin: contact,
            tech: contact,
            billing: contact,
        });
        let body = CreateDomain {
            domain: NewDomain {
                domain_name: name.as_str(),
                autorenew_enabled: false,
                privacy_enabled: self.privacy,
                locked: true,
                contacts,
            },
            years: 1,
            purchase_type: USUAL_PURCHASE,
            purchase_price: Dollars(expected),
        };
        let request = self.request(Method::POST, "domains").json(&body);
        let request = request.header(
            "X-Idempotency-Key",
            purchase_key(call.idempotency_key, name),
        );
        let answer = self.send("buy a domain", request).await?;
        match answer.status {
            StatusCode::OK | StatusCode::CREATED => self.paid(call, name, &answer, expected).await,
            // The key stands for another request, or the domain exists: in both cases what we have decides.
            StatusCode::CONFLICT => match self.read(call, name).await? {
                Some(held) => adopt(call, name, &held),
                None => Err(conflict(name, &answer)),
            },
            _ => Err(self.not_sold(name, &answer).await),
        }
    }

    pub(super) async fn pay_year(
        &self,
        call: Call<'_>,
        name: &DomainName,
        current_end: Timestamp,
        expected: Cents,
    ) -> Result<Bought, ProviderError> {
        let held = self.read(call, name).await?;
        let held = held.ok_or_else(|| refused(format!("{name} is not registered here")))?;
        let end = held.registration.expires_at;
        match end.millis_since(current_end) {
            later if later > SAME_END_MS => return Ok(Bought::held(held.registration)),
            earlier if earlier < -SAME_END_MS => {
                let message = format!("{name} is registered until {end}, not {current_end}");
                return Err(refused(message));
            }
            _ => {}
        }
        let price = self.prices(name).await?.renewal_price;
        guard(&format!("another year of {name} costs"), price, expected)?;
        let body = RenewDomain {
            years: 1,
            purchase_price: Dollars(expected),
        };
        let path = format!("domains/{name}:renew");
        let request = self.request(Method::POST, &path).json(&body);
        let answer = self.send("renew a domain", request).await;
        let answer = answer.map_err(not_before_settled)?;
        match answer.status {
            StatusCode::OK => self
                .paid(call, name, &answer, expected)
                .await
                .map_err(not_before_settled),
            StatusCode::NOT_FOUND => Err(refused(format!("{name} is not registered here"))),
            _ => Err(self.not_sold(name, &answer).await),
        }
    }

    async fn prices(&self, name: &DomainName) -> Result<Pricing, ProviderError> {
        let path = format!("domains/{name}:getPricing?years=1");
        let request = self.request(Method::GET, &path);
        let answer = self.send("ask for a price", request).await?;
        match answer.status {
            StatusCode::OK => answer.json(),
            _ => Err(self.not_sold(name, &answer).await),
        }
    }

    /// What a purchase or a renewal that went through has brought.
    async fn paid(
        &self,
        call: Call<'_>,
        name: &DomainName,
        answer: &Answer,
        expected: Cents,
    ) -> Result<Bought, ProviderError> {
        let sale: Sale = answer.json()?;
        let receipt = Receipt {
            paid: sale.total_paid.map_or(expected, |Dollars(cents)| cents),
            reference: sale.order.map(|order| order.to_string()),
        };
        let end = sale.domain.and_then(|domain| domain.expire_date);
        let registration = if let Some(expires_at) = end {
            Registration { expires_at }
        } else {
            let held = self.read(call, name).await?;
            let held = held.ok_or_else(|| answer.unexpected("the domain is not there"))?;
            held.registration
        };
        Ok(Bought {
            registration,
            receipt: Some(receipt),
        })
    }

    /// What a refusal to sell means.
    async fn not_sold(&self, name: &DomainName, answer: &Answer) -> ProviderError {
        let reason = said(answer);
        match answer.status {
            StatusCode::BAD_REQUEST => {
                let lower = reason.to_ascii_lowercase();
                if lower.contains("price") {
                    refused(format!("name.com asks another price for {name}: {reason}"))
                } else if CONTACT_WORDS.iter().any(|word| lower.contains(word)) {
                    self.http.needs_attention(BAD_CONTACT).await
                } else {
                    refused(format!("name.com does not sell {name}: {reason}"))
                }
            }
            StatusCode::NOT_FOUND | StatusCode::NOT_IMPLEMENTED => {
                refused(format!("name.com does not sell {name}: {reason}"))
            }
            StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => {
                refused(format!("name.com may not sell {name} for legal reasons"))
            }
            StatusCode::FORBIDDEN => match self.hello().await {
                Ok(_) => refused(format!("name.com refuses {name}: {reason}")),
                Err(error) => error,
            },
            // Also 422, when no price is at hand for a moment, and 423, when something else is at work on the domain.
            _ => unexpected(answer),
        }
    }
}

/// A domain that the account has already; one that has ended is no use to anybody.
fn adopt(call: Call<'_>, name: &DomainName, held: &Held) -> Result<Bought, ProviderError> {
    let end = held.registration.expires_at;
    if end <= call.now {
        return Err(refused(format!(
            "{name} is in this account and has expired on {end}; it has to be renewed, not bought"
        )));
    }
    Ok(Bought::held(held.registration))
}

/// Nothing is paid at another price than the one that was agreed on.
fn guard(what: &str, price: Option<Dollars>, expected: Cents) -> Result<(), ProviderError> {
    match price {
        Some(Dollars(price)) if price == expected => Ok(()),
        Some(Dollars(price)) => Err(refused(format!("{what} {price}, not {expected}"))),
        None => Err(refused(format!(
            "{what} nothing that name.com names: it is not sold for one year"
        ))),
    }
}

fn conflict(name: &DomainName, answer: &Answer) -> ProviderError {
    let reason = said(answer);
    let message = format!("the purchase of {name} clashes with another: {reason}");
    ProviderError::new(ErrorClass::Conflict, message)
}

/// Has whoever tries again wait until a renewal that may be under way is done.
fn not_before_settled(mut error: ProviderError) -> ProviderError {
    if let ErrorClass::Retry { after_ms } = error.class {
        let after_ms = after_ms.unwrap_or_default().max(SETTLED_AFTER_MS);
        error.class = ErrorClass::Retry {
            after_ms: Some(after_ms),
        };
    }
    error
}

/// The key under which name.com remembers a purchase: the same on every try, in the form of a UUID.
pub(super) fn purchase_key(idempotency_key: &str, name: &DomainName) -> String {
    let mut hash = Sha256::new();
    for part in [idempotency_key, "\0", name.as_str()] {
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    // RFC 9562, version 8: a value that its maker gives a meaning of his own.
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-")
}
