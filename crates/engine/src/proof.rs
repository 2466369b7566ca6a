//! Proofs that a row has a value, or that a key has none, under the state root of a header.
//!
//! Checking needs no store and no connection: header → state root → path → row. That the header itself is final is shown by the
//! certificate that comes along, checked against the committee that the checker trusts.

use crate::{
    block::Header,
    config::ConfigError,
    limits::MAX_COMMITTEE,
    network::{Committee, vote_namespace},
    store::{CHUNK, Family, Pair, row_cfg},
};
use commonware_codec::{Copying, Decode as _, Encode as _};
use commonware_consensus::simplex::{scheme::ed25519::Scheme, types::Finalization};
use commonware_cryptography::{Sha256, sha256};
use commonware_parallel::Sequential;
use commonware_storage::{
    merkle::MAX_PROOF_DIGESTS_PER_ELEMENT,
    qmdb::{
        Error as StoreError,
        any::value::VariableEncoding,
        current::ordered::proof::constant::{ExclusionProof, KeyValueProof},
    },
};

type Included = KeyValueProof<Family, Vec<u8>, sha256::Digest, CHUNK>;
type Excluded = ExclusionProof<Family, Vec<u8>, VariableEncoding<Vec<u8>>, sha256::Digest, CHUNK>;
type Certificate = Finalization<Scheme, sha256::Digest>;

/// A statement about one row, with the evidence. Nothing in it is trusted before [`Proof::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Header whose state root the path leads to.
    pub header: Header,
    /// Key of the row.
    pub key: Vec<u8>,
    /// Its value; `None` states that no such row exists.
    pub value: Option<Vec<u8>>,
    /// Encoded path from the row, or from its neighbour, to the state root.
    pub path: Vec<u8>,
    /// Encoded certificate of the committee for exactly this header. Absent when the block became final through a later one.
    pub certificate: Option<Vec<u8>>,
}

/// Why a proof shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The path does not lead from the statement to the header's state root.
    #[error("the path does not lead to the state root of block {height}")]
    Path {
        /// Height of the header.
        height: u64,
    },
    /// No certificate came along.
    #[error("block {height} has no certificate of its own; ask for a proof under a later block")]
    Uncertified {
        /// Height of the header.
        height: u64,
    },
    /// The certificate is not one of this committee for this header.
    #[error("the certificate is not the committee's for block {height}")]
    Certificate {
        /// Height of the header.
        height: u64,
    },
    /// The committee is empty, too large or holds a key that is none.
    #[error(transparent)]
    Committee(#[from] ConfigError),
}

impl Proof {
    /// Checks the statement against the header's state root. Says nothing about whether the header is final.
    pub fn verify(&self) -> Result<(), ProofError> {
        let root = &self.header.state_root;
        let path = Copying(&self.path);
        let (key_cfg, value_cfg) = row_cfg();
        let shown = match &self.value {
            Some(value) => Included::decode_cfg(path, &(MAX_PROOF_DIGESTS_PER_ELEMENT, key_cfg))
                .is_ok_and(|proof| proof.verify::<Sha256, VariableEncoding<Vec<u8>>>(self.key.clone(), value.clone(), root)),
            None => Excluded::decode_cfg(path, &(MAX_PROOF_DIGESTS_PER_ELEMENT, (key_cfg, value_cfg), value_cfg))
                .is_ok_and(|proof| proof.verify::<Sha256>(&self.key, root)),
        };
        if shown { Ok(()) } else { Err(ProofError::Path { height: self.header.height() }) }
    }

    /// Checks that `committee` (public keys, any order) of chain `chain_id` finalized the header.
    pub fn verify_final(&self, chain_id: &str, committee: &[[u8; 32]]) -> Result<(), ProofError> {
        let height = self.header.height();
        let bytes = self.certificate.as_deref().ok_or(ProofError::Uncertified { height })?;
        let keys = Committee::keys(committee)?;
        let certificate =
            Certificate::decode_cfg(Copying(bytes), &MAX_COMMITTEE).map_err(|_| ProofError::Certificate { height })?;
        let scheme = Scheme::verifier(&vote_namespace(chain_id), keys);
        let signed = certificate.proposal.payload == self.header.digest_inner()
            && certificate.verify(&mut rand::rng(), &scheme, &Sequential);
        if signed { Ok(()) } else { Err(ProofError::Certificate { height }) }
    }
}

/// A statement and its path under the state root that the databases have now.
pub(crate) struct Path {
    pub(crate) root: [u8; 32],
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) bytes: Vec<u8>,
}

/// Makes the path for `key`. Reads under one guard, so that value, path and root belong together.
pub(crate) async fn path(databases: &Pair, key: &Vec<u8>) -> Result<Path, StoreError<Family>> {
    let rows = databases.0.read().await;
    let root = rows.root().0;
    Ok(match rows.get(key).await? {
        Some(value) => {
            let bytes = rows.key_value_proof(key.clone()).await?.encode().to_vec();
            Path { root, value: Some(value), bytes }
        }
        None => Path { root, value: None, bytes: rows.exclusion_proof(key).await?.encode().to_vec() },
    })
}
