//! A chain in memory for tests: real signatures, real network file, no engine.
#![allow(dead_code, reason = "each test file uses its own part")]

use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_cryptography::{Signer as _, Verifier as _, ed25519};
use depin_ledger::*;
use depin_quantity::UnitId;
use depin_quantity::{Address, Instant, Name, Units};
use depin_services::storage::piece::{Commitment, Hasher, LeafProof, PieceSize, Subtree, TreeCache};
use depin_services::storage::{
    Ask, Deal, DealState, Proposal, SectorProof, StorageMessage, read, sector_challenges, window_challenges,
};
use std::{collections::BTreeMap, sync::Arc};

pub const NETWORK: &str = include_str!("../../../../networks/filecoin/network.toml");
pub const FIL: u128 = 1_000_000_000_000_000_000;
pub const GENESIS_TIME: u64 = 1_790_000_000_000;
pub const EPOCH_MS: u64 = 30_000;
/// What a provider offers, in bytes.
pub const CAPACITY: u64 = 1 << 30;

const NAMESPACE: &[u8] = b"";

pub struct Ed25519;

impl Signatures for Ed25519 {
    fn verify_all(&self, items: &[SignedItem<'_>]) -> bool {
        items.iter().all(|item| {
            let key = ed25519::PublicKey::decode(Copying(item.key));
            let signature = ed25519::Signature::decode(Copying(item.signature));
            matches!((key, signature), (Ok(key), Ok(signature)) if key.verify(NAMESPACE, item.message, &signature))
        })
    }
}

pub struct Party {
    key: ed25519::PrivateKey,
    pub public: [u8; 32],
    pub address: Address,
}

pub fn party(seed: u64) -> Party {
    let key = ed25519::PrivateKey::from_seed(seed);
    let public: [u8; 32] = key.public_key().encode().as_ref().try_into().expect("32 bytes");
    Party { key, public, address: Address::of_public_key(&public) }
}

impl Party {
    pub fn sign(&self, body: Body) -> Transaction {
        let signature = self.key.sign(NAMESPACE, &body.signed_bytes());
        Transaction { body, signature: signature.encode().as_ref().try_into().expect("64 bytes") }
    }
}

pub struct Chain {
    pub ledger: Ledger,
    pub parent: Parent,
    pub receipts: Vec<Receipt>,
    pub blocks: Vec<(BlockEnv, Vec<Vec<u8>>, std::sync::Arc<depin_state::WriteSet>)>,
    nonces: BTreeMap<Address, u64>,
    pub speed: u32,
    /// Whether blocks carry the committee's beacon, where there is one.
    pub carries: bool,
}

pub fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

pub fn doc(accounts: &[(&Party, u128)]) -> GenesisDoc {
    let account = |(i, (party, fil)): (usize, &(&Party, u128))| GenesisAccount {
        address: party.address,
        name: name(&format!("account-{i}")),
        from: name("foundation"),
        amount: Units::new(fil * FIL),
        token: None,
    };
    GenesisDoc {
        chain_id: name("test-chain"),
        network: name("filecoin"),
        variant: name("document"),
        network_toml: NETWORK.to_owned(),
        time: Instant::new(GENESIS_TIME),
        speed_max: 450,
        accounts: accounts.iter().enumerate().map(account).collect(),
        roles: [(name("notary"), party(900).address), (name("price-feeder"), party(901).address)].into(),
        validators: vec![party(999).public],
        beacon: None,
        randomness: None,
    }
}

impl Chain {
    pub fn new(accounts: &[(&Party, u128)]) -> Self {
        Self::from_doc(doc(accounts))
    }

    pub fn from_doc(doc: GenesisDoc) -> Self {
        Self::from_ledger(Ledger::new(doc, Arc::new(Ed25519)).expect("the document starts a chain"))
    }

    pub fn from_ledger(ledger: Ledger) -> Self {
        let parent = Parent { digest: ledger.doc().digest(), height: 0, stamp: ledger.doc().stamp() };
        Self { ledger, parent, receipts: Vec::new(), blocks: Vec::new(), nonces: BTreeMap::new(), speed: 1, carries: true }
    }

    pub fn env(&self, millis: u64) -> BlockEnv {
        let stamp = self.ledger.stamp(&self.parent, self.parent.stamp.wall + millis, self.speed);
        let (view, beacon) = (self.parent.height + 1, self.beacon());
        BlockEnv { parent: self.parent, stamp, proposer: party(999).public, view, votes: [].into(), beacon }
    }

    /// The next round of the committee's beacon, where there is one: as if the committee had signed it.
    pub fn beacon(&self) -> Option<Beacon> {
        let round = self.ledger.next_round(&self.parent).expect("the parent is held").filter(|_| self.carries)?;
        Some(Beacon { round, value: UnitId::derive("test-beacon", &[&round.to_be_bytes()]).get() })
    }

    /// Empty blocks until the seed is known that judges what was fixed in the last one.
    pub fn draw(&mut self) {
        for _ in 0..depin_economy::SEED_LAG {
            self.block(1000, &[]).expect("an empty block is good");
        }
    }

    pub fn body(&mut self, from: &Party, message: Message) -> Body {
        let nonce = self.nonces.entry(from.address).or_insert_with(|| self.ledger.nonce(from.address));
        let body = Body {
            chain_id: name("test-chain"),
            key: from.public,
            nonce: *nonce,
            base_fee_max: Units::new(1_000_000),
            tip: Units::ZERO,
            message,
        };
        *nonce += 1;
        body
    }

    /// Takes the next nonces from the ledger, where transactions were left out of blocks.
    pub fn forget_nonces(&mut self) {
        self.nonces.clear();
    }

    pub fn tx(&mut self, from: &Party, message: Message) -> Transaction {
        let body = self.body(from, message);
        from.sign(body)
    }

    /// Runs and finalizes one block `millis` of wall time after the last one.
    pub fn block(&mut self, millis: u64, transactions: &[Transaction]) -> Result<Vec<Receipt>, RunError> {
        self.voted_block(millis, &[], transactions)
    }

    /// As [`Chain::block`], with votes about ancestors.
    pub fn voted_block(
        &mut self,
        millis: u64,
        votes: &[Attested],
        transactions: &[Transaction],
    ) -> Result<Vec<Receipt>, RunError> {
        let env = BlockEnv { votes: votes.into(), ..self.env(millis) };
        let encoded: Vec<Vec<u8>> = transactions.iter().map(Transaction::encode).collect();
        let outcome = self.ledger.run(&env, &encoded, false)?;
        let digest = UnitId::derive("test-block", &[&env.parent.digest, &encoded.concat(), &env.stamp.wall.to_be_bytes()]).get();
        self.ledger.keep(digest, &env, &outcome);
        self.ledger.finalize(digest, env.height()).expect("the block was kept");
        self.parent = Parent { digest, height: env.height(), stamp: env.stamp };
        self.blocks.push((env, encoded, outcome.writes));
        self.receipts.extend(outcome.receipts.clone());
        Ok(outcome.receipts)
    }

    /// One block with one transaction; its failure, if it failed.
    pub fn send(&mut self, from: &Party, message: Message) -> Result<Vec<Event>, Failure> {
        let tx = self.tx(from, message);
        let receipts = self.block(1000, &[tx]).expect("the block is good");
        for receipt in receipts {
            if let ReceiptBody::Transaction { failure, .. } = receipt.body {
                return match failure {
                    Some(failure) => Err(failure),
                    None => Ok(receipt.events),
                };
            }
        }
        panic!("the block holds no receipt of its transaction");
    }

    pub fn storage(&mut self, from: &Party, message: StorageMessage) -> Result<Vec<Event>, Failure> {
        self.send(from, Message::service(message))
    }

    /// Lets ledger time pass in blocks that each age by the cap, with whatever `each` does after every block.
    pub fn pass(&mut self, epochs: u64, mut each: impl FnMut(&mut Self)) {
        let until = self.parent.stamp.time.get() + epochs * EPOCH_MS;
        while self.parent.stamp.time.get() < until {
            let left = until - self.parent.stamp.time.get();
            self.block(left.min(self.ledger.time_cap().get()), &[]).expect("an empty block is good");
            each(self);
        }
    }

    pub fn fil(&self, who: &Party) -> Units {
        self.ledger.read(|state| depin_economy::wallet(state, who.address, name("FIL")).held)
    }

    pub fn deal(&self, id: UnitId) -> Deal {
        self.ledger.read(|state| read::deal(state, id)).expect("the deal is there")
    }

    pub fn audit_holds(&self) {
        let audit = self.ledger.audit();
        assert!(audit.ok, "audit: {:#?}", audit.violations);
    }
}

pub fn ask() -> Ask {
    Ask {
        price: Units::new(1_000_000_000),
        verified_price: Units::new(1_000_000_000),
        piece_min: PieceSize::new(128).expect("a size"),
        piece_max: PieceSize::new(32 << 30).expect("a size"),
        term_min: 120,
        term_max: 518_400,
        open: true,
    }
}

/// A provider that keeps payloads in memory and answers challenges honestly, as a daemon would.
pub struct Provider {
    pub party: Party,
    pub pieces: BTreeMap<Commitment, (Vec<u8>, TreeCache)>,
}

impl Provider {
    pub fn new(seed: u64) -> Self {
        Self { party: party(seed), pieces: BTreeMap::new() }
    }

    pub fn register(&self, chain: &mut Chain, capacity: u64) {
        let name = name(&format!("p{}", self.party.public[0]));
        let message = StorageMessage::RegisterProvider { name, url: "http://127.0.0.1:1".to_owned(), capacity, ask: ask() };
        chain.storage(&self.party, message).expect("registered");
    }

    pub fn store(&mut self, payload: &[u8]) -> (Commitment, PieceSize) {
        let mut hasher = Hasher::new();
        hasher.update(payload);
        let (_, size) = hasher.finish().expect("small");
        let mut hasher = Hasher::new();
        hasher.update(payload);
        let (commitment, cache) = hasher.finish_with_cache().expect("small");
        self.pieces.insert(commitment, (payload.to_vec(), cache));
        (commitment, size)
    }

    pub fn leaf(&self, piece: &Commitment, size: PieceSize, leaf: u64) -> LeafProof {
        let (payload, cache) = self.pieces.get(piece).expect("the provider stores it");
        let range = Subtree::of_leaf(size, leaf).expect("a leaf of the piece").payload;
        let end = (range.end as usize).min(payload.len());
        let part = payload.get(range.start as usize..end).unwrap_or_default();
        cache.prove(piece, leaf, part).expect("proven")
    }

    pub fn sector_proof(&self, id: UnitId, deal: &Deal) -> SectorProof {
        let seed = deal.challenge.expect("a challenge is drawn");
        let wanted = sector_challenges(seed, id, deal.size, 5);
        SectorProof { deal: id, leaves: wanted.into_iter().map(|l| self.leaf(&deal.piece, deal.size, l)).collect() }
    }

    /// Answers every open window of its data sets.
    pub fn answer_windows(&self, chain: &mut Chain) {
        for answer in self.answers(chain) {
            chain.storage(&self.party, answer).expect("a good proof in an open window");
        }
    }

    /// As [`Provider::answer_windows`], of a provider that may have forgotten pieces or run out of money.
    pub fn answer_windows_if_possible(&self, chain: &mut Chain) {
        for answer in self.answers(chain) {
            let mut body = chain.body(&self.party, Message::service(answer));
            body.nonce = chain.ledger.nonce(self.party.address);
            let _ = chain.block(1000, &[self.party.sign(body)]);
        }
    }

    fn answers(&self, chain: &Chain) -> Vec<StorageMessage> {
        let mut answers = Vec::new();
        let address = self.party.address;
        let sets: Vec<_> = chain.ledger.read(|state| read::sets(state, address).collect());
        for (number, set) in sets {
            let Some(window) = set.window.filter(|w| !w.proven && w.sectors.iter().any(|s| !s.skipped)) else { continue };
            let wanted = window_challenges(address, number, &window, 5);
            let leaves = wanted.into_iter().map(|(i, leaf)| {
                let sector = &window.sectors[i];
                self.leaf(&sector.piece, sector.size, leaf)
            });
            answers.push(StorageMessage::ProveSet { set: number, leaves: leaves.collect() });
        }
        answers
    }
}

/// A chain with a client and a registered provider, each with 1000 FIL before fees.
pub fn stage() -> (Chain, Party, Provider) {
    let client = party(1);
    let provider = Provider::new(10);
    let mut chain = Chain::new(&[(&client, 1000), (&provider.party, 1000)]);
    provider.register(&mut chain, CAPACITY);
    (chain, client, provider)
}

pub fn proposal(provider: &Provider, piece: (Commitment, PieceSize)) -> Proposal {
    Proposal {
        provider: provider.party.address,
        piece: piece.0,
        size: piece.1,
        price: Units::new(1_000_000),
        term: 3 * 2880,
        start_within: 240,
        verified: false,
        label: "test".to_owned(),
    }
}

/// Proposes, accepts, proves: an active deal.
pub fn active_deal(chain: &mut Chain, client: &Party, provider: &Provider, proposal: Proposal) -> UnitId {
    let id = propose(chain, client, proposal).expect("proposed");
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).expect("accepted");
    chain.draw();
    let proof = provider.sector_proof(id, &chain.deal(id));
    chain.storage(&provider.party, StorageMessage::ProveSectors(vec![proof])).expect("proven");
    assert!(matches!(chain.deal(id).state, DealState::Active { faulty: None, .. }));
    id
}

pub fn propose(chain: &mut Chain, client: &Party, proposal: Proposal) -> Result<UnitId, Failure> {
    let tx = chain.tx(client, Message::service(StorageMessage::ProposeDeals(vec![proposal])));
    let id = depin_services::storage::deal_id(tx.seed(), 0);
    for receipt in chain.block(1000, &[tx]).expect("the block is good") {
        if let ReceiptBody::Transaction { failure: Some(failure), .. } = receipt.body {
            return Err(failure);
        }
    }
    Ok(id)
}
