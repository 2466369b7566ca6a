//! The life of deals on a ledger: proposed, proven, paid, faulty, ended; and what is refused on the way.

mod common;
use common::*;
use depin_economy::Action;
use depin_ledger::*;
use depin_quantity::{Measured, UnitId, Units};
use depin_services::EventInfo as _;
use depin_services::storage::{CloseReason, DealState, Proposal, SectorProof, StorageMessage, read};

fn code<T>(result: Result<T, Failure>) -> String {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(failure) => failure.code,
    }
}

fn closed(chain: &Chain, id: UnitId) -> CloseReason {
    match chain.deal(id).state {
        DealState::Closed { reason, .. } => reason,
        other => panic!("the deal is {other:?}"),
    }
}

#[test]
fn a_deal_is_proposed_accepted_proven_paid_and_completed() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"a payload worth keeping");
    let before = (chain.fil(&client), chain.fil(&provider.party));
    let deal = proposal(&provider, piece);
    let (price, term) = (deal.price.get(), u128::from(deal.term));
    let id = active_deal(&mut chain, &client, &provider, deal);
    chain.audit_holds();
    chain.pass(3 * 2880 + 20, |chain| provider.answer_windows(chain));
    assert_eq!(closed(&chain, id), CloseReason::Completed);
    let spent = before.0.get() - chain.fil(&client).get();
    assert!(spent >= price * term && spent < price * term + FIL / 1000, "the client spent {spent}");
    chain.send(&provider.party, Message::Act(Action::Claim { after: None })).unwrap();
    assert!(chain.fil(&provider.party).get() > before.1.get() + price * term - FIL / 1000, "the provider was not paid");
    chain.audit_holds();
}

#[test]
fn block_rewards_are_a_quarter_liquid_and_vest_over_180_days() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"x");
    active_deal(&mut chain, &client, &provider, Proposal { term: 518_400, ..proposal(&provider, piece) });
    chain.pass(2 * 2880, |chain| provider.answer_windows(chain));
    let before = chain.fil(&provider.party).get();
    let vesting = |chain: &Chain| {
        chain.ledger.read(|state| {
            let reads = chain.ledger.economy().reads(state, chain.parent.stamp.time);
            reads.vesting(provider.party.address, name("FIL"))
        })
    };
    chain.send(&provider.party, Message::Act(Action::Claim { after: None })).unwrap();
    let locked = vesting(&chain);
    assert!(!locked.locked.is_zero(), "nothing vests after two days of power");
    chain.pass(10 * 2880, |chain| provider.answer_windows(chain));
    chain.send(&provider.party, Message::Act(Action::WithdrawVested { token: name("FIL"), most: None })).unwrap();
    assert!(chain.fil(&provider.party).get() > before, "nothing was withdrawn after ten days");
    chain.audit_holds();
}

#[test]
fn what_a_proposal_must_not_be() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let good = proposal(&provider, piece);
    let funds = chain.fil(&client).get();
    let cases = [
        (Proposal { price: Units::ZERO, ..good.clone() }, "free-deal"),
        (Proposal { term: 0, ..good.clone() }, "term"),
        (Proposal { term: u64::MAX, ..good.clone() }, "term"),
        (Proposal { start_within: 0, ..good.clone() }, "start"),
        (Proposal { provider: party(77).address, ..good.clone() }, "unknown-provider"),
        (Proposal { label: "x".repeat(257), ..good.clone() }, "label"),
        (Proposal { price: Units::new(u128::MAX), ..good.clone() }, "price-too-high"),
        (Proposal { price: Units::new(FIL), ..good.clone() }, "economy"),
        (Proposal { verified: true, ..good.clone() }, "economy"),
        (Proposal { size: depin_services::storage::piece::PieceSize::new(1 << 31).unwrap(), ..good.clone() }, "full"),
    ];
    for (bad, expected) in cases {
        assert_eq!(code(propose(&mut chain, &client, bad)), expected);
    }
    assert!(funds - chain.fil(&client).get() < FIL / 1000, "a refused proposal cost more than its fees");
    assert_eq!(code(chain.storage(&client, StorageMessage::ProposeDeals(Vec::new()))), "entries");
    chain.audit_holds();
}

/// Money moves because of a deal, and the receipt says so deal by deal.
#[test]
fn a_receipt_holds_what_economy_and_service_say_in_the_order_of_causes() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let two = vec![proposal(&provider, piece); 2];
    let events = chain.storage(&client, StorageMessage::ProposeDeals(two)).unwrap();
    let told = |event: &Event| match event {
        Event::Economy(depin_economy::Event::Posting { to: depin_economy::Account::Escrow(id), .. }) => Some((*id, "paid")),
        Event::Service(event) => Some((event.subject()?, event.kind())),
        Event::Economy(_) => None,
    };
    let told: Vec<_> = events.iter().filter_map(told).collect();
    let [(a, _), _, (b, _), _] = told[..] else { panic!("{told:?}") };
    assert_eq!(told, [(a, "paid"), (a, "deal-proposed"), (b, "paid"), (b, "deal-proposed")]);
    assert_ne!(a, b);
}

#[test]
fn only_the_provider_answers_and_only_with_a_good_proof() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(&[7; 5000]);
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    assert_eq!(code(chain.storage(&client, StorageMessage::AcceptDeals(vec![id]))), "not-yours");
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id, id]))), "twice");
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap();
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id]))), "wrong-state");
    chain.draw();
    let proof = provider.sector_proof(id, &chain.deal(id));
    let mut forged = proof.clone();
    forged.leaves[2].leaf[0] ^= 1;
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::ProveSectors(vec![forged]))), "proof");
    let mut short = proof.clone();
    short.leaves.pop();
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::ProveSectors(vec![short]))), "leaves");
    let mut swapped = proof.clone();
    swapped.leaves.reverse();
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::ProveSectors(vec![swapped]))), "proof");
    chain.storage(&provider.party, StorageMessage::ProveSectors(vec![proof.clone()])).unwrap();
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::ProveSectors(vec![proof]))), "wrong-state");
    chain.audit_holds();
}

#[test]
fn a_proof_for_other_data_than_the_commitment_is_refused() {
    let (mut chain, client, mut provider) = stage();
    let promised = provider.store(&[1; 3000]);
    let other = provider.store(&[2; 3000]);
    let id = propose(&mut chain, &client, proposal(&provider, promised)).unwrap();
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap();
    chain.draw();
    let deal = chain.deal(id);
    let lie = depin_services::storage::Deal { piece: other.0, ..deal };
    let leaves = provider.sector_proof(id, &lie).leaves;
    assert_eq!(
        code(chain.storage(&provider.party, StorageMessage::ProveSectors(vec![SectorProof { deal: id, leaves }]))),
        "proof"
    );
}

#[test]
fn a_proposal_that_nobody_takes_expires_and_gives_the_money_back() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let funds = chain.fil(&client).get();
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    chain.pass(260, |_| ());
    assert_eq!(closed(&chain, id), CloseReason::Expired);
    assert!(funds - chain.fil(&client).get() < FIL / 1000);
    chain.audit_holds();
}

/// An idle chain makes its next block then.
#[test]
fn what_is_due_next_is_the_first_end_of_a_proposal_or_of_a_payment_and_at_once_what_was_taken() {
    let (mut chain, client, mut provider) = stage();
    let due = |chain: &Chain| chain.ledger.next_due(&chain.parent).unwrap();
    let lapses = chain.parent.stamp.time.later(depin_services::storage::UNUSED_KEPT);
    assert_eq!(due(&chain), Some(lapses), "the ends of periods bring no block");
    let piece = provider.store(b"payload");
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    assert_eq!(due(&chain), Some(chain.deal(id).start_by));
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap();
    for _ in 0..depin_economy::SEED_LAG {
        assert_eq!(due(&chain), Some(chain.parent.stamp.time), "its challenge waits for rounds that come with blocks");
        chain.block(1000, &[]).unwrap();
    }
    let over = chain.deal(id).start_by.later(depin_quantity::Span::from_millis(1));
    assert_eq!(due(&chain), Some(over), "it may be proven up to the last moment");
    assert!(chain.ledger.next_due(&Parent { height: 77, ..chain.parent }).is_err());
}

#[test]
fn an_accepted_deal_that_is_never_proven_costs_the_bond() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(&[3; 100_000]);
    let (client_before, provider_before) = (chain.fil(&client).get(), chain.fil(&provider.party).get());
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap();
    chain.pass(260, |_| ());
    assert_eq!(closed(&chain, id), CloseReason::Expired);
    assert!(client_before - chain.fil(&client).get() < FIL / 1000);
    assert!(provider_before > chain.fil(&provider.party).get());
    assert_eq!(chain.ledger.read(|s| read::provider(s, provider.party.address)).unwrap().promised, 0);
    chain.audit_holds();
}

#[test]
fn a_refused_deal_carries_its_reason() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    let refusal = StorageMessage::RefuseDeals { deals: vec![id], reason: "price below my ask".to_owned() };
    chain.storage(&provider.party, refusal).unwrap();
    assert_eq!(closed(&chain, id), CloseReason::Refused("price below my ask".to_owned()));
    chain.audit_holds();
}

#[test]
fn a_missed_window_takes_the_power_and_a_later_proof_gives_it_back() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(&[9; 20_000]);
    let id = active_deal(&mut chain, &client, &provider, Proposal { term: 20 * 2880, ..proposal(&provider, piece) });
    // The window opens two blocks after it is due, here a quarter of it each, and is no shorter for it.
    chain.pass(2880 + 50, |_| ());
    assert_eq!(chain.deal(id).state.name(), "faulty");
    assert_eq!(chain.ledger.read(read::totals).raw_bytes, 0);
    chain.storage(&provider.party, StorageMessage::DeclareRecovered(vec![id])).unwrap();
    chain.draw();
    let proof = provider.sector_proof(id, &chain.deal(id));
    chain.storage(&provider.party, StorageMessage::ProveSectors(vec![proof])).unwrap();
    assert_eq!(chain.deal(id).state.name(), "active");
    assert_eq!(chain.ledger.read(read::totals).raw_bytes, u128::from(piece.1.get()));
    chain.audit_holds();
}

#[test]
fn late_replayed_and_foreign_set_proofs_are_refused() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(&[9; 20_000]);
    active_deal(&mut chain, &client, &provider, Proposal { term: 20 * 2880, ..proposal(&provider, piece) });
    let early = StorageMessage::ProveSet { set: 0, leaves: Vec::new() };
    assert_eq!(code(chain.storage(&provider.party, early)), "window-closed");
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::ProveSet { set: 9, leaves: Vec::new() })), "unknown-set");
    let mut answer = None;
    chain.pass(2880 - 30, |chain| {
        let set = chain.ledger.read(|s| read::sets(s, provider.party.address).next()).unwrap().1;
        if let (None, Some(window)) = (&answer, set.window) {
            let wanted = depin_services::storage::window_challenges(provider.party.address, 0, &window, 5);
            let leaf = |(i, l): (usize, u64)| provider.leaf(&window.sectors[i].piece, window.sectors[i].size, l);
            answer = Some(StorageMessage::ProveSet { set: 0, leaves: wanted.into_iter().map(leaf).collect() });
        }
    });
    let answer = answer.expect("the window opened");
    chain.storage(&provider.party, answer.clone()).unwrap();
    assert_eq!(code(chain.storage(&provider.party, answer.clone())), "already-proven");
    chain.pass(60, |_| ());
    assert_eq!(code(chain.storage(&provider.party, answer.clone())), "window-closed");
    let mut refused_once = false;
    chain.pass(2880, |chain| {
        let set = chain.ledger.read(|s| read::sets(s, provider.party.address).next()).unwrap().1;
        if !refused_once && set.window.is_some() {
            refused_once = true;
            assert_eq!(code(chain.storage(&provider.party, answer.clone())), "proof", "an old answer passed in a new window");
        }
    });
    assert!(refused_once);
}

#[test]
fn a_sector_that_stays_faulty_is_charged_and_then_terminated() {
    let (mut chain, client, mut provider) = stage();
    let (lost, kept) = (provider.store(&[9; 20_000]), provider.store(&[8; 20_000]));
    let term = 60 * 2880;
    let id = active_deal(&mut chain, &client, &provider, Proposal { term, ..proposal(&provider, lost) });
    let other = active_deal(&mut chain, &client, &provider, Proposal { term, ..proposal(&provider, kept) });
    chain.storage(&provider.party, StorageMessage::DeclareFaults(vec![id])).unwrap();
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::DeclareFaults(vec![id]))), "wrong-state");
    chain.pass(44 * 2880, |chain| {
        // The fault takes what the provider has, and its other proofs cost fees.
        if chain.fil(&provider.party).get() < FIL / 1000 {
            let to = provider.party.address;
            let amount = Units::new(FIL / 100);
            chain.send(&client, Message::Act(Action::Transfer { to, token: name("FIL"), amount })).unwrap();
        }
        provider.answer_windows(chain);
    });
    assert_eq!(closed(&chain, id), CloseReason::Faulty);
    assert_eq!(chain.deal(other).state.name(), "active");
    let burned = chain
        .ledger
        .read(|s| chain.ledger.economy().reads(s, chain.parent.stamp.time).supply(name("FIL")))
        .expect("FIL has a supply")
        .burned;
    assert!(burned.get() > FIL / 1000, "only {burned} was burnt");
    chain.audit_holds();
}

#[test]
fn a_deal_ends_early_only_by_both_sides() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let (before, deal) = (chain.fil(&client).get(), proposal(&provider, piece));
    let total = deal.price.get() * u128::from(deal.term);
    let id = active_deal(&mut chain, &client, &provider, deal);
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::AgreeEnds(vec![id]))), "wrong-state");
    chain.storage(&client, StorageMessage::EndDeals(vec![id])).unwrap();
    assert_eq!(chain.deal(id).state.name(), "active");
    chain.storage(&provider.party, StorageMessage::AgreeEnds(vec![id])).unwrap();
    assert_eq!(closed(&chain, id), CloseReason::Agreed);
    assert!(before - chain.fil(&client).get() < FIL / 1000 + total / 100, "unspent funds did not come back");
    chain.audit_holds();
}

#[test]
fn a_deal_is_extended_and_outlives_its_first_terms() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let id = active_deal(&mut chain, &client, &provider, Proposal { term: 2 * 2880, ..proposal(&provider, piece) });
    for _ in 0..3 {
        chain.storage(&client, StorageMessage::ExtendDeals { deals: vec![id], epochs: 2 * 2880 }).unwrap();
        chain.storage(&provider.party, StorageMessage::AcceptExtensions(vec![id])).unwrap();
        chain.pass(2 * 2880 - 10, |chain| provider.answer_windows(chain));
        assert_eq!(chain.deal(id).state.name(), "active");
    }
    chain.pass(2 * 2880 + 60, |chain| provider.answer_windows(chain));
    assert_eq!(closed(&chain, id), CloseReason::Completed);
    chain.audit_holds();
}

#[test]
fn an_extension_that_was_not_agreed_comes_back() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let before = chain.fil(&client).get();
    let id = active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    chain.storage(&client, StorageMessage::ExtendDeals { deals: vec![id], epochs: 2880 }).unwrap();
    chain.storage(&client, StorageMessage::EndDeals(vec![id])).unwrap();
    chain.storage(&provider.party, StorageMessage::AgreeEnds(vec![id])).unwrap();
    assert!(before - chain.fil(&client).get() < FIL / 1000 + 3 * 2880 * 1_000_000);
    chain.audit_holds();
}

#[test]
fn verified_deals_count_tenfold_and_spend_datacap() {
    let (mut chain, client, mut provider) = stage();
    let notary = party(900);
    chain
        .send(&client, Message::Act(Action::Transfer { to: notary.address, token: name("FIL"), amount: Units::new(FIL) }))
        .unwrap();
    let grant = Action::GrantAllowance { kind: name("datacap"), to: client.address, amount: Measured::new(1 << 20) };
    assert_eq!(code(chain.send(&client, grant.clone().into())), "economy");
    chain.send(&notary, grant.into()).unwrap();
    let piece = provider.store(&[1; 1000]);
    active_deal(&mut chain, &client, &provider, Proposal { verified: true, ..proposal(&provider, piece) });
    let totals = chain.ledger.read(read::totals);
    assert_eq!(totals.quality_bytes, 10 * totals.raw_bytes);
    chain.audit_holds();
}

#[test]
fn a_network_that_stood_still_for_a_year_has_no_fault() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(&[9; 20_000]);
    let id = active_deal(&mut chain, &client, &provider, Proposal { term: 20 * 2880, ..proposal(&provider, piece) });
    chain.block(365 * 86_400_000, &[]).unwrap();
    chain.pass(2880 * 2, |chain| provider.answer_windows(chain));
    assert_eq!(chain.deal(id).state.name(), "active");
    chain.audit_holds();
}

#[test]
fn a_provider_leaves_only_without_deals() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let id = active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    assert_eq!(code(chain.storage(&provider.party, StorageMessage::RemoveProvider)), "still-has-deals");
    chain.storage(&client, StorageMessage::EndDeals(vec![id])).unwrap();
    chain.storage(&provider.party, StorageMessage::AgreeEnds(vec![id])).unwrap();
    chain.storage(&provider.party, StorageMessage::RemoveProvider).unwrap();
    assert_eq!(code(propose(&mut chain, &client, proposal(&provider, piece))), "ask");
    chain.audit_holds();
}

/// The penalty is counted in days of expected reward; whoever has all the power of a young network expects all of its reward.
#[test]
fn a_provider_that_gives_a_deal_up_pays_and_what_it_cannot_pay_is_a_debt() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let id = active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    chain.storage(&provider.party, StorageMessage::TerminateDeals(vec![id])).unwrap();
    assert_eq!(closed(&chain, id), CloseReason::GivenUp);
    let wallet = chain.ledger.read(|s| depin_economy::wallet(s, provider.party.address, name("FIL")));
    assert!(wallet.held.is_zero() && !wallet.owed.is_zero(), "{wallet:?}");
    chain
        .send(&client, Message::Act(Action::Transfer { to: provider.party.address, token: name("FIL"), amount: Units::new(FIL) }))
        .unwrap();
    let id = propose(&mut chain, &client, proposal(&provider, piece)).unwrap();
    let failure = chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap_err();
    assert!(failure.message.contains("owes"), "{}", failure.message);
    chain.audit_holds();
}

#[test]
fn many_sectors_fill_several_data_sets() {
    let (mut chain, client, mut provider) = stage();
    for i in 0..130u32 {
        let piece = provider.store(&i.to_be_bytes());
        active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    }
    let sets: Vec<_> = chain.ledger.read(|s| read::sets(s, provider.party.address).map(|(_, set)| set.sectors.len()).collect());
    assert_eq!(sets, [128, 2]);
    chain.pass(2880 + 60, |chain| provider.answer_windows(chain));
    assert_eq!(chain.ledger.read(read::totals).faulty, 0);
    chain.audit_holds();
}

/// A list of ten thousand entries that cost a transaction each would otherwise be a stranger's for good.
#[test]
fn an_entry_that_serves_nobody_lapses_after_a_week_and_is_paid_anew() {
    let (mut chain, client, mut provider) = stage();
    let idle = Provider::new(11);
    chain
        .send(&client, Message::Act(Action::Transfer { to: idle.party.address, token: name("FIL"), amount: Units::new(FIL) }))
        .unwrap();
    let held = chain.fil(&idle.party);
    idle.register(&mut chain, CAPACITY);
    let cost = held.get() - chain.fil(&idle.party).get();
    let piece = provider.store(b"payload");
    let id = active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    let listed = |chain: &Chain| -> Vec<_> {
        assert_eq!(chain.ledger.read(read::totals).providers as usize, chain.ledger.read(|s| read::providers(s, None).count()));
        chain.ledger.read(|s| read::providers(s, None).map(|(address, _)| address).collect())
    };
    chain.pass(7 * 2880 - 10, |chain| provider.answer_windows(chain));
    assert!(listed(&chain).contains(&idle.party.address), "six days and more are not a week");
    assert_eq!(closed(&chain, id), CloseReason::Completed);
    chain.pass(20, |_| {});
    assert_eq!(listed(&chain), [provider.party.address], "the other one served until four days ago");
    assert_eq!(code(propose(&mut chain, &client, proposal(&idle, piece))), "unknown-provider");
    chain.audit_holds();
    idle.register(&mut chain, CAPACITY);
    let again = held.get() - chain.fil(&idle.party).get() - cost;
    assert!(again > cost / 2, "an entry cost {cost} at first and {again} after it had lapsed");
    chain.pass(9 * 2880, |_| {});
    assert_eq!(listed(&chain), [], "neither has had a deal for a week");
    assert_eq!(chain.ledger.read(|s| read::all_sets(s, None).count()), 0);
    provider.register(&mut chain, CAPACITY);
    active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    chain.audit_holds();
}
