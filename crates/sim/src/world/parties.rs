//! Addresses of simulated parties.

use depin_quantity::Address;

/// Everybody acts once in so many days, on a day of its own.
pub const WEEK: u32 = 7;

/// Who somebody is on the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The market maker.
    Maker,
    /// Speculators.
    Speculators,
    /// Owners of allocations, and those who held what was mined before the run began.
    Holders,
    /// Who redeems tokens at funds and sells what they pay.
    Arbitrage,
    /// Where a treasury's programme keeps tokens until they are sold.
    Programme,
    /// Who stood for all providers before the run began.
    Elder,
    /// Who fills a role, by its place among the network's roles.
    Role(u32),
    /// A group of stakers, by its place.
    Staker(u32),
    /// A segment of customers, by its place.
    Segment(u32),
    /// A provider, by its number.
    Provider(u32),
}

/// The address of a party. Providers come in the order of their days, and of their numbers on each: the rows of those who act on one day
/// are neighbours, and records of many follow the order of keys.
pub const fn address(party: Party) -> Address {
    let (kind, number) = match party {
        Party::Maker => (1, 0),
        Party::Speculators => (2, 0),
        Party::Holders => (3, 0),
        Party::Arbitrage => (4, 0),
        Party::Programme => (5, 0),
        Party::Elder => (6, 0),
        Party::Role(n) => (7, n),
        Party::Staker(n) => (8, n),
        Party::Segment(n) => (9, n),
        Party::Provider(n) => (10, n),
    };
    let mut bytes = [0; 32];
    bytes[0] = kind;
    if let Party::Provider(n) = party {
        bytes[1] = (n % WEEK) as u8;
    }
    let [a, b, c, d] = number.to_be_bytes();
    bytes[2] = a;
    bytes[3] = b;
    bytes[4] = c;
    bytes[5] = d;
    Address::new(bytes)
}
