//! Calls, and what name.com's refusals mean when they mean the same everywhere.

use peeker_domain::DomainName;
use peeker_domain::excerpt::{QUOTED, excerpt};
use peeker_domain::vendor::Bucket;
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::ExposeSecret;

use super::NameCom;
use super::wire::{Domain, Hello, Refusal};
use crate::vendor::Answer;
use crate::{Call, ProviderError, Registration, Scope};

const REFUSED: &str = "the user name and API token are refused; rotate the credentials to a token that name.com shows as \
                       active, and let it be used from this server's address";
const OUT_OF_FUNDS: &str =
    "the account is out of funds or its payment failed; add account credit at name.com";

/// A domain that this account has.
pub(super) struct Held {
    pub(super) registration: Registration,
    pub(super) nameservers: Vec<String>,
}

impl NameCom {
    /// A request for a path below the version. A colon in it must stay one.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/core/v1/{path}", self.origin);
        let request = self.http.client().request(method, url);
        request.basic_auth(&self.username, Some(self.token.expose_secret()))
    }

    /// Makes the call. What concerns the account as a whole is an error here; a 403 is not, because name.com also says it
    /// of single domains.
    pub(super) async fn send(
        &self,
        operation: &'static str,
        request: RequestBuilder,
    ) -> Result<Answer, ProviderError> {
        let answer = self.http.send(operation, &[Bucket::Call], request).await?;
        match answer.status {
            StatusCode::UNAUTHORIZED => Err(self.http.needs_attention(REFUSED).await),
            StatusCode::PAYMENT_REQUIRED => Err(self.http.used_up(OUT_OF_FUNDS).await),
            _ => Ok(answer),
        }
    }

    /// Whose account this is.
    pub(super) async fn hello(&self) -> Result<Hello, ProviderError> {
        let answer = self.send("say hello", self.request(Method::GET, "hello"));
        let answer = answer.await?;
        match answer.status {
            StatusCode::OK => answer.json(),
            StatusCode::FORBIDDEN => Err(self.http.needs_attention(REFUSED).await),
            _ => Err(unexpected(&answer)),
        }
    }

    /// What name.com knows of a domain of this account; `None` when it has no such domain. A hold that shows is put on the
    /// operator's list, and taken off it when it is gone.
    pub(super) async fn read(
        &self,
        call: Call<'_>,
        name: &DomainName,
    ) -> Result<Option<Held>, ProviderError> {
        let request = self.request(Method::GET, &format!("domains/{name}"));
        let answer = self.send("read a domain", request).await?;
        match answer.status {
            StatusCode::OK => {
                let domain: Domain = answer.json()?;
                self.note_hold(call, name, &domain).await?;
                let expires_at = domain
                    .expire_date
                    .ok_or_else(|| answer.unexpected("the domain has no end"))?;
                Ok(Some(Held {
                    registration: Registration { expires_at },
                    nameservers: domain.nameservers.unwrap_or_default(),
                }))
            }
            StatusCode::NOT_FOUND => Ok(None),
            // Said of a domain of others, unless all is refused.
            StatusCode::FORBIDDEN => self.hello().await.map(|_| None),
            _ => Err(unexpected(&answer)),
        }
    }
}

/// What name.com says of a refusal, short enough to be repeated; its texts speak of the domain and of fields.
pub(super) fn said(answer: &Answer) -> String {
    let refusal: Refusal = answer.json().unwrap_or_default();
    let texts = [refusal.message, refusal.details];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    match texts.join(": ") {
        nothing if nothing.is_empty() => "no reason given".to_owned(),
        text => excerpt(&text, QUOTED).into_owned(),
    }
}

pub(super) fn unexpected(answer: &Answer) -> ProviderError {
    answer.unexpected(&said(answer))
}

/// Refused for good, about this domain alone.
pub(super) fn refused(message: String) -> ProviderError {
    ProviderError::permanent(Scope::Domain, message)
}
