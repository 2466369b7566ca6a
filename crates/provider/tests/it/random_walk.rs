//! Random operations against a model, the folder checked after each.

use crate::support::*;
use depin_provider::{Clock as _, storage::StoreError};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    Put { piece: usize, client: u8 },
    Withdraw { piece: usize, client: u8 },
    Pin { piece: usize, deal: u8 },
    Unpin { piece: usize, deal: u8 },
    Wait { minutes: u64 },
    Sweep,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (piece, client, deal) = (0usize..4, 0u8..2, 0u8..3);
    prop_oneof![
        4 => (piece.clone(), client.clone()).prop_map(|(piece, client)| Step::Put { piece, client }),
        2 => (piece.clone(), client).prop_map(|(piece, client)| Step::Withdraw { piece, client }),
        2 => (piece.clone(), deal.clone()).prop_map(|(piece, deal)| Step::Pin { piece, deal }),
        2 => (piece, deal).prop_map(|(piece, deal)| Step::Unpin { piece, deal }),
        2 => (1u64..50).prop_map(|minutes| Step::Wait { minutes }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ]
}

/// What should be stored: for each piece, its holds with their ends, and its pins.
#[derive(Default)]
struct Model(BTreeMap<usize, (BTreeMap<u8, u64>, BTreeSet<u8>)>);

const LENGTHS: [u64; 4] = [100, 33_000, 70_000, 1_100_000];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_store_agrees_with_a_model_after_every_step(steps in prop::collection::vec(step(), 1..40)) {
        // Room for all but the smallest piece, so that the limit is met now and then.
        let capacity = LENGTHS[1..].iter().map(|length| stored_bytes(*length)).sum();
        let payloads: Vec<Vec<u8>> = LENGTHS.iter().enumerate().map(|(i, length)| payload(*length, i as u64)).collect();
        let mut bench = Bench::new(capacity);
        let mut model = Model::default();
        for step in steps {
            // Every request is signed at a moment of its own.
            bench.clock.advance(1);
            let now = bench.clock.now_ms();
            match step {
                Step::Put { piece, client } => {
                    let used: u64 = model.0.keys().map(|i| stored_bytes(LENGTHS[*i])).sum();
                    let stored = bench.put(&payloads[piece], depin_quantity::Address::new([client; 32]));
                    // An upload needs room even when the piece turns out to be there.
                    if used + stored_bytes(LENGTHS[piece]) > capacity {
                        prop_assert!(matches!(stored, Err(StoreError::CapacityFull { .. })), "{:?}", stored);
                    } else {
                        prop_assert_eq!(stored.unwrap().new, !model.0.contains_key(&piece));
                        model.0.entry(piece).or_default().0.insert(client, now + 3_600_000);
                    }
                }
                Step::Withdraw { piece, client } => {
                    let gone = bench.store.withdraw(&commit(&payloads[piece]), &depin_quantity::Address::new([client; 32]), now);
                    match model.0.get_mut(&piece) {
                        None => prop_assert!(matches!(gone, Err(StoreError::Unknown { .. })), "{:?}", gone),
                        Some((holds, _)) if !holds.contains_key(&client) => {
                            prop_assert!(matches!(gone, Err(StoreError::NotHolder { .. })), "{:?}", gone);
                        }
                        Some((_, pins)) if !pins.is_empty() => {
                            prop_assert!(matches!(gone, Err(StoreError::Covered { .. })), "{:?}", gone);
                        }
                        Some((holds, _)) => {
                            holds.remove(&client);
                            let last = holds.is_empty();
                            prop_assert_eq!(gone.unwrap(), last);
                            if last {
                                model.0.remove(&piece);
                            }
                        }
                    }
                }
                Step::Pin { piece, deal: number } => {
                    let pinned = bench.store.pin(&commit(&payloads[piece]), &deal(number));
                    match model.0.get_mut(&piece) {
                        None => prop_assert!(matches!(pinned, Err(StoreError::Unknown { .. })), "{:?}", pinned),
                        Some((_, pins)) => prop_assert_eq!(pinned.unwrap(), pins.insert(number)),
                    }
                }
                Step::Unpin { piece, deal: number } => {
                    let unpinned = bench.store.unpin(&commit(&payloads[piece]), &deal(number)).unwrap();
                    let expected = model.0.get_mut(&piece).is_some_and(|(_, pins)| pins.remove(&number));
                    prop_assert_eq!(unpinned, expected);
                }
                Step::Wait { minutes } => bench.clock.advance(minutes * 60_000),
                Step::Sweep => {
                    let swept = bench.store.sweep().unwrap().len();
                    let before = model.0.len();
                    model.0.values_mut().for_each(|(holds, _)| holds.retain(|_, end| *end > now));
                    model.0.retain(|_, (holds, pins)| !holds.is_empty() || !pins.is_empty());
                    prop_assert_eq!(swept, before - model.0.len());
                }
                Step::Restart => bench = bench.reopen(capacity, |_| {}),
            }
            bench.check();
            prop_assert_eq!(bench.store.pieces().unwrap(), model.0.len() as u64);
        }
        for piece in model.0.keys() {
            prop_assert_eq!(&read(&bench.store, &commit(&payloads[*piece])).unwrap(), &payloads[*piece]);
        }
    }
}
