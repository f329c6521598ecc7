//! Values that a real provider would make up: no meaning, but the same on every call for the same domain.

use peeker_domain::DomainName;
use sha2::{Digest, Sha256};

/// 32 bytes that depend on `purpose` and `name` only.
pub(super) fn digest(purpose: &str, name: &DomainName) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(purpose.as_bytes());
    hash.update([0]);
    hash.update(name.as_str().as_bytes());
    hash.finalize().into()
}

/// The first `length` (at most 64) hexadecimal digits of the digest.
pub(super) fn token(purpose: &str, name: &DomainName, length: usize) -> String {
    let mut text = hex::encode(digest(purpose, name));
    text.truncate(length);
    text
}
