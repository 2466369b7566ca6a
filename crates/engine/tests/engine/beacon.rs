//! The committee's beacon: keys, shares, rounds in blocks, and what a stranger cannot put there.

use crate::{
    committee::Net,
    ledger::{Ledger, blocks, patiently, reach},
};
use depin_engine::{
    BeaconError, Block, Ceremony, CeremonyError, Config, End, Engine, Handle, Replay, StartError, Step, Verdict, ceremony_key,
    check_round, deal_beacon, public_key,
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

/// Name of the tests' chain.
const CHAIN: &str = "ledger-test";

fn start(config: Config, key: &[u8]) -> Result<Handle, StartError> {
    Engine::start(config, Ledger::with_beacon(key))
}

fn refusal(config: Config, key: &[u8]) -> BeaconError {
    match start(config, key) {
        Err(StartError::Beacon(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it starts"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_carry_the_rounds_of_four_of_whom_two_have_no_share_and_a_forged_round_gets_no_vote() {
    let (net, (key, shares)) = (Net::new(), deal_beacon(4));
    let node = |index: usize| {
        let share = shares.get(index).filter(|_| index < 2).cloned();
        start(Config { share, ..net.config(index, net.folder(index)) }, &key).expect("the engine starts")
    };
    let nodes: Vec<Handle> = (0..4).map(node).collect();
    // A block of the test's machine carries the round of its height, if it was heard in time: wait for two that do.
    let mut height = 2;
    let (first, second) = patiently("two rounds in blocks", async {
        loop {
            reach(&nodes[0], height).await;
            let carried: Vec<_> = blocks(&nodes[0], height).await.into_iter().filter(|b| b.header().lots().is_some()).collect();
            if let [first, .., second] = carried.as_slice() {
                break (first.clone(), second.clone());
            }
            height += 1;
        }
    })
    .await;
    let archive = blocks(&nodes[0], height).await;
    for node in &nodes {
        assert_eq!(node.stop().await, End::Stopped);
    }

    let signature = |block: &Block| block.header().round_signature().expect("it carries a round").to_vec();
    for block in [&first, &second] {
        let lots = block.header().lots().unwrap();
        assert_eq!(lots.round, block.header().height());
        check_round(CHAIN, &key, 4, lots.round, &signature(block)).expect("the committee signed it");
        let wrong = BeaconError::Seal(lots.round + 1);
        assert_eq!(check_round(CHAIN, &key, 4, lots.round + 1, &signature(block)), Err(wrong), "of another round");
        assert!(check_round("another-chain", &key, 4, lots.round, &signature(block)).is_err());
        assert!(check_round(CHAIN, &deal_beacon(4).0, 4, lots.round, &signature(block)).is_err());
    }

    // The same block with the signature of another round, and with one bit of its own turned: the state is the same, the round none.
    let at = second.header().height() as usize;
    let mut steps: Vec<Step> = archive[..at - 1].iter().cloned().map(Step::Finalize).collect();
    let mut turned = signature(&second);
    turned[50] ^= 1;
    let forged = [signature(&first), turned].map(|other| forge(&second, &signature(&second), &other));
    steps.push(Step::Judge([forged[0].clone(), forged[1].clone(), second.clone()].to_vec()));
    let committee = [1, 2, 3, 4].map(|seed| public_key(&[seed; 32]));
    let judged = tokio::task::spawn_blocking(move || {
        let folder = TempDir::new().expect("a folder");
        Replay::run(folder.path(), Ledger::with_beacon(&key), &committee, steps).expect("the script runs")
    });
    assert_eq!(judged.await.unwrap().last(), Some(&Verdict::Judged(vec![false, false, true])));
}

/// A block with other bytes in one place of its header.
fn forge(block: &Block, before: &[u8], after: &[u8]) -> Arc<Block> {
    let mut bytes = block.to_bytes();
    let at = bytes.windows(before.len()).position(|window| window == before).expect("the header holds them");
    bytes[at..at + after.len()].copy_from_slice(after);
    Arc::new(Block::from_bytes(&bytes).expect("the body is the header's"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_a_beacon_takes_no_round() {
    let (net, (key, shares)) = (Net::new(), deal_beacon(4));
    let config = Config { share: Some(shares[0].clone()), ..net.config(0, net.folder(0)) };
    let refused = Engine::start(config, Ledger::new()).err().expect("a share of nothing");
    assert!(matches!(refused, StartError::Beacon(BeaconError::NoBeacon)), "{refused}");
    // A committee that has one goes on without rounds where too few sign.
    let node = |index: usize| {
        let share = shares.get(index).filter(|_| index == 0).cloned();
        start(Config { share, ..net.config(index, net.folder(index)) }, &key).expect("the engine starts")
    };
    let nodes: Vec<Handle> = (0..4).map(node).collect();
    reach(&nodes[0], 4).await;
    assert!(blocks(&nodes[0], 4).await.iter().all(|block| block.header().lots().is_none()));
    for node in &nodes {
        assert_eq!(node.stop().await, End::Stopped);
    }
}

#[test]
fn a_key_of_another_committee_and_a_share_of_another_key_start_nothing() {
    let (net, (key, shares)) = (Net::new(), deal_beacon(4));
    let config = |share: Option<Vec<u8>>| Config { share, ..net.config(0, net.folder(0)) };
    assert_eq!(refusal(config(None), &deal_beacon(3).0), BeaconError::Members { shares: 3, members: 4 });
    assert!(matches!(refusal(config(None), &deal_beacon(5).0), BeaconError::Key(_)), "more shares than members");
    assert!(matches!(refusal(config(None), &key[1..]), BeaconError::Key(_)));
    assert!(matches!(refusal(config(Some(deal_beacon(4).1[0].clone())), &key), BeaconError::Share(_)));
    assert!(matches!(refusal(config(Some(shares[0][1..].to_vec())), &key), BeaconError::Share(_)));
    // Members of a larger committee could sign a round with fewer of them than it asks for: 3 of 7, and here 2 of 4 are told to be 7.
    let mut few = key;
    few[4] = 7;
    let seven: Vec<_> = (1..=7).map(|seed| public_key(&[seed; 32])).collect();
    let folder = TempDir::new().unwrap();
    let refused = Replay::run(folder.path(), Ledger::with_beacon(&few), &seven, Vec::new()).unwrap_err();
    assert!(refused.to_string().contains("it must be 3"), "{refused}");
}

/// Made with the library's proofs, which takes a while: what strangers do once before their chain begins.
#[test]
fn strangers_make_a_key_that_nobody_knows_and_each_has_a_share_of_it() {
    let seeds = [[1; 32], [2; 32], [3; 32]];
    let keys = seeds.map(|seed| ceremony_key(&seed));
    let ceremony = Ceremony::new(CHAIN, 0, &keys).unwrap();
    let dealings: Vec<_> = seeds[..2].iter().map(|seed| ceremony.deal(seed).unwrap()).collect();
    assert_eq!(ceremony.deal(&[9; 32]), Err(CeremonyError::Stranger));
    let key = ceremony.key(&dealings).unwrap();
    let shares = seeds.map(|seed| ceremony.share(&dealings, &seed).unwrap());
    assert_eq!(ceremony.share(&dealings, &[9; 32]), Err(CeremonyError::Stranger));
    // Each share is the key's, and another ceremony's dealings are none.
    for (place, share) in shares.iter().enumerate() {
        check_share(&key, share, place);
    }
    assert_eq!(ceremony.key(&dealings[..1]), Err(CeremonyError::TooFew), "two of three make the key");
    let mut damaged = dealings.clone();
    damaged[1][40] ^= 1;
    assert_eq!(ceremony.key(&damaged), Err(CeremonyError::Dealing(1)));
    let again = Ceremony::new(CHAIN, 1, &keys).unwrap();
    assert_eq!(again.key(&dealings), Err(CeremonyError::Dealing(0)), "of another attempt");
    assert!(matches!(Ceremony::new(CHAIN, 0, &keys[..1]), Err(CeremonyError::Members(1))));
    assert!(matches!(Ceremony::new(CHAIN, 0, &[keys[0], keys[0]]), Err(CeremonyError::Members(1))));
    assert!(matches!(Ceremony::new(CHAIN, 0, &[keys[0], [0xff; 32]]), Err(CeremonyError::Key(1))));
}

/// A share that an engine takes as one of this key: of three members, each alone in its folder.
fn check_share(key: &[u8], share: &[u8], place: usize) {
    let folder = TempDir::new().unwrap();
    let config = three(folder.path(), place);
    let taken = start(Config { share: Some(share.to_vec()), ..config.clone() }, key);
    drop(taken.unwrap_or_else(|error| panic!("{place}: {error}")));
    let strange = deal_beacon(3).1[place].clone();
    let other = TempDir::new().unwrap();
    assert!(matches!(refusal(Config { share: Some(strange), ..three(other.path(), place) }, key), BeaconError::Share(_)));
}

fn three(folder: &Path, place: usize) -> Config {
    let net = Net::new();
    let config = net.config(place, folder);
    Config { committee: config.committee[..3].to_vec(), observers: Vec::new(), ..config }
}
