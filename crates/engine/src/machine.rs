//! The border between the engine and whoever runs blocks.
//!
//! The engine orders bodies of opaque transactions, stores rows and receipts durably and commits to both in the header. The
//! [`Machine`] knows what the bytes mean. It holds finalized rows in memory, one frozen write set per unfinalized block, and
//! answers synchronously; nothing here awaits, so a call either happened or did not.

use bytes::Bytes;
use std::{future::Future, pin::Pin};

/// SHA-256 digest.
pub type Digest = [u8; 32];

/// A change of one row; `None` deletes it.
pub type RowChange = (Vec<u8>, Option<Vec<u8>>);

/// The clock readings of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Proposer's wall clock, milliseconds since 1970; strictly rising from block to block.
    pub wall: u64,
    /// Ledger time, milliseconds since 1970; a function of the parent's stamp, `wall` and `speed`.
    pub time: u64,
    /// How many milliseconds of ledger time one millisecond of wall time is worth.
    pub speed: u32,
}

/// What identifies a chain.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Name of the chain; votes and handshakes are bound to it.
    pub chain_id: String,
    /// Commitment to everything that the first block starts from.
    pub digest: Digest,
    /// Stamp of height zero.
    pub stamp: Stamp,
    /// Public key of the committee's beacon, if it has one.
    pub beacon: Option<Vec<u8>>,
}

/// A round of the committee's beacon in a block: the same for every block that could carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lots {
    /// The round.
    pub round: u64,
    /// Digest of the committee's signature of it.
    pub value: Digest,
}

/// A block that others build on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Digest of its header.
    pub digest: Digest,
    /// Its height; zero is the genesis block, whose state is empty.
    pub height: u64,
    /// Its stamp.
    pub stamp: Stamp,
}

/// A final block whose votes the machine still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Its height.
    pub height: u64,
    /// Its digest.
    pub digest: Digest,
    /// Whether a block carried its certificate already.
    pub certified: bool,
    /// Public keys of those who are counted already.
    pub signed: Vec<[u8; 32]>,
}

/// Votes for the finality of a block, carried by a later one. The engine checked that members of the committee signed them for
/// this digest; whether it is the digest of the ancestor with this height is for the machine to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Height, by the word of who proposed the block that carries the votes.
    pub height: u64,
    /// Digest that was voted for.
    pub digest: Digest,
    /// Whether these are the votes of a quorum, in one certificate. At most one in a block is, the first.
    pub certified: bool,
    /// Public keys of those who voted.
    pub signers: Vec<[u8; 32]>,
}

/// What is known of a block before its body is chosen.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Its stamp.
    pub stamp: Stamp,
    /// View of consensus.
    pub view: u64,
    /// Public key of the proposer (ed25519).
    pub proposer: [u8; 32],
    /// Votes that it will carry: of what the machine waits for, what this node heard.
    pub votes: &'a [Attested],
    /// The round of the beacon that it will carry: the next one, if enough members were heard.
    pub lots: Option<Lots>,
}

/// A block as the machine sees it.
#[derive(Clone, Debug)]
pub struct BlockView<'a> {
    /// Digest of this block's header.
    pub digest: Digest,
    /// The block it builds on.
    pub parent: Parent,
    /// Its height, `parent.height + 1`.
    pub height: u64,
    /// Its stamp.
    pub stamp: Stamp,
    /// View of consensus that it was proposed in.
    pub view: u64,
    /// Public key of the proposer (ed25519).
    pub proposer: [u8; 32],
    /// Votes that it carries about its ancestors.
    pub votes: &'a [Attested],
    /// The round of the beacon that it carries. The engine checked the signature; whether it is the next round is for the machine to
    /// check.
    pub lots: Option<Lots>,
    /// The transactions in order.
    pub txs: &'a [Bytes],
}

/// What running a block produced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// Changed rows in ascending key order, each key once.
    pub rows: Vec<RowChange>,
    /// Receipts in order; appended to the receipts log.
    pub receipts: Vec<Vec<u8>>,
}

/// A body and what running it produced.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The transactions chosen, in order.
    pub txs: Vec<Bytes>,
    /// Their outcome.
    pub processed: Processed,
}

/// Why a block was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The block breaks a rule; no honest node votes for it.
    #[error("block breaks a rule: {0}")]
    Invalid(String),
    /// The parent's state is not held (any more); the answer says nothing about the block.
    #[error("the state of parent {parent_height} is not held")]
    UnknownParent {
        /// Height of the missing parent.
        parent_height: u64,
    },
}

/// Runs blocks. All calls are synchronous, repeatable and free of I/O; two siblings may be processed at the same time.
pub trait Machine: Send + Sync + 'static {
    /// What the chain starts from.
    fn genesis(&self) -> Genesis;

    /// Replaces everything held by the rows (ascending keys) of the durable block `tip`, after opening or syncing. `tip` is the
    /// genesis block when nothing was finalized yet; `rows` is empty then. Blocks processed next name `tip` or a descendant of it
    /// as their parent. Comes before any other call except [`Machine::genesis`].
    fn load(&self, tip: Parent, rows: Vec<(Vec<u8>, Vec<u8>)>);

    /// The stamp of a block proposed on `parent` when the wall clock reads `wall` milliseconds.
    fn stamp(&self, parent: &Parent, wall: u64) -> Stamp;

    /// Ancestors of a block on `parent` whose votes are still counted, by rising height; at most a hundred. A machine that counts
    /// no votes waits for none, and its blocks carry none.
    fn awaited(&self, parent: &Parent) -> Result<Vec<Awaited>, Refused> {
        let _ = parent;
        Ok(Vec::new())
    }

    /// The round of the committee's beacon that a block on `parent` may carry, from 1 on. A machine that draws no lots has none.
    fn next_round(&self, parent: &Parent) -> Result<Option<u64>, Refused> {
        let _ = parent;
        Ok(None)
    }

    /// Chooses and runs a body on top of `parent` and keeps nothing: the engine calls [`Machine::sealed`] when the block's digest
    /// is known, or never when the proposal was cancelled meanwhile.
    fn propose(&self, parent: &Parent, draft: &Draft<'_>) -> Result<Proposal, Refused>;

    /// Runs a block, from a peer (`trusted == false`: check signatures and stamp) or already finalized (`true`), and keeps its
    /// write set under its digest.
    fn process(&self, block: &BlockView<'_>, trusted: bool) -> Result<Processed, Refused>;

    /// Tells the digest under which the outcome of a proposal is to be kept.
    fn sealed(&self, block: &BlockView<'_>, processed: &Processed);

    /// The block is final and applied to the store: fold its write set into the finalized rows and drop what lost against it. Comes
    /// in height order, each height once after [`Machine::load`], always after [`Machine::process`] or [`Machine::sealed`] of the
    /// same block. Durability follows; a crash before it means that [`Machine::load`] starts lower and the block comes again.
    fn finalized(&self, block: &BlockView<'_>);

    /// The wall clock, milliseconds since 1970, from which on a block on `parent` is wanted although [`Machine::ready`] does not resolve:
    /// work comes due then. A past one means at once, which is the heartbeat. `None` when nothing is in sight: a proposer may wait
    /// for as long as an idle chain may.
    fn wanted(&self, parent: &Parent) -> Option<u64> {
        let _ = parent;
        None
    }

    /// Resolves when there is something to put into a block. A proposer waits for it up to the heartbeat, which stretches while blocks are
    /// empty; the future may be
    /// dropped unfinished.
    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
