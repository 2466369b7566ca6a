//! Votes in blocks: who is counted as missing, what that costs, and what a double vote costs.

mod common;
use common::*;
use depin_economy::{Action, Event as Economy};
use depin_ledger::*;
use depin_quantity::{Address, Units};
use std::sync::Arc;

/// Validators of the chain.
const FOUR: [u64; 4] = [11, 12, 13, 14];
/// Blocks that the staking looks at, and how many of them may be missed.
const LOOKED_AT: u64 = 10;

/// Signatures as in the other tests; a vote is `validator, view, what was voted for`, each in a byte.
struct Votes;

impl Signatures for Votes {
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool {
        Ed25519.verify_all(items)
    }

    fn double_vote(&self, chain_id: &str, validators: &[[u8; 32]], first: &[u8], second: &[u8]) -> Result<DoubleVote, String> {
        assert_eq!(chain_id, "test-chain");
        match (first, second) {
            ([a, view, one], [b, other_view, other]) if (a, view) == (b, other_view) && one != other => {
                Ok(DoubleVote { validator: validators[usize::from(*a)], view: u64::from(*view) })
            }
            _ => Err("the votes do not exclude each other".to_owned()),
        }
    }
}

/// A chain of four validators, each with a stake of 100 FIL, and the votes that its blocks carry.
struct World {
    chain: Chain,
    /// Digests of all blocks, by height.
    digests: Vec<[u8; 32]>,
}

fn four() -> Vec<Party> {
    FOUR.into_iter().map(party).collect()
}

fn document(validators: &[Party]) -> GenesisDoc {
    let staking = format!(
        "\n[incentive.staking.validators]\ntoken = \"FIL\"\nunbonding = \"21d\"\ncommission-least = \"5%\"\nmost-validators = 64\n\
         entries-most = 7\nslash = {{ double-sign = \"5%\", downtime = \"0.01%\" }}\n\
         liveness = {{ window = {LOOKED_AT}, signed-least = \"50%\", jail = \"10m\" }}\nsource = \"test\"\n"
    );
    let funded: Vec<(&Party, u128)> = validators.iter().map(|party| (party, 1_000)).collect();
    GenesisDoc {
        network_toml: NETWORK.to_owned() + &staking,
        validators: validators.iter().map(|party| party.public).collect(),
        beacon: (validators.len() > 1).then(|| b"the committee's key".to_vec()),
        ..doc(&funded)
    }
}

impl World {
    fn new() -> Self {
        Self::of(document(&four()))
    }

    fn of(doc: GenesisDoc) -> Self {
        let ledger = Ledger::new(doc, Arc::new(Votes)).expect("the document starts a chain");
        let mut world = Self { chain: Chain::from_ledger(ledger), digests: vec![[0; 32]] };
        world.block(&[], &[]).unwrap();
        for validator in four() {
            let create = Action::CreateValidator {
                staking: name("validators"),
                commission: "10%".parse().unwrap(),
                stake: Units::new(100 * FIL),
            };
            let transaction = world.chain.tx(&validator, Message::Act(create));
            world.block(&[], &[transaction]).unwrap();
        }
        world
    }

    fn block(&mut self, votes: &[Attested], transactions: &[Transaction]) -> Result<Vec<Receipt>, RunError> {
        let receipts = self.chain.voted_block(1_000, votes, transactions)?;
        self.digests.push(self.chain.parent.digest);
        Ok(receipts)
    }

    fn height(&self) -> u64 {
        self.chain.parent.height
    }

    fn votes(&self, height: u64, certified: bool, signers: &[u64]) -> Attested {
        let signers = signers.iter().map(|seed| party(*seed).public).collect();
        Attested { height, digest: self.digests[height as usize], certified, signers }
    }

    /// A block with the certificate of its parent, signed by these.
    fn signed_by(&mut self, signers: &[u64]) -> Vec<Receipt> {
        let votes = self.votes(self.height(), true, signers);
        self.block(&[votes], &[]).unwrap()
    }

    fn spendable(&self, seed: u64) -> Units {
        self.chain.ledger.read(|state| depin_economy::wallet(state, party(seed).address, name("FIL")).held)
    }

    fn validator(&self, seed: u64) -> depin_economy::ValidatorNow {
        let (time, address) = (self.chain.parent.stamp.time, party(seed).address);
        let ledger = &self.chain.ledger;
        ledger.read(|state| ledger.economy().reads(state, time).validator(name("validators"), address).unwrap())
    }

    fn twice(&mut self, sender: u64, validator: u8, view: u8) -> Result<Vec<Event>, Failure> {
        self.evidence(sender, vec![validator, view, 1], vec![validator, view, 2])
    }

    fn evidence(&mut self, sender: u64, first: Vec<u8>, second: Vec<u8>) -> Result<Vec<Event>, Failure> {
        let message = Message::SignedTwice { first, second };
        let transaction = self.chain.tx(&party(sender), message);
        let receipts = self.block(&[], &[transaction]).unwrap();
        let own = receipts.into_iter().find_map(|receipt| match receipt.body {
            ReceiptBody::Transaction { failure, .. } => Some(failure.map_or(Ok(receipt.events), Err)),
            _ => None,
        });
        own.expect("the block holds a receipt of its transaction")
    }
}

/// Who was slashed, and by how much.
fn slashes<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<(Address, u128)> {
    let slash = |event: &Event| match event {
        Event::Economy(Economy::StakeSlashed { validator, amount, .. }) => Some((*validator, amount.get())),
        _ => None,
    };
    events.into_iter().filter_map(slash).collect()
}

#[test]
fn a_stopped_validator_is_jailed_by_the_networks_rule_comes_back_and_is_counted_again() {
    let mut world = World::new();
    for _ in 0..2 * LOOKED_AT {
        world.signed_by(&FOUR);
    }
    assert_eq!(FOUR.map(|seed| world.validator(seed).missed), [0; 4]);

    // The fourth stops. Its first miss counts when the ballot closes.
    let mut slashed = Vec::new();
    for block in 1..=WINDOW + LOOKED_AT {
        let receipts = world.signed_by(&FOUR[..3]);
        if block < WINDOW {
            assert_eq!(world.validator(14).missed, 0, "a late vote may still come");
        }
        slashed.extend(slashes(receipts.iter().flat_map(|receipt| &receipt.events)));
    }
    assert_eq!(slashed, [(party(14).address, FIL / 100)], "0.01 % of the stake, once");
    let fourth = world.validator(14);
    assert!(fourth.jailed_until.is_some() && !fourth.bonded && !fourth.tombstoned, "{fourth:?}");
    assert_eq!([11, 12, 13].map(|seed| world.validator(seed).missed), [0; 3]);

    // It comes back as soon as its term is over: ballots of blocks that it missed are open, more than it may miss.
    let term = fourth.jailed_until.unwrap().get();
    let mut away = 0;
    while world.chain.parent.stamp.time.get() < term {
        world.chain.speed = 450;
        world.signed_by(&FOUR[..3]);
        away += 1;
    }
    assert!(away < WINDOW);
    world.chain.speed = 1;
    let unjail = world.chain.tx(&party(14), Message::Act(Action::Unjail { staking: name("validators") }));
    let votes = world.votes(world.height(), true, &FOUR);
    world.block(&[votes], &[unjail]).unwrap();
    let back = world.validator(14);
    assert!(back.bonded);
    for _ in 0..WINDOW + LOOKED_AT {
        world.signed_by(&FOUR);
        let now = world.validator(14);
        assert_eq!((now.missed, now.bonded, now.stake), (0, true, back.stake), "it owes no block from before");
    }

    // From then on it owes each. It misses one.
    world.signed_by(&FOUR[..3]);
    for _ in 0..WINDOW {
        world.signed_by(&FOUR);
    }
    assert_eq!(world.validator(14).missed, 1);
    world.chain.audit_holds();
}

#[test]
fn a_late_vote_counts_until_the_ballot_closes() {
    let mut world = World::new();
    for _ in 0..2 * LOOKED_AT {
        world.signed_by(&FOUR);
    }
    // Every certificate lacks the fourth, and every vote of it comes in the last block in which it counts.
    for block in 0..WINDOW + 2 * LOOKED_AT {
        let mut votes = vec![world.votes(world.height(), true, &FOUR[..3])];
        if block >= WINDOW - 1 {
            votes.push(world.votes(world.height() + 1 - WINDOW, false, &[14]));
        }
        world.block(&votes, &[]).unwrap();
    }
    assert_eq!(world.validator(14).missed, 0);
    assert!(world.validator(14).bonded);
}

#[test]
fn a_block_without_a_certificate_of_its_own_is_counted_for_nobody() {
    let mut world = World::new();
    for _ in 0..WINDOW + 3 * LOOKED_AT {
        world.block(&[], &[]).unwrap();
    }
    assert_eq!(FOUR.map(|seed| world.validator(seed).missed), [0; 4]);
}

#[test]
fn votes_for_no_ancestor_too_old_ones_and_repeated_ones_make_a_block_invalid() {
    let mut world = World::new();
    for _ in 0..WINDOW {
        world.block(&[], &[]).unwrap();
    }
    let (height, three) = (world.height(), &FOUR[..3]);
    let (first, last) = (height + 1 - WINDOW, height);
    let refused = |world: &mut World, votes: &[Attested]| match world.block(votes, &[]) {
        Err(RunError::Votes(reason)) => reason,
        other => panic!("{votes:?} gave {other:?}"),
    };
    let own = world.votes(last, true, three);
    for outside in [first - 1, last + 1, u64::MAX, 0] {
        let votes = Attested { height: outside, ..own.clone() };
        assert_eq!(refused(&mut world, &[votes]), VoteError::Height { height: outside, first, last });
    }
    // The oldest that counts, under the digest of another.
    let other = Attested { height: first, ..own.clone() };
    assert_eq!(refused(&mut world, &[other]), VoteError::OtherBlock(first));
    let late = world.votes(last, false, &[14]);
    assert_eq!(refused(&mut world, std::slice::from_ref(&late)), VoteError::Uncertified(last));
    assert_eq!(refused(&mut world, &[own.clone(), own.clone()]), VoteError::Repeated(last));
    assert_eq!(refused(&mut world, &[own.clone(), late.clone(), late.clone()]), VoteError::Counted(last));
    let stranger = world.votes(last, true, &[15]);
    assert_eq!(refused(&mut world, &[stranger]), VoteError::Stranger(last));
    // None of this left a trace: the same votes in order are good, once.
    world.block(&[own.clone(), late.clone()], &[]).unwrap();
    assert_eq!(refused(&mut world, &[own]), VoteError::Repeated(last));
    assert_eq!(refused(&mut world, &[late]), VoteError::Counted(last));
}

#[test]
fn a_network_that_looks_at_no_votes_takes_none_and_waits_for_none() {
    let mut world = World::of(GenesisDoc { network_toml: NETWORK.to_owned(), ..document(&four()) });
    assert_eq!(world.chain.ledger.awaited(&world.chain.parent).unwrap(), []);
    let votes = world.votes(world.height(), true, &FOUR);
    assert!(matches!(world.block(&[votes], &[]), Err(RunError::Votes(VoteError::Unwanted))));
    let refused = world.twice(11, 0, 2).unwrap_err();
    assert_eq!(refused.code, "no-staking");
}

#[test]
fn a_chain_with_more_validators_than_its_staking_bonds_does_not_start() {
    let mut doc = document(&four());
    doc.network_toml = doc.network_toml.replace("most-validators = 64", "most-validators = 3");
    let wrong = doc.check().unwrap_err();
    assert!(matches!(wrong, GenesisError::TooManyValidators { given: 4, most: 3, .. }), "{wrong}");
}

#[test]
fn what_is_awaited_is_what_counts() {
    let mut world = World::new();
    for _ in 0..WINDOW {
        world.block(&[], &[]).unwrap();
    }
    let height = world.height();
    let (certificate, late) = (world.votes(height, true, &FOUR[..3]), world.votes(height, false, &[14]));
    world.block(&[certificate], &[]).unwrap();
    let awaited = world.chain.ledger.awaited(&world.chain.parent).unwrap();
    let heights: Vec<u64> = awaited.iter().map(|ancestor| ancestor.height).collect();
    assert_eq!(heights, (height + 2 - WINDOW..=height + 1).collect::<Vec<_>>());
    let open = &awaited[awaited.len() - 2];
    assert!(open.certified && open.digest == late.digest);
    assert_eq!(open.signed, FOUR[..3].iter().map(|seed| party(*seed).public).collect::<Vec<_>>());
    for ancestor in awaited.iter().filter(|ancestor| ancestor.height != height) {
        assert!(!ancestor.certified && ancestor.signed.is_empty());
        assert_eq!(ancestor.digest, world.digests[ancestor.height as usize]);
    }
}

#[test]
fn a_double_vote_is_slashed_once_and_refused_the_second_time() {
    let mut world = World::new();
    let events = world.twice(11, 3, 3).unwrap();
    assert_eq!(slashes(&events), [(party(14).address, 5 * FIL)], "5 % of the stake");
    let fourth = world.validator(14);
    assert!(fourth.tombstoned && !fourth.bonded);
    // The same votes, and other votes of the same validator, from anybody.
    for (sender, view) in [(11, 3), (12, 3), (12, 4)] {
        let refused = world.twice(sender, 3, view).unwrap_err();
        assert_eq!(refused.code, "economy", "{refused:?}");
    }
    // The same two the other way round: whoever shows them pays the fee and gets nothing for it.
    let before = world.spendable(12);
    let refused = world.evidence(12, vec![3, 3, 2], vec![3, 3, 1]).unwrap_err();
    assert!(refused.code == "economy" && world.spendable(12) < before, "{refused:?}");
    assert_eq!(world.validator(14).stake, fourth.stake);
    world.chain.audit_holds();
}

#[test]
fn a_double_vote_needs_two_votes_of_a_view_that_was_and_is_not_too_long_ago() {
    let mut world = World::new();
    let message = Message::SignedTwice { first: vec![3, 3, 1], second: vec![3, 4, 2] };
    let transaction = world.chain.tx(&party(11), message);
    let receipts = world.block(&[], &[transaction]).unwrap();
    let failure = receipts.iter().find_map(|receipt| match &receipt.body {
        ReceiptBody::Transaction { failure, .. } => failure.clone(),
        _ => None,
    });
    assert_eq!(failure.expect("it fails").code, "no-double-vote");
    let ahead = u8::try_from(world.height() + 2).unwrap();
    assert_eq!(world.twice(11, 3, ahead).unwrap_err().code, "vote-ahead");
    // Three weeks and two hours later view 3 is nobody's business any more.
    let end = world.chain.parent.stamp.time.get() + (21 * 24 + 2) * 3_600_000;
    world.chain.speed = 450;
    while world.chain.parent.stamp.time.get() < end {
        world.block(&[], &[]).unwrap();
    }
    assert_eq!(world.twice(11, 3, 3).unwrap_err().code, "vote-too-old");
    assert!(!world.validator(14).tombstoned);
}
