//! Votes that blocks carry about their ancestors, and evidence of double votes.

use crate::{
    committee::{Net, agree},
    ledger::{Ledger, blocks, patiently, reach, reach_receipts, txs},
};
use depin_engine::{
    Attested, Awaited, Block, BlockView, Digest, DoubleVote, DoubleVoteError, Draft, End, Engine, Genesis, Handle, Machine,
    Parent, Processed, Proposal, Refused, Replay, Stamp, Step, Verdict, VoteKind, public_key, sign_vote,
};
use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

/// Blocks for which votes are counted.
const COUNTED: u64 = 16;

/// The tests' ledger, which also counts votes: by final blocks alone, so a vote may be carried twice, which it does not mind.
struct Counting {
    ledger: Arc<Ledger>,
    chain_id: &'static str,
    quorum: usize,
    ballots: Mutex<BTreeMap<u64, Awaited>>,
}

impl Counting {
    fn new(chain_id: &'static str, quorum: usize) -> Arc<Self> {
        Arc::new(Self { ledger: Ledger::new(), chain_id, quorum, ballots: Mutex::default() })
    }

    /// Everyone whose vote for `height` was in a final block.
    fn signed(&self, height: u64) -> Vec<[u8; 32]> {
        self.ballots.lock().unwrap().get(&height).map(|ballot| ballot.signed.clone()).unwrap_or_default()
    }

    fn count(&self, votes: &[Attested]) {
        let mut ballots = self.ballots.lock().unwrap();
        for vote in votes {
            // A machine that was started again knows no blocks from before.
            let Some(ballot) = ballots.get_mut(&vote.height) else { continue };
            assert_eq!(ballot.digest, vote.digest, "votes are for the ancestor");
            assert!(!vote.certified || vote.signers.len() >= self.quorum, "a certificate is of a quorum");
            ballot.certified |= vote.certified;
            for key in &vote.signers {
                if !ballot.signed.contains(key) {
                    ballot.signed.push(*key);
                }
            }
        }
    }
}

impl Machine for Counting {
    fn genesis(&self) -> Genesis {
        Genesis { chain_id: self.chain_id.to_owned(), ..self.ledger.genesis() }
    }

    fn load(&self, tip: Parent, rows: Vec<(Vec<u8>, Vec<u8>)>) {
        self.ledger.load(tip, rows);
    }

    fn stamp(&self, parent: &Parent, wall: u64) -> Stamp {
        self.ledger.stamp(parent, wall)
    }

    fn awaited(&self, parent: &Parent) -> Result<Vec<Awaited>, Refused> {
        let ballots = self.ballots.lock().unwrap();
        let open = ballots.range(parent.height.saturating_sub(COUNTED)..).map(|(_, ballot)| ballot.clone());
        Ok(open.filter(|ballot| ballot.signed.len() < 4).collect())
    }

    fn propose(&self, parent: &Parent, draft: &Draft<'_>) -> Result<Proposal, Refused> {
        self.ledger.propose(parent, draft)
    }

    fn process(&self, block: &BlockView<'_>, trusted: bool) -> Result<Processed, Refused> {
        self.ledger.process(block, trusted)
    }

    fn sealed(&self, block: &BlockView<'_>, processed: &Processed) {
        self.ledger.sealed(block, processed);
    }

    fn finalized(&self, block: &BlockView<'_>) {
        self.ledger.finalized(block);
        self.count(block.votes);
        let ballot = Awaited { height: block.height, digest: block.digest, certified: false, signed: Vec::new() };
        self.ballots.lock().unwrap().insert(block.height, ballot);
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.ledger.ready()
    }
}

fn start(net: &Net, index: usize) -> (Handle, Arc<Counting>) {
    let machine = Counting::new("ledger-test", 3);
    let config = net.config(index, net.folder(index));
    (Engine::start(config, machine.clone()).expect("the engine starts"), machine)
}

/// Waits until some block above `height` has the votes of exactly these seeds; gives its height.
async fn signed_by(node: &Handle, machine: &Counting, height: u64, seeds: &[u8]) -> u64 {
    let mut keys: Vec<_> = seeds.iter().map(|seed| public_key(&[*seed; 32])).collect();
    keys.sort();
    patiently("votes of exactly these", async {
        let mut tips = node.finalized();
        loop {
            let tip = tips.borrow_and_update().height;
            // Only blocks whose ballots are closed by now, or complete.
            let found = (height + 1..tip).find(|height| {
                let mut signed = machine.signed(*height);
                signed.sort();
                signed == keys && (signed.len() == 4 || height + COUNTED < tip)
            });
            match found {
                Some(height) => break height,
                None => tips.changed().await.expect("the engine runs"),
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_carry_everyones_votes_and_a_stopped_validators_are_missing_until_it_comes_back() {
    let net = Net::new();
    let mut nodes: Vec<_> = (0..4).map(|index| start(&net, index)).collect();
    // Late votes complete what a certificate of three lacks.
    let all = signed_by(&nodes[0].0, &nodes[0].1, 0, &[1, 2, 3, 4]).await;
    assert_eq!(nodes[3].0.stop().await, End::Stopped);
    let stopped = nodes[3].0.finalized().borrow().height.max(all);
    let three = signed_by(&nodes[0].0, &nodes[0].1, stopped, &[1, 2, 3]).await;
    nodes[3] = start(&net, 3);
    reach(&nodes[3].0, three).await;
    let again = signed_by(&nodes[0].0, &nodes[0].1, three, &[1, 2, 3, 4]).await;
    // Everyone saw the same votes in the same blocks.
    let handles: Vec<&Handle> = nodes.iter().map(|(node, _)| node).collect();
    let tip = nodes[0].0.finalized().borrow().height;
    agree(&handles, tip).await;
    for (_, machine) in &nodes[..3] {
        assert_eq!(machine.signed(three).len(), 3);
        assert_eq!(machine.signed(again).len(), 4);
    }
    for (node, _) in &nodes {
        assert_eq!(node.stop().await, End::Stopped);
    }
}

/// The chain of a committee of one, up to its first block with votes and without transactions.
async fn chain_with_votes() -> Vec<Arc<Block>> {
    let folder = TempDir::new().expect("a folder");
    let machine = Counting::new("ledger-test", 1);
    let node = Engine::start(crate::ledger::config(folder.path(), 1), machine.clone()).expect("the engine starts");
    machine.ledger.submit(txs("sample", 10));
    let tip = reach_receipts(&node, 10).await;
    let tip = reach(&node, tip.height + 5).await;
    let mut blocks = blocks(&node, tip.height).await;
    assert_eq!(node.stop().await, End::Stopped);
    let empty = blocks[0].header().votes();
    let at = blocks.iter().position(|block| block.header().votes() != empty && block.txs().is_empty());
    blocks.truncate(at.expect("a block carries votes") + 1);
    blocks
}

/// The block with another signature in its certificate, under a header that commits to it.
fn forged(block: &Block) -> Arc<Block> {
    let (bytes, header) = (block.to_bytes(), block.header().to_bytes());
    let mut votes = bytes[header.len()..].to_vec();
    // The last byte says that there are no late votes; the one before is the certificate's.
    let last = votes.len() - 2;
    votes[last] ^= 1;
    let (old, new) = (block.header().votes(), sha256(&votes));
    let at = header.windows(32).position(|window| window == old).expect("the header holds the digest of the votes");
    let header = [&header[..at], &new, &header[at + 32..]].concat();
    Arc::new(Block::from_bytes(&[header, votes].concat()).expect("a block whose header commits to its votes"))
}

fn sha256(bytes: &[u8]) -> Digest {
    use commonware_cryptography::{Hasher as _, Sha256};
    Sha256::hash(&[bytes]).0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_certificate_and_one_of_another_chain_get_no_vote() {
    let chain = chain_with_votes().await;
    let (last, before) = chain.split_last().expect("a block with votes");
    let judge = |chain_id, block: Arc<Block>| {
        let steps = before.iter().cloned().map(Step::Finalize).chain([Step::Judge(vec![block])]).collect();
        let (folder, machine) = (TempDir::new().expect("a folder"), Counting::new(chain_id, 1));
        let verdicts = Replay::run(folder.path(), machine, &[public_key(&[1; 32])], steps).expect("the script runs");
        verdicts.last().cloned().expect("a verdict")
    };
    assert_eq!(judge("ledger-test", last.clone()), Verdict::Judged(vec![true]));
    assert_eq!(judge("ledger-test", forged(last)), Verdict::Judged(vec![false]));
    // The same blocks under another name: the signatures are for another chain.
    assert_eq!(judge("other-chain", last.clone()), Verdict::Judged(vec![false]));
}

#[test]
fn two_votes_show_a_double_vote_only_when_one_validator_of_the_chain_cast_both_for_one_view() {
    let seeds: Vec<[u8; 32]> = (1..=4).map(|seed| [seed; 32]).collect();
    let committee: Vec<[u8; 32]> = seeds.iter().map(public_key).collect();
    let vote = |chain: &str, seed: usize, kind, view, digest: u8| {
        sign_vote(chain, &committee, &seeds[seed], kind, view, [digest; 32]).unwrap().expect("a validator")
    };
    let check = |first: &[u8], second: &[u8]| DoubleVote::check("chain", &committee, first, second);
    for kind in [VoteKind::Notarize, VoteKind::Finalize] {
        let (one, other) = (vote("chain", 2, kind, 7, 1), vote("chain", 2, kind, 7, 2));
        let shown = DoubleVote { validator: committee[2], view: 7 };
        assert_eq!(check(&one, &other).unwrap(), shown);
        assert_eq!(check(&other, &one).unwrap(), shown);
        for innocent in [
            one.clone(),
            vote("chain", 2, kind, 8, 2),
            vote("chain", 1, kind, 7, 2),
            vote("chain", 2, if kind == VoteKind::Notarize { VoteKind::Finalize } else { VoteKind::Notarize }, 7, 2),
        ] {
            assert!(matches!(check(&one, &innocent), Err(DoubleVoteError::NoConflict)));
        }
        assert!(matches!(check(&one, &vote("other", 2, kind, 7, 2)), Err(DoubleVoteError::Unsigned { which: 2 })));
        let mut broken = one.clone();
        *broken.last_mut().unwrap() ^= 1;
        assert!(matches!(check(&broken, &other), Err(DoubleVoteError::Unsigned { which: 1 })));
        assert!(matches!(check(&one[1..], &other), Err(DoubleVoteError::Malformed { which: 1, .. })));
        assert!(matches!(check(&one, &[]), Err(DoubleVoteError::Malformed { which: 2, .. })));
    }
    let stranger = sign_vote("chain", &committee, &[9; 32], VoteKind::Notarize, 7, [1; 32]).unwrap();
    assert_eq!(stranger, None);
}
