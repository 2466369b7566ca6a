//! What an attacker gains who tries to steer which leaves of its data are asked for.
//!
//! It keeps three quarters of a sector and hopes to be asked for those only: five challenges, so (3/4)^5, 23.7 % of the time. It
//! proposes every block, orders and drops transactions as it likes, chooses the time, leaves the committee's round out where that
//! helps, and lets its own acceptance wait for a block that promises luck. What it knows is what it could know: the committee signs the
//! next round when the round before is in a final block, and not sooner.

mod common;
use common::*;
use depin_economy::Action;
use depin_ledger::*;
use depin_quantity::{Name, Seed, UnitId, Units};
use depin_services::storage::{Deal, StorageMessage, sector_challenges};

/// Sectors that the attacker tries with, and blocks that it can choose among at each height.
const SECTORS: u64 = 160;
const CHOICES: u64 = 12;
/// Blocks for which it lets an acceptance wait.
const PATIENCE: u64 = 12;
/// `(3/4)^5` of the sectors.
const EXPECTED: f64 = SECTORS as f64 * 243.0 / 1024.0;
/// Four standard deviations of as many independent trials: an honest rule fails this once in 30,000 series of seeds; here they are fixed.
const BOUND: f64 = 4.0 * 5.38;

/// Whether a seed asks for the leaves that the attacker kept, and for no other.
fn lucky(seed: Seed, id: UnitId, deal: &Deal) -> bool {
    let leaves = deal.size.leaves();
    let seed = Seed::derive("depin-sector-challenge", &[&seed.get(), &id.get()]);
    sector_challenges(seed, id, deal.size, 5).into_iter().all(|leaf| leaf < leaves / 4 * 3)
}

/// What the committee signs: for the attacker a value out of nothing, until it is signed.
fn signed(round: u64) -> [u8; 32] {
    UnitId::derive("test-beacon", &[&round.to_be_bytes()]).get()
}

/// The seed after one that the committee signs so.
fn after(seed: Seed, round: u64) -> Seed {
    Seed::derive("depin-chance-committee", &[&seed.get(), &signed(round)])
}

/// The rule of before: the next seed is the hash of the last and of the digest of the block.
fn by_digest(seed: Seed, digest: [u8; 32]) -> Seed {
    Seed::derive("depin-block-seed", &[&seed.get(), &digest])
}

struct Attack {
    chain: Chain,
    attacker: Provider,
    others: [Party; 2],
}

impl Attack {
    fn new() -> Self {
        let (client, attacker, others) = (party(1), Provider::new(10), [party(2), party(3)]);
        let start = doc(&[(&client, 1000), (&attacker.party, 1000), (&others[0], 1000), (&others[1], 1000)]);
        let validators = (11..=14).map(|seed| party(seed).public).collect();
        let start = GenesisDoc { validators, beacon: Some(b"the committee's key".to_vec()), ..start };
        let mut attack = Self { chain: Chain::from_doc(start), attacker, others };
        attack.attacker.register(&mut attack.chain, CAPACITY);
        attack
    }

    /// A sector that is proposed and not taken yet.
    fn sector(&mut self, n: u64) -> (UnitId, Deal) {
        let piece = self.attacker.store(&[n.to_be_bytes(); 512].concat());
        let id = propose(&mut self.chain, &party(1), proposal(&self.attacker, piece)).unwrap();
        (id, self.chain.deal(id))
    }

    /// The blocks that it can make now, with and without its acceptance of a sector, each with its digest.
    fn choices(&mut self, accept: Option<UnitId>) -> Vec<(BlockEnv, Vec<Vec<u8>>, [u8; 32])> {
        self.chain.forget_nonces();
        let fill: Vec<_> = (0..2).map(|n| self.pay(n)).collect();
        let own = accept
            .map(|id| self.chain.tx(&self.attacker.party, Message::service(StorageMessage::AcceptDeals(vec![id]))).encode());
        let choice = |n: u64| {
            let mut body = fill.clone();
            if n % 2 == 1 {
                body.reverse();
            }
            body.truncate(usize::try_from(n / 2 % 3).unwrap());
            body.extend(own.clone());
            let env = self.chain.env(1_000 + n);
            let digest = UnitId::derive("block", &[&env.parent.digest, &body.concat(), &env.stamp.wall.to_be_bytes()]).get();
            (env, body, digest)
        };
        (0..CHOICES).map(choice).collect()
    }

    fn pay(&mut self, n: usize) -> Vec<u8> {
        let (from, to) = (&self.others[n], self.others[1 - n].address);
        let message = Message::Act(Action::Transfer { to, token: Name::literal("FIL"), amount: Units::new(1) });
        self.chain.tx(from, message).encode()
    }

    fn make(&mut self, (env, body, digest): (BlockEnv, Vec<Vec<u8>>, [u8; 32])) {
        let outcome = self.chain.ledger.run(&env, &body, true).unwrap();
        self.chain.ledger.keep(digest, &env, &outcome);
        self.chain.ledger.finalize(digest, env.height()).unwrap();
        self.chain.parent = Parent { digest, height: env.height(), stamp: env.stamp };
    }

    /// Waits for a block in which its acceptance looks lucky by what it knows, then makes the others as it likes best. Gives whether
    /// it is asked for what it kept.
    ///
    /// It cannot know the seed that will judge it; the best that it can do is to act by the seed of the round that it does know.
    fn against_the_committee(&mut self, n: u64) -> bool {
        let (id, deal) = self.sector(n);
        for _ in 0..PATIENCE {
            let row = self.chain.ledger.chance();
            let known = after(row.seed, row.round + 1);
            if lucky(known, id, &deal) {
                break;
            }
            let empty = self.choices(None).swap_remove(0);
            self.make(empty);
        }
        // Without the round that it knows, so that the seed that it hopes for is still to come.
        self.chain.carries = false;
        let accept = self.choices(Some(id)).swap_remove(0);
        self.make(accept);
        self.chain.carries = true;
        for _ in 0..depin_economy::SEED_LAG {
            let choices = self.choices(None);
            let rounds: Vec<_> = choices.iter().map(|choice| self.seen_after(choice)).collect();
            assert!(rounds.windows(2).all(|pair| pair[0] == pair[1]), "no choice gives another seed");
            self.make(choices.into_iter().next_back().unwrap());
        }
        let drawn = self.chain.deal(id).challenge.expect("two rounds on the challenge is drawn");
        sector_challenges(drawn, id, deal.size, 5).into_iter().all(|leaf| leaf < deal.size.leaves() / 4 * 3)
    }

    /// The newest seed, were this block made.
    fn seen_after(&self, (env, body, _): &(BlockEnv, Vec<Vec<u8>>, [u8; 32])) -> Option<Vec<u8>> {
        let outcome = self.chain.ledger.run(env, body, true).unwrap();
        let key = depin_state::row_key::<ChanceRow>(&());
        outcome.writes.iter().find(|(written, _)| **written == *key).and_then(|(_, value)| value.map(<[u8]>::to_vec))
    }

    /// The same attacker where the block after the acceptance draws by the digest of the block before.
    fn against_the_old_rule(&mut self, n: u64, seed: &mut Seed) -> bool {
        let (id, deal) = self.sector(n);
        let mut choices = self.choices(Some(id));
        let best = choices.iter().position(|(.., digest)| lucky(by_digest(*seed, *digest), id, &deal)).unwrap_or(0);
        let chosen = choices.swap_remove(best);
        *seed = by_digest(*seed, chosen.2);
        let won = lucky(*seed, id, &deal);
        self.make(chosen);
        won
    }

    /// The same attacker where the round after the acceptance judged it: the one that it knows.
    fn against_one_round(&mut self, n: u64) -> bool {
        let (id, deal) = self.sector(n);
        for _ in 0..PATIENCE {
            let row = self.chain.ledger.chance();
            if lucky(after(row.seed, row.round + 1), id, &deal) {
                return true;
            }
            let empty = self.choices(None).swap_remove(0);
            self.make(empty);
        }
        false
    }
}

#[test]
fn whoever_proposes_every_block_gains_nothing_from_order_from_dropping_and_from_waiting() {
    let mut attack = Attack::new();
    let won = (0..SECTORS).filter(|n| attack.against_the_committee(*n)).count() as f64;
    println!("against the committee: {won} of {SECTORS}, {EXPECTED} by luck alone");
    assert!((won - EXPECTED).abs() <= BOUND, "{won} of {SECTORS}, {EXPECTED} by luck alone");
    attack.chain.audit_holds();
}

#[test]
fn the_same_attacker_steers_seeds_that_come_from_digests() {
    let (mut attack, mut seed) = (Attack::new(), Seed::default());
    let won = (0..SECTORS).filter(|n| attack.against_the_old_rule(*n, &mut seed)).count() as f64;
    println!("where digests draw: {won} of {SECTORS}");
    assert!(won > EXPECTED + 3.0 * BOUND, "{won} of {SECTORS}, {EXPECTED} by luck alone");
}

#[test]
fn the_same_attacker_would_win_if_the_next_round_judged() {
    let mut attack = Attack::new();
    let won = (0..SECTORS).filter(|n| attack.against_one_round(*n)).count() as f64;
    println!("where the next round judges: {won} of {SECTORS}");
    assert!(won > EXPECTED + 3.0 * BOUND, "{won} of {SECTORS}, {EXPECTED} by luck alone");
}

#[test]
fn the_bound_is_four_standard_deviations() {
    let deviation = (EXPECTED * (1.0 - 243.0 / 1024.0)).sqrt();
    assert!((BOUND - 4.0 * deviation).abs() < 0.1, "{deviation}");
}
