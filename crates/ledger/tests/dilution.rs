//! Whoever lost a part of a client's bytes is caught by that part alone, whatever else the provider holds.

mod common;
use common::*;
use depin_ledger::*;
use depin_quantity::{Address, Instant, Seed, UnitId, Units};
use depin_services::storage::{
    Challenged, DataSet, Proposal, SectorProof, StorageMessage, Window,
    piece::{Commitment, LeafProof, PieceSize},
    read, window_challenges,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Leaves that a window asks for, in the network's file.
const LEAVES: u32 = 5;
/// Windows that are drawn to find how often a loss is caught.
const WINDOWS: u32 = 4_000;
/// 10^-9 FIL, the least that a byte of rows costs.
const NANO: u128 = 1_000_000_000;
/// 2^35 bytes: 32 GiB.
const LARGEST: u32 = 35;

fn size(shift: u32) -> PieceSize {
    PieceSize::new(1 << shift).unwrap()
}

/// A proof of any leaf of a piece of zeros, which is made without a byte of it.
fn of_zeros(size: PieceSize) -> LeafProof {
    let (mut node, mut path) = ([0; 32], Vec::new());
    for _ in 0..(size.get() / 32).ilog2() {
        path.push(node);
        node = Sha256::digest([node, node].concat()).into();
        node[31] &= 0x3f;
    }
    assert_eq!(&node, Commitment::of_zeros(size).as_bytes());
    LeafProof { leaf: [0; 32], path }
}

/// A provider and clients with more than enough of everything. The provider is its own client, too.
struct World {
    chain: Chain,
    provider: Provider,
    clients: Vec<Party>,
}

impl World {
    fn new(clients: u64) -> Self {
        Self::of(NETWORK.to_owned(), clients)
    }

    fn of(network_toml: String, clients: u64) -> Self {
        let (provider, clients) = (Provider::new(10), (0..clients).map(|n| party(100 + n)).collect::<Vec<_>>());
        let mut accounts = vec![(&provider.party, 1_000_000)];
        accounts.extend(clients.iter().map(|client| (client, 1_000)));
        let mut chain = Chain::from_doc(GenesisDoc { network_toml, ..doc(&accounts) });
        provider.register(&mut chain, 1 << 42);
        Self { chain, provider, clients }
    }

    fn propose(&mut self, client: Option<usize>, piece: (Commitment, PieceSize)) -> UnitId {
        let client = client.map_or(&self.provider.party, |n| &self.clients[n]);
        let deal = Proposal { term: 20 * 2880, price: Units::new(1), ..proposal(&self.provider, piece) };
        propose(&mut self.chain, client, deal).expect("proposed")
    }

    /// Takes deals and proves them in this order.
    fn activate(&mut self, ids: &[UnitId]) {
        for part in ids.chunks(16) {
            self.chain.storage(&self.provider.party, StorageMessage::AcceptDeals(part.to_vec())).expect("accepted");
            self.chain.draw();
            let proofs = part.iter().map(|id| self.sector_proof(*id)).collect();
            self.chain.storage(&self.provider.party, StorageMessage::ProveSectors(proofs)).expect("proven");
        }
    }

    fn sector_proof(&self, id: UnitId) -> SectorProof {
        let deal = self.chain.deal(id);
        if deal.piece == Commitment::of_zeros(deal.size) {
            return SectorProof { deal: id, leaves: vec![of_zeros(deal.size); LEAVES as usize] };
        }
        self.provider.sector_proof(id, &deal)
    }

    fn sets(&self) -> Vec<(u32, DataSet)> {
        self.chain.ledger.read(|state| read::sets(state, self.address()).collect())
    }

    fn address(&self) -> Address {
        self.provider.party.address
    }

    /// Answers each window in which none of the `lost` deals is asked for.
    fn answer_without(&mut self, lost: &BTreeSet<UnitId>) {
        for (number, set) in self.sets() {
            let Some(window) = set.window.filter(|window| !window.proven) else { continue };
            let asked = window_challenges(self.address(), number, &window, LEAVES);
            if asked.iter().any(|(sector, _)| lost.contains(&window.sectors[*sector].deal)) {
                continue;
            }
            let leaves = asked.into_iter().map(|(sector, _)| of_zeros(window.sectors[sector].size)).collect();
            self.chain.storage(&self.provider.party, StorageMessage::ProveSet { set: number, leaves }).expect("proven");
        }
    }

    fn end(&mut self, client: usize, id: UnitId) {
        self.chain.storage(&self.clients[client], StorageMessage::EndDeals(vec![id])).expect("asked");
        self.chain.storage(&self.provider.party, StorageMessage::AgreeEnds(vec![id])).expect("agreed");
    }
}

/// The sectors that a window of these asks for, restated: the documented draw, and a walk through the sectors in order.
fn asked(provider: Address, number: u32, window: &Window) -> Vec<usize> {
    let set = UnitId::derive("depin-data-set", &[&provider.get(), &number.to_be_bytes()]).get();
    let total: u128 = window.sectors.iter().map(|sector| u128::from(sector.size.get() / 32)).sum();
    let draw = |i: u32| {
        let message = [&b"depin storage possession challenge v1"[..], &window.seed.get(), &set, &i.to_be_bytes()].concat();
        let head: [u8; 16] = Sha256::digest(message)[..16].try_into().unwrap();
        let mut leaf = u128::from_be_bytes(head) % total;
        window.sectors.iter().position(|sector| {
            let leaves = u128::from(sector.size.get() / 32);
            let here = leaf < leaves;
            leaf = leaf.saturating_sub(leaves);
            here
        })
    };
    (0..LEAVES).map(|i| draw(i).expect("a leaf of the set")).collect()
}

/// How often of `windows` a leaf of a lost deal is asked for, in any of the data sets.
fn caught(world: &World, lost: &BTreeSet<UnitId>, windows: u32) -> f64 {
    let sets: Vec<_> = world.sets().into_iter().filter(|(_, set)| set.sectors.iter().any(|id| lost.contains(id))).collect();
    let mut windows_of: Vec<(u32, Window)> = Vec::new();
    for (number, set) in sets {
        let sector = |id: &UnitId| {
            let deal = world.chain.deal(*id);
            Challenged { deal: *id, piece: deal.piece, size: deal.size, skipped: false }
        };
        let sectors = set.sectors.iter().map(sector).collect();
        let (opened, closes) = (Instant::new(0), Instant::new(1));
        windows_of.push((number, Window { seed: Seed::new([0; 32]), opened, closes, sectors, proven: false }));
    }
    let mut hits = 0;
    for n in 0..windows {
        let mut hit = false;
        for (number, window) in &mut windows_of {
            window.seed = Seed::derive("test-window", &[&n.to_be_bytes()]);
            let sectors = asked(world.address(), *number, window);
            if n < 20 {
                let drawn = window_challenges(world.address(), *number, window, LEAVES);
                assert_eq!(drawn.iter().map(|(sector, _)| *sector).collect::<Vec<_>>(), sectors);
            }
            hit |= sectors.into_iter().any(|sector| lost.contains(&window.sectors[sector].deal));
        }
        hits += u32::from(hit);
    }
    f64::from(hits) / f64::from(windows)
}

const STRANGERS: usize = 4;

/// A deal of a stranger, or of the provider with itself: whose, and how large.
fn other() -> impl Strategy<Value = (Option<usize>, u32)> {
    let who = prop_oneof![Just(None), (1..=STRANGERS).prop_map(Some)];
    (who, prop_oneof![7..LARGEST, Just(LARGEST)])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// With a fraction a of a client's bytes lost, 1 - (1 - a)^5 of the windows ask for a leaf of them: within five standard deviations.
    #[test]
    fn who_lost_a_part_of_a_clients_bytes_is_caught_by_that_part_alone(
        own in prop::collection::vec((7..14u32, any::<bool>()), 1..12),
        others in prop::collection::vec(other(), 0..10),
        order in any::<u64>(),
    ) {
        let mut world = World::new(1 + STRANGERS as u64);
        let (mut ids, mut lost, mut bytes, mut gone) = (Vec::new(), BTreeSet::new(), 0, 0);
        for (n, (shift, is_lost)) in own.into_iter().enumerate() {
            let id = world.propose(Some(0), (Commitment::of_zeros(size(shift)), size(shift)));
            bytes += 1u64 << shift;
            if is_lost || n == 0 {
                gone += 1u64 << shift;
                lost.insert(id);
            }
            ids.push(id);
        }
        for (who, shift) in others {
            ids.push(world.propose(who, (Commitment::of_zeros(size(shift)), size(shift))));
        }
        ids.sort_by_key(|id| UnitId::derive("test-order", &[&order.to_be_bytes(), &id.get()]));
        world.activate(&ids);
        let found = caught(&world, &lost, WINDOWS);
        let due = 1.0 - (1.0 - gone as f64 / bytes as f64).powi(LEAVES as i32);
        let slack = 5.0 * (due * (1.0 - due) / f64::from(WINDOWS)).sqrt() + 1e-9;
        prop_assert!((found - due).abs() <= slack, "{gone} of {bytes} bytes: {found} instead of {due}");
        world.chain.audit_holds();
    }
}

/// The bytes of one client are gone; 32 GiB of zeros of the provider's own, which no disk holds, answer for themselves alone.
#[test]
fn a_providers_own_deals_over_zeros_answer_for_no_client() {
    let mut world = World::new(2);
    let piece = world.provider.store(&[7; 100_000]);
    let zeros = (Commitment::of_zeros(size(LARGEST)), size(LARGEST));
    let (self_deal, victim, sybil) = (world.propose(None, zeros), world.propose(Some(0), piece), world.propose(Some(1), zeros));
    world.activate(&[self_deal, victim, sybil]);
    let lost = BTreeSet::from([victim]);
    let until = world.chain.parent.stamp.time.get() + (2880 + 60) * EPOCH_MS;
    while world.chain.parent.stamp.time.get() < until {
        world.chain.pass(10, |_| ());
        world.answer_without(&lost);
    }
    let state = |id: UnitId| world.chain.deal(id).state.name();
    assert_eq!([self_deal, victim, sybil].map(state), ["active", "faulty", "active"]);
    world.chain.audit_holds();
}

#[test]
fn a_data_set_ends_with_its_last_sector_and_another_begins_with_the_next() {
    let mut world = World::new(2);
    let zeros = (Commitment::of_zeros(size(7)), size(7));
    let ids = [world.propose(Some(0), zeros), world.propose(Some(1), zeros)];
    world.activate(&ids);
    let held = |world: &World| -> Vec<_> { world.sets().into_iter().map(|(number, set)| (number, set.sectors)).collect() };
    assert_eq!(held(&world), [(0, vec![ids[0]]), (1, vec![ids[1]])]);
    world.end(0, ids[0]);
    assert_eq!(held(&world), [(0, vec![]), (1, vec![ids[1]])], "it takes deals of its client until its next window is due");
    let again = world.propose(Some(0), zeros);
    world.activate(&[again]);
    assert_eq!(held(&world)[0], (0, vec![again]));
    world.end(0, again);
    for _ in 0..294 {
        world.chain.pass(10, |_| ());
        world.answer_without(&BTreeSet::new());
    }
    assert_eq!(held(&world), [(1, vec![ids[1]])]);
    let last = world.propose(Some(0), zeros);
    world.activate(&[last]);
    assert_eq!(held(&world), [(1, vec![ids[1]]), (2, vec![last])]);
    world.chain.audit_holds();
}

/// Who fills and empties sets makes no more of them than have no room: each costs its provider a proof a period.
#[test]
fn a_new_sector_takes_the_first_room_in_any_set_of_its_client() {
    let small = NETWORK.replace("pieces-most = 128", "pieces-most = 2");
    assert_ne!(small, NETWORK);
    let mut world = World::of(small, 1);
    let zeros = (Commitment::of_zeros(size(7)), size(7));
    let ids: Vec<_> = (0..3).map(|_| world.propose(Some(0), zeros)).collect();
    world.activate(&ids);
    world.end(0, ids[0]);
    let more: Vec<_> = (0..3).map(|_| world.propose(Some(0), zeros)).collect();
    world.activate(&more);
    let sets: Vec<_> = world.sets().into_iter().map(|(number, set)| (number, set.sectors)).collect();
    assert_eq!(sets, [(0, vec![ids[1], more[0]]), (1, vec![ids[2], more[1]]), (2, vec![more[2]])]);
    world.chain.audit_holds();
}

/// Who opens a set pays for its rows, as for all rows; the next sector of the client costs less.
#[test]
fn the_first_sector_of_a_client_pays_for_the_rows_of_its_set() {
    let mut world = World::new(2);
    let zeros = (Commitment::of_zeros(size(7)), size(7));
    let paid = |world: &mut World, client: usize| {
        let id = world.propose(Some(client), zeros);
        world.chain.storage(&world.provider.party, StorageMessage::AcceptDeals(vec![id])).expect("accepted");
        world.chain.draw();
        let proof = world.sector_proof(id);
        let balance = world.chain.fil(&world.provider.party).get();
        world.chain.storage(&world.provider.party, StorageMessage::ProveSectors(vec![proof])).expect("proven");
        balance - world.chain.fil(&world.provider.party).get()
    };
    let first = paid(&mut world, 0);
    let [second, of_another] = [paid(&mut world, 0), paid(&mut world, 1)];
    assert!(first > second && of_another > second + 150 * NANO, "{first} {second} {of_another}: a byte costs a nanoFIL at least");
}
