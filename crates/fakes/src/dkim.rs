//! DKIM records of keys that sign nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;

use crate::World;

/// What stands before and behind the modulus of a 2048 bit RSA key in its DER form.
const BEFORE: [u8; 33] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01,
    0x00,
];
const BEHIND: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

/// A record's text with a new key, which has the form of a real one.
pub(crate) fn record(world: &mut World) -> String {
    let mut modulus = [0; 256];
    world.dice.fill_bytes(&mut modulus);
    modulus[0] |= 0x80;
    modulus[255] |= 1;
    let key = [&BEFORE[..], &modulus, &BEHIND].concat();
    format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(key))
}
