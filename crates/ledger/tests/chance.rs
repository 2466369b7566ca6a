//! Where the seeds of a chain come from, and what may go into them.

mod common;
use common::*;
use depin_economy::{SEED_LAG, SeedRow};
use depin_ledger::*;
use depin_quantity::{Seed, UnitId};
use depin_services::storage::{StorageEvent, StorageMessage};
use depin_state::ReadState;
use proptest::prelude::*;

/// Ledger time after which a chain of these tests waits no more for its reporter.
const LATE_MS: u64 = 60_000;

fn committee(accounts: &[(&Party, u128)]) -> GenesisDoc {
    let validators = (11..=14).map(|seed| party(seed).public).collect();
    GenesisDoc { validators, beacon: Some(b"the committee's key".to_vec()), ..doc(accounts) }
}

fn reported(doc: GenesisDoc) -> GenesisDoc {
    GenesisDoc { randomness: Some(Reporter { account: party(902).address, late_ms: LATE_MS }), ..doc }
}

fn report(round: u64) -> Message {
    Message::ReportRandomness { round, value: Seed::derive("outside", &[&round.to_be_bytes()]) }
}

fn transfer(to: &Party) -> Message {
    let amount = depin_quantity::Units::new(1);
    Message::Act(depin_economy::Action::Transfer { to: to.address, token: name("FIL"), amount })
}

/// The newest round and its seed.
fn newest(chain: &Chain) -> (u64, Seed) {
    let row = chain.ledger.chance();
    (row.round, row.seed)
}

fn refused(chain: &mut Chain, from: &Party, message: Message) -> String {
    chain.send(from, message).unwrap_err().code
}

#[test]
fn the_rounds_of_a_committee_of_one_are_its_proposers() {
    let mut chain = Chain::new(&[(&party(1), 10)]);
    assert_eq!(chain.ledger.chance().by, Source::Nothing);
    for height in 1..=5 {
        chain.block(1000, &[]).unwrap();
        let row = chain.ledger.chance();
        assert_eq!((row.round, row.by, row.alone), (height, Source::Proposer, height));
    }
    assert!(chain.ledger.draws_alone());
    assert_eq!(chain.ledger.next_round(&chain.parent), Ok(None));
    let beacon = Some(Beacon { round: 6, value: [0; 32] });
    let env = BlockEnv { beacon, ..chain.env(1000) };
    let refused = chain.ledger.run(&env, &[] as &[Vec<u8>], false).unwrap_err();
    assert_eq!(refused, RunError::Chance(ChanceError::Unwanted));
}

#[test]
fn a_committee_of_several_needs_a_beacon_and_a_committee_of_one_has_none() {
    let several = GenesisDoc { beacon: None, ..committee(&[]) };
    assert!(matches!(several.check(), Err(GenesisError::NoBeacon(4))));
    let one = GenesisDoc { beacon: Some(vec![1]), ..doc(&[]) };
    assert!(matches!(one.check(), Err(GenesisError::BeaconAlone)));
    let written = serde_json::to_string(&reported(committee(&[]))).unwrap();
    assert_eq!(serde_json::from_str::<GenesisDoc>(&written).unwrap(), reported(committee(&[])));
    let plain = serde_json::to_string(&doc(&[])).unwrap();
    assert!(!plain.contains("beacon") && !plain.contains("randomness"), "a document without either is written as before");
}

#[test]
fn a_block_carries_the_next_round_of_the_beacon_or_none() {
    let mut chain = Chain::from_doc(committee(&[]));
    chain.block(1000, &[]).unwrap();
    assert_eq!(chain.ledger.next_round(&chain.parent), Ok(Some(2)));
    for given in [0, 1, 3, u64::MAX] {
        let beacon = Some(Beacon { round: given, value: [9; 32] });
        let refused = chain.ledger.run(&BlockEnv { beacon, ..chain.env(1000) }, &[] as &[Vec<u8>], false).unwrap_err();
        assert_eq!(refused, RunError::Chance(ChanceError::Round { given, next: 2 }));
    }
    let before = newest(&chain);
    chain.carries = false;
    chain.block(1000, &[]).unwrap();
    assert_eq!(newest(&chain), before, "a block that carries none makes no round");
    chain.carries = true;
    chain.block(1000, &[]).unwrap();
    let row = chain.ledger.chance();
    assert_eq!((row.round, row.by, row.alone), (2, Source::Committee, 0));
    assert!(!chain.ledger.draws_alone());
    chain.audit_holds();
}

/// Two chains of one committee, whose proposers do as they like, know the same seeds in the same rounds.
#[test]
fn no_content_no_order_no_time_and_no_proposer_goes_into_the_committees_seeds() {
    let (alice, bob) = (party(1), party(2));
    let start = || Chain::from_doc(committee(&[(&alice, 10), (&bob, 10)]));
    let (mut one, mut other) = (start(), start());
    let mut seeds = Vec::new();
    for round in 1..=8 {
        let transactions = [one.tx(&alice, transfer(&bob)), one.tx(&bob, transfer(&alice))];
        one.block(1000, &transactions).unwrap();
        let turned = [other.tx(&bob, transfer(&alice)), other.tx(&alice, transfer(&bob))];
        other.block(7 + 100 * round, &turned[usize::try_from(round % 3).unwrap()..]).unwrap();
        other.forget_nonces();
        if round % 4 == 0 {
            other.carries = false;
            other.block(50, &[]).unwrap();
            other.carries = true;
        }
        assert_ne!(one.parent.digest, other.parent.digest);
        assert_eq!(newest(&one), newest(&other));
        seeds.push(newest(&one).1);
    }
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 8, "each round has a seed of its own");
}

#[test]
fn what_a_reporter_brings_makes_the_rounds_of_a_committee_of_one() {
    let (alice, reporter) = (party(1), party(902));
    let start = || Chain::from_doc(reported(doc(&[(&alice, 10), (&reporter, 10)])));
    let (mut one, mut other) = (start(), start());
    one.block(1000, &[]).unwrap();
    assert_eq!(one.ledger.chance().by, Source::Nothing, "it waits for its reporter");
    for n in 1..=4 {
        one.send(&reporter, report(10 * n)).unwrap();
        assert_eq!(one.ledger.chance().round, n - 1, "a report is mixed in after the block that holds it");
        one.block(1000, &[]).unwrap();
        let row = one.ledger.chance();
        assert_eq!((row.round, row.by, row.alone), (n, Source::Outside, 0));
        // In other blocks, at other times, beside other transactions.
        other.send(&alice, transfer(&reporter)).unwrap();
        other.send(&reporter, report(10 * n)).unwrap();
        other.send(&alice, transfer(&reporter)).unwrap();
        assert_ne!(one.parent.digest, other.parent.digest);
        assert_eq!(newest(&one), newest(&other));
    }
    assert!(!one.ledger.draws_alone());
    one.audit_holds();
}

#[test]
fn a_reporter_that_fails_to_come_stops_no_chain_and_everybody_sees_who_drew() {
    let reporter = party(902);
    let mut chain = Chain::from_doc(reported(doc(&[(&reporter, 10)])));
    chain.send(&reporter, report(1)).unwrap();
    chain.block(LATE_MS, &[]).unwrap();
    assert_eq!(newest(&chain).0, 1);
    chain.block(1000, &[]).unwrap();
    let row = chain.ledger.chance();
    assert_eq!((row.round, row.by, row.alone), (2, Source::Proposer, 1));
    assert!(chain.ledger.draws_alone());
    // It comes back, and the rounds are its own again.
    chain.send(&reporter, report(2)).unwrap();
    chain.block(1000, &[]).unwrap();
    let row = chain.ledger.chance();
    assert_eq!((row.by, row.alone), (Source::Outside, 2));
    chain.block(1000, &[]).unwrap();
    assert_eq!(newest(&chain).0, row.round);
    assert!(!chain.ledger.draws_alone());
}

#[test]
fn reports_are_the_reporters_each_round_once_and_one_at_a_time() {
    let (alice, reporter) = (party(1), party(902));
    let mut none = Chain::new(&[(&alice, 10)]);
    assert_eq!(refused(&mut none, &alice, report(1)), "no-reporter");
    let mut chain = Chain::from_doc(reported(doc(&[(&alice, 10), (&reporter, 10)])));
    assert_eq!(refused(&mut chain, &alice, report(1)), "not-the-reporter");
    chain.send(&reporter, report(5)).unwrap();
    assert_eq!(refused(&mut chain, &reporter, report(5)), "old-round");
    assert_eq!(refused(&mut chain, &reporter, report(4)), "old-round");
    chain.send(&reporter, report(9)).unwrap();
    chain.block(1000, &[]).unwrap();
    let both = [chain.tx(&reporter, report(10)), chain.tx(&reporter, report(11))];
    let receipts = chain.block(1000, &both).unwrap();
    let failures = receipts.iter().filter_map(|receipt| match &receipt.body {
        ReceiptBody::Transaction { failure, .. } => Some(failure.as_ref().map(|failure| failure.code.clone())),
        _ => None,
    });
    assert_eq!(failures.collect::<Vec<_>>(), [None, Some("report-waits".to_owned())]);
    chain.audit_holds();
}

/// A report that is put into a block, or left out, by somebody who knows the next round changes no round that is known.
#[test]
fn a_committee_mixes_a_report_into_the_round_that_nobody_knew_when_it_came() {
    let reporter = party(902);
    let start = || Chain::from_doc(reported(committee(&[(&reporter, 10)])));
    let (mut with, mut without) = (start(), start());
    for chain in [&mut with, &mut without] {
        chain.block(1000, &[]).unwrap();
    }
    with.send(&reporter, report(1)).unwrap();
    without.block(1000, &[]).unwrap();
    assert_eq!((newest(&with), newest(&with).0), (newest(&without), 2));
    assert_eq!(refused(&mut with, &reporter, report(2)), "report-waits");
    without.block(1000, &[]).unwrap();
    assert_eq!((newest(&with), newest(&with).0), (newest(&without), 3), "round 3 may have been known");
    for chain in [&mut with, &mut without] {
        chain.block(1000, &[]).unwrap();
    }
    assert_eq!((newest(&with).0, newest(&without).0), (4, 4));
    assert_ne!(newest(&with).1, newest(&without).1);
    assert_eq!(with.ledger.chance().by, Source::Committee);
}

#[test]
fn a_challenge_waits_for_the_seed_of_two_rounds_on() {
    let (client, mut provider) = (party(1), Provider::new(10));
    let mut chain = Chain::from_doc(committee(&[(&client, 1000), (&provider.party, 1000)]));
    provider.register(&mut chain, CAPACITY);
    let piece = provider.store(&[5; 3000]);
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap();
    let fixed = newest(&chain).0;
    chain.carries = false;
    for _ in 0..5 {
        chain.block(1000, &[]).unwrap();
        assert_eq!(chain.deal(id).challenge, None, "however many blocks come without a round");
    }
    chain.carries = true;
    chain.block(1000, &[]).unwrap();
    assert_eq!(chain.deal(id).challenge, None);
    let receipts = chain.block(1000, &[]).unwrap();
    assert_eq!(newest(&chain).0, fixed + SEED_LAG);
    let expected = Seed::derive("depin-sector-challenge", &[&newest(&chain).1.get(), &id.get()]);
    assert_eq!(chain.deal(id).challenge, Some(expected));
    let told = receipts.iter().flat_map(|receipt| &receipt.events).any(
        |event| matches!(event, Event::Service(depin_services::ServiceEvent::Storage(StorageEvent::SectorChallenged { deal, .. })) if *deal == id),
    );
    assert!(told);
}

/// What a proposer does with a block.
#[derive(Clone, Copy, Debug)]
struct Does {
    carries: bool,
    reports: bool,
    millis: u64,
}

fn does() -> impl Strategy<Value = Does> {
    (any::<bool>(), any::<bool>(), 1..40_000u64).prop_map(|(carries, reports, millis)| Does { carries, reports, millis })
}

/// Runs a chain; its rounds with their seeds by height, and its blocks.
fn run(doc: &GenesisDoc, blocks: &[Does]) -> (Vec<(u64, Seed)>, Chain) {
    let (mut chain, mut rounds, mut number) = (Chain::from_doc(doc.clone()), Vec::new(), 0);
    for Does { carries, reports, millis } in blocks.iter().copied() {
        number += 1;
        let transactions = if reports { vec![chain.tx(&party(902), report(number))] } else { Vec::new() };
        chain.carries = carries;
        chain.block(millis, &transactions).unwrap();
        rounds.push(newest(&chain));
    }
    (rounds, chain)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever blocks do, rounds rise by one at most, their seeds never change, the newest are kept and no more than there may be,
    /// and running the blocks again gives the same.
    #[test]
    fn rounds_rise_by_one_and_running_again_gives_the_same(
        together: bool,
        with_reporter: bool,
        blocks in prop::collection::vec(does(), 1..30),
    ) {
        let start = [(&party(902), 10)];
        let start = if together { committee(&start) } else { doc(&start) };
        let start = if with_reporter { reported(start) } else { start };
        let (rounds, chain) = run(&start, &blocks);
        for (height, pair) in rounds.windows(2).enumerate() {
            let ((before, seed), (after, next)) = (pair[0], pair[1]);
            prop_assert!(after == before && seed == next || after == before + 1 && seed != next, "block {}", height + 2);
        }
        let kept: Vec<(u64, Seed)> =
            chain.ledger.read(|state| state.rows::<SeedRow>().map(|(round, row)| (round, row.seed)).collect());
        let mut known = rounds.clone();
        known.dedup();
        known.retain(|(round, _)| *round > 0);
        prop_assert_eq!(kept, known);
        chain.audit_holds();
        let again = Ledger::new(start, std::sync::Arc::new(Ed25519)).unwrap();
        for (env, encoded, writes) in &chain.blocks {
            let outcome = again.run(env, encoded, true).unwrap();
            prop_assert!(outcome.writes == *writes);
            let digest = UnitId::derive("again", &[&env.height().to_be_bytes()]).get();
            let digest = chain.blocks.get(env.height() as usize).map_or(digest, |(next, ..)| next.parent.digest);
            again.keep(digest, env, &outcome);
            again.finalize(digest, env.height()).unwrap();
        }
        prop_assert_eq!(again.chance(), chain.ledger.chance());
    }
}

/// Seeds of long ago are forgotten.
#[test]
fn so_many_seeds_are_kept_and_no_more() {
    let mut chain = Chain::from_doc(committee(&[]));
    for _ in 0..depin_economy::SEEDS_KEPT + 20 {
        chain.block(1000, &[]).unwrap();
    }
    let kept = chain.ledger.read(|state: &dyn ReadState| state.rows::<SeedRow>().count());
    assert_eq!(kept as u64, depin_economy::SEEDS_KEPT);
}
