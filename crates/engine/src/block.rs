//! Blocks on the wire and in the archive.
//!
//! In: what a proposer built, or bytes from a peer or from disk. Out: a [`Block`] whose body is the one its header commits to;
//! nothing else can be constructed. A block's digest is SHA-256 over the encoded header alone, so a proof needs no body: the header
//! holds the Merkle root of the transactions and the digest of the votes. Hostile bytes give an error, never a panic and never an allocation above
//! [`MAX_BODY_BYTES`]. Absent on purpose: what a transaction means.

use crate::{
    beacon::Seal,
    limits::{FORMAT, MAX_BODY_BYTES, MAX_TXS},
    machine::{Attested, BlockView, Digest, Lots, Parent, Stamp},
    votes::Votes,
};
use bytes::Bytes;
use commonware_codec::{
    Buf, Copying, Decode as _, Encode as _, EncodeSize, Error as CodecError, FixedSize as _, MaxEncodeSize as _, RangeCfg, Read,
    ReadExt as _, Write,
};
use commonware_consensus::{
    Block as ConsensusBlock, BoundedBlock, CertifiableBlock, Heightable, simplex::types::Context as SimplexContext, types::Height,
};
use commonware_cryptography::{Digestible, Hasher as _, Sha256, ed25519, sha256};
use commonware_runtime::BufMut;
use commonware_storage::{bmt, mmr::Location};
use commonware_utils::range::NonEmptyRange;
use std::sync::Arc;

/// What consensus says about a block: round, leader, parent.
pub(crate) type Context = SimplexContext<sha256::Digest, ed25519::PublicKey>;

/// Why bytes are not a header or block.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The bytes do not follow the format.
    #[error("bytes are not a block of format {FORMAT}: {0}")]
    Malformed(String),
    /// More transactions than a block may hold.
    #[error("{got} transactions, at most {MAX_TXS} fit into a block")]
    TooMany {
        /// Number of transactions given.
        got: usize,
    },
    /// More bytes than a body may hold.
    #[error("body of {got} bytes, at most {MAX_BODY_BYTES} fit into a block")]
    TooLarge {
        /// Encoded bytes of the body given.
        got: usize,
    },
    /// A transaction without bytes.
    #[error("transaction {index} is empty; every transaction has at least one byte")]
    EmptyTx {
        /// Its position in the body.
        index: usize,
    },
    /// The body is another one than the header commits to.
    #[error("the transactions or votes do not match the header")]
    OtherBody,
}

/// The part of a block that its digest covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub(crate) context: Context,
    pub(crate) height: Height,
    pub(crate) stamp: Stamp,
    pub(crate) votes: sha256::Digest,
    pub(crate) seal: Option<Seal>,
    pub(crate) tx_root: sha256::Digest,
    pub(crate) tx_count: u32,
    pub(crate) state_root: sha256::Digest,
    pub(crate) ops_root: sha256::Digest,
    pub(crate) ops_range: NonEmptyRange<Location>,
    pub(crate) receipts_root: sha256::Digest,
    pub(crate) receipts_range: NonEmptyRange<Location>,
}

impl Header {
    /// Digest of the block: SHA-256 of [`Header::to_bytes`].
    pub fn digest(&self) -> Digest {
        self.digest_inner().0
    }

    /// Digest of the parent; zeros for the genesis block.
    pub fn parent(&self) -> Digest {
        self.context.parent.1.0
    }

    /// Height; the genesis block has zero.
    pub fn height(&self) -> u64 {
        self.height.get()
    }

    /// View of consensus in which the block was proposed.
    pub fn view(&self) -> u64 {
        self.context.round.view().get()
    }

    /// Clock readings.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Public key of the proposer.
    pub fn proposer(&self) -> [u8; 32] {
        public_bytes(&self.context.leader)
    }

    /// SHA-256 of the votes that the block carries about its ancestors.
    pub fn votes(&self) -> Digest {
        self.votes.0
    }

    /// The round of the committee's beacon that the block carries.
    pub fn lots(&self) -> Option<Lots> {
        self.seal.as_ref().map(Seal::lots)
    }

    /// The committee's signature of that round, which [`crate::check_round`] checks.
    pub fn round_signature(&self) -> Option<&[u8]> {
        self.seal.as_ref().map(Seal::signature)
    }

    /// Merkle root of the transactions' SHA-256 digests.
    pub fn tx_root(&self) -> Digest {
        self.tx_root.0
    }

    /// Number of transactions.
    pub fn tx_count(&self) -> u32 {
        self.tx_count
    }

    /// Root of the rows; [`crate::Proof`]s are checked against it. In the genesis block, which has none, a commitment to what the
    /// chain starts from and to its committee.
    pub fn state_root(&self) -> Digest {
        self.state_root.0
    }

    /// Root of the receipts log.
    pub fn receipts_root(&self) -> Digest {
        self.receipts_root.0
    }

    /// Number of receipts of all blocks up to and including this one.
    pub fn receipts_len(&self) -> u64 {
        // The log holds one commit from its creation and one per block besides the receipts.
        (*self.receipts_range.end()).saturating_sub(1).saturating_sub(self.height.get())
    }

    /// How others name this block as their parent.
    pub fn as_parent(&self) -> Parent {
        Parent { digest: self.digest(), height: self.height(), stamp: self.stamp }
    }

    /// Encoded form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode().to_vec()
    }

    /// Decodes [`Header::to_bytes`]; trailing bytes are an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BlockError> {
        Self::decode_cfg(Copying(bytes), &()).map_err(malformed)
    }

    pub(crate) fn digest_inner(&self) -> sha256::Digest {
        Sha256::hash(&[&self.encode()])
    }

    const MAX_SIZE: usize = 1
        + Context::MAX_ENCODE_SIZE
        + Height::MAX_ENCODE_SIZE
        + Stamp::SIZE
        + 1
        + Seal::SIZE
        + 4
        + 5 * sha256::Digest::SIZE
        + 2 * NonEmptyRange::<Location>::MAX_ENCODE_SIZE;
}

impl Stamp {
    const SIZE: usize = 8 + 8 + 4;

    fn write(self, buf: &mut impl BufMut) {
        self.wall.write(buf);
        self.time.write(buf);
        self.speed.write(buf);
    }

    fn read(buf: &mut impl Buf) -> Result<Self, CodecError> {
        Ok(Self { wall: u64::read(buf)?, time: u64::read(buf)?, speed: u32::read(buf)? })
    }
}

impl Write for Header {
    fn write(&self, buf: &mut impl BufMut) {
        FORMAT.write(buf);
        self.context.write(buf);
        self.height.write(buf);
        self.stamp.write(buf);
        self.votes.write(buf);
        self.seal.write(buf);
        self.tx_root.write(buf);
        self.tx_count.write(buf);
        self.state_root.write(buf);
        self.ops_root.write(buf);
        self.ops_range.write(buf);
        self.receipts_root.write(buf);
        self.receipts_range.write(buf);
    }
}

impl EncodeSize for Header {
    fn encode_size(&self) -> usize {
        1 + self.context.encode_size()
            + self.height.encode_size()
            + Stamp::SIZE
            + self.seal.encode_size()
            + 4
            + 5 * sha256::Digest::SIZE
            + self.ops_range.encode_size()
            + self.receipts_range.encode_size()
    }
}

impl Read for Header {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let format = u8::read(buf)?;
        if format != FORMAT {
            return Err(CodecError::InvalidEnum(format));
        }
        Ok(Self {
            context: Context::read(buf)?,
            height: Height::read(buf)?,
            stamp: Stamp::read(buf)?,
            votes: sha256::Digest::read(buf)?,
            seal: Option::<Seal>::read(buf)?,
            tx_root: sha256::Digest::read(buf)?,
            tx_count: u32::read(buf)?,
            state_root: sha256::Digest::read(buf)?,
            ops_root: sha256::Digest::read(buf)?,
            ops_range: NonEmptyRange::read(buf)?,
            receipts_root: sha256::Digest::read(buf)?,
            receipts_range: NonEmptyRange::read(buf)?,
        })
    }
}

/// A header and the transactions that it commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    header: Header,
    votes: Arc<Votes>,
    txs: Arc<[Bytes]>,
}

impl Block {
    /// Joins a header and its body; refuses a body that the header does not commit to.
    pub(crate) fn new(header: Header, votes: Votes, txs: Vec<Bytes>) -> Result<Self, BlockError> {
        check_body(&txs)?;
        let (root, count) = commit_body(&txs);
        if header.tx_root != root || header.tx_count != count || header.votes != commit_votes(&votes) {
            return Err(BlockError::OtherBody);
        }
        Ok(Self { header, votes: Arc::new(votes), txs: txs.into() })
    }

    /// This block with other transactions; refuses those that the header does not commit to.
    ///
    /// # Errors
    /// [`BlockError`], the first limit that they break, or that they are others.
    pub fn with_txs(&self, txs: Vec<Bytes>) -> Result<Self, BlockError> {
        Self::new(self.header.clone(), self.votes.as_ref().clone(), txs)
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The transactions in order.
    pub fn txs(&self) -> &[Bytes] {
        &self.txs
    }

    /// Encoded form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode().to_vec()
    }

    /// Decodes [`Block::to_bytes`]; trailing bytes are an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BlockError> {
        Self::decode_cfg(Copying(bytes), &()).map_err(malformed)
    }

    pub(crate) fn votes(&self) -> &Votes {
        &self.votes
    }

    /// The block on its parent, with its votes by key.
    pub(crate) fn view<'a>(&'a self, parent: Parent, votes: &'a [Attested]) -> BlockView<'a> {
        BlockView {
            digest: self.header.digest(),
            parent,
            height: self.header.height(),
            stamp: self.header.stamp,
            view: self.header.view(),
            proposer: self.header.proposer(),
            votes,
            lots: self.header.lots(),
            txs: &self.txs,
        }
    }
}

impl Write for Block {
    fn write(&self, buf: &mut impl BufMut) {
        self.header.write(buf);
        self.votes.write(buf);
        for tx in self.txs.iter() {
            tx.write(buf);
        }
    }
}

impl EncodeSize for Block {
    fn encode_size(&self) -> usize {
        self.header.encode_size() + self.votes.encode_size() + body_size(&self.txs)
    }
}

impl Read for Block {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let header = Header::read(buf)?;
        let count = header.tx_count as usize;
        if count > MAX_TXS {
            return Err(CodecError::InvalidLength(count));
        }
        let votes = Votes::read(buf)?;
        let mut txs = Vec::with_capacity(count);
        let mut size = 0;
        for _ in 0..count {
            let tx = Bytes::read_cfg(buf, &RangeCfg::from(1..=MAX_BODY_BYTES))?;
            size += tx.encode_size();
            if size > MAX_BODY_BYTES {
                return Err(CodecError::InvalidLength(size));
            }
            txs.push(tx);
        }
        // A peer could send another body under a known header; the digest would not show it.
        Self::new(header, votes, txs).map_err(|_| CodecError::Invalid("depin_engine::Block", "the body is not the header's"))
    }
}

impl Digestible for Block {
    type Digest = sha256::Digest;

    fn digest(&self) -> sha256::Digest {
        self.header.digest_inner()
    }
}

impl Heightable for Block {
    fn height(&self) -> Height {
        self.header.height
    }
}

impl ConsensusBlock for Block {
    fn parent(&self) -> sha256::Digest {
        self.header.context.parent.1
    }
}

impl CertifiableBlock for Block {
    type Context = Context;

    fn context(&self) -> Context {
        self.header.context.clone()
    }
}

impl BoundedBlock for Block {
    fn max_encode_size((): &()) -> usize {
        Header::MAX_SIZE + Votes::max_encode_size() + MAX_BODY_BYTES
    }
}

/// Checks the limits of a body that a machine proposed.
pub(crate) fn check_body(txs: &[Bytes]) -> Result<(), BlockError> {
    if txs.len() > MAX_TXS {
        return Err(BlockError::TooMany { got: txs.len() });
    }
    if let Some(index) = txs.iter().position(Bytes::is_empty) {
        return Err(BlockError::EmptyTx { index });
    }
    let got = body_size(txs);
    if got > MAX_BODY_BYTES {
        return Err(BlockError::TooLarge { got });
    }
    Ok(())
}

/// Merkle root and count of a body that passed [`check_body`].
pub(crate) fn commit_body(txs: &[Bytes]) -> (sha256::Digest, u32) {
    let mut builder = bmt::Builder::<Sha256>::new(txs.len());
    for tx in txs {
        builder.add(&Sha256::hash(&[tx]));
    }
    (builder.build().root(), u32::try_from(txs.len()).expect("a checked body has at most MAX_TXS transactions"))
}

/// What the header says of the votes.
pub(crate) fn commit_votes(votes: &Votes) -> sha256::Digest {
    Sha256::hash(&[&votes.encode()])
}

pub(crate) fn public_bytes(key: &ed25519::PublicKey) -> [u8; 32] {
    let bytes: &[u8] = key.as_ref();
    bytes.try_into().expect("an ed25519 public key has 32 bytes")
}

fn body_size(txs: &[Bytes]) -> usize {
    txs.iter().map(EncodeSize::encode_size).sum()
}

fn malformed(error: CodecError) -> BlockError {
    BlockError::Malformed(error.to_string())
}
