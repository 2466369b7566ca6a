//! What transactions the ledger takes, and what the others change: nothing.

mod common;
use common::*;
use depin_economy::Action;
use depin_ledger::*;
use depin_quantity::UnitId;
use depin_quantity::{Address, Units};
use depin_services::storage::StorageMessage;
use proptest::prelude::*;

fn transfer(to: Address, amount: u128) -> Message {
    Message::Act(Action::Transfer { to, token: name("FIL"), amount: Units::new(amount) })
}

fn refused(chain: &mut Chain, tx: &Transaction) -> String {
    let before = chain.ledger.tables(|t| t.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect::<Vec<_>>());
    let error = chain.block(1000, std::slice::from_ref(tx)).expect_err("the block is refused");
    let after = chain.ledger.tables(|t| t.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect::<Vec<_>>());
    assert_eq!(before, after, "a refused block changed rows");
    error.to_string()
}

#[test]
fn a_signed_transfer_moves_tokens_and_pays_its_fee() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    chain.send(&alice, transfer(bob.address, 40 * FIL)).unwrap();
    assert_eq!(chain.fil(&bob), Units::new(40 * FIL));
    let fee = 60 * FIL - chain.fil(&alice).get();
    assert!(fee > 0 && fee < FIL / 1000, "the fee was {fee}");
    chain.audit_holds();
}

#[test]
fn a_receipt_bears_the_id_and_a_failed_transaction_only_the_fee() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    let good = chain.tx(&alice, transfer(bob.address, 5));
    let bad = chain.tx(&alice, transfer(bob.address, 1000 * FIL));
    let receipts = chain.block(1000, &[good.clone(), bad.clone()]).unwrap();
    let of = |receipt: &Receipt| match &receipt.body {
        ReceiptBody::Transaction { id, failure, .. } => Some((*id, failure.is_some(), receipt.events.len())),
        _ => None,
    };
    let said: Vec<_> = receipts.iter().filter_map(of).collect();
    assert_eq!(said, [(good.id(), false, 4), (bad.id(), true, 1)], "two fees pay for the rows of two new accounts");
}

#[test]
fn events_that_are_too_many_for_one_receipt_go_on_in_the_next() {
    let parties: Vec<Party> = (0..400).map(|i| party(1000 + i)).collect();
    let accounts: Vec<_> = parties.iter().map(|p| (p, 1)).collect();
    let receipts = Chain::new(&accounts).block(1000, &[]).unwrap();
    let indexes: Vec<_> = receipts.iter().map(|r| r.index).collect();
    assert_eq!(indexes, (0..receipts.len() as u32).collect::<Vec<_>>());
    let begun = receipts.iter().take_while(|r| r.body != ReceiptBody::End);
    let (bodies, counts): (Vec<_>, Vec<_>) = begun.map(|r| (&r.body, r.events.len())).unzip();
    assert!(counts.iter().sum::<usize>() > 400, "every account was granted something");
    let (last, full) = counts.split_last().unwrap();
    assert!(full.len() >= 2 && full.iter().all(|n| *n == 150) && (1..=150).contains(last), "{counts:?}");
    assert_eq!(*bodies[0], ReceiptBody::Begin);
    assert!(bodies[1..].iter().all(|body| **body == ReceiptBody::Continued { of: 0 }));
}

#[test]
fn a_replayed_transaction_is_refused() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    let tx = chain.tx(&alice, transfer(bob.address, 1));
    chain.block(1000, std::slice::from_ref(&tx)).unwrap();
    assert!(refused(&mut chain, &tx).contains("nonce 0 is used"));
    assert!(matches!(chain.ledger.admit(&tx), Err(AdmitError::Replayed { given: 0, next: 1 })));
}

#[test]
fn a_transaction_out_of_order_waits_but_enters_no_block() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    chain.block(1000, &[]).unwrap();
    let first = chain.tx(&alice, transfer(bob.address, 1));
    let second = chain.tx(&alice, transfer(bob.address, 2));
    assert_eq!(chain.ledger.admit(&second), Ok(()));
    assert!(refused(&mut chain, &second).contains("nonce 0 comes first"));
    chain.block(1000, &[first, second]).unwrap();
    assert_eq!(chain.fil(&bob), Units::new(3));
}

#[test]
fn a_wrong_signature_a_wrong_chain_and_a_fee_nobody_has_are_refused() {
    let (alice, bob, poor) = (party(1), party(2), party(3));
    let mut chain = Chain::new(&[(&alice, 100)]);
    let mut forged = chain.tx(&alice, transfer(bob.address, 1));
    forged.signature[5] ^= 1;
    assert_eq!(refused(&mut chain, &forged), "a signature is wrong");
    let mut body = forged.body.clone();
    body.key = bob.public;
    let stolen = Transaction { body, ..forged.clone() };
    assert_eq!(refused(&mut chain, &stolen), "a signature is wrong");
    let mut body = forged.body.clone();
    body.chain_id = name("other-chain");
    let other = alice.sign(body);
    assert!(refused(&mut chain, &other).contains("is for chain `other-chain`, this is `test-chain`"));
    let unpaid = chain.tx(&poor, transfer(bob.address, 1));
    assert!(refused(&mut chain, &unpaid).contains("the fee cannot be paid"));
    let mut body = forged.body;
    body.base_fee_max = Units::new(1);
    let cheap = alice.sign(body);
    assert!(refused(&mut chain, &cheap).contains("pays at most 1"));
}

#[test]
fn an_underfunded_transfer_pays_its_fee_and_moves_nothing() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 1)]);
    let failure = chain.send(&alice, transfer(bob.address, 2 * FIL)).unwrap_err();
    assert_eq!(failure.code, "economy");
    assert!(failure.message.contains("needs 2 FIL"), "{}", failure.message);
    assert_eq!(chain.fil(&bob), Units::ZERO);
    assert!(chain.fil(&alice) < Units::new(FIL));
    assert_eq!(chain.ledger.nonce(alice.address), 1);
    chain.audit_holds();
}

#[test]
fn too_many_bytes_are_no_transaction() {
    assert!(matches!(Transaction::decode(&vec![0; TRANSACTION_MAX + 1]), Err(DecodeError::TooLarge { .. })));
    let mut bytes = { Chain::new(&[(&party(1), 1)]).tx(&party(1), Message::Act(Action::Claim { after: None })).encode() };
    bytes.push(0);
    assert!(matches!(Transaction::decode(&bytes), Err(DecodeError::Malformed(_))));
}

#[test]
fn siblings_run_on_the_same_parent_and_one_of_them_wins() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    chain.block(1000, &[]).unwrap();
    let (env_a, env_b) = (chain.env(500), chain.env(700));
    let a = chain.tx(&alice, transfer(bob.address, 1)).encode();
    let parent = chain.parent;
    let one = chain.ledger.run(&env_a, std::slice::from_ref(&a), false).unwrap();
    let two = chain.ledger.run(&env_b, &[] as &[Vec<u8>], false).unwrap();
    let again = chain.ledger.run(&env_a, &[a], false).unwrap();
    assert_eq!((&one.writes, &one.receipts), (&again.writes, &again.receipts), "running twice gave another outcome");
    assert!(one.writes != two.writes);
    chain.ledger.keep([1; 32], &env_a, &one);
    chain.ledger.keep([2; 32], &env_b, &two);
    // A child of each sibling, before either is final.
    let child = |digest, env: &BlockEnv| {
        let parent = Parent { digest, height: env.height(), stamp: env.stamp };
        BlockEnv {
            parent,
            stamp: chain.ledger.stamp(&parent, env.stamp.wall + 9, 1),
            proposer: env.proposer,
            view: env.view + 1,
            votes: [].into(),
            beacon: None,
        }
    };
    let (child_a, child_b) = (child([1; 32], &env_a), child([2; 32], &env_b));
    let on_a = chain.ledger.run(&child_a, &[] as &[Vec<u8>], false).unwrap();
    chain.ledger.run(&child_b, &[] as &[Vec<u8>], false).unwrap();
    chain.ledger.keep([3; 32], &child_a, &on_a);
    chain.ledger.finalize([1; 32], env_a.height()).unwrap();
    assert_eq!(chain.fil(&bob), Units::new(1));
    assert!(matches!(chain.ledger.run(&child_b, &[] as &[Vec<u8>], false), Err(RunError::UnknownParent { .. })));
    let rerun = chain.ledger.run(&child_a, &[] as &[Vec<u8>], false).unwrap();
    assert_eq!(rerun.writes, on_a.writes, "finalizing the parent changed the child");
    chain.ledger.finalize([3; 32], child_a.height()).unwrap();
    chain.ledger.finalize([3; 32], child_a.height()).unwrap();
    assert_eq!(chain.ledger.head().height, parent.height + 2);
}

#[test]
fn loading_stored_rows_continues_where_they_stop() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    for _ in 0..5 {
        chain.send(&alice, transfer(bob.address, 7)).unwrap();
    }
    let rows: Vec<_> = chain.ledger.tables(|t| t.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect());
    let mut other = Chain::new(&[(&alice, 100)]);
    other.ledger.load(rows.clone()).unwrap();
    other.parent = chain.parent;
    let (here, there) = (chain.env(777), other.env(777));
    let (a, b) = (chain.ledger.run(&here, &[] as &[Vec<u8>], false), other.ledger.run(&there, &[] as &[Vec<u8>], false));
    assert_eq!(a.unwrap().writes, b.unwrap().writes);
    let mut newer = rows;
    let chain_row = newer.iter_mut().find(|(key, _)| key == &[0x81]).unwrap();
    chain_row.1[0] = 99;
    assert_eq!(other.ledger.load(newer), Err(LoadError::Format { found: 99 }));
    assert_eq!(other.ledger.load(vec![(vec![0x10, 0], vec![])]), Err(LoadError::NoChain));
}

#[test]
fn a_replay_of_all_blocks_gives_the_same_rows() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    for i in 0..20 {
        chain.send(&alice, transfer(bob.address, i + 1)).unwrap();
    }
    let other = Chain::new(&[(&alice, 100)]);
    let mut digests = chain.blocks.iter().skip(1).map(|(env, ..)| env.parent.digest).collect::<Vec<_>>();
    digests.push(chain.parent.digest);
    for ((env, txs, writes), digest) in chain.blocks.iter().zip(digests) {
        let outcome = other.ledger.run(env, txs, true).unwrap();
        assert_eq!(outcome.writes, *writes);
        other.ledger.keep(digest, env, &outcome);
        other.ledger.finalize(digest, env.height()).unwrap();
    }
    let rows = |c: &Chain| c.ledger.tables(|t| t.iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect::<Vec<_>>());
    assert_eq!(rows(&chain), rows(&other));
    assert_eq!(chain.ledger.content_digest().unwrap(), other.ledger.content_digest().unwrap());
}

#[test]
fn the_digest_of_all_rows_is_of_one_block_while_others_are_finalized() {
    let alice = party(1);
    let many: Vec<_> = (10..3_000).map(party).collect();
    let accounts: Vec<_> = many.iter().chain([&alice]).map(|party| (party, 100)).collect();
    let mut chain = Chain::new(&accounts);
    chain.block(1000, &[]).unwrap();
    let mut blocks = Vec::new();
    let asked = std::thread::scope(|scope| {
        let ledger = &chain.ledger;
        let asked = scope.spawn(move || (0..20).map(|_| ledger.content_digest().unwrap()).collect::<Vec<_>>());
        let mut parent = chain.parent;
        while !asked.is_finished() {
            let stamp = ledger.stamp(&parent, parent.stamp.wall + 1000, 1);
            let (view, votes) = (parent.height + 1, [].into());
            let env = BlockEnv { parent, stamp, proposer: alice.public, view, votes, beacon: None };
            let outcome = ledger.run(&env, &[] as &[Vec<u8>], true).unwrap();
            let digest = UnitId::derive("block", &[&env.height().to_be_bytes()]).get();
            ledger.keep(digest, &env, &outcome);
            ledger.finalize(digest, env.height()).unwrap();
            parent = Parent { digest, height: env.height(), stamp };
            blocks.push((env, digest));
        }
        asked.join().unwrap()
    });
    // A second chain runs the same blocks and stands still for each digest.
    let mut other = Chain::new(&accounts);
    other.block(1000, &[]).unwrap();
    let mut still = std::collections::BTreeMap::from([(1, other.ledger.content_digest().unwrap())]);
    for (env, digest) in blocks {
        let outcome = other.ledger.run(&env, &[] as &[Vec<u8>], true).unwrap();
        other.ledger.keep(digest, &env, &outcome);
        other.ledger.finalize(digest, env.height()).unwrap();
        if asked.iter().any(|found| found.height == env.height()) {
            still.insert(env.height(), other.ledger.content_digest().unwrap());
        }
    }
    assert!(asked.last().unwrap().height > asked[0].height, "blocks went on while it was asked");
    for found in asked {
        assert_eq!(found, still[&found.height]);
    }
}

#[test]
fn chosen_transactions_are_those_that_may_follow_each_other() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    let txs: Vec<_> = (0..4).map(|i| chain.tx(&alice, transfer(bob.address, 10 + i))).collect();
    let candidates = [&txs[0], &txs[2], &txs[1], &txs[0], &txs[2]].map(|t| std::sync::Arc::new(t.clone()));
    let env = chain.env(1000);
    let (chosen, outcome) = chain.ledger.choose(&env, candidates, 1 << 20).unwrap();
    let nonces: Vec<_> = chosen.iter().map(|t| t.body.nonce).collect();
    assert_eq!(nonces, [0, 1, 2]);
    let encoded: Vec<_> = chosen.iter().map(|t| t.encode()).collect();
    assert_eq!(chain.ledger.run(&env, &encoded, false).unwrap().writes, outcome.writes);
    let (few, _) = chain.ledger.choose(&env, chosen, encoded[0].len() * 2).unwrap();
    assert_eq!(few.len(), 2);
}

proptest! {
    #[test]
    fn hostile_bytes_are_refused_or_reencode_to_themselves(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(tx) = Transaction::decode(&bytes) {
            prop_assert_eq!(tx.encode(), bytes);
        }
    }

    /// Ids and signatures are taken from the bytes as they came, so no two encodings may mean the same transaction.
    #[test]
    fn a_changed_byte_is_refused_or_reencodes_to_itself(which in 0usize..6, position: prop::sample::Index, flip in 1u8..) {
        let alice = party(1);
        let mut chain = Chain::new(&[(&alice, 100)]);
        let entry = StorageMessage::RegisterProvider { name: name("p"), url: "http://h".to_owned(), capacity: 1, ask: ask() };
        let end = StorageMessage::AcceptDeals(vec![depin_quantity::UnitId::new([7; 32])]);
        let message = match which {
            0 => transfer(alice.address, 5),
            1 => Message::Act(Action::WithdrawVested { token: name("FIL"), most: Some(Units::new(3)) }),
            2 => Message::Act(Action::Claim { after: None }),
            4 => Message::Act(Action::TakeAllocation { token: name("FIL"), allocation: name("foundation") }),
            3 => Message::service(entry),
            _ => Message::service(end),
        };
        let tx = chain.tx(&alice, message);
        let mut bytes = tx.encode();
        prop_assert_eq!(Transaction::decode(&bytes).unwrap().id(), tx.id());
        let position = position.index(bytes.len());
        bytes[position] ^= flip;
        if let Ok(tx) = Transaction::decode(&bytes) {
            prop_assert_eq!(tx.encode(), bytes);
        }
    }

    #[test]
    fn a_changed_byte_never_passes_as_the_same_transaction(position in 0usize..200, flip in 1u8..) {
        let (alice, bob) = (party(1), party(2));
        let mut chain = Chain::new(&[(&alice, 100)]);
        let tx = chain.tx(&alice, transfer(bob.address, 5));
        let mut bytes = tx.encode();
        let position = position % bytes.len();
        bytes[position] ^= flip;
        let env = chain.env(1000);
        prop_assert!(chain.ledger.run(&env, &[bytes], false).is_err());
    }
}

/// A request that reads the ledger may ask it for more meanwhile; a block that becomes final just then must not stop both.
#[test]
fn reading_again_while_a_block_waits_to_become_final_does_not_stop_the_ledger() {
    let alice = party(1);
    let mut chain = Chain::new(&[(&alice, 100)]);
    chain.block(1000, &[]).unwrap();
    let env = chain.env(1000);
    let outcome = chain.ledger.run(&env, &[] as &[Vec<u8>], false).unwrap();
    chain.ledger.keep([7; 32], &env, &outcome);
    let (ledger, height) = (&chain.ledger, env.height());
    std::thread::scope(|scope| {
        ledger.read(|_| {
            let (begun, waits) = std::sync::mpsc::channel();
            scope.spawn(move || {
                begun.send(()).unwrap();
                ledger.finalize([7; 32], height).unwrap();
            });
            waits.recv().unwrap();
            // Long enough for the writer to queue; too short a wait only makes the test easier to pass.
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert_eq!(ledger.head().height, height - 1);
        });
    });
    assert_eq!(ledger.head().height, height);
}
