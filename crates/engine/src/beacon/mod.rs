//! The committee's beacon: one threshold signature a round, by which a committee draws lots that none of its members can steer.
//!
//! Every member holds a share of one BLS12-381 key that nobody holds whole. When the block that carries round `r` is final and durable
//! here, a member signs round `r + 1` with its share and sends that to all ([`task`]); a third of the committee and one more give the
//! signature of the round, always the same one, whichever of them signed. A proposer that has it puts it into its block as a [`Seal`]; one
//! that leaves it out delays the round by a block and changes nothing about it. Votes are signed by other keys, one by one, as before.
//!
//! In: shares from the committee, blocks. Out: seals for blocks, checks of those of others. What a round is good for knows the machine.

mod ceremony;
mod key;
mod seal;
mod task;

pub use ceremony::{Ceremony, CeremonyError, ceremony_key};
pub use key::{BeaconError, deal_beacon};
pub(crate) use key::{BeaconKey, Share};
pub(crate) use seal::Seal;
pub(crate) use task::run;

use commonware_codec::{Copying, Decode as _, Encode as _};
use commonware_cryptography::{
    bls12381::primitives::{
        ops::threshold,
        variant::{MinPk, PartialSignature},
    },
    ed25519,
};
use commonware_parallel::Sequential;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Rounds ahead of the next whose signatures are kept: of members that are further than this one.
const AHEAD: u64 = 16;

/// What was heard of one round.
#[derive(Default)]
struct Heard {
    partials: BTreeMap<u32, PartialSignature<MinPk>>,
    /// Who sent a signature that is none. It is not looked at again in this round: checking costs more than sending.
    spoilt: BTreeSet<ed25519::PublicKey>,
    seal: Option<Seal>,
}

/// Checks a round's signature against the beacon's key of a chain whose committee has so many members: without a node.
///
/// # Errors
/// [`BeaconError`].
pub fn check_round(chain_id: &str, key: &[u8], members: usize, round: u64, signature: &[u8]) -> Result<(), BeaconError> {
    let key = BeaconKey::read(key, members)?;
    let seal = Seal::given(round, signature).ok_or(BeaconError::Seal(round))?;
    Beacon::new(chain_id, Some(key), None).check(Some(&seal))
}

/// What the committee signed lately, as far as this node heard.
pub(crate) struct Beacon {
    key: Option<BeaconKey>,
    share: Option<Share>,
    namespace: Vec<u8>,
    heard: Mutex<BTreeMap<u64, Heard>>,
}

impl Beacon {
    /// The beacon of a chain with this key; without one there are no rounds.
    pub(crate) fn new(chain_id: &str, key: Option<BeaconKey>, share: Option<Share>) -> Arc<Self> {
        let namespace = format!("depin/beacon/{chain_id}").into_bytes();
        Arc::new(Self { key, share, namespace, heard: Mutex::default() })
    }

    /// Whether there are rounds to sign.
    pub(crate) const fn runs(&self) -> bool {
        self.key.is_some()
    }

    /// Forgets rounds before `next`, and signs that one: what is to be sent to the others.
    fn turn(&self, next: u64) -> Option<Vec<u8>> {
        let mut heard = self.heard();
        *heard = heard.split_off(&next);
        drop(heard);
        let (key, share) = (self.key.as_ref()?, self.share.as_ref()?);
        let partial = threshold::sign_message::<MinPk>(share.inner(), &self.namespace, &next.to_be_bytes());
        let message = [&next.to_be_bytes()[..], &partial.encode()].concat();
        self.add(key, next, partial);
        Some(message)
    }

    /// Takes a share's signature of a round that is `next` or soon after it; whatever else arrives is dropped.
    fn hear(&self, from: &ed25519::PublicKey, message: &[u8], next: u64) {
        let Some(key) = &self.key else { return };
        let Some((round, encoded)) = message.split_first_chunk() else { return };
        let round = u64::from_be_bytes(*round);
        if round < next || round - next > AHEAD {
            return;
        }
        {
            let mut heard = self.heard();
            let heard = heard.entry(round).or_default();
            if heard.seal.is_some() || heard.spoilt.contains(from) {
                return;
            }
        }
        let partial = PartialSignature::<MinPk>::decode_cfg(Copying(encoded), &()).ok();
        let known = |partial: &PartialSignature<MinPk>| {
            self.heard().get(&round).is_some_and(|heard| heard.partials.contains_key(&partial.index.get()))
        };
        if partial.as_ref().is_some_and(known) {
            return;
        }
        let good = |partial: &PartialSignature<MinPk>| {
            threshold::verify_message::<MinPk>(key.sharing(), &self.namespace, &round.to_be_bytes(), partial).is_ok()
        };
        match partial.filter(good) {
            Some(partial) => self.add(key, round, partial),
            None => {
                tracing::warn!(?from, round, "a member sent no signature of the round by a share");
                self.heard().entry(round).or_default().spoilt.insert(from.clone());
            }
        }
    }

    /// Adds a signature that is good, and makes the round's as soon as there are enough.
    fn add(&self, key: &BeaconKey, round: u64, partial: PartialSignature<MinPk>) {
        let mut heard = self.heard();
        let heard = heard.entry(round).or_default();
        heard.partials.insert(partial.index.get(), partial);
        if heard.seal.is_none() && heard.partials.len() >= key.needed() {
            let signature = threshold::recover::<MinPk, _>(key.sharing(), heard.partials.values(), &Sequential);
            heard.seal = signature.ok().map(|signature| Seal::new(round, &signature));
        }
    }

    /// The seal of a round, if enough members were heard.
    pub(crate) fn known(&self, round: u64) -> Option<Seal> {
        self.heard().get(&round).and_then(|heard| heard.seal.clone())
    }

    /// Whether a seal is the committee's of its round. A block without one is as good.
    pub(crate) fn check(&self, seal: Option<&Seal>) -> Result<(), BeaconError> {
        let Some(seal) = seal else { return Ok(()) };
        let key = self.key.as_ref().ok_or(BeaconError::NoBeacon)?;
        // What this node made itself of checked parts needs no check.
        if self.known(seal.round()).as_ref() == Some(seal) {
            return Ok(());
        }
        if seal.signed_by(key, &self.namespace) { Ok(()) } else { Err(BeaconError::Seal(seal.round())) }
    }

    fn heard(&self) -> MutexGuard<'_, BTreeMap<u64, Heard>> {
        // Insertions and removals only; whole at every point.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
