//! Rival blocks on one parent, judged at once, in both orders, and given up half-way.

use crate::ledger::{Ledger, txs};
use depin_engine::{Block, MAX_ROW_KEY, MAX_ROW_VALUE, Replay, ReplayError, Step, Tip, Verdict, public_key};
use std::sync::Arc;
use tempfile::TempDir;

/// Public keys of two proposers; the ledger's choice depends on the lowest bit.
fn proposers() -> [[u8; 32]; 2] {
    let mut keys = (1u8..).map(|seed| public_key(&[seed; 32]));
    let even = keys.find(|key| key[0] & 1 == 0).expect("half of all keys");
    let odd = keys.find(|key| key[0] & 1 == 1).expect("half of all keys");
    [even, odd]
}

fn run(machine: Arc<Ledger>, steps: Vec<Step>) -> Vec<Verdict> {
    let folder = TempDir::new().expect("a folder");
    Replay::run(folder.path(), machine, &proposers(), steps).expect("the script runs")
}

fn built(verdict: &Verdict) -> Arc<Block> {
    let Verdict::Proposed(Some(block)) = verdict else { panic!("{verdict:?} is not a proposal") };
    block.clone()
}

fn last_tip(verdicts: &[Verdict]) -> Tip {
    let Some(Verdict::Final(tip)) = verdicts.last() else { panic!("{verdicts:?} does not end with a final block") };
    tip.clone()
}

/// Digest of the genesis block.
fn genesis() -> [u8; 32] {
    genesis_of(Ledger::new())
}

/// Digest of a machine's genesis block: the machine is loaded with it even by a script that comes to nothing.
fn genesis_of(machine: Arc<Ledger>) -> [u8; 32] {
    let folder = TempDir::new().expect("a folder");
    assert!(matches!(
        Replay::run(folder.path(), machine.clone(), &proposers(), vec![propose([0; 32], 0, 1)]),
        Err(ReplayError::Unknown { step: 0 })
    ));
    machine.loads()[0].0.digest
}

fn propose(parent: [u8; 32], proposer: usize, view: u64) -> Step {
    Step::Propose { parent, proposer: proposers()[proposer], view }
}

/// Two rivals on the genesis block, and a child of each.
fn family() -> [Arc<Block>; 4] {
    let ledger = || {
        let machine = Ledger::new();
        machine.submit(txs("rival", 8));
        machine
    };
    let rivals = run(ledger(), vec![propose(genesis(), 0, 1), propose(genesis(), 1, 2)]);
    let [one, two] = [built(&rivals[0]), built(&rivals[1])];
    assert_ne!(one.header().digest(), two.header().digest());
    assert_ne!(one.header().state_root(), two.header().state_root(), "rivals do different things");
    let child = |parent: &Arc<Block>, view| {
        let machine = Ledger::new();
        machine.submit(["child=1".into()]);
        let verdicts = run(machine, vec![Step::Judge(vec![parent.clone()]), propose(parent.header().digest(), 0, view)]);
        built(&verdicts[1])
    };
    let children = [child(&one, 3), child(&two, 4)];
    let [first, second] = children;
    [one, two, first, second]
}

#[test]
fn rivals_judged_at_once_in_either_order_give_the_same_outcomes() {
    let [one, two, first, second] = family();
    let mut outcomes = Vec::new();
    for rivals in [[one.clone(), two.clone()], [two.clone(), one.clone()]] {
        let machine = Ledger::new();
        let verdicts = run(
            machine.clone(),
            vec![
                Step::Judge(rivals.to_vec()),
                Step::Judge(vec![first.clone(), second.clone()]),
                Step::Finalize(one.clone()),
                Step::Finalize(first.clone()),
            ],
        );
        assert_eq!(verdicts[0], Verdict::Judged(vec![true, true]));
        assert_eq!(verdicts[1], Verdict::Judged(vec![true, true]));
        assert_eq!(last_tip(&verdicts).state_root, first.header().state_root());
        outcomes.push((last_tip(&verdicts), machine.rows()));
    }
    assert_eq!(outcomes[0], outcomes[1]);

    // The other branch wins.
    let machine = Ledger::new();
    let verdicts = run(
        machine.clone(),
        vec![
            Step::Judge(vec![one, two.clone()]),
            Step::Judge(vec![first, second.clone()]),
            Step::Finalize(two),
            Step::Finalize(second.clone()),
        ],
    );
    assert_eq!(last_tip(&verdicts).state_root, second.header().state_root());
}

#[test]
fn a_call_given_up_half_way_changes_no_outcome() {
    let [one, two, first, _] = family();
    let plain = run(Ledger::new(), vec![Step::Finalize(one.clone()), Step::Finalize(first.clone())]);
    let machine = Ledger::new();
    let cut = run(
        machine.clone(),
        vec![
            Step::Cancel(one.clone()),
            Step::Cancel(two.clone()),
            Step::Cancel(one.clone()),
            Step::Judge(vec![two, one.clone()]),
            Step::Finalize(one),
            Step::Cancel(first.clone()),
            Step::Finalize(first),
        ],
    );
    assert!(machine.processed() > 4, "the calls given up reached the machine");
    assert_eq!(last_tip(&cut), last_tip(&plain));
}

#[test]
fn a_final_block_can_be_run_again_without_having_been_judged() {
    let [one, _, first, _] = family();
    let verdicts = run(Ledger::new(), vec![Step::Finalize(one), Step::Finalize(first.clone())]);
    assert_eq!(last_tip(&verdicts).digest, first.header().digest());
}

#[test]
fn a_block_with_another_outcome_than_its_header_says_gets_no_vote() {
    let [one, ..] = family();
    let bytes = one.to_bytes();
    let header = one.header().to_bytes();
    for root in [one.header().state_root(), one.header().receipts_root()] {
        let at = header.windows(32).position(|window| window == root).expect("the header holds its roots");
        let mut forged = bytes.clone();
        forged[at] ^= 1;
        let forged = Arc::new(Block::from_bytes(&forged).expect("a well-formed block"));
        let verdicts = run(Ledger::new(), vec![Step::Judge(vec![forged])]);
        assert_eq!(verdicts, [Verdict::Judged(vec![false])]);
    }
}

#[test]
fn a_block_from_the_future_gets_no_vote_but_is_kept_once_others_made_it_final() {
    let genesis = genesis_of(Ledger::from_the_future());
    let block = built(&run(Ledger::from_the_future(), vec![propose(genesis, 0, 1)])[0]);
    let steps = vec![Step::Judge(vec![block.clone()]), Step::Finalize(block.clone())];
    let verdicts = run(Ledger::from_the_future(), steps);
    assert_eq!(verdicts[0], Verdict::Judged(vec![false]));
    assert_eq!(last_tip(&verdicts).digest, block.header().digest());
}

#[test]
fn an_outcome_beyond_the_limits_is_not_proposed() {
    for (tx, fits) in [
        (format!("{}=1", "k".repeat(MAX_ROW_KEY)), true),
        (format!("{}=1", "k".repeat(MAX_ROW_KEY + 1)), false),
        (format!("k={}", "v".repeat(MAX_ROW_VALUE - 14)), true),
        (format!("k={}", "v".repeat(MAX_ROW_VALUE - 13)), false),
        (String::new(), false),
    ] {
        let machine = Ledger::new();
        machine.submit([tx]);
        let verdicts = run(machine, vec![propose(genesis(), 0, 1)]);
        assert_eq!(matches!(verdicts[0], Verdict::Proposed(Some(_))), fits);
    }
}
