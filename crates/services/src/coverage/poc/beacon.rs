//! A beacon: what a hotspot sends, made of randomness that the network drew and some of its own.
//!
//! Source: helium/proto `beacon/src/{lib,entropy}.rs`; the public randomness of helium/oracles `poc_entropy`.

use super::region::Plan;
use crate::coverage::{Payload, Randomness};
use borsh::{BorshDeserialize, BorshSerialize};
use chacha20::{
    ChaCha12Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use depin_quantity::{Instant, Seed};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Randomness that the network drew for one beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Entropy {
    /// The randomness.
    pub data: Randomness,
    /// When it was drawn, in seconds since 1970.
    pub timestamp: u64,
}

impl Entropy {
    /// `blake3(timestamp as 64 bits, little end first || seed)`: as the entropy server of mainnet makes it of a block's hash.
    pub fn of(seed: Seed, at: Instant) -> Self {
        let timestamp = at.get() / 1_000;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&timestamp.to_le_bytes());
        hasher.update(&seed.get());
        Self { data: Randomness::new(*hasher.finalize().as_bytes()), timestamp }
    }
}

/// A beacon as everybody can compute it who knows both sides' randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Its payload.
    pub payload: Payload,
    /// Its channel in Hz.
    pub frequency: u64,
    /// Its spreading factor, at 125 kHz.
    pub spreading: u8,
}

impl Beacon {
    /// The beacon of `remote` randomness and four bytes of the hotspot's own, under a channel plan.
    ///
    /// The seed is `SHA-256(remote || its time || local || 0)`, times as 64 bits, little end first; byte `i` of the payload is the low byte
    /// of the `i`th 32-bit word of ChaCha12 under it; its first two bytes pick the channel.
    pub fn new(remote: Randomness, timestamp: u64, local: [u8; 4], plan: &Plan) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(remote.get());
        hasher.update(timestamp.to_le_bytes());
        hasher.update(local);
        hasher.update(0_u64.to_le_bytes());
        let mut words = ChaCha12Rng::from_seed(hasher.finalize().into());
        let payload: [u8; 51] = std::array::from_fn(|_| words.next_u32().to_le_bytes()[0]);
        let channel = usize::from(u16::from_le_bytes([payload[0], payload[1]])) % plan.channels.len();
        Self { payload: Payload::new(payload), frequency: plan.channels[channel], spreading: plan.spreading }
    }
}
