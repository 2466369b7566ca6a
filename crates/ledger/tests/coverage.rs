//! Wireless coverage, live: what hotspots and customers sign with their own keys is checked with the transaction.

mod common;
use common::*;
use commonware_codec::Encode as _;
use commonware_cryptography::{Signer as _, ed25519};
use depin_ledger::*;
use depin_quantity::{Instant, Units};
use depin_services::{
    InnerSignature, ServiceEvent,
    coverage::{
        Acknowledgement, CoverageEvent, CoverageMessage, NewHotspot, Packet, PacketBatch, PacketHash, PublicKey, RouteTerms,
        SignatureBytes, routes,
    },
};
use std::collections::BTreeMap;

const HELIUM: &str = include_str!("../../../networks/helium/network.toml");
const OWNER: u64 = 1;
const CUSTOMER: u64 = 2;
const HOTSPOT: u64 = 50;
const SERVER: u64 = 60;

/// Helium on an economy of its own; fees are taken in HNT, so everybody has some, and credits.
fn chain() -> Chain {
    let base = doc(&[]);
    let spec = depin_economy::Spec::parse(HELIUM).unwrap();
    let roles: BTreeMap<_, _> = spec.roles().into_iter().map(|role| (role, party(901).address)).collect();
    let network_toml = HELIUM.to_owned();
    Chain::from_doc(GenesisDoc { network: name("helium"), network_toml, roles, ..base })
}

fn key(who: u64) -> PublicKey {
    PublicKey::new(party(who).public)
}

/// The signature of a key over a message for a chain.
fn signed(who: u64, chain_id: &str, message: &[u8]) -> SignatureBytes {
    let key = ed25519::PrivateKey::from_seed(who);
    let bytes = InnerSignature::signed_bytes(name(chain_id), message);
    SignatureBytes::new(key.sign(b"", &bytes).encode().as_ref().try_into().expect("64 bytes"))
}

fn joins(chain_id: &str) -> NewHotspot {
    let blank = SignatureBytes::new([0; 64]);
    let new = NewHotspot { key: key(HOTSPOT), owner: party(OWNER).address, full: true, signature: blank };
    NewHotspot { signature: signed(HOTSPOT, chain_id, &new.signed()), ..new }
}

fn transaction(message: CoverageMessage) -> Transaction {
    let body = Body {
        chain_id: name("test-chain"),
        key: party(OWNER).public,
        nonce: 0,
        base_fee_max: Units::new(u64::MAX.into()),
        tip: Units::ZERO,
        message: Message::service(message),
    };
    party(OWNER).sign(body)
}

fn good(transaction: &Transaction) -> bool {
    let inner = transaction.inner_signatures();
    let items: Vec<_> = inner.iter().map(SignedItem::of).collect();
    !items.is_empty() && Ed25519.verify_all(&items)
}

#[test]
fn a_hotspot_signs_for_its_owner_and_for_one_chain() {
    assert!(good(&transaction(CoverageMessage::Onboard(joins("test-chain")))));
    assert!(!good(&transaction(CoverageMessage::Onboard(joins("other-chain")))), "the signature of another chain");
    let other = NewHotspot { owner: party(CUSTOMER).address, ..joins("test-chain") };
    assert!(!good(&transaction(CoverageMessage::Onboard(other))), "for another owner");
    let other = NewHotspot { full: false, ..joins("test-chain") };
    assert!(!good(&transaction(CoverageMessage::Onboard(other))), "for another kind of hotspot");
    let other = NewHotspot { key: key(SERVER), ..joins("test-chain") };
    assert!(!good(&transaction(CoverageMessage::Onboard(other))), "of another key");
}

#[test]
fn a_block_with_a_bad_signature_inside_is_no_block() {
    let mut chain = chain();
    for (message, is_good) in [
        (CoverageMessage::Onboard(joins("other-chain")), false),
        (CoverageMessage::Onboard(NewHotspot { signature: SignatureBytes::new([7; 64]), ..joins("test-chain") }), false),
    ] {
        let refused = chain.block(1_000, &[transaction(message)]).expect_err("a block with it is refused");
        assert!(matches!(refused, RunError::Signature) != is_good, "{refused}");
    }
}

#[test]
fn batches_need_both_signatures_over_the_same_packets() {
    let packet = |n| Packet { hash: PacketHash::new([n; 32]), bytes: 24, received: Instant::new(GENESIS_TIME) };
    let blank = SignatureBytes::new([0; 64]);
    let mut batch = PacketBatch {
        route: depin_quantity::UnitId::new([1; 32]),
        key: key(HOTSPOT),
        packets: vec![packet(1), packet(2)],
        signature: blank,
        acknowledged: None,
    };
    batch.signature = signed(HOTSPOT, "test-chain", &batch.signed());
    assert!(good(&transaction(CoverageMessage::Report(vec![batch.clone()]))), "a claim has one signature");
    let customer = signed(SERVER, "test-chain", &batch.acknowledges());
    batch.acknowledged = Some(Acknowledgement { key: key(SERVER), signature: customer });
    assert!(good(&transaction(CoverageMessage::Report(vec![batch.clone()]))));
    let mut more = batch.clone();
    more.packets.push(packet(3));
    assert!(!good(&transaction(CoverageMessage::Report(vec![more]))), "packets that nobody signed");
    let mut own = batch.clone();
    own.acknowledged = Some(Acknowledgement { key: key(SERVER), signature: own.signature });
    assert!(!good(&transaction(CoverageMessage::Report(vec![own]))), "a hotspot's signature is no acknowledgement");
    let swapped = PacketBatch { signature: customer, ..batch };
    assert!(!good(&transaction(CoverageMessage::Report(vec![swapped]))));
}

/// What is behind the signatures is run by the ledger, and told in receipts.
#[test]
fn a_helium_chain_runs_the_service() {
    let chain = chain();
    assert_eq!(chain.ledger.service().name().as_str(), "coverage");
    assert!(chain.ledger.service().figures(&depin_state::Tables::default()).iter().all(|figure| figure.value == 0));
    let event = CoverageEvent::HotspotRetired { hotspot: party(HOTSPOT).address, owner: party(OWNER).address };
    let told = serde_json::to_value(Event::Service(ServiceEvent::from(event))).unwrap();
    assert_eq!((told["of"].as_str(), told["event"]["kind"].as_str()), (Some("coverage"), Some("hotspot-retired")));
    let terms = RouteTerms { net_id: 0x3c, server: "lns:1700".to_owned(), max_copies: 1, active: true, ignore_empty_skf: false };
    let message = Message::service(CoverageMessage::AddRoute { oui: 1, terms });
    let told = serde_json::to_string(&message).unwrap();
    assert_eq!(serde_json::from_str::<Message>(&told).unwrap(), message, "{told}");
    assert_eq!(chain.ledger.read(|state| routes(state, 1, None).count()), 0);
}
