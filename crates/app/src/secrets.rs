//! The master key and what is derived from it.
//!
//! One 256-bit key per installation. Every use has a key of its own, derived with HMAC-SHA-256, so that a value made
//! for one use is worthless in another.

use std::fmt;
use std::io::Write;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use peeker_domain::{Error, Result};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;

/// Why a master key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// Not 32 bytes in hexadecimal or base64.
    #[error(
        "the master key must be 32 random bytes in hexadecimal or base64; make one with: openssl rand -hex 32"
    )]
    Malformed,
    /// The key file cannot be read or made.
    #[error("cannot use the master key file {path}")]
    File {
        path: String,
        source: std::io::Error,
    },
}

/// The installation's master key.
pub struct MasterKey(SecretBox<[u8; 32]>);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    /// Reads 32 bytes in hexadecimal or base64.
    pub fn parse(text: &SecretString) -> Result<Self, MasterKeyError> {
        let text = text.expose_secret().trim();
        let bytes = hex::decode(text)
            .ok()
            .or_else(|| STANDARD.decode(text).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Self::from_bytes).ok_or(MasterKeyError::Malformed)
    }

    /// Reads the key file, or makes one that only its owner can read. Two processes that start at once end up with
    /// the same key: the file is made in one step.
    pub fn load_or_create(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::File {
            path: path.display().to_string(),
            source,
        };
        match Self::create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::parse(&SecretString::from(text))
    }

    fn create(path: &Path) -> std::io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let draft = folder.join(format!(".master.key.{}", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(hex::encode(rand::random::<[u8; 32]>()).as_bytes())?;
        file.sync_all()?;
        // A hard link, unlike a rename, fails when the file is there already.
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        linked
    }

    /// The key for one use.
    pub fn derive(&self, usage: &str) -> [u8; 32] {
        mac(self.0.expose_secret(), usage.as_bytes())
    }

    /// Tells two master keys apart without giving away anything of either.
    pub fn check_value(&self) -> String {
        hex::encode(&self.derive("check value")[..16])
    }

    pub(crate) fn sealer(&self) -> Sealer {
        Sealer(XChaCha20Poly1305::new(&self.derive("seal").into()))
    }

    pub(crate) fn key_hasher(&self) -> KeyHasher {
        KeyHasher(self.derive("api key pepper"))
    }
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length, so this cannot fail for 32 bytes.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Where a sealed text stands. A text that was sealed for one context cannot be opened in another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealContext<'a> {
    /// Whose it is: an id.
    pub owner: &'a str,
    pub table: &'static str,
    pub column: &'static str,
}

impl SealContext<'_> {
    fn associated_data(self) -> String {
        format!("{}/{}/{}", self.owner, self.table, self.column)
    }
}

/// Seals texts that have to be read again: sequencer passwords and webhook secrets.
pub(crate) struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// Seals a text for one context.
    pub fn seal(&self, context: SealContext<'_>, text: &SecretString) -> Result<String> {
        let nonce: [u8; 24] = rand::random();
        let associated = context.associated_data();
        let payload = Payload {
            msg: text.expose_secret().as_bytes(),
            aad: associated.as_bytes(),
        };
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| unreadable())?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens a text sealed for this context. Errors: it was sealed for another context or under another key.
    pub fn open(&self, context: SealContext<'_>, sealed: &str) -> Result<SecretString> {
        let bytes = STANDARD.decode(sealed).map_err(|_| unreadable())?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or_else(unreadable)?;
        let associated = context.associated_data();
        let payload = Payload {
            msg: sealed,
            aad: associated.as_bytes(),
        };
        let text = self
            .0
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| unreadable())?;
        String::from_utf8(text)
            .map(SecretString::from)
            .map_err(|_| unreadable())
    }
}

fn unreadable() -> Error {
    Error::internal("a sealed secret cannot be opened with this master key")
}

/// Hashes API keys: HMAC-SHA-256 under a pepper that is not in the database.
pub(crate) struct KeyHasher([u8; 32]);

impl KeyHasher {
    pub fn hash(&self, secret: &str) -> String {
        hex::encode(mac(&self.0, secret.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> peeker_domain::id::AccountId {
        peeker_domain::id::AccountId::new(peeker_domain::Timestamp::from_millis(0))
    }

    #[test]
    fn a_sealed_text_opens_only_in_its_place() {
        let key = MasterKey::from_bytes([7; 32]).sealer();
        let (ours, theirs) = (account(), account());
        let context = SealContext {
            owner: ours.as_str(),
            table: "orders",
            column: "sealed_password",
        };
        let sealed = key.seal(context, &SecretString::from("hunter2")).unwrap();
        assert!(!sealed.contains("hunter2"));
        assert_eq!(
            key.open(context, &sealed).unwrap().expose_secret(),
            "hunter2"
        );
        assert!(
            key.open(
                SealContext {
                    owner: theirs.as_str(),
                    ..context
                },
                &sealed
            )
            .is_err()
        );
        assert!(
            key.open(
                SealContext {
                    column: "login_email",
                    ..context
                },
                &sealed
            )
            .is_err()
        );
        assert!(
            MasterKey::from_bytes([8; 32])
                .sealer()
                .open(context, &sealed)
                .is_err()
        );
    }

    #[test]
    fn a_key_file_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let first = MasterKey::load_or_create(&path).unwrap();
        let second = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(first.check_value(), second.check_value());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn derived_keys_differ_by_use() {
        let key = MasterKey::from_bytes([7; 32]);
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }
}
