//! Customers, their credits, their routes, and the gate.

use crate::world::*;
use depin_economy::Money;
use depin_quantity::{Decimal18, Name, Units};
use depin_services::coverage::{
    self, CoverageError, CoverageEvent, CoverageMessage, EuiPair, PublicKey, Range, RouteTerms, SessionFilter, SessionKey,
};

fn add(route: depin_quantity::UnitId, start: u32, end: u32) -> CoverageMessage {
    CoverageMessage::ChangeRanges { route, add: vec![Range { start, end }], remove: Vec::new() }
}

#[test]
fn an_oui_holds_credits_that_only_its_owner_adds_to() {
    let mut net = Net::document();
    let before = net.credits(CUSTOMER);
    let (oui, _) = net.customer(1_000, 3);
    let fee = 1_000_000;
    assert_eq!((oui, net.escrow(oui), before - net.credits(CUSTOMER)), (1, 1_000, 1_000 + fee), "100 dollars are burnt");
    net.send(CUSTOMER, &CoverageMessage::AddCredits { oui, credits: Units::new(500) }).unwrap();
    assert_eq!((net.escrow(oui), net.oui(oui).balance.get()), (1_500, 1_500));
    let adds = CoverageMessage::AddCredits { oui, credits: Units::new(1) };
    assert_eq!(net.send(OWNER, &adds).unwrap_err(), CoverageError::NotYourOui { oui, owner: CUSTOMER });
    assert_eq!(net.send(CUSTOMER, &CoverageMessage::AddCredits { oui, credits: Units::ZERO }).unwrap_err().code(), "economy");
    assert_eq!(
        net.send(CUSTOMER, &CoverageMessage::AddCredits { oui: 2, credits: Units::new(1) }).unwrap_err().code(),
        "unknown-oui"
    );
    let (second, _) = net.customer(0, 3);
    assert_eq!(second, 2, "OUIs are numbered");
}

#[test]
fn keys_and_prices_that_cannot_be_are_refused() {
    let mut net = Net::document();
    let open = |keys: Vec<PublicKey>, price| CoverageMessage::OpenOui { keys, credits: Units::ZERO, price };
    let many: Vec<PublicKey> = (0..9).map(|n| PublicKey::new([n; 32])).collect();
    for (message, code) in [
        (open(Vec::new(), None), "entries"),
        (open(many, None), "entries"),
        (open(vec![SERVER, SERVER], None), "key-twice"),
        (open(vec![SERVER], Some(Money { currency: DC, amount: Decimal18::new(1) })), "price"),
    ] {
        assert_eq!(net.send(CUSTOMER, &message).unwrap_err().code(), code);
    }
}

#[test]
fn no_two_routes_share_a_device_address() {
    let mut net = Net::document();
    let (_, route) = net.customer(0, 3);
    net.send(CUSTOMER, &add(route, 0x4800_0000, 0x4800_000F)).unwrap();
    let open = CoverageMessage::OpenOui { keys: vec![SERVER], credits: Units::ZERO, price: None };
    net.send(OWNER, &open).unwrap();
    net.send(OWNER, &CoverageMessage::AddRoute { oui: 2, terms: terms(1) }).unwrap();
    let (other, _) = coverage::routes(net.rows(), 2, None).next().unwrap();
    for (start, end) in [
        (0x4800_0000, 0x4800_000F),
        (0x4800_0008, 0x4800_000F),
        (0x4800_000E, 0x4800_0015),
        (0x47FF_FFF9, 0x4800_0000),
        (0x4700_0000, 0x48FF_FFFF),
        (0x4800_0004, 0x4800_000B),
    ] {
        let taken = CoverageError::RangeTaken { start: 0x4800_0000, end: 0x4800_000F, by: route };
        assert_eq!(net.send(OWNER, &add(other, start, end)).unwrap_err(), taken, "{start:08X} {end:08X}");
    }
    net.send(OWNER, &add(other, 0x4800_0010, 0x4800_0017)).unwrap();
    net.send(OWNER, &add(other, 0x47FF_FFF8, 0x47FF_FFFF)).unwrap();
    let remove = |start, end| CoverageMessage::ChangeRanges { route, add: Vec::new(), remove: vec![Range { start, end }] };
    assert_eq!(net.send(CUSTOMER, &remove(0x4800_0000, 0x4800_0007)).unwrap_err().code(), "not-listed");
    assert_eq!(net.send(CUSTOMER, &remove(0x4800_0010, 0x4800_0017)).unwrap_err().code(), "not-listed", "another's");
    net.send(CUSTOMER, &remove(0x4800_0000, 0x4800_000F)).unwrap();
    net.send(OWNER, &add(other, 0x4800_0000, 0x4800_000F)).unwrap();
}

#[test]
fn a_range_has_an_even_number_of_addresses_and_eight_at_least() {
    let mut net = Net::document();
    let (_, route) = net.customer(0, 3);
    for (start, end) in [(0, 6), (0, 8), (8, 0), (0, 0), (1, u32::MAX)] {
        assert_eq!(net.send(CUSTOMER, &add(route, start, end)).unwrap_err(), CoverageError::Range { start, end });
    }
    net.send(CUSTOMER, &add(route, 0, 7)).expect("the fewest");
}

/// All addresses there are could be taken for the fee of a transaction.
#[test]
fn an_oui_has_so_many_device_addresses_and_no_more_and_may_give_them_back() {
    let mut net = Net::document();
    let (oui, route) = net.customer(0, 3);
    let all = CoverageError::Addresses { oui, wanted: 1 << 32, most: 2_048 };
    assert_eq!(net.send(CUSTOMER, &add(route, 0, u32::MAX)).unwrap_err(), all);
    net.send(CUSTOMER, &add(route, 0x4800_0000, 0x4800_03FF)).unwrap();
    net.send(CUSTOMER, &CoverageMessage::AddRoute { oui, terms: terms(1) }).unwrap();
    let (second, _) = coverage::routes(net.rows(), oui, None).find(|(id, _)| *id != route).unwrap();
    let more = CoverageError::Addresses { oui, wanted: 2_056, most: 2_048 };
    assert_eq!(net.send(CUSTOMER, &add(second, 0x4900_0000, 0x4900_0407)).unwrap_err(), more, "over all of its routes");
    net.send(CUSTOMER, &add(second, 0x4900_0000, 0x4900_03FF)).unwrap();
    assert_eq!(net.send(CUSTOMER, &add(second, 0x5000_0000, 0x5000_0007)).unwrap_err().code(), "addresses");
    let swap = CoverageMessage::ChangeRanges {
        route,
        add: vec![Range { start: 0x5000_0000, end: 0x5000_03FF }],
        remove: vec![Range { start: 0x4800_0000, end: 0x4800_03FF }],
    };
    net.send(CUSTOMER, &swap).unwrap();
    let back = |route, start, end| CoverageMessage::ChangeRanges { route, add: vec![], remove: vec![Range { start, end }] };
    net.send(CUSTOMER, &back(route, 0x5000_0000, 0x5000_03FF)).unwrap();
    net.send(CUSTOMER, &back(second, 0x4900_0000, 0x4900_03FF)).unwrap();
    net.send(CUSTOMER, &add(route, 0, 2_047)).expect("what was given back is no longer counted");
}

#[test]
fn a_file_without_a_bound_bounds_nothing_and_one_without_a_fee_takes_none() {
    let file = helium("");
    let cut = |file: &str, from: &str, to: &str| {
        let start = file.find(from).unwrap();
        let end = start + file[start..].find(to).unwrap();
        format!("{}{}", &file[..start], &file[end..])
    };
    let file = cut(&file, "[service.coverage.addresses]", "[service.coverage.mobile]");
    let file = cut(&file, "[utility.service-fee.oui]", "[utility.fee]");
    let mut net = Net::of(&file);
    let before = net.credits(CUSTOMER);
    let (_, route) = net.customer(1_000, 3);
    assert_eq!(before - net.credits(CUSTOMER), 1_000);
    net.send(CUSTOMER, &add(route, 0, u32::MAX)).expect("all addresses there are");
}

#[test]
fn what_is_listed_under_a_route_is_added_and_removed_once() {
    let mut net = Net::document();
    let (oui, route) = net.customer(0, 3);
    let pair = EuiPair { app_eui: 0xA, dev_eui: 0xB };
    let filter = SessionFilter { devaddr: 0x4800_0000, key: SessionKey::new([7; 16]), max_copies: 0 };
    let euis = |add: Vec<EuiPair>, remove: Vec<EuiPair>| CoverageMessage::ChangeEuis { route, add, remove };
    let filters = |add: Vec<SessionFilter>, remove| CoverageMessage::ChangeFilters { route, add, remove };
    net.send(CUSTOMER, &euis(vec![pair], Vec::new())).unwrap();
    net.send(CUSTOMER, &filters(vec![filter], Vec::new())).unwrap();
    assert_eq!(net.send(CUSTOMER, &euis(vec![pair], Vec::new())).unwrap_err().code(), "listed-twice");
    assert_eq!(net.send(CUSTOMER, &filters(vec![filter], Vec::new())).unwrap_err().code(), "listed-twice");
    assert_eq!(net.send(CUSTOMER, &euis(Vec::new(), Vec::new())).unwrap_err().code(), "entries");
    assert_eq!(net.send(CUSTOMER, &filters(vec![filter; 101], Vec::new())).unwrap_err().code(), "entries");
    assert_eq!(net.send(OWNER, &euis(Vec::new(), vec![pair])).unwrap_err().code(), "not-yours");
    let removal = CoverageMessage::RemoveRoute(route);
    assert_eq!(net.send(CUSTOMER, &removal).unwrap_err(), CoverageError::RouteInUse { route, listed: 2 });
    net.send(CUSTOMER, &euis(Vec::new(), vec![pair])).unwrap();
    net.send(CUSTOMER, &filters(Vec::new(), vec![filter])).unwrap();
    assert_eq!(net.send(CUSTOMER, &euis(Vec::new(), vec![pair])).unwrap_err().code(), "not-listed");
    net.send(CUSTOMER, &removal).unwrap();
    assert_eq!((net.oui(oui).routes, coverage::route(net.rows(), route)), (0, None));
}

#[test]
fn a_route_leads_somewhere_and_pays_for_a_copy() {
    let mut net = Net::document();
    let (oui, _) = net.customer(0, 3);
    let long = format!("{}:1700", "x".repeat(256));
    for server in ["", ":1700", "lns.example", "lns.example:", "lns.example:0", "lns.example:65536", "a b:1", "<x>:1", &long] {
        let terms = RouteTerms { server: server.to_owned(), ..terms(1) };
        let message = CoverageMessage::AddRoute { oui, terms };
        assert_eq!(net.send(CUSTOMER, &message).unwrap_err().code(), "server", "{server}");
    }
    for copies in [0, 1_001] {
        let message = CoverageMessage::AddRoute { oui, terms: terms(copies) };
        assert_eq!(net.send(CUSTOMER, &message).unwrap_err().code(), "max-copies");
    }
    let ipv6 = RouteTerms { server: "[::1]:1700".to_owned(), ..terms(1) };
    net.send(CUSTOMER, &CoverageMessage::AddRoute { oui, terms: ipv6 }).unwrap();
}

#[test]
fn an_inactive_route_takes_nothing() {
    let mut net = Net::document();
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let (_, route) = net.customer(1_000, 3);
    let off = RouteTerms { active: false, ..terms(3) };
    net.send(CUSTOMER, &CoverageMessage::ChangeRoute { route, terms: off }).unwrap();
    let packets = vec![net.packet(1, 24)];
    assert_eq!(net.report(Net::batch(route, 10, packets, true)).unwrap_err(), CoverageError::RouteInactive(route));
}

/// 100 DC must stay; what is owed is charged from 10 DC on.
#[test]
fn an_oui_that_keeps_too_little_is_switched_off_and_resumes_when_it_has_enough() {
    let mut net = Net::with(GATE);
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let (oui, route) = net.customer(103, 3);
    assert!(!net.oui(oui).disabled);
    // Three packets leave exactly the minimum, the fourth less.
    let packets: Vec<_> = (0..5).map(|n| net.packet(n, 24)).collect();
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    let (paid, units, refused) = net.settled();
    assert_eq!((paid, units), (4, 4), "the packet that takes it below the minimum is paid");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].reason, coverage::PacketReason::Disabled);
    let off = CoverageEvent::OuiDisabled { oui, owner: CUSTOMER, left: Units::new(99), minimum: Units::new(100) };
    assert!(net.events.contains(&off), "{:?}", net.events);
    net.pass(MINUTE);
    let packets = vec![net.packet(9, 24)];
    assert_eq!(net.report(Net::batch(route, 10, packets.clone(), true)).unwrap_err(), CoverageError::OuiDisabled(oui));
    assert_eq!((net.oui(oui).balance.get(), net.oui(oui).pending.get()), (103, 4), "four are owed, too few to charge");
    // What it has counts, what is owed does not: 103 is enough already, so any deposit resumes it.
    net.send(CUSTOMER, &CoverageMessage::AddCredits { oui, credits: Units::new(50) }).unwrap();
    assert_eq!(net.events.last(), Some(&CoverageEvent::OuiResumed { oui, owner: CUSTOMER }));
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    assert_eq!(net.settled().0, 1);
}

#[test]
fn an_oui_below_the_minimum_starts_switched_off_and_what_the_minimum_covers_is_no_reason_to() {
    let mut net = Net::with(GATE);
    let (low, _) = net.customer(99, 3);
    let (enough, _) = net.customer(100, 3);
    assert_eq!((net.oui(low).disabled, net.oui(enough).disabled), (true, false));
    assert_eq!(coverage::totals(net.rows()).disabled, 1);
}

#[test]
fn without_a_gate_nothing_is_kept_and_nobody_is_switched_off() {
    let mut net = Net::document();
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let (oui, route) = net.customer(2, 3);
    let packets: Vec<_> = (0..3).map(|n| net.packet(n, 24)).collect();
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    let (paid, _, refused) = net.settled();
    assert_eq!((paid, net.escrow(oui), net.oui(oui).disabled), (2, 0, false));
    assert_eq!(refused[0].reason, coverage::PacketReason::InsufficientBalance);
    net.send(CUSTOMER, &CoverageMessage::AddCredits { oui, credits: Units::new(1) }).unwrap();
    let packets = vec![net.packet(2, 24)];
    net.report(Net::batch(route, 10, packets, true)).expect("it was not paid, so it can be reported again");
    assert_eq!(net.settled().0, 1);
    assert_eq!(Name::literal("DC"), DC);
}

#[test]
fn an_oui_on_which_nothing_stands_is_closed_and_its_credits_go_back() {
    let mut net = Net::document();
    net.send(OWNER, &joins(10, OWNER)).unwrap();
    let (oui, route) = net.customer(1_000, 3);
    let before = net.credits(CUSTOMER);
    let close = CoverageMessage::CloseOui(oui);
    assert_eq!(net.send(OWNER, &close).unwrap_err(), CoverageError::NotYourOui { oui, owner: CUSTOMER });
    let in_use = CoverageError::OuiInUse { oui, routes: 1, claims: 0, owed: Units::ZERO };
    assert_eq!(net.send(CUSTOMER, &close).unwrap_err(), in_use);
    let packets = vec![net.packet(1, 24)];
    net.report(Net::batch(route, 10, packets, true)).unwrap();
    net.send(CUSTOMER, &CoverageMessage::RemoveRoute(route)).unwrap();
    net.send(CUSTOMER, &close).unwrap();
    assert_eq!((net.credits(CUSTOMER) - before, net.escrow(oui)), (999, 0), "a packet was paid");
    assert_eq!(net.send(CUSTOMER, &close).unwrap_err(), CoverageError::OuiClosed(oui));
    let told = CoverageEvent::OuiClosed { oui, owner: CUSTOMER, credits: Units::new(999) };
    assert!(net.events.contains(&told), "{:?}", net.events.last());
    let (second, _) = net.customer(0, 3);
    assert_eq!(second, oui + 1, "its number is nobody else's");
    net.send(CUSTOMER, &CoverageMessage::SetKeys { oui, keys: vec![SERVER] }).unwrap();
    net.send(CUSTOMER, &CoverageMessage::AddCredits { oui, credits: Units::new(5) }).unwrap();
    assert_eq!(net.oui(oui).balance.get(), 5);
}
