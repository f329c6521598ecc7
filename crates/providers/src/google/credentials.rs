//! The key of a service account, and what it signs to be let in as the administrator.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::vendor::InvalidAccount;

/// Whom an assertion is for: the same for every account, wherever the request goes.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
/// How long an assertion holds, in seconds: Google takes up to an hour. It is used at once.
const VALID_FOR: u64 = 600;

/// The file that Google hands out for a key. Its other fields say what is known without it.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
}

/// Who asks: no `Debug`, for it holds the key.
pub(super) struct ServiceAccount {
    email: String,
    key_id: Option<String>,
    key: RsaKeyPair,
}

impl ServiceAccount {
    /// Reads the text of the key file.
    pub(super) fn parse(file: &SecretString) -> Result<Self, InvalidAccount> {
        let invalid = |problem: &str| InvalidAccount::new("credentials", problem);
        // serde_json's own sentence may repeat a value.
        let file: KeyFile = serde_json::from_str(file.expose_secret()).map_err(|_| {
            invalid(
                "must be the JSON key file of a service account, with client_email and private_key",
            )
        })?;
        let der = pem_body(&file.private_key)
            .ok_or_else(|| invalid("hold a private_key that is no PEM text of a PKCS#8 key"))?;
        let key = RsaKeyPair::from_pkcs8(&der)
            .map_err(|_| invalid("hold a private_key that is no RSA key of 2048 bits or more"))?;
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            key,
        })
    }

    /// A signed request (RFC 7523) to act as `admin` within `scope`; `None` when the machine has no randomness.
    pub(super) fn assertion(&self, admin: &str, scope: &str, now: u64) -> Option<String> {
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(key_id) = &self.key_id {
            header["kid"] = json!(key_id);
        }
        let claims = json!({
            "iss": self.email,
            "sub": admin,
            "scope": scope,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + VALID_FOR,
        });
        let [header, claims] =
            [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The bytes between the lines of a PEM text with one key.
fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")?
        .strip_suffix("-----END PRIVATE KEY-----")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use rsa::pkcs1::EncodeRsaPublicKey;
    use rsa::pkcs8::{EncodePrivateKey, LineEnding};
    use serde_json::Value;

    use super::*;

    /// A key file as Google writes it, and the public half of its key.
    pub(in crate::google) fn key_file() -> (SecretString, Vec<u8>) {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let file = json!({
            "type": "service_account",
            "project_id": "mail",
            "private_key_id": "k1",
            "private_key": key.to_pkcs8_pem(LineEnding::LF).unwrap().as_str(),
            "client_email": "peeker@mail.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": "https://elsewhere.example/token",
        });
        let public = key.to_public_key().to_pkcs1_der().unwrap();
        (file.to_string().into(), public.as_bytes().to_vec())
    }

    #[test]
    fn an_assertion_says_who_asks_for_what_and_is_signed() {
        let (file, public) = key_file();
        let account = ServiceAccount::parse(&file).unwrap();
        let token = account.assertion("admin@acme.com", "https://scope/a", 1_700_000_000);
        let token = token.unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &signature)
            .expect("signed by the key of the file");
        let parts: Vec<Value> = signed
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(
            parts[1],
            json!({
                "iss": "peeker@mail.iam.gserviceaccount.com",
                "sub": "admin@acme.com",
                "scope": "https://scope/a",
                "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_700_000_000,
                "exp": 1_700_000_600,
            })
        );
    }

    #[test]
    fn what_is_no_key_file_is_refused_without_being_repeated() {
        let key = "-----BEGIN PRIVATE KEY-----\\nY2FuYXJ5\\n-----END PRIVATE KEY-----";
        for text in [
            "canary".to_owned(),
            r#"{"client_email":"canary"}"#.to_owned(),
            r#"{"client_email":"a@b","private_key":"canary"}"#.to_owned(),
            format!(r#"{{"client_email":"a@b","private_key":"{key}"}}"#),
        ] {
            let refused = ServiceAccount::parse(&text.into()).err().unwrap();
            assert_eq!(refused.field, "credentials");
            let said = format!("{refused} {refused:?}");
            assert!(
                !said.contains("canary") && !said.contains("Y2FuYXJ5"),
                "{said}"
            );
        }
    }
}
