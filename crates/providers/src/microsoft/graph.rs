//! Microsoft's APIs as the app sees them: addresses, pages, and refusals that concern the whole account.

use bytes::Bytes;
use peeker_domain::vendor::Bucket;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::refusal::Meaning;
use super::token::{App, Audience};
use crate::endpoint::Endpoint;
use crate::vendor::{Answer, InvalidAccount, Services, VendorAccount, VendorHttp};
use crate::{ErrorClass, ProviderError};

/// The permissions that the app needs at Graph, in Microsoft's words.
pub(super) const DOMAINS: &str = "Domain.ReadWrite.All";
pub(super) const USERS: &str = "User.ReadWrite.All";
pub(super) const DELETED_USERS: &str = "User.DeleteRestore.All";
pub(super) const SUBSCRIPTIONS: &str = "Organization.Read.All";
/// The one at Exchange; the app needs the role Exchange Administrator beside it.
pub(super) const EXCHANGE: &str = "Exchange.ManageAsApp";

/// What a request carries.
pub(super) enum Body {
    Nothing,
    Json(Value),
    Picture { media_type: String, bytes: Bytes },
}

/// One request.
pub(super) struct Ask {
    /// Names it in messages.
    pub(super) operation: &'static str,
    /// What the app must be allowed.
    pub(super) permission: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Body,
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

/// The app lacks this permission.
pub(super) struct Denied(pub(super) &'static str);

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// How the adapter talks to Microsoft.
pub(super) struct Graph {
    pub(super) http: VendorHttp,
    pub(super) app: App,
    directory: Endpoint,
    exchange: Endpoint,
}

impl Graph {
    pub(super) fn new(account: VendorAccount, services: &Services) -> Result<Self, InvalidAccount> {
        Ok(Self {
            app: App::of(&account)?,
            directory: Endpoint::of(&account, "https://graph.microsoft.com")?,
            exchange: Endpoint::of(&account, "https://outlook.office365.com")?,
            http: VendorHttp::new(account, services),
        })
    }

    /// An address at Graph.
    pub(super) fn at(&self, path: &[&str]) -> Url {
        self.directory.at(&[&["v1.0"], path].concat())
    }

    /// [`Self::at`], with a query.
    pub(super) fn query(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        self.directory.query(&[&["v1.0"], path].concat(), query)
    }

    /// Where Exchange runs commands.
    pub(super) fn commands(&self) -> Url {
        let path = ["adminapi", "beta", &self.app.tenant, "InvokeCommand"];
        self.exchange.at(&path)
    }

    /// Asks Graph, and takes a missing permission as something that the operator has to mend.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Reply, ProviderError> {
        match self.try_ask(Audience::Graph, ask).await? {
            Ok(reply) => Ok(reply),
            Err(denied) => Err(self.not_permitted(denied).await),
        }
    }

    /// The account cannot be used before the operator gives the app a permission.
    pub(super) async fn not_permitted(&self, Denied(permission): Denied) -> ProviderError {
        let also = match permission {
            EXCHANGE => " and the role Exchange Administrator",
            _ => "",
        };
        let reason = format!(
            "the app may not do what is asked of it; give it the application permission {permission}{also}, with admin \
             consent, in the Entra admin center"
        );
        if permission != EXCHANGE && self.has_permission(permission).await {
            let message = format!(
                "Microsoft refused this although the app has {permission}: it may concern an administrator, or a policy of the \
                 tenant"
            );
            return ProviderError::new(ErrorClass::NeedsHuman, message);
        }
        self.http.needs_attention(reason).await
    }

    /// Whether the app's token names the permission: then a refusal is about what was asked, and not about the account.
    async fn has_permission(&self, permission: &str) -> bool {
        let token = self.app.token(&self.http, Audience::Graph).await;
        let roles = token
            .ok()
            .and_then(|(token, _)| super::token::roles(&token));
        roles.is_some_and(|roles| roles.iter().any(|role| role == permission))
    }

    /// Asks, and tells when a permission is missing.
    pub(super) async fn try_ask(
        &self,
        audience: Audience,
        ask: Ask,
    ) -> Result<Result<Reply, Denied>, ProviderError> {
        self.send(audience, ask, false).await
    }

    /// `search`: a list is searched by more than a key, which Graph does from an index that lags behind.
    async fn send(
        &self,
        audience: Audience,
        ask: Ask,
        search: bool,
    ) -> Result<Result<Reply, Denied>, ProviderError> {
        let Ask {
            operation,
            permission,
            method,
            url,
            body,
        } = ask;
        let buckets: &[Bucket] = match (&method, &body) {
            (_, Body::Picture { .. }) => &[Bucket::Write, Bucket::Picture],
            (&Method::GET, _) => &[Bucket::Call],
            _ => &[Bucket::Write],
        };
        let (token, was_kept) = self.app.token(&self.http, audience).await?;
        let mut request = self.http.client().request(method.clone(), url);
        request = request.bearer_auth(token.expose_secret());
        request = match body {
            Body::Nothing if search => request.header("ConsistencyLevel", "eventual"),
            Body::Nothing => request,
            Body::Json(value) => request.json(&value),
            Body::Picture { media_type, bytes } => {
                request.header(CONTENT_TYPE, media_type).body(bytes)
            }
        };
        let answer = self.http.send(operation, buckets, request).await?;
        match Meaning::of(answer.status.as_u16(), &answer.body) {
            Meaning::Unauthenticated if was_kept => {
                self.app.forget(audience);
                let message = format!("Microsoft has ended an access token early ({operation})");
                Err(ProviderError::retry(None, message))
            }
            Meaning::Unauthenticated | Meaning::Forbidden => Ok(Err(Denied(permission))),
            meaning => Ok(Ok(Reply { meaning, answer })),
        }
    }

    /// All pages of a list that is searched. Only links to the server that was asked are followed: the token goes along.
    pub(super) async fn search<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        permission: &'static str,
        url: Url,
    ) -> Result<Result<Vec<T>, Denied>, ProviderError> {
        let (mut values, mut next) = (Vec::new(), Some(url));
        while let Some(url) = next {
            let ask = Ask {
                operation,
                permission,
                method: Method::GET,
                url,
                body: Body::Nothing,
            };
            let reply = match self.send(Audience::Graph, ask, true).await? {
                Ok(reply) => reply,
                Err(denied) => return Ok(Err(denied)),
            };
            let page: Page<T> = reply.done()?;
            values.extend(page.value);
            next = page
                .next
                .map(|link| self.follow(operation, &link))
                .transpose()?;
        }
        Ok(Ok(values))
    }

    fn follow(&self, operation: &str, link: &str) -> Result<Url, ProviderError> {
        let link = Url::parse(link)
            .ok()
            .filter(|link| self.directory.serves(link));
        link.ok_or_else(|| {
            let message = format!("Microsoft's list goes on at another server ({operation})");
            ProviderError::retry(None, message)
        })
    }
}
