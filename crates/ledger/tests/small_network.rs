//! A provider of a few kilobytes on a network of one machine, a day away: with the overlay `development` it loses less than it pledged, and comes
//! back by itself, whatever its wallet holds.

#[path = "common/mod.rs"]
mod common;

use common::*;
use depin_economy::{Account, Action};
use depin_ledger::Message;
use depin_quantity::{Name, UnitId, Units};
use depin_services::storage::{Proposal, StorageMessage};

const DAY: u64 = 2_880;

fn stage_of(text: &str) -> (Chain, Party, Provider) {
    let (client, provider) = (party(1), Provider::new(10));
    let accounts = [(&client, 1_000), (&provider.party, 1_000)];
    let mut chain = Chain::from_doc(depin_ledger::GenesisDoc { network_toml: text.to_owned(), ..doc(&accounts) });
    provider.register(&mut chain, CAPACITY);
    (chain, client, provider)
}

fn overlaid() -> String {
    depin_networks::with_development_overlay(NETWORK).expect("filecoin has what the overlay bounds")
}

fn fil() -> Name {
    name("FIL")
}

fn pledged(chain: &Chain, who: &Party) -> u128 {
    let time = chain.parent.stamp.time;
    chain.ledger.read(|state| chain.ledger.economy().reads(state, time).balance(Account::Pledge(who.address), fil())).get()
}

fn owed(chain: &Chain, who: &Party) -> u128 {
    chain.ledger.read(|state| depin_economy::wallet(state, who.address, fil()).owed).get()
}

/// A deal of 80,000 bytes whose provider then stays away for `days` beyond the one in which it misses its first window; that one is free.
fn away(chain: &mut Chain, client: &Party, provider: &mut Provider, days: u64) -> UnitId {
    let piece = provider.store(&[9; 80_000]);
    let id = active_deal(chain, client, provider, Proposal { term: 60 * DAY, ..proposal(provider, piece) });
    chain.pass((days + 1) * DAY + 50, |_| ());
    assert_eq!(chain.deal(id).state.name(), "faulty");
    id
}

#[test]
fn a_day_away_costs_less_than_the_pledge() {
    let (mut chain, client, mut provider) = stage_of(&overlaid());
    let before = chain.fil(&provider.party).get();
    away(&mut chain, &client, &mut provider, 2);
    let pledge = pledged(&chain, &provider.party);
    let after = chain.fil(&provider.party).get();
    // All that it spent since it had nothing pledged: fees, the bond, the pledge itself, and what the fault cost.
    assert_eq!(owed(&chain, &provider.party), 0);
    let burned_by_fault = fault_fees(&chain, &provider.party);
    assert!(burned_by_fault > 0 && burned_by_fault < pledge / 50, "{burned_by_fault} of a pledge of {pledge}");
    assert!(before - after < FIL, "it has nearly all of its 1,000 FIL");
    chain.audit_holds();
}

#[test]
fn without_the_overlay_the_same_day_takes_all_that_it_has() {
    let (mut chain, client, mut provider) = stage_of(NETWORK);
    away(&mut chain, &client, &mut provider, 2);
    assert_eq!(chain.fil(&provider.party), Units::ZERO);
    assert!(owed(&chain, &provider.party) > FIL, "more than a FIL of debt");
    chain.audit_holds();
}

#[test]
fn a_provider_with_an_empty_wallet_declares_recovery_on_its_pledge_and_earns_it_back() {
    let (mut chain, client, mut provider) = stage_of(&overlaid());
    let id = away(&mut chain, &client, &mut provider, 1);
    // It sends away all that it has: what a transfer costs, the first one tells.
    let send = |chain: &mut Chain, amount: u128| {
        let transfer = Message::Act(Action::Transfer { to: client.address, token: fil(), amount: Units::new(amount) });
        chain.send(&provider.party, transfer).unwrap();
        chain.fil(&provider.party).get()
    };
    let before = chain.fil(&provider.party).get();
    let after = send(&mut chain, 1);
    let cost = before - after - 1;
    assert_eq!(send(&mut chain, after - cost), 0);
    let (pledge, debt) = (pledged(&chain, &provider.party), owed(&chain, &provider.party));
    assert_eq!(debt, 0);
    chain.storage(&provider.party, StorageMessage::DeclareRecovered(vec![id])).unwrap();
    let debt = owed(&chain, &provider.party);
    assert!(debt > 0 && debt < pledge, "{debt} of {pledge}: the fee is owed");
    chain.draw();
    let proof = provider.sector_proof(id, &chain.deal(id));
    chain.storage(&provider.party, StorageMessage::ProveSectors(vec![proof])).unwrap();
    assert_eq!(chain.deal(id).state.name(), "active");
    // What customers pay and the network gives repays it.
    chain.pass(2 * DAY, |chain| provider.answer_windows(chain));
    chain.send(&provider.party, Message::Act(Action::Claim { after: None })).unwrap();
    let later = owed(&chain, &provider.party);
    chain.audit_holds();
    assert_eq!(chain.deal(id).state.name(), "active");
    assert!(later < pledge, "{later} of {pledge}");
}

/// What faults of a party have burnt, by the postings of all blocks.
fn fault_fees(chain: &Chain, who: &Party) -> u128 {
    use depin_economy::{Event as Said, Reason};
    let events = chain.receipts.iter().flat_map(|receipt| &receipt.events);
    let fees = events.filter_map(|event| match event {
        depin_ledger::Event::Economy(Said::Posting { from, amount, reason: Reason::FaultFee, .. })
            if *from == Account::Wallet(who.address) || *from == Account::Vesting(who.address) =>
        {
            Some(amount.get())
        }
        _ => None,
    });
    fees.sum()
}
