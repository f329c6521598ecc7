//! The app's own access tokens, one for each of Microsoft's APIs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peeker_domain::vendor::Bucket;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::ProviderError;
use crate::endpoint::{Endpoint, FORM, form};
use crate::vendor::{Answer, InvalidAccount, VendorAccount, VendorHttp};

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_mins(2);

/// Who is to take a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Audience {
    Graph,
    Exchange,
}

impl Audience {
    const fn scope(self) -> &'static str {
        match self {
            Self::Graph => "https://graph.microsoft.com/.default",
            Self::Exchange => "https://outlook.office365.com/.default",
        }
    }
}

struct Token {
    value: SecretString,
    ends: Instant,
}

/// The app in the tenant. It keeps access tokens until shortly before they end, and nothing else: they say nothing of what
/// is there.
pub(super) struct App {
    pub(super) tenant: String,
    login: Endpoint,
    client_id: String,
    secret: SecretString,
    tokens: Mutex<HashMap<Audience, Token>>,
}

/// What the token endpoint answers to a password or to the app's secret.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) expires_in: u32,
    pub(super) scope: Option<String>,
}

/// Its refusals: Microsoft's own numbers (AADSTS) say more than the standard's words.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TokenRefusal {
    pub(super) error: String,
    pub(super) error_codes: Vec<u32>,
}

impl TokenRefusal {
    pub(super) fn of(answer: &Answer) -> Self {
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    pub(super) fn has(&self, codes: &[u32]) -> bool {
        self.error_codes.iter().any(|code| codes.contains(code))
    }

    /// What the operator has to mend before the app gets a token again.
    fn sentence(&self) -> &'static str {
        if self.has(&[7_000_215, 7_000_222]) {
            "the client secret is wrong or has ended; make a new one in the Entra admin center and rotate the credentials"
        } else if self.has(&[700_016]) {
            "the tenant has no app with this client_id; check both settings"
        } else if self.has(&[90_002, 900_023]) {
            "there is no such tenant; check the setting tenant"
        } else {
            "Microsoft gives the app no token; check the client secret and the settings tenant and client_id"
        }
    }
}

impl App {
    pub(super) fn of(account: &VendorAccount) -> Result<Self, InvalidAccount> {
        Ok(Self {
            tenant: account.required("tenant")?.to_owned(),
            login: Endpoint::of(account, "https://login.microsoftonline.com")?,
            client_id: account.required("client_id")?.to_owned(),
            secret: account.credentials.clone(),
            tokens: Mutex::default(),
        })
    }

    /// A token that is not about to end, and whether it was used before.
    pub(super) async fn token(
        &self,
        http: &VendorHttp,
        audience: Audience,
    ) -> Result<(SecretString, bool), ProviderError> {
        if let Some(token) = self.kept(audience) {
            return Ok((token, true));
        }
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", audience.scope()),
        ];
        let answer = self.ask(http, "get an access token", &fields).await?;
        if !answer.status.is_success() {
            if !matches!(answer.status.as_u16(), 400 | 401 | 403) {
                return Err(answer.unexpected("no token came back"));
            }
            let sentence = TokenRefusal::of(&answer).sentence();
            return Err(http.needs_attention(sentence).await);
        }
        let token: TokenAnswer = answer.json()?;
        let lasts = Duration::from_secs(u64::from(token.expires_in)).saturating_sub(MARGIN);
        let value = SecretString::from(token.access_token);
        let kept = Token {
            value: value.clone(),
            ends: Instant::now() + lasts,
        };
        self.lock().insert(audience, kept);
        Ok((value, false))
    }

    /// Asks the token endpoint, as this app.
    pub(super) async fn ask(
        &self,
        http: &VendorHttp,
        operation: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, ProviderError> {
        let app = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.secret.expose_secret()),
        ];
        let url = self.login.at(&[&self.tenant, "oauth2", "v2.0", "token"]);
        let request = http.client().post(url).header(CONTENT_TYPE, FORM);
        let request = request.body(form(&[&app, fields].concat()));
        http.send(operation, &[Bucket::Call], request).await
    }

    /// Forgets a token that was refused before its end.
    pub(super) fn forget(&self, audience: Audience) {
        self.lock().remove(&audience);
    }

    fn kept(&self, audience: Audience) -> Option<SecretString> {
        let tokens = self.lock();
        let token = tokens.get(&audience)?;
        (Instant::now() < token.ends).then(|| token.value.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Audience, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The permissions that stand in a token; `None` for one that cannot be read, which Microsoft may make at any time.
pub(super) fn roles(token: &SecretString) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        roles: Vec<String>,
    }
    let claims = token.expose_secret().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    Some(claims.roles)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn permissions_are_read_from_a_token_that_can_be_read() {
        let claims = json!({"aud": "x", "roles": ["User.ReadWrite.All"]}).to_string();
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(
            roles(&token.into()),
            Some(vec!["User.ReadWrite.All".to_owned()])
        );
        let none = format!("h.{}.s", URL_SAFE_NO_PAD.encode("{}"));
        assert_eq!(roles(&none.into()), Some(Vec::new()));
        for opaque in ["opaque", "a.b.c", ""] {
            assert_eq!(roles(&SecretString::from(opaque)), None);
        }
    }

    #[test]
    fn a_refusal_says_what_to_mend() {
        for (codes, word) in [
            (vec![7_000_222], "has ended"),
            (vec![700_016], "client_id"),
            (vec![90_002], "no such tenant"),
            (vec![], "client secret"),
        ] {
            let refusal = TokenRefusal {
                error: "invalid_client".to_owned(),
                error_codes: codes,
            };
            assert!(refusal.sentence().contains(word), "{word}");
        }
    }
}
