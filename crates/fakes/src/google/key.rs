//! Keys of service accounts, made when they are first asked for.
//!
//! Making one takes long, so a process makes each only once: equal seeds have equal keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::{CryptoRng, Error, RngCore};

const BITS: usize = 2048;

static MADE: Mutex<BTreeMap<u64, Arc<Key>>> = Mutex::new(BTreeMap::new());

/// One key pair.
pub(crate) struct Key {
    /// The private key as a service account's file holds it.
    pub pem: String,
    public: Vec<u8>,
}

impl Key {
    /// The key of a seed.
    pub fn of(seed: u64) -> Result<Arc<Self>, String> {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = made.get(&seed) {
            return Ok(key.clone());
        }
        let key = Arc::new(Self::make(seed)?);
        made.insert(seed, key.clone());
        Ok(key)
    }

    fn make(seed: u64) -> Result<Self, String> {
        let mut dice = Seeded(StdRng::seed_from_u64(seed));
        let private = RsaPrivateKey::new(&mut dice, BITS).map_err(|error| error.to_string())?;
        let pem = private.to_pkcs8_pem(LineEnding::LF);
        let public = private.to_public_key().to_pkcs1_der();
        Ok(Self {
            pem: pem.map_err(|error| error.to_string())?.to_string(),
            public: public.map_err(|error| error.to_string())?.into_vec(),
        })
    }

    /// Whether an RS256 signature is this key's.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public)
            .verify(message, signature)
            .is_ok()
    }
}

/// The dice in the form that the maker of keys takes.
struct Seeded(StdRng);

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Seeded {}
