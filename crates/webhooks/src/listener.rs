//! The secret that `peeker listen` signs with on a developer's machine.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::sign::{InvalidSecret, SigningSecret};

/// What the API key signs, so that the secret is of use for nothing else.
const PURPOSE: &[u8] = b"peeker listen: signing secret, version 1";

/// The secret of the listener of an API key: the same on every start, and different for every key. It says nothing
/// about the key, nor about the secrets that the server signs with.
pub fn listener_secret(api_key: &str) -> Result<SigningSecret, InvalidSecret> {
    let mut mac = Hmac::<Sha256>::new_from_slice(api_key.as_bytes()).map_err(|_| InvalidSecret)?;
    mac.update(PURPOSE);
    let bytes = mac.finalize().into_bytes();
    SigningSecret::parse(&format!("whsec_{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_secret_and_no_other_has_it() {
        let of = |key: &str| listener_secret(key).unwrap().expose().to_owned();
        assert_eq!(of("pk_test_a"), of("pk_test_a"));
        assert_ne!(of("pk_test_a"), of("pk_test_b"));
        assert!(!of("pk_test_a").contains("pk_test_a"));
    }
}
