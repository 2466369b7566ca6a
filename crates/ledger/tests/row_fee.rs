//! What a transaction adds to the ledger its sender pays, by size; many rows raise the base fee of rows, much work does not.

mod common;
use common::*;
use depin_economy::{Action, Event as EconomyEvent, SeedRow};
use depin_ledger::*;
use depin_quantity::{Address, Units};
use depin_services::storage::{Proposal, StorageMessage, read};
use depin_state::Row;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// `row` and `minimum` of the file: 10,000,000 units of work a byte, 100 base units each.
const BYTE: u128 = 10_000_000 * 100;
const BASE: u128 = 100;
/// The table of the base fee, which a block writes for itself.
const BASE_FEE_TABLE: u8 = 0x28;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn rows(chain: &Chain) -> Rows {
    chain.ledger.tables(|tables| tables.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect())
}

/// Whether a row is one that a block writes for itself: the base fee, the seed of a round.
fn of_blocks(key: &[u8]) -> bool {
    [BASE_FEE_TABLE, SeedRow::TABLE].contains(&key[0])
}

/// Bytes of all rows, counted from outside.
fn bytes(rows: &Rows) -> i128 {
    rows.iter().filter(|(key, _)| !of_blocks(key)).map(|(key, value)| (key.len() + value.len()) as i128).sum()
}

/// Fee, failure and work of one message, its length's part and that of its receipt included, and by how many bytes the rows grew beyond what an empty block adds.
fn cost(chain: &mut Chain, from: &Party, message: Message) -> (u128, Option<Failure>, u128, i128) {
    let tx = chain.tx(from, message);
    let before = rows(chain);
    let idle = chain.ledger.run(&chain.env(1000), &[] as &[Vec<u8>], true).expect("an empty block is good");
    let mut without = before.clone();
    for (key, value) in idle.writes.iter() {
        match value {
            Some(value) => without.insert(key.to_vec(), value.to_vec()),
            None => without.remove(key),
        };
    }
    let receipts = chain.block(1000, std::slice::from_ref(&tx)).expect("the block is good");
    let long = history(&tx) + told(&receipts);
    let said = receipts.into_iter().find_map(|receipt| match receipt.body {
        ReceiptBody::Transaction { fee, failure, .. } => Some((fee.get(), failure)),
        _ => None,
    });
    let (fee, failure) = said.expect("a receipt");
    let work = u128::from(tx.body.work()) + long * BYTE / BASE;
    (fee, failure, work, bytes(&rows(chain)) - bytes(&without))
}

/// As how many bytes of rows the bytes of a transaction count: a quarter of what is beyond 1,024, without its signature.
fn history(tx: &Transaction) -> u128 {
    (tx.encode().len() as u128 - 64).saturating_sub(1024).div_ceil(4)
}

/// As how many bytes of rows the events of the one transaction of a block count, those of its fee left out: a quarter of what is beyond
/// 1,024.
fn told(receipts: &[Receipt]) -> u128 {
    let of_fee = |event: &Event| {
        matches!(event, Event::Economy(EconomyEvent::Posting { reason: depin_economy::Reason::TransactionFee, .. }))
    };
    let own = receipts.iter().filter(|receipt| !matches!(receipt.body, ReceiptBody::Begin | ReceiptBody::End));
    let events = own.flat_map(|receipt| &receipt.events).filter(|event| !of_fee(event));
    let bytes: u128 = events.map(|event| borsh::to_vec(event).unwrap().len() as u128).sum();
    bytes.saturating_sub(1024).div_ceil(4)
}

fn transfer(to: Address, amount: u128) -> Message {
    Message::Act(Action::Transfer { to, token: name("FIL"), amount: Units::new(amount) })
}

#[derive(Clone, Debug)]
enum Step {
    Pay { from: usize, to: u8, amount: u128 },
    Propose { deals: usize, label: usize },
    Refuse { deal: usize },
    End { deal: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0usize..2, any::<u8>(), prop_oneof![1..FIL, Just(5_000 * FIL)]).prop_map(|(from, to, amount)| Step::Pay {
            from,
            to,
            amount
        }),
        (1usize..6, 0usize..=257).prop_map(|(deals, label)| Step::Propose { deals, label }),
        (0usize..8).prop_map(|deal| Step::Refuse { deal }),
        (0usize..8).prop_map(|deal| Step::End { deal }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// What a sender pays is what its work and the bytes that it adds cost, failed or not; what it removes is not paid back.
    #[test]
    fn a_sender_pays_every_byte_that_it_adds(steps in prop::collection::vec(step(), 1..16)) {
        let (mut chain, client, mut provider) = stage();
        let piece = provider.store(b"payload");
        let mut deals = Vec::new();
        for step in steps {
            let (from, message) = match step {
                Step::Pay { from, to, amount } => {
                    (if from == 0 { &client } else { &provider.party }, transfer(Address::new([to; 32]), amount))
                }
                Step::Propose { deals, label } => {
                    let deal = Proposal { label: "x".repeat(label), ..proposal(&provider, piece) };
                    (&client, Message::service(StorageMessage::ProposeDeals(vec![deal; deals])))
                }
                Step::Refuse { deal } => {
                    let Some(id) = deals.get(deal).copied() else { continue };
                    let message = StorageMessage::RefuseDeals { deals: vec![id], reason: "full".to_owned() };
                    (&provider.party, Message::service(message))
                }
                Step::End { deal } => {
                    let Some(id) = deals.get(deal).copied() else { continue };
                    (&client, Message::service(StorageMessage::EndDeals(vec![id])))
                }
            };
            let (fee, failure, work, grown) = cost(&mut chain, from, message);
            let expected = work * BASE + grown.max(0) as u128 * BYTE;
            prop_assert_eq!(fee, expected, "grown by {} bytes, failure {:?}", grown, failure);
            deals = chain.ledger.read(|state| read::deals(state, None).map(|(id, _)| id).collect());
        }
        chain.audit_holds();
    }
}

/// Proposals that one sender floods a provider with: rows, what they cost, and what is left of them when they ended.
#[test]
fn a_flood_of_proposals_costs_what_its_rows_cost_and_raises_the_base_fee_of_rows() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let before = (bytes(&rows(&chain)), chain.fil(&client).get());
    let deal = proposal(&provider, piece);
    let escrow = deal.price.get() * u128::from(deal.term);
    let flood = Message::service(StorageMessage::ProposeDeals(vec![deal; 64]));
    let flood: Vec<_> = (0..4).map(|_| chain.tx(&client, flood.clone())).collect();
    let receipts = chain.block(1000, &flood).unwrap();
    let fee = receipts.iter().flat_map(|receipt| &receipt.events).find_map(|event| match event {
        Event::Economy(EconomyEvent::RowBaseFeeChanged { base_fee }) => Some(base_fee.get()),
        Event::Economy(EconomyEvent::BaseFeeChanged { .. }) => panic!("rows are no work"),
        _ => None,
    });
    let grown = u128::try_from(bytes(&rows(&chain)) - before.0).unwrap();
    assert!(grown > 2 * 65_536, "256 proposals are {grown} bytes of rows, more than twice the target");
    assert_eq!(fee, Some(112), "a block that grows by twice its target raises the base fee of rows by an eighth");
    let paid = before.1 - chain.fil(&client).get() - 256 * escrow;
    assert!(paid >= grown * BYTE, "{grown} bytes cost {paid}");
}

#[test]
fn an_account_that_cannot_pay_the_rows_of_its_message_pays_its_fee_and_adds_none() {
    let (alice, bob, carol) = (party(1), party(2), party(3));
    let mut chain = Chain::new(&[(&alice, 100)]);
    let enough = 1_000 * BASE + u128::from(41u8) * BYTE;
    chain.send(&alice, transfer(bob.address, enough)).unwrap();
    let (fee, failure, work, grown) = cost(&mut chain, &bob, transfer(carol.address, 1));
    let failure = failure.expect("a new wallet is more than what is left");
    assert_eq!(failure.code, "row-fee");
    assert!(failure.message.starts_with("it adds "), "{}", failure.message);
    assert_eq!((fee, grown), (work * BASE + 41 * BYTE, 41));
    assert_eq!(chain.fil(&carol), Units::ZERO);
    chain.audit_holds();
}

#[test]
fn an_account_that_cannot_pay_its_own_row_is_not_let_in() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 100)]);
    chain.send(&alice, transfer(bob.address, 1_000 * BASE)).unwrap();
    let tx = chain.tx(&bob, transfer(alice.address, 1));
    assert!(matches!(chain.ledger.admit(&tx), Err(AdmitError::Fee(_))), "{:?}", chain.ledger.admit(&tx));
    let before = rows(&chain);
    assert!(matches!(chain.block(1000, &[tx]), Err(RunError::Transaction { index: 0, .. })));
    assert_eq!(rows(&chain), before);
}

#[test]
fn a_file_that_says_nothing_of_rows_asks_nothing_for_them() {
    let (alice, bob) = (party(1), party(2));
    let mut doc = doc(&[(&alice, 100)]);
    doc.network_toml = NETWORK.lines().filter(|line| !line.starts_with("row = {")).collect::<Vec<_>>().join("\n");
    let mut chain = Chain::from_doc(doc);
    let (fee, failure, work, grown) = cost(&mut chain, &alice, transfer(bob.address, 1));
    assert_eq!((fee, failure), (work * BASE, None));
    assert!(grown > 0);
}

/// Rows of the storage service.
fn of_storage(chain: &Chain) -> Vec<Vec<u8>> {
    rows(chain).into_keys().filter(|key| (0x70..=0x79).contains(&key[0])).collect()
}

#[test]
fn proposals_that_nobody_took_are_forgotten_an_hour_after_they_expired() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let lasting = |chain: &Chain| rows(chain).into_keys().filter(|key| !of_blocks(key)).count();
    let before = (of_storage(&chain), lasting(&chain));
    let deal = Proposal { start_within: 120, ..proposal(&provider, piece) };
    let id = propose(&mut chain, &client, deal.clone()).unwrap();
    for _ in 0..4 {
        chain.storage(&client, StorageMessage::ProposeDeals(vec![deal.clone(); 64])).unwrap();
    }
    assert!(lasting(&chain) > before.1 + 4 * 257);
    chain.pass(122, |_| {});
    assert_eq!(chain.deal(id).state.name(), "closed");
    chain.audit_holds();
    chain.pass(122, |_| {});
    assert_eq!(of_storage(&chain), before.0);
    assert!(lasting(&chain) < before.1 + 10, "{} rows, {} before", lasting(&chain), before.1);
    chain.audit_holds();
}

#[test]
fn a_client_has_so_many_proposals_waiting_and_no_more() {
    let (client, other) = (party(1), party(2));
    let mut provider = Provider::new(10);
    let mut doc = doc(&[(&client, 1000), (&other, 1000), (&provider.party, 1000)]);
    doc.network_toml = NETWORK.replace("proposals-most = 10_000", "proposals-most = 5");
    let mut chain = Chain::from_doc(doc);
    provider.register(&mut chain, CAPACITY);
    let piece = provider.store(b"payload");
    let deal = proposal(&provider, piece);
    let propose_some = |chain: &mut Chain, from: &Party, n: usize| {
        chain.storage(from, StorageMessage::ProposeDeals(vec![deal.clone(); n])).map(drop)
    };
    propose_some(&mut chain, &client, 4).unwrap();
    let first: Vec<_> = chain.ledger.read(|state| read::deals(state, None).map(|(id, _)| id).collect());
    let many = propose_some(&mut chain, &client, 2).unwrap_err();
    assert_eq!(many.code, "proposals");
    assert!(many.message.starts_with("4 proposals of this account wait for their providers, 2 more"), "{}", many.message);
    propose_some(&mut chain, &other, 5).unwrap();
    propose_some(&mut chain, &client, 1).unwrap();
    assert_eq!(propose_some(&mut chain, &client, 1).unwrap_err().code, "proposals");
    // One is taken, one is refused, one is withdrawn, and the others expire: none of them waits.
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![first[0]])).unwrap();
    let reason = "full".to_owned();
    chain.storage(&provider.party, StorageMessage::RefuseDeals { deals: vec![first[1]], reason }).unwrap();
    chain.storage(&client, StorageMessage::EndDeals(vec![first[2]])).unwrap();
    chain.audit_holds();
    propose_some(&mut chain, &client, 3).unwrap();
    chain.pass(250, |_| {});
    propose_some(&mut chain, &client, 5).unwrap();
    chain.audit_holds();
}

/// The network with another target of bytes a block.
fn aiming_at(target: u64, accounts: &[(&Party, u128)]) -> Chain {
    let mut doc = doc(accounts);
    doc.network_toml = NETWORK.replace("target = 65_536", &format!("target = {target}"));
    Chain::from_doc(doc)
}

#[test]
fn a_block_adds_sixteen_times_the_target_and_the_rest_waits_for_the_next() {
    let (client, mut provider) = (party(1), Provider::new(10));
    let mut chain = aiming_at(8_192, &[(&client, 1000), (&provider.party, 1000)]);
    provider.register(&mut chain, CAPACITY);
    let most = chain.ledger.block_rows();
    assert_eq!(most, 16 * 8_192);
    let piece = provider.store(b"payload");
    let deal = Proposal { price: Units::new(1), ..proposal(&provider, piece) };
    let flood = Message::service(StorageMessage::ProposeDeals(vec![deal; 64]));
    let transactions: Vec<_> = (0..8).map(|_| std::sync::Arc::new(chain.tx(&client, flood.clone()))).collect();
    let env = chain.env(1000);
    let (chosen, _) = chain.ledger.choose(&env, transactions.iter().cloned(), 1 << 20).unwrap();
    assert!((1..8).contains(&chosen.len()), "{} of 8", chosen.len());
    let encoded = |n: usize| transactions[..n].iter().map(|transaction| transaction.encode()).collect::<Vec<_>>();
    let refused = chain.ledger.run(&env, &encoded(chosen.len() + 1), false).unwrap_err();
    assert_eq!(refused, RunError::TooManyRows { max: most });
    assert!(refused.to_string().contains("131072 bytes"), "{refused}");
    let chosen_alone = chain.ledger.run(&env, &encoded(chosen.len()), false).unwrap();
    let (again, outcome) = chain.ledger.choose(&env, transactions.iter().take(chosen.len()).cloned(), 1 << 20).unwrap();
    assert_eq!((again.len(), &outcome.writes), (chosen.len(), &chosen_alone.writes), "what was left out left nothing behind");
    let before = bytes(&rows(&chain));
    let first: Vec<_> = transactions.iter().take(chosen.len()).map(|transaction| (**transaction).clone()).collect();
    chain.block(1000, &first).unwrap();
    let grown = bytes(&rows(&chain)) - before;
    assert!(grown <= i128::from(most) && grown > i128::from(most) / 2, "{grown} of {most} bytes");
    let rest = transactions.iter().skip(chosen.len()).cloned();
    assert!(!chain.ledger.choose(&chain.env(1000), rest, 1 << 20).unwrap().0.is_empty());
    chain.audit_holds();
}

#[test]
fn a_message_that_adds_more_than_a_block_may_is_undone_and_told_the_limit() {
    let (client, mut provider) = (party(1), Provider::new(10));
    let mut chain = aiming_at(1, &[(&client, 1000), (&provider.party, 1000)]);
    provider.register(&mut chain, CAPACITY);
    let piece = provider.store(b"payload");
    let deal = proposal(&provider, piece);
    let few = Message::service(StorageMessage::ProposeDeals(vec![deal.clone(); 4]));
    assert_eq!(cost(&mut chain, &client, few).1, None, "a small message fits whatever the file says");
    let many = Message::service(StorageMessage::ProposeDeals(vec![deal; 64]));
    let (fee, failure, work, grown) = cost(&mut chain, &client, many);
    let failure = failure.expect("more than a block may add");
    assert_eq!(failure.code, "too-many-rows");
    assert!(failure.message.ends_with("one block may add 16384; split it"), "{}", failure.message);
    assert_eq!(grown, 0);
    assert!(fee >= work * BASE, "its work is paid");
    chain.audit_holds();
}

/// Much work and no rows: evidence of nothing, until a block holds no more.
#[test]
fn work_makes_rows_no_dearer() {
    let (alice, bob) = (party(1), party(2));
    let mut chain = Chain::new(&[(&alice, 1_000), (&bob, 1_000)]);
    let mut risen = 0;
    for _ in 0..6 {
        let votes = || Message::SignedTwice { first: vec![1; 8], second: vec![2; 8] };
        let (fees, _) = fees(&chain);
        let many: Vec<_> = (0..chain.ledger.block_work() / 305).map(|_| chain.tx(&alice, votes())).collect();
        chain.block(1000, &many).expect("the block is good");
        risen += u32::from(self::fees(&chain).0 > fees);
    }
    assert!(risen > 0, "full blocks raise the base fee");
    assert_eq!(fees(&chain).1, Units::new(BASE), "and not that of rows");
}

#[test]
fn long_transactions_pay_for_the_history_that_they_make() {
    let alice = party(1);
    let mut chain = Chain::new(&[(&alice, 1_000)]);
    chain.block(1000, &[]).expect("the genesis is good");
    let long = |n: usize| Message::SignedTwice { first: vec![1; n], second: vec![2; n] };
    let tx = chain.tx(&alice, long(4_096));
    let (counted, begun) = (history(&tx), chain.fil(&alice).get());
    assert!(counted > 1_700, "{counted}");
    let receipts = chain.block(1000, &[tx]).expect("the block is good");
    let failed = receipts.iter().any(|receipt| matches!(receipt.body, ReceiptBody::Transaction { failure: Some(_), .. }));
    assert!(failed, "{receipts:?}");
    let paid = begun - chain.fil(&alice).get();
    assert_eq!(paid, 305 * BASE + (41 + counted) * BYTE, "its own row and its length");
    let tx = chain.tx(&alice, long(4_097));
    let refused = chain.ledger.admit(&tx).unwrap_err();
    assert_eq!(refused.to_string(), "a vote has at most 4096 bytes, one of these has 4097");
    chain.audit_holds();
}

fn fees(chain: &Chain) -> (Units, Units) {
    chain.ledger.read(|state| {
        let spec = chain.ledger.economy().spec();
        (depin_economy::base_fee(spec, state), depin_economy::row_base_fee(spec, state))
    })
}

/// Who floods a provider with proposals that it can only decline would otherwise have it pay for that.
#[test]
fn whoever_declines_what_it_never_asked_for_pays_no_rows() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let proposals = Message::service(StorageMessage::ProposeDeals(vec![proposal(&provider, piece); 4]));
    let (paid, failure, work, grown) = cost(&mut chain, &client, proposals);
    assert_eq!((paid, failure), (work * BASE + u128::try_from(grown).unwrap() * BYTE, None));
    let deals: Vec<_> = chain.ledger.read(|state| read::deals(state, None).map(|(id, _)| id).collect());
    let declined = StorageMessage::RefuseDeals { deals: deals[..3].to_vec(), reason: "x".repeat(200) };
    // The account row of a provider is there since it registered.
    let (paid, failure, work, grown) = cost(&mut chain, &provider.party, Message::service(declined));
    assert_eq!((paid, failure), (work * BASE, None), "grown by {grown} bytes");
    assert!(grown <= 0, "{grown}");
    let (paid, _, work, grown) = cost(&mut chain, &client, Message::service(StorageMessage::EndDeals(vec![deals[3]])));
    assert!(paid == work * BASE && grown < 0, "{grown}");
    assert_eq!(chain.ledger.read(|state| read::deal(state, deals[0])).unwrap().state.name(), "closed");
    chain.pass(122, |_| {});
    assert_eq!(chain.ledger.read(|state| read::deals(state, None).count()), 0);
    chain.audit_holds();
}

/// Receipts are kept as blocks are: who has much told pays for it.
#[test]
fn long_receipts_pay_for_the_history_that_they_make() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let paid = |chain: &mut Chain, n: usize| {
        let tx = chain.tx(&client, Message::service(StorageMessage::ProposeDeals(vec![proposal(&provider, piece); n])));
        let (rows_before, work) = (bytes(&rows(chain)), u128::from(tx.body.work()));
        let receipts = chain.block(1000, std::slice::from_ref(&tx)).expect("the block is good");
        let grown = u128::try_from(bytes(&rows(chain)) - rows_before).unwrap();
        let fee = receipts.iter().find_map(|receipt| match &receipt.body {
            ReceiptBody::Transaction { fee, failure: None, .. } => Some(fee.get()),
            _ => None,
        });
        (fee.expect("it is done") - work * BASE - (grown + history(&tx)) * BYTE, told(&receipts))
    };
    assert_eq!(paid(&mut chain, 1), (0, 0), "what one deal tells is paid with its work");
    let (extra, counted) = paid(&mut chain, 64);
    assert!(counted > 2_500, "{counted}");
    assert_eq!(extra, counted * BYTE);
    chain.audit_holds();
}
