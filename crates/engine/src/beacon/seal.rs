//! A round's signature in a block.

use super::key::BeaconKey;
use crate::machine::{Digest, Lots};
use commonware_codec::{Buf, Copying, DecodeExt as _, Encode as _, Error as CodecError, FixedSize, Read, ReadExt as _, Write};
use commonware_cryptography::{
    Hasher as _, Sha256,
    bls12381::primitives::{
        ops,
        variant::{MinPk, Variant},
    },
};
use commonware_runtime::BufMut;

type Signature = <MinPk as Variant>::Signature;

/// Bytes of a signature.
const SIGNATURE: usize = <Signature as FixedSize>::SIZE;

/// The committee's signature of a round. The bytes are looked at when a block is judged, not when it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    round: u64,
    signature: [u8; SIGNATURE],
}

impl Seal {
    pub(crate) fn new(round: u64, signature: &Signature) -> Self {
        Self { round, signature: signature.encode().as_ref().try_into().expect("every signature has as many bytes") }
    }

    /// A seal as somebody gives it; `None` when the signature has another length.
    pub(crate) fn given(round: u64, signature: &[u8]) -> Option<Self> {
        Some(Self { round, signature: signature.try_into().ok()? })
    }

    pub(crate) const fn round(&self) -> u64 {
        self.round
    }

    /// Whether the holders of a key's shares signed this round. Only one sequence of bytes is that signature.
    pub(super) fn signed_by(&self, key: &BeaconKey, namespace: &[u8]) -> bool {
        let Ok(signature) = Signature::decode(Copying(&self.signature)) else { return false };
        let public = key.sharing().public();
        signature.encode().as_ref() == self.signature
            && ops::verify_message::<MinPk>(public, namespace, &self.round.to_be_bytes(), &signature).is_ok()
    }

    pub(crate) const fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What the machine draws lots by.
    pub(crate) fn lots(&self) -> Lots {
        Lots { round: self.round, value: self.value() }
    }

    fn value(&self) -> Digest {
        Sha256::hash(&[&self.signature]).0
    }
}

impl FixedSize for Seal {
    const SIZE: usize = u64::SIZE + SIGNATURE;
}

impl Write for Seal {
    fn write(&self, buf: &mut impl BufMut) {
        self.round.write(buf);
        buf.put_slice(&self.signature);
    }
}

impl Read for Seal {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        Ok(Self { round: u64::read(buf)?, signature: <[u8; SIGNATURE]>::read(buf)? })
    }
}
