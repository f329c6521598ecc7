//! Tokens with which a sequencer signs in to an inbox: asked for with the inbox's own password, for nobody sits at a browser.

use secrecy::{ExposeSecret, SecretString};

use super::graph::Graph;
use super::token::{TokenAnswer, TokenRefusal};
use crate::vendor::{Mailbox, SignIn};
use crate::{Call, ProviderError};

/// What a sequencer needs: to send, to read, and to renew its token.
const SCOPE: &str = "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access";
/// When to come back to a user that cannot sign in yet, in milliseconds.
const FRESH_RETRY_MS: i64 = 60_000;

pub(super) async fn tokens(
    graph: &Graph,
    call: Call<'_>,
    mailbox: &Mailbox,
) -> Result<SignIn, ProviderError> {
    let fields = [
        ("grant_type", "password"),
        ("scope", SCOPE),
        ("username", mailbox.address.as_str()),
        ("password", mailbox.password.expose_secret()),
    ];
    let answer = graph
        .app
        .ask(&graph.http, "sign in to an inbox", &fields)
        .await?;
    if answer.status.is_success() {
        let token: TokenAnswer = answer.json()?;
        let refresh_token = token
            .refresh_token
            .ok_or_else(|| answer.unexpected("the tokens cannot be renewed"))?;
        return Ok(SignIn::OAuth {
            access_token: SecretString::from(token.access_token),
            refresh_token: SecretString::from(refresh_token),
            scope: token.scope.unwrap_or_else(|| SCOPE.to_owned()),
            expires_at_ms: call.now.plus_seconds(token.expires_in.into()).as_millis(),
        });
    }
    let address = &mailbox.address;
    match Refused::of(&TokenRefusal::of(&answer)) {
        Refused::NotYet => {
            let message = format!("Microsoft does not let the inbox {address} sign in yet");
            Err(ProviderError::retry(Some(FRESH_RETRY_MS), message))
        }
        Refused::Tenant(what) => {
            let reason = format!("inboxes cannot sign in: {what}; mend that, or set sign_in=smtp");
            Err(graph.http.needs_attention(reason).await)
        }
        Refused::Unknown => Err(answer.unexpected("the inbox got no tokens")),
    }
}

/// Why there are no tokens.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    /// A user that was made moments ago, or its password, is not known everywhere.
    NotYet,
    /// The tenant allows it for nobody.
    Tenant(&'static str),
    Unknown,
}

impl Refused {
    fn of(refusal: &TokenRefusal) -> Self {
        if refusal.has(&[50_034, 50_126, 50_053]) {
            Self::NotYet
        } else if refusal.has(&[50_076, 50_079, 50_074, 50_158, 53_003]) {
            Self::Tenant(
                "the tenant asks for more than a password; exempt them from security defaults and Conditional Access",
            )
        } else if refusal.has(&[65_001]) {
            Self::Tenant(
                "the app lacks admin consent to the delegated permissions SMTP.Send and IMAP.AccessAsUser.All",
            )
        } else if refusal.has(&[7_000_215, 7_000_222, 7_000_218]) {
            Self::Tenant("the client secret is wrong or has ended")
        } else if matches!(
            refusal.error.as_str(),
            "unauthorized_client" | "unsupported_grant_type" | "invalid_client"
        ) {
            Self::Tenant("the tenant does not let the app sign in with passwords")
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_sign_in_is_the_inbox_or_the_tenant() {
        let refused = |error: &str, code: u32| {
            Refused::of(&TokenRefusal {
                error: error.to_owned(),
                error_codes: vec![code],
            })
        };
        for code in [50_034, 50_126, 50_053] {
            assert_eq!(refused("invalid_grant", code), Refused::NotYet, "{code}");
        }
        for (error, code, word) in [
            ("invalid_grant", 50_076, "security defaults"),
            ("invalid_grant", 53_003, "Conditional Access"),
            ("invalid_grant", 65_001, "consent"),
            ("invalid_client", 7_000_222, "secret"),
            ("unauthorized_client", 1, "passwords"),
        ] {
            match refused(error, code) {
                Refused::Tenant(what) => assert!(what.contains(word), "{what}"),
                other => panic!("{error} {code}: {other:?}"),
            }
        }
        assert_eq!(refused("invalid_grant", 1), Refused::Unknown);
    }
}
