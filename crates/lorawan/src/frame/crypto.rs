//! Checksums and keys, over the ciphers of the crate `lorawan`.

use super::Direction;
use crate::{DevAddr, Key, NetId};
use lorawan::{
    default_crypto::DefaultFactory,
    keys::{AES128, CryptoFactory as _, Decrypter as _, Encrypter as _, Mac as _},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The keys of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionKeys {
    /// Checks frames, and encrypts commands (NwkSKey).
    pub network: Key,
    /// Encrypts what the application sends (AppSKey).
    pub application: Key,
}

impl SessionKeys {
    /// The keys that a join makes (LoRaWAN 1.0.x, 6.2.5): the root key encrypts nonces and NetID.
    pub fn derive(root: &Key, join_nonce: u32, net_id: NetId, dev_nonce: u16) -> Self {
        let make = |tag: u8| {
            let ([a, b, c, _], [d, e, f], [g, h]) = (join_nonce.to_le_bytes(), net_id.on_air(), dev_nonce.to_le_bytes());
            Key::new(encrypt(root, [tag, a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0]))
        };
        Self { network: make(1), application: make(2) }
    }
}

/// The hash by which copies of one frame are known: SHA-256 of its bytes.
pub fn payload_hash(frame: &[u8]) -> [u8; 32] {
    Sha256::digest(frame).into()
}

/// One block.
pub(super) fn encrypt(key: &Key, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    DefaultFactory.new_enc(&AES128(*key.bytes())).encrypt_block(&mut block);
    block.into()
}

/// One block the other way, as join accepts are encrypted.
pub(super) fn decrypt(key: &Key, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    DefaultFactory.new_dec(&AES128(*key.bytes())).decrypt_block(&mut block);
    block.into()
}

/// The checksum of join messages: AES-CMAC, its first four bytes.
pub(super) fn join_mic(key: &Key, message: &[u8]) -> [u8; 4] {
    mic(key, &[], message)
}

/// The checksum of data frames: AES-CMAC over a block that says direction, address, counter and length, and the frame without its
/// checksum.
pub(super) fn data_mic(key: &Key, direction: Direction, address: DevAddr, counter: u32, message: &[u8]) -> [u8; 4] {
    let mut block = [0; 16];
    block[0] = 0x49;
    block[5] = u8::from(direction == Direction::Down);
    block[6..10].copy_from_slice(&address.on_air());
    block[10..14].copy_from_slice(&counter.to_le_bytes());
    // No frame is longer than 255 bytes.
    block[15] = message.len() as u8;
    mic(key, &block, message)
}

fn mic(key: &Key, block: &[u8], message: &[u8]) -> [u8; 4] {
    let mut mac = DefaultFactory.new_mac(&AES128(*key.bytes()));
    mac.input(block);
    mac.input(message);
    let full = mac.result();
    [full[0], full[1], full[2], full[3]]
}
