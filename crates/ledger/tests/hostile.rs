//! What people with bad intentions may try: floods, forged network files, clocks at the end of time, debts that run away.

mod common;
use common::*;
use depin_economy::Action;
use depin_economy::{BlockContext, Chance, Economy, Meter as _, Spec};
use depin_ledger::*;
use depin_quantity::{Instant, Seed, Span, UnitId, Units};
use depin_services::storage::{
    CloseReason, DealState, Proposal, SectorProof, Storage, StorageMessage, deal_id, read, sector_challenges, window_challenges,
};
use depin_services::{Context, Service as _};
use depin_state::{Key, Overlay, ReadState, Tables};
use std::{cell::Cell, sync::Arc};

fn wallet(chain: &Chain, who: &Party) -> depin_economy::WalletRow {
    chain.ledger.read(|s| depin_economy::wallet(s, who.address, name("FIL")))
}

/// Proposes 64 deals at once; their ids.
fn propose_many(chain: &mut Chain, client: &Party, proposal: &Proposal) -> Vec<UnitId> {
    let tx = chain.tx(client, Message::service(StorageMessage::ProposeDeals(vec![proposal.clone(); 64])));
    let seed = tx.seed();
    for receipt in chain.block(1000, &[tx]).expect("the block is good") {
        let ReceiptBody::Transaction { failure, .. } = receipt.body else { continue };
        assert_eq!(failure, None);
    }
    (0..64).map(|i| deal_id(seed, i)).collect()
}

/// Rows that count how often somebody walks along them.
struct Counting<'a> {
    rows: &'a Tables,
    steps: Cell<usize>,
}

impl ReadState for Counting<'_> {
    fn look(&self, key: Key<'_>, see: &mut dyn FnMut(Option<&[u8]>)) {
        self.rows.look(key, see);
    }

    fn next_raw(&self, key: &[u8], inclusive: bool) -> Option<(Vec<u8>, Vec<u8>)> {
        self.steps.set(self.steps.get() + 1);
        self.rows.next_raw(key, inclusive)
    }
}

#[test]
fn what_is_due_is_found_in_as_many_steps_as_there_are_jobs() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let one = proposal(&provider, piece);
    for _ in 0..4 {
        propose_many(&mut chain, &client, &one);
        let taken = propose_many(&mut chain, &client, &one);
        chain.storage(&provider.party, StorageMessage::AcceptDeals(taken)).unwrap();
    }
    chain.block(1000, &[]).unwrap();
    let economy = Economy::new(Spec::parse(NETWORK).unwrap());
    let storage = Storage::read(economy.spec(), Instant::new(GENESIS_TIME)).unwrap();
    let now = chain.parent.stamp.time.later(Span::from_days(1));
    let steps = chain.ledger.tables(|rows| {
        let counting = Counting { rows, steps: Cell::new(0) };
        let (mut events, mut happened) = (Vec::new(), Vec::new());
        let mut overlay = Overlay::new(&counting);
        let at = BlockContext::new(now, Chance::NONE);
        let mut session = economy.session(&mut overlay, at, &mut events);
        let used = session.close(u32::MAX).unwrap().used;
        assert_eq!(used, 1 + 256 + 1, "the clock up to the deadline, one job per accepted deal, and the clock up to now");
        let notices = session.notices();
        let mut cx = Context::new(&storage, &mut session, at, &mut happened);
        Storage::follow(&mut cx, &notices);
        assert!(Storage::run_due(&mut cx, u64::MAX) >= 256 * 10, "every untaken proposal expires");
        counting.steps.get()
    });
    assert!(steps < 512 * 8, "{steps} steps for 512 jobs: each looks at what the ones before it did");
}

#[test]
fn a_network_file_whose_rules_do_not_fit_what_jobs_say_starts_no_chain() {
    let cut = |table: &str| {
        let start = NETWORK.find(table).expect("the table is there");
        let length = NETWORK[start..].find("\n\n").expect("a blank line ends it");
        [&NETWORK[..start], &NETWORK[start + length..]].concat()
    };
    let renamed = |table: &str, from: &str, to: &str| {
        let text = NETWORK.replace(&format!("[{table}.{from}]"), &format!("[{table}.{to}]"));
        text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
    };
    let files = [
        // What a network has no rule for is not said to its economy.
        (cut("[incentive.fault.detected]"), ""),
        (renamed("incentive.fault", "continued", "going-on"), ""),
        (cut("[incentive.fault.terminated]"), ""),
        (NETWORK.replace("fee = \"nothing\"", "fee = \"per-gib\"\namount = \"1 FIL\""), ""),
        (renamed("incentive.pledge", "sector", "box"), ""),
        // What it has rules for must fit what is said.
        (renamed("incentive.allowance", "datacap", "gift"), "allowance `datacap`"),
        (NETWORK.replace("agreed = {", "mutual = {"), "`agreed`"),
        (NETWORK.replace("terminated = {", "given-up = {"), "`terminated`"),
        (
            NETWORK.replace("raw-bytes = {", "plain-bytes = {").replace("of = \"raw-bytes\"", "of = \"plain-bytes\""),
            "metric `plain-bytes` is none of this service",
        ),
        (renamed("bind", "quality-bytes", "good-bytes"), "metric `good-bytes` is none of this service"),
        (NETWORK.replace("clock = \"epoch\"\nrate", "clock = \"epoch\"\nmethod = \"weighted\"\nrate"), "open-ended"),
        // A data set of so many sectors is a row that no store takes.
        (NETWORK.replace("pieces-most = 128", "pieces-most = 1_024"), "pieces-most"),
        // Amounts of deals are base units here and 10^-18 of the token at the meter, whatever its places are.
        (NETWORK.replace("decimals = 18", "decimals = 6"), ""),
        (NETWORK.replace("over = \"6y\", clock", "over = \"6000y\", clock"), "no network lives so long"),
    ];
    for (file, reason) in files {
        assert_ne!(file, NETWORK, "the file that should lack {reason} is whole");
        let doc = GenesisDoc { network_toml: file, accounts: Vec::new(), ..doc(&[]) };
        match Ledger::new(doc, Arc::new(Ed25519)) {
            Err(error) => assert!(!reason.is_empty() && error.to_string().contains(reason), "not for {reason}: {error}"),
            Ok(_) => assert_eq!(reason, "", "it started without {reason}"),
        }
    }
}

#[test]
fn giving_up_the_challenged_sectors_does_not_answer_for_the_others() {
    let (mut chain, client, mut provider) = stage();
    let term = 20 * 2880;
    let ids: Vec<UnitId> = (0..12u8)
        .map(|i| {
            let piece = provider.store(&[i; 1000]);
            active_deal(&mut chain, &client, &provider, Proposal { term, ..proposal(&provider, piece) })
        })
        .collect();
    let window = |chain: &Chain| chain.ledger.read(|s| read::sets(s, provider.party.address).next()).unwrap().1.window;
    while window(&chain).is_none() {
        chain.pass(1, |_| ());
    }
    let open = window(&chain).unwrap();
    let mut challenged: Vec<UnitId> =
        window_challenges(provider.party.address, 0, &open, 5).into_iter().map(|(i, _)| open.sectors[i].deal).collect();
    challenged.sort_unstable();
    challenged.dedup();
    chain.storage(&provider.party, StorageMessage::DeclareFaults(challenged.clone())).unwrap();
    let empty = StorageMessage::ProveSet { set: 0, leaves: Vec::new() };
    assert_eq!(chain.storage(&provider.party, empty).unwrap_err().code, "leaves");
    // Whoever has the others' data still answers for them.
    provider.answer_windows(&mut chain);
    chain.pass(61, |_| ());
    for id in ids {
        let faulty = challenged.contains(&id);
        assert_eq!(chain.deal(id).state.name(), if faulty { "faulty" } else { "active" });
    }
    chain.audit_holds();
}

#[test]
fn who_gives_up_a_whole_set_has_nothing_to_answer() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(&[3; 1000]);
    let id = active_deal(&mut chain, &client, &provider, Proposal { term: 20 * 2880, ..proposal(&provider, piece) });
    let window = |chain: &Chain| chain.ledger.read(|s| read::sets(s, provider.party.address).next()).unwrap().1.window;
    while window(&chain).is_none() {
        chain.pass(1, |_| ());
    }
    chain.storage(&provider.party, StorageMessage::DeclareFaults(vec![id])).unwrap();
    assert_eq!(window_challenges(provider.party.address, 0, &window(&chain).unwrap(), 5), []);
    chain.pass(61, |_| ());
    assert_eq!(chain.deal(id).state.name(), "faulty");
    chain.audit_holds();
}

#[test]
fn a_debtor_moves_no_money_through_escrows() {
    let (mut chain, client, mut provider) = stage();
    let friend = Provider::new(11);
    chain
        .send(&client, Message::Act(Action::Transfer { to: friend.party.address, token: name("FIL"), amount: Units::new(FIL) }))
        .unwrap();
    friend.register(&mut chain, CAPACITY);
    let piece = provider.store(b"payload");
    // A deal of the later debtor as a client, which it could extend.
    let own = active_deal(&mut chain, &client, &provider, proposal(&provider, piece));
    chain.storage(&provider.party, StorageMessage::TerminateDeals(vec![own])).unwrap();
    assert!(!wallet(&chain, &provider.party).owed.is_zero());
    let to = provider.party.address;
    chain.send(&client, Message::Act(Action::Transfer { to, token: name("FIL"), amount: Units::new(5 * FIL) })).unwrap();
    let bribe = Proposal { provider: friend.party.address, price: Units::new(FIL / 100), term: 120, ..proposal(&friend, piece) };
    let failure = propose(&mut chain, &provider.party, bribe).unwrap_err();
    assert!(failure.message.contains("owes"), "{}", failure.message);
    chain.audit_holds();
}

#[test]
fn clocks_at_the_end_of_time_are_refused_and_never_overflow() {
    let at = |time| GenesisDoc { time: Instant::new(time), ..doc(&[]) };
    assert!(Ledger::new(at(u64::MAX), Arc::new(Ed25519)).is_err());
    assert!(Ledger::new(at(GENESIS_TIME), Arc::new(Ed25519)).is_ok());
    let last = Stamp { wall: u64::MAX, time: Instant::new(GENESIS_TIME), speed: 1 };
    let cap = Span::from_secs(450);
    let next = last.next(7, 1, cap);
    assert!(last.check(&next, 1, cap).is_err());
}

#[test]
fn bytes_that_take_room_in_a_block_are_paid_for() {
    let text = "x".repeat(200_000);
    let (_, _, mut provider) = stage();
    let piece = provider.store(b"payload");
    let register = StorageMessage::RegisterProvider { name: name("p"), url: text.clone(), capacity: 1, ask: ask() };
    let refuse = StorageMessage::RefuseDeals { deals: vec![UnitId::default()], reason: text.clone() };
    let propose = StorageMessage::ProposeDeals(vec![Proposal { label: text, ..proposal(&provider, piece) }]);
    let leaf = depin_services::storage::piece::LeafProof { leaf: [0; 32], path: vec![[0; 32]; 6_250] };
    let prove = StorageMessage::ProveSectors(vec![SectorProof { deal: UnitId::default(), leaves: vec![leaf.clone()] }]);
    let prove_set = StorageMessage::ProveSet { set: 0, leaves: vec![leaf] };
    let transfer = Message::Act(Action::Transfer { to: provider.party.address, token: name("FIL"), amount: Units::new(1) });
    for message in [register, refuse, propose, prove, prove_set] {
        let (name, message) = (message.name(), Message::service(message));
        assert!(message.work() >= 1000 * transfer.work(), "{name} of 200 kB needs {} work units", message.work());
    }
}

#[test]
fn endings_asked_for_before_activation_hold_afterwards() {
    let (mut chain, client, mut provider) = stage();
    let piece = provider.store(b"payload");
    let accepted = |chain: &mut Chain| {
        let id = propose(chain, &client, proposal(&provider, piece)).unwrap();
        chain.storage(&provider.party, StorageMessage::AcceptDeals(vec![id])).unwrap();
        id
    };
    let agreed = accepted(&mut chain);
    chain.storage(&client, StorageMessage::EndDeals(vec![agreed])).unwrap();
    chain.storage(&provider.party, StorageMessage::AgreeEnds(vec![agreed])).unwrap();
    let given_up = accepted(&mut chain);
    chain.storage(&provider.party, StorageMessage::TerminateDeals(vec![given_up])).unwrap();
    for (id, expected) in [(agreed, CloseReason::Agreed), (given_up, CloseReason::GivenUp)] {
        assert!(matches!(chain.deal(id).state, DealState::Closed { reason, .. } if reason == expected));
    }
    // Their draws and deadlines pass, and they are forgotten with everything that listed them.
    chain.pass(10 * 2880, |_| ());
    chain.ledger.read(|s| {
        assert_eq!(read::deals(s, None).count(), 0);
        assert_eq!(read::deals_of_client(s, client.address, None).count(), 0);
        assert_eq!(read::deals_of_provider(s, provider.party.address, None).count(), 0);
        assert_eq!(sector_challenges(Seed::default(), agreed, piece.1, 5).len(), 5);
    });
    chain.audit_holds();
}
