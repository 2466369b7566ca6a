//! What people do with tokens, as transactions; deals that are paid in credits, in tokens of few places, without collateral or fines;
//! accounts of a network that gives nobody anything at its start.

mod common;
use common::*;
use depin_economy::{Account, Action, DEVELOPMENT, Event as Economy, Reason};
use depin_ledger::*;
use depin_quantity::{Decimal18, Name, UnitId, Units};
use depin_services::storage::{CloseReason, DealState, Proposal, StorageMessage};

/// Credits of a hundredth of a cent, minted by burning FIL.
const CREDIT: &str = "
[[token]]
id = \"DC\"
decimals = 0
transferable = false
source = \"test\"

[utility.credit.DC]
from = \"FIL\"
usd = \"0.0001 USD\"
price = \"FIL-USD\"
source = \"test\"
";

/// The chain's file with every `(from, to)` replaced, each of which must be there.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(NETWORK.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

fn chain_of(text: String, accounts: &[(&Party, u128)]) -> Chain {
    Chain::from_doc(GenesisDoc { network_toml: text, ..doc(accounts) })
}

/// Deals are paid in credits, which are burnt; operators live on what is emitted.
fn credits_for_deals() -> String {
    let stream = "[utility.stream.deal]\ntoken = \"FIL\"\nclock = \"epoch\"\nrate = { most = \"2_000_000_000 FIL\",";
    let paid = "[utility.stream.deal]\ncurrencies = [\"DC\"]\nclock = \"epoch\"\n\
                pays = [{ to = \"burn\", share = \"100%\", source = \"test\" }]\nrate = { most = \"2_000_000_000 DC\",";
    changed(&[(stream, paid)]) + CREDIT
}

fn report(chain: &mut Chain, price: &str) {
    let price = Decimal18::parse(price).unwrap();
    chain.send(&party(901), Message::Act(Action::ReportPrice { pair: name("FIL-USD"), price })).unwrap();
}

fn mint(credits: u128) -> Message {
    let credit = name("DC");
    Message::Act(Action::MintCredits { credit, amount: Units::new(credits), most: None, to: None })
}

fn held(chain: &Chain, who: &Party, token: &str) -> u128 {
    chain.ledger.read(|state| depin_economy::wallet(state, who.address, name(token)).held).get()
}

fn burned(chain: &Chain, token: &str) -> u128 {
    let time = chain.parent.stamp.time;
    chain.ledger.read(|state| chain.ledger.economy().reads(state, time).issued(name(token)).unwrap().burned).get()
}

#[test]
fn an_action_is_named_in_its_receipt_and_does_what_it_says() {
    let (alice, feeder) = (party(1), party(901));
    let mut chain = chain_of(NETWORK.to_owned() + CREDIT, &[(&alice, 100), (&feeder, 1)]);
    report(&mut chain, "4");
    let tx = chain.tx(&alice, mint(10_000));
    let receipts = chain.block(1000, &[tx]).unwrap();
    let action = receipts.iter().find_map(|receipt| match &receipt.body {
        ReceiptBody::Transaction { action, failure: None, .. } => Some(action.clone()),
        _ => None,
    });
    assert_eq!(action.as_deref(), Some("mint-credits"));
    assert_eq!(held(&chain, &alice, "DC"), 10_000);
    let spent = 100 * FIL - held(&chain, &alice, "FIL");
    assert!((FIL / 4..FIL / 4 + FIL / 1000).contains(&spent), "a dollar's worth at 4 dollars, and the fee: {spent}");
    let reason = |receipt: &Receipt| {
        let whys = receipt.events.iter().filter_map(|event| match event {
            Event::Economy(Economy::Posting { reason, .. }) => Some(*reason),
            _ => None,
        });
        whys.collect::<Vec<_>>()
    };
    assert!(receipts.iter().any(|receipt| reason(receipt).contains(&Reason::CreditsMinted)));
    chain.audit_holds();
}

#[test]
fn a_refused_action_pays_its_fee_and_changes_nothing_else() {
    let alice = party(1);
    let mut chain = chain_of(NETWORK.to_owned() + CREDIT, &[(&alice, 100)]);
    let refused = chain.send(&alice, mint(10_000)).unwrap_err();
    assert!(refused.code == "economy" && refused.message.contains("no fresh price for FIL-USD"), "{refused:?}");
    assert_eq!(held(&chain, &alice, "DC"), 0);
    assert!(100 * FIL - held(&chain, &alice, "FIL") < FIL / 1000, "only the fee");
    let swap = Action::Swap { amm_pool: name("FIL-DC"), token: name("FIL"), given: Units::new(1), least: Units::ZERO };
    let unbound = chain.send(&alice, Message::Act(swap)).unwrap_err();
    assert!(unbound.message.contains("`FIL-DC` is no AMM pool of this network"), "{unbound:?}");
    chain.audit_holds();
}

#[test]
fn a_deal_paid_in_credits_burns_them_and_its_provider_lives_on_emission() {
    let (client, feeder) = (party(1), party(901));
    let mut provider = Provider::new(10);
    let mut chain = chain_of(credits_for_deals(), &[(&client, 1000), (&provider.party, 1000), (&feeder, 1)]);
    report(&mut chain, "4");
    provider.register(&mut chain, 1 << 30);
    let piece = provider.store(b"a payload worth keeping");
    let proposal = Proposal { price: Units::new(3), term: 3 * 2880, ..proposal(&provider, piece) };
    let refused = propose(&mut chain, &client, proposal.clone()).unwrap_err();
    assert!(refused.message.contains("needs 25920 DC"), "credits come first: {refused:?}");
    chain.send(&client, mint(3 * 3 * 2880)).unwrap();
    let id = active_deal(&mut chain, &client, &provider, proposal);
    assert_eq!(held(&chain, &client, "DC"), 0, "the whole term is in escrow");
    chain.pass(3 * 2880 + 20, |chain| provider.answer_windows(chain));
    assert!(matches!(chain.deal(id).state, DealState::Closed { reason: CloseReason::Completed, .. }));
    assert_eq!(burned(&chain, "DC"), 3 * 3 * 2880);
    assert_eq!(held(&chain, &provider.party, "DC"), 0);
    chain.send(&provider.party, Message::Act(Action::Claim { after: None })).unwrap();
    let accrued = held(&chain, &provider.party, "FIL");
    assert!(accrued > 1_001 * FIL, "block rewards are paid in FIL: {accrued}");
    chain.audit_holds();
}

#[test]
fn a_network_without_collateral_fines_or_verified_deals_keeps_pieces_too() {
    let cut = |text: String, from: &str, to: &str| {
        let (start, end) = (text.find(from).unwrap_or_else(|| panic!("{from}")), text.find(to).unwrap_or_else(|| panic!("{to}")));
        text[..start].to_owned() + &text[end..]
    };
    let text = cut(NETWORK.to_owned(), "[incentive.pledge.sector]", "# ---- utility and value flow");
    let text = cut(text, "bond = { per-gib", "warn = {");
    let text = cut(text, "raw-bytes = { bond = \"deal\" }", "[bind.quality-bytes]");
    let text = cut(text, "pledge = \"sector\"\nboost", "# ---- the service's own figures");
    // A base unit of six decimals is worth far more: rows cost nothing here.
    let text = text.lines().filter(|line| !line.starts_with("row = {")).collect::<Vec<_>>().join("\n");
    let six = text.replace("decimals = 18", "decimals = 6");
    let (client, mut provider) = (party(1), Provider::new(10));
    let accounts = [(&client, 0), (&provider.party, 0)];
    let mut start = doc(&accounts);
    start.network_toml = six;
    start.roles.remove(&name("notary"));
    start.accounts.iter_mut().for_each(|account| account.amount = Units::new(1_000_000_000));
    let mut chain = Chain::from_doc(start);
    provider.register(&mut chain, 1 << 30);
    let piece = provider.store(b"lost again soon");
    let deal = Proposal { price: Units::new(1), term: 10 * 2880, ..proposal(&provider, piece) };
    let verified = propose(&mut chain, &client, Proposal { verified: true, ..deal.clone() }).unwrap_err();
    assert!(verified.message.contains("datacap"), "{verified:?}");
    let id = active_deal(&mut chain, &client, &provider, deal);
    let before = held(&chain, &provider.party, "FIL");
    chain.storage(&provider.party, StorageMessage::DeclareFaults(vec![id])).unwrap();
    chain.pass(2 * 2880, |_| {});
    chain.audit_holds();
    chain.storage(&provider.party, StorageMessage::TerminateDeals(vec![id])).unwrap();
    let lost = before - held(&chain, &provider.party, "FIL");
    assert!(lost < 1_000_000, "nothing but fees, less what was accrued: {lost}");
    chain.audit_holds();
}

#[test]
fn a_development_network_advances_tokens_that_its_file_gives_nobody() {
    let (alice, bob) = (party(1), party(2));
    let mut start = doc(&[(&alice, 5), (&bob, 7)]);
    start.accounts.iter_mut().for_each(|account| account.from = DEVELOPMENT);
    start.rehearse().expect("the cap has room for it");
    let mut chain = Chain::from_doc(start.clone());
    let receipts = chain.block(1000, &[]).unwrap();
    assert_eq!((held(&chain, &alice, "FIL"), held(&chain, &bob, "FIL")), (5 * FIL, 7 * FIL));
    let minted = receipts.iter().flat_map(|receipt| &receipt.events).any(|event| {
        matches!(event, Event::Economy(Economy::Posting { from: Account::Supply, to: Account::Wallet(to), .. }) if *to == alice.address)
    });
    assert!(minted, "an advance is a mint that everybody sees");
    chain.audit_holds();
    start.accounts[0].amount = Units::new(2_000_000_000 * FIL);
    assert!(matches!(start.rehearse(), Err(GenesisError::Funding(_))), "never past the cap");
}

#[test]
fn an_account_can_be_funded_in_any_token_of_the_network() {
    let alice = party(1);
    let mut start = doc(&[(&alice, 5)]);
    start.accounts[0].token = Some(name("FIL"));
    assert!(start.rehearse().is_ok());
    start.accounts[0].token = Some(Name::literal("DOGE"));
    let error = start.rehearse().unwrap_err().to_string();
    assert!(error.contains("DOGE"), "{error}");
}

#[test]
fn every_action_reencodes_to_itself_and_knows_its_work() {
    let (token, amm_pool) = (name("FIL"), name("FIL-USDC"));
    let some = Units::new(7);
    let actions = [
        Action::Claim { after: None },
        Action::Claim { after: Some(UnitId::new([7; 32])) },
        Action::WithdrawVested { token, most: Some(some) },
        Action::Repay { token },
        Action::TakeAllocation { token, allocation: name("foundation") },
        Action::Swap { amm_pool, token, given: some, least: Units::ZERO },
        Action::FundAmmPool { amm_pool, a: some, b: some },
        Action::WithdrawAmmPool { amm_pool, shares: 3 },
        Action::MintCredits { credit: name("DC"), amount: some, most: None, to: Some(party(2).address) },
        Action::BurnForCredits { credit: name("DC"), given: some, least: some, to: None },
        Action::ConvertWaiting { amm_pool },
        Action::Delegate { staking: name("validators"), validator: party(2).address, amount: some },
        Action::Undelegate { staking: name("validators"), validator: party(2).address, amount: None },
        Action::Lock {
            lock: name("veHNT"),
            id: UnitId::new([9; 32]),
            amount: some,
            length: depin_quantity::Span::from_days(30),
            constant: true,
            scope: Some(name("iot")),
        },
        Action::Redeem { treasury: name("iot"), burned: some, least: Units::ZERO },
        Action::BridgeIn { token: name("USDC"), to: party(2).address, amount: some, deposit: UnitId::new([3; 32]) },
    ];
    let alice = party(1);
    let mut chain = Chain::new(&[(&alice, 1)]);
    for action in actions {
        let tx = chain.tx(&alice, Message::Act(action.clone()));
        let bytes = tx.encode();
        assert_eq!(Transaction::decode(&bytes).unwrap(), tx);
        assert_eq!(tx.body.message.name(), action.name());
        assert!((10..1_000).contains(&tx.body.work()), "{action:?}");
        let json = serde_json::to_value(&tx.body.message).unwrap();
        assert_eq!(serde_json::from_value::<Message>(json).unwrap(), tx.body.message);
    }
}

#[test]
fn rows_of_every_mechanism_leave_room_for_the_digest_of_all_rows() {
    // A bridged deposit and a lock write the last tables of the economy; the digest's row comes behind all of them.
    let bridged = "\n[[token]]\nid = \"USDC\"\ndecimals = 6\nbridged-by = \"notary\"\nsource = \"test\"\n\
        \n[clock.week]\nevery = \"7d\"\norigin = \"genesis\"\nsource = \"test\"\n\
        \n[incentive.lock.veFIL]\ntoken = \"FIL\"\nlongest = \"1460d\"\nmost-times = \"100\"\nleast = \"1 FIL\"\nsource = \"test\"\n";
    let (notary, alice) = (party(900), party(1));
    let mut chain = chain_of(NETWORK.to_owned() + bridged, &[(&notary, 1), (&alice, 100)]);
    let (token, to) = (name("USDC"), alice.address);
    let deposit = Action::BridgeIn { token, to, amount: Units::new(5_000_000), deposit: UnitId::new([1; 32]) };
    chain.send(&notary, Message::Act(deposit.clone())).unwrap();
    assert_eq!(held(&chain, &alice, "USDC"), 5_000_000);
    assert!(chain.send(&notary, Message::Act(deposit)).is_err(), "each deposit is minted once");
    let lock = Action::Lock {
        lock: name("veFIL"),
        id: UnitId::new([2; 32]),
        amount: Units::new(10 * FIL),
        length: depin_quantity::Span::from_days(365),
        constant: false,
        scope: None,
    };
    chain.send(&alice, Message::Act(lock)).unwrap();
    chain.pass(2 * 2880, |_| {});
    chain.audit_holds();
}

#[test]
fn a_slash_of_the_pledge_takes_its_share_and_the_rest_cools_down() {
    let start = NETWORK.find("[incentive.fault.terminated]").unwrap();
    let end = start + NETWORK[start..].find("[incentive.allowance").unwrap();
    let slash = "[incentive.fault.terminated]\ntoken = \"FIL\"\nfee = \"share-of-pledge\"\npledge = \"sector\"\nshare = \"50%\"\n\
                 to = [{ to = \"burn\", share = \"100%\" }]\nsource = \"test\"\n\n";
    let text = [&NETWORK[..start], slash, &NETWORK[end..]].concat();
    let text = text.replace("per-gib = \"0.03125 FIL\"\n", "per-gib = \"1_000_000 FIL\"\ncool-down = \"14d\"\n");
    let (client, mut provider) = (party(1), Provider::new(10));
    let mut chain = chain_of(text, &[(&client, 1000), (&provider.party, 1000)]);
    provider.register(&mut chain, 1 << 30);
    let piece = provider.store(&[7; 100_000]);
    let before = held(&chain, &provider.party, "FIL");
    let given_up = active_deal(&mut chain, &client, &provider, Proposal { term: 100 * 2880, ..proposal(&provider, piece) });
    let pledged = before - held(&chain, &provider.party, "FIL");
    assert!(pledged > 100 * FIL, "128 KiB at a million FIL per GiB: {pledged}");
    chain.storage(&provider.party, StorageMessage::TerminateDeals(vec![given_up])).unwrap();
    chain.audit_holds();
    // Nothing comes back at once; half of it comes back when the cool-down is over.
    assert!(before - held(&chain, &provider.party, "FIL") > pledged / 100 * 99);
    chain.pass(15 * 2880, |_| {});
    let lost = before - held(&chain, &provider.party, "FIL");
    assert!((pledged / 100 * 49..pledged / 100 * 51).contains(&lost), "{lost} of {pledged}");
    chain.audit_holds();

    // The same when nobody proves any more: the job that ends the deal must not fail. The entry lapsed with its last deal a week ago.
    provider.register(&mut chain, 1 << 30);
    let again = chain_faulty_for_too_long(&mut chain, &client, &mut provider);
    assert!(matches!(chain.deal(again).state, DealState::Closed { reason: CloseReason::Faulty, .. }));
    chain.audit_holds();
}

fn chain_faulty_for_too_long(chain: &mut Chain, client: &Party, provider: &mut Provider) -> UnitId {
    let piece = provider.store(&[8; 1_000]);
    let id = active_deal(chain, client, provider, Proposal { term: 100 * 2880, ..proposal(provider, piece) });
    chain.pass(44 * 2880, |_| {});
    id
}
