//! Google's APIs as one administrator sees them: tokens, addresses, and refusals that concern the whole account.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use peeker_domain::vendor::Bucket;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::credentials::ServiceAccount;
use super::refusal::Meaning;
use crate::endpoint::{Endpoint, FORM, form};
use crate::vendor::{Answer, InvalidAccount, Services, SlowDown, VendorAccount, VendorHttp};
use crate::{ErrorClass, ProviderError};

/// How long before its end a token is no longer used.
const TOKEN_MARGIN: Duration = Duration::from_mins(2);

/// What a token lets its holder do. Each has a token of its own, so that what is missing can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    Domains,
    Users,
    Sites,
    Orders,
}

impl Scope {
    /// In Google's words, as it stands in the list of domain-wide delegation.
    pub(super) const fn url(self) -> &'static str {
        match self {
            Self::Domains => "https://www.googleapis.com/auth/admin.directory.domain",
            Self::Users => "https://www.googleapis.com/auth/admin.directory.user",
            Self::Sites => "https://www.googleapis.com/auth/siteverification",
            Self::Orders => "https://www.googleapis.com/auth/apps.order",
        }
    }

    /// Its last part, for sentences: they hold no addresses.
    fn name(self) -> &'static str {
        let url = self.url();
        url.rsplit_once('/').map_or(url, |(_, name)| name)
    }
}

/// One request.
pub(super) struct Ask {
    /// Names it in messages.
    pub(super) operation: &'static str,
    pub(super) scope: Scope,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Value>,
}

/// An answer that concerns the call alone.
pub(super) struct Reply {
    pub(super) meaning: Meaning,
    pub(super) answer: Answer,
}

impl Reply {
    /// The body of what was done. Errors: `Retry`, for anything else.
    pub(super) fn done<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        if self.meaning == Meaning::Done {
            return self.answer.json();
        }
        Err(self.unexpected())
    }

    /// For an answer that no rule knows: it is tried again.
    pub(super) fn unexpected(&self) -> ProviderError {
        self.answer.unexpected("it is not known what that means")
    }
}

/// Why the account as a whole is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) scope: Scope,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// The service account may not act for the administrator within the scope.
    NotDelegated,
    /// The key or the administrator is not taken.
    NoGrant,
    NotEnabled,
    Forbidden,
}

impl Denied {
    /// Whether it is the scope that is missing, and not the key.
    pub(super) fn concerns_a_scope(self) -> bool {
        self.why != Why::NoGrant
    }

    /// What the operator has to mend.
    pub(super) fn sentence(self) -> String {
        let scope = self.scope.name();
        match self.why {
            Why::NotDelegated => format!(
                "the service account may not act for the administrator; add the scope {scope} to its client id in the \
                 Admin console, Security, API controls, Domain-wide delegation"
            ),
            Why::NoGrant => "Google takes neither the service account's key nor the administrator; check that the key is \
                 not deleted, that the setting admin is a super administrator and that this machine's time is right"
                .to_owned(),
            Why::NotEnabled => format!(
                "an API is switched off in the service account's Google Cloud project; switch on the one of {scope}"
            ),
            Why::Forbidden => format!(
                "the administrator may not do this; give him the rights, and the service account the scope {scope}"
            ),
        }
    }
}

struct Token {
    value: SecretString,
    ends: Instant,
}

/// How the adapter talks to Google. It keeps access tokens until shortly before they end, and nothing else: they say
/// nothing of what is there.
pub(super) struct Api {
    pub(super) http: VendorHttp,
    pub(super) directory: Endpoint,
    pub(super) sites: Endpoint,
    pub(super) reseller: Endpoint,
    oauth: Endpoint,
    service_account: ServiceAccount,
    admin: String,
    tokens: Mutex<HashMap<Scope, Token>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
}

impl Api {
    pub(super) fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        let endpoint = |host| Endpoint::of(&account, host);
        Ok(Self {
            directory: endpoint("https://admin.googleapis.com")?,
            sites: endpoint("https://www.googleapis.com")?,
            reseller: endpoint("https://reseller.googleapis.com")?,
            oauth: endpoint("https://oauth2.googleapis.com")?,
            service_account: ServiceAccount::parse(&account.credentials)?,
            admin: account.required("admin")?.to_owned(),
            tokens: Mutex::default(),
            http: VendorHttp::new(account, services),
        })
    }

    /// Asks, and takes a refusal of the account as a whole as one that the operator has to mend.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Reply, ProviderError> {
        match self.try_ask(ask).await? {
            Ok(reply) => Ok(reply),
            Err(denied) => Err(self.not_permitted(denied).await),
        }
    }

    /// Asks, and tells when the account as a whole is refused.
    pub(super) async fn try_ask(&self, ask: Ask) -> Result<Result<Reply, Denied>, ProviderError> {
        let Ask {
            operation,
            scope,
            method,
            url,
            body,
        } = ask;
        let kept = self.kept_token(scope);
        let was_kept = kept.is_some();
        let token = match kept {
            Some(token) => token,
            None => match self.new_token(scope).await? {
                Ok(token) => token,
                Err(denied) => return Ok(Err(denied)),
            },
        };
        let mut request = self.http.client().request(method, url);
        request = request.bearer_auth(token.expose_secret());
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = self.http.send(operation, &[Bucket::Call], request).await?;
        let denied = |why| Ok(Err(Denied { scope, why }));
        match Meaning::of(answer.status.as_u16(), &answer.body) {
            Meaning::SlowDown => Err(self.http.slow_down(operation, SlowDown::Unnamed).await),
            Meaning::Unauthenticated if was_kept => {
                self.lock().remove(&scope);
                let message = format!("Google has ended an access token early ({operation})");
                Err(ProviderError::retry(None, message))
            }
            Meaning::Unauthenticated => denied(Why::NoGrant),
            Meaning::NotEnabled => denied(Why::NotEnabled),
            Meaning::Forbidden => denied(Why::Forbidden),
            meaning => Ok(Ok(Reply { meaning, answer })),
        }
    }

    /// What a refusal of the service account means. One of the token concerns the whole account; one of a request may concern
    /// what it was about, and a check of the account tells.
    async fn not_permitted(&self, denied: Denied) -> ProviderError {
        if denied.why == Why::Forbidden {
            let message = format!("Google refused this: {}", denied.sentence());
            return ProviderError::new(ErrorClass::NeedsHuman, message);
        }
        self.http.needs_attention(denied.sentence()).await
    }

    fn kept_token(&self, scope: Scope) -> Option<SecretString> {
        let tokens = self.lock();
        let token = tokens.get(&scope)?;
        (Instant::now() < token.ends).then(|| token.value.clone())
    }

    async fn new_token(&self, scope: Scope) -> Result<Result<SecretString, Denied>, ProviderError> {
        const OPERATION: &str = "get an access token";
        let assertion = self
            .service_account
            .assertion(&self.admin, scope.url(), time_of_day());
        let assertion = assertion.ok_or_else(|| {
            ProviderError::retry(None, "this machine could not sign a request to Google")
        })?;
        let body = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &assertion),
        ]);
        let request = self.http.client().post(self.oauth.at(&["token"]));
        let request = request.header(CONTENT_TYPE, FORM).body(body);
        let answer = self.http.send(OPERATION, &[Bucket::Call], request).await?;
        if answer.status.is_success() {
            let TokenAnswer {
                access_token,
                expires_in,
            } = answer.json()?;
            let access_token = SecretString::from(access_token);
            let lasts = Duration::from_secs(expires_in.min(86_400)).saturating_sub(TOKEN_MARGIN);
            let token = Token {
                value: access_token.clone(),
                ends: Instant::now() + lasts,
            };
            self.lock().insert(scope, token);
            return Ok(Ok(access_token));
        }
        let refusal = serde_json::from_slice::<TokenRefusal>(&answer.body);
        let why = match refusal.as_ref().map_or("", |refusal| &refusal.error) {
            "unauthorized_client" | "access_denied" | "invalid_scope" => Why::NotDelegated,
            "invalid_grant" | "invalid_client" => Why::NoGrant,
            _ if answer.status.as_u16() == 401 => Why::NoGrant,
            _ => return Err(answer.unexpected("no token came back")),
        };
        Ok(Err(Denied { scope, why }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Scope, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970, as Google's clock shows them: an assertion is held against the real time, whatever clock an account
/// lives by.
#[expect(
    clippy::disallowed_methods,
    reason = "a clock that tests or a sandbox move is of no use to Google"
)]
fn time_of_day() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
