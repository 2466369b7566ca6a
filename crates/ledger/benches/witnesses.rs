//! Proof of coverage: how fast witnesses are checked, with and without the signatures of their reports, and how fast the index of hexes is kept.
//! Prints ratios; one core, everything in memory.
//!
//! `cargo bench -p depin-ledger --bench witnesses`

mod measure;

use commonware_codec::Encode as _;
use commonware_cryptography::{Signer as _, ed25519};
use depin_ledger::SignedItem;
use depin_quantity::{Address, ContentHash, Instant, Name, Span};
use depin_services::{
    InnerSignature,
    coverage::{
        BeaconParams, Location, PublicKey, Randomness, Region, Sealed, SignatureBytes, WitnessParams, cell_at,
        poc::{Beacon, BeaconReport, Entropy, Hex, Population, Reporter, Sent, WitnessReport, check_witness},
    },
};
use measure::{bare_batch, median, per_second, timed};
use std::{collections::BTreeMap, hint::black_box};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Witnesses of one measurement: as many as a block may have.
const WITNESSES: usize = 4_096;
const HOTSPOTS: usize = 1_000_000;
const CHANGES: usize = 10_000;
/// When all reports came in, seconds since 1970.
const DRAWN: u64 = 1_790_000_000;
/// The figures of networks/helium/network.toml.
const BEACON: BeaconParams = BeaconParams {
    interval: Span::from_secs(6 * 3_600),
    entropy_valid: Span::from_secs(180),
    reveal_within: Span::from_secs(3_600),
    counted_for: Span::from_days(1),
    witnesses_most: 14,
    reciprocity: None,
};
const WITNESS: WitnessParams = WitnessParams {
    within: Span::from_secs(4),
    after_first: Span::from_secs(1),
    cells_least: 8,
    km_most: 100,
    hz_off_most: 100_000,
    target: 4,
    decay: (4, 5),
};

/// Parts of a whole from a number: the same on every run.
fn part(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

fn reporter(latitude: f64, longitude: f64) -> Reporter {
    let cell = cell_at(latitude, longitude).expect("a place on earth");
    Reporter {
        active: true,
        location: Some(Location { cell, gain: 30, elevation: 10, region: Region::Eu868 }),
        denied: false,
        full: true,
        since: Instant::new(0),
        last_beacon: None,
        last_witnessed: None,
        last_witness: None,
        received: Instant::new(DRAWN * 1_000),
    }
}

fn main() {
    let (entropy, local) = (Entropy { data: Randomness::new([7; 32]), timestamp: DRAWN }, [1, 2, 3, 4]);
    let Beacon { payload, frequency, spreading } = Beacon::new(entropy.data, DRAWN, local, &Region::Eu868.plan());
    let report =
        BeaconReport { local, remote: entropy.data, timestamp: DRAWN, payload, frequency, spreading, power_dbm: 14, sent_ns: 0 };
    let heard = WitnessReport { payload, frequency, rssi_ddbm: -1_250, snr_ddb: 0, heard_ns: 0 };
    let (beaconer, mut state) = (reporter(52.52, 13.405), 1);
    let first_witness = beaconer.received;
    let sent = Sent { beaconer: &beaconer, report: &report, entropy: &entropy, first_witness };
    // Between some hundred metres and thirty kilometres away.
    let mut away = || reporter(52.53 + 0.25 * part(&mut state), 13.42 + 0.3 * part(&mut state));
    let witnesses: Vec<Reporter> = (0..WITNESSES).map(|_| away()).collect();
    let check = || {
        let valid = |witness: &&Reporter| check_witness(witness, Some(&heard), false, &sent, (&BEACON, &WITNESS)).is_none();
        assert_eq!(black_box(&witnesses).iter().filter(valid).count(), WITNESSES, "each goes through all checks");
    };
    let checked = median(check);

    let keys: Vec<ed25519::PrivateKey> = (0..WITNESSES as u64).map(ed25519::PrivateKey::from_seed).collect();
    let public = |key: &ed25519::PrivateKey| -> [u8; 32] { key.public_key().encode().as_ref().try_into().expect("32 bytes") };
    let public: Vec<[u8; 32]> = keys.iter().map(public).collect();
    let sealed = |key: &[u8; 32]| {
        let (beaconer, received) = (Address::of_public_key(key), Instant::new(0));
        let (key, hash, signature) = (PublicKey::new(*key), ContentHash::new([9; 32]), SignatureBytes::new([0; 64]));
        let sealed = Sealed { beaconer, timestamp: DRAWN, key, hash, signature, received };
        InnerSignature::signed_bytes(Name::literal("test-chain"), &sealed.signed())
    };
    let messages: Vec<Vec<u8>> = public.iter().map(sealed).collect();
    let signed = |(key, message): (&ed25519::PrivateKey, &Vec<u8>)| -> [u8; 64] {
        key.sign(b"", message).encode().as_ref().try_into().expect("64 bytes")
    };
    let signatures: Vec<[u8; 64]> = keys.iter().zip(&messages).map(signed).collect();
    let items: Vec<_> = (public.iter().zip(&messages).zip(&signatures))
        .map(|((key, message), signature)| SignedItem { key, message, signature })
        .collect();
    let bare = median(|| assert!(bare_batch(&items)));
    let signed = median(|| {
        assert!(bare_batch(&items));
        check();
    });
    println!("{WITNESSES} witnesses, CPU time of one thread, medians");
    println!("check a witness                    {:>9.0}/s  wanted 200,000", per_second(WITNESSES, checked));
    println!("bare batch verification            {:>9.0}/s", per_second(WITNESSES, bare));
    let ratio = bare.as_secs_f64() / signed.as_secs_f64();
    println!(
        "check with signatures in one batch {:>9.0}/s  ratio to bare {ratio:.2}, wanted 0.70",
        per_second(WITNESSES, signed)
    );
    hexes();
}

/// A million hotspots over Europe, half of them in ten towns.
fn hexes() {
    let mut state = 3;
    let mut place = |i: usize| {
        let (latitude, longitude) = match i % 2 {
            0 => (36.0 + 24.0 * part(&mut state), -9.0 + 39.0 * part(&mut state)),
            _ => (40.0 + (i % 20) as f64 + 0.2 * part(&mut state), (i % 20) as f64 + 0.3 * part(&mut state)),
        };
        cell_at(latitude, longitude).expect("a place on earth")
    };
    let cells: Vec<u64> = (0..HOTSPOTS).map(&mut place).collect();
    let mut index: BTreeMap<u64, Hex> = BTreeMap::new();
    let (rebuilt, ()) = timed(|| Population(&mut index).rebuild(cells.iter().map(|cell| (*cell, 1))));
    let more: Vec<u64> = (0..CHANGES).map(&mut place).collect();
    let (changed, written) = timed(|| more.iter().map(|cell| Population(&mut index).change(*cell, true)).sum::<usize>());
    let each = changed.as_secs_f64() * 1e6 / CHANGES as f64;
    println!("hexes of {HOTSPOTS} hotspots rebuilt in {:.2} s, wanted 1 s ({} cells)", rebuilt.as_secs_f64(), index.len());
    println!("one hotspot more                   {each:>9.1} µs, {:.1} cells written", written as f64 / CHANGES as f64);
}
