//! API keys: making, listing, revoking. The secret is shown once; only a keyed hash is stored.

use peeker_domain::id::{AccountId, KeyId};
use peeker_domain::{Environment, Error, Label, Preset, Result};
use peeker_store::partners::{self as rows, ApiKey};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::App;
use crate::failure::internal;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 32 characters of 62 are 190 bits.
const RANDOM_LENGTH: usize = 32;
/// Lets a typing error be told from a revoked key without a look into the database.
const CHECKSUM_LENGTH: usize = 6;

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub environment: Environment,
    /// What it may do.
    pub preset: Preset,
    /// What the partner calls it.
    pub label: Option<Label>,
    /// Requests per rolling minute.
    pub requests_per_minute: u32,
}

/// A key and its secret, which is nowhere else.
#[derive(Debug)]
pub struct CreatedKey {
    pub key: ApiKey,
    /// `pk_test_…` or `pk_live_…`.
    pub secret: SecretString,
}

/// Makes a key. Errors: `not_found` when there is no such partner.
pub async fn create(app: &App, account: &AccountId, new: NewKey) -> Result<CreatedKey> {
    if rows::find(&app.0.store.control, account)
        .await
        .map_err(internal("find a partner"))?
        .is_none()
    {
        return Err(Error::not_found("partner"));
    }
    let NewKey {
        environment,
        preset,
        label,
        requests_per_minute,
    } = new;
    let key = ApiKey {
        id: KeyId::new(app.now()),
        account: account.clone(),
        environment,
        preset,
        label: label.map(String::from),
        requests_per_minute,
        created_at: app.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let secret = generate(environment);
    let hash = app.0.key_hasher.hash(&secret);
    rows::insert_key(&app.0.store.control, &key, &hash)
        .await
        .map_err(internal("store a key"))?;
    Ok(CreatedKey {
        key,
        secret: SecretString::from(secret),
    })
}

/// The keys of a partner, newest first, without their secrets.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<ApiKey>> {
    rows::list_keys(&app.0.store.control, account)
        .await
        .map_err(internal("list keys"))
}

/// Revokes a key, on every server at once; again is the same. Errors: `not_found`.
pub async fn revoke(app: &App, id: &KeyId) -> Result<ApiKey> {
    let revoked = rows::revoke_key_unscoped(&app.0.store.control, id, app.now()).await;
    revoked
        .map_err(internal("revoke a key"))?
        .ok_or_else(|| Error::not_found("key"))
}

fn prefix(environment: Environment) -> &'static str {
    match environment {
        Environment::Test => "pk_test_",
        Environment::Live => "pk_live_",
    }
}

fn generate(environment: Environment) -> String {
    let mut secret = prefix(environment).to_owned();
    let mut left = RANDOM_LENGTH;
    while left > 0 {
        // 248 is the largest multiple of 62 in a byte: what is above would favour some letters.
        let byte = usize::from(rand::random::<u8>());
        if byte < 248 {
            secret.push(char::from(ALPHABET[byte % 62]));
            left -= 1;
        }
    }
    let checksum = checksum(&secret);
    secret + &checksum
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(CHECKSUM_LENGTH)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % 62]))
        .collect()
}

/// Whether a text has the form of a key: prefix, length, alphabet, checksum.
pub(crate) fn is_well_formed(secret: &str) -> bool {
    let rest = [Environment::Test, Environment::Live]
        .iter()
        .find_map(|environment| secret.strip_prefix(prefix(*environment)));
    let Some(rest) = rest else { return false };
    rest.len() == RANDOM_LENGTH + CHECKSUM_LENGTH
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && secret[secret.len() - CHECKSUM_LENGTH..]
            == checksum(&secret[..secret.len() - CHECKSUM_LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_well_formed_and_one_wrong_letter_is_not() {
        let key = generate(Environment::Test);
        assert!(key.starts_with("pk_test_"));
        assert!(is_well_formed(&key));
        assert_ne!(key, generate(Environment::Test));
        let wrong = key.replacen("pk_test_", "pk_live_", 1);
        assert!(!is_well_formed(&wrong));
        for bad in ["", "pk_test_", "sk_test_abc", "pk_test_äöü"] {
            assert!(!is_well_formed(bad));
        }
    }
}
