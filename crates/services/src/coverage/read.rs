//! Reads, for APIs and tests. Lists go on behind a key, so that a page never walks through what it does not show.

use super::{
    bytes::SessionKey,
    message::{EuiPair, Range, SessionFilter},
    poc::Hex,
    rows::{
        Batch, Beaconing, ByOui, ByOwner, Copies, CoverageTotals, Denial, EuiOf, FilterOf, HexRow, Hotspot, LastBeacon, Oui,
        RangeEnd, Route, refused_of,
    },
};
use crate::lists::{after_key, listed};
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;

/// A hotspot.
pub fn hotspot(state: &dyn ReadState, hotspot: Address) -> Option<Hotspot> {
    state.get::<Hotspot>(&hotspot)
}

/// Every hotspot behind `after`, by address.
pub fn hotspots(state: &dyn ReadState, after: Option<Address>) -> impl Iterator<Item = (Address, Hotspot)> {
    after_key::<Hotspot>(state, after)
}

/// Every hotspot of an owner behind `after`, by address.
pub fn hotspots_of_owner(
    state: &dyn ReadState,
    owner: Address,
    after: Option<Address>,
) -> impl Iterator<Item = (Address, Hotspot)> {
    listed::<ByOwner, Hotspot, _>(state, owner, after, Address::new([0; 32]))
}

/// An entry of the denylist.
pub fn denial(state: &dyn ReadState, denial: UnitId) -> Option<Denial> {
    state.get::<Denial>(&denial)
}

/// Every entry of the denylist behind `after`.
pub fn denials(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Denial)> {
    after_key::<Denial>(state, after)
}

/// An OUI.
pub fn oui(state: &dyn ReadState, oui: u32) -> Option<Oui> {
    state.get::<Oui>(&oui)
}

/// How many packets reported for an OUI were refused, on this chain since it counts them; a count that is full, 2^32 - 1, stays.
pub fn packets_refused(state: &dyn ReadState, oui: u32) -> u64 {
    state.get::<Copies>(&refused_of(oui)).map_or(0, |Copies(count)| count.into())
}

/// Every OUI behind `after`, by number.
pub fn ouis(state: &dyn ReadState, after: Option<u32>) -> impl Iterator<Item = (u32, Oui)> {
    after_key::<Oui>(state, after)
}

/// A route.
pub fn route(state: &dyn ReadState, route: UnitId) -> Option<Route> {
    state.get::<Route>(&route)
}

/// Every route of an OUI behind `after`.
pub fn routes(state: &dyn ReadState, oui: u32, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Route)> {
    listed::<ByOui, Route, _>(state, oui, after, UnitId::new([0; 32]))
}

/// Every join that a route takes behind `after`.
pub fn eui_pairs(state: &dyn ReadState, route: UnitId, after: Option<EuiPair>) -> impl Iterator<Item = EuiPair> {
    let mut next = match after {
        Some(pair) => state.next_after::<EuiOf>(&(route, pair.app_eui, pair.dev_eui)),
        None => state.first_from::<EuiOf>(&(route, 0, 0)),
    };
    std::iter::from_fn(move || {
        let (key, _) = next.take().filter(|((of, ..), _)| *of == route)?;
        next = state.next_after::<EuiOf>(&key);
        Some(EuiPair { app_eui: key.1, dev_eui: key.2 })
    })
}

/// Every range of device addresses whose last one is behind `after`, with its route, of all OUIs.
pub fn ranges(state: &dyn ReadState, after: Option<u32>) -> impl Iterator<Item = (Range, UnitId)> {
    after_key::<RangeEnd>(state, after).map(|(end, RangeEnd { start, route })| (Range { start, end }, route))
}

/// Every session-key filter of a route behind `after`, by device address and key.
pub fn filters(state: &dyn ReadState, route: UnitId, after: Option<(u32, SessionKey)>) -> impl Iterator<Item = SessionFilter> {
    let mut next = match after {
        Some((devaddr, key)) => state.next_after::<FilterOf>(&(route, devaddr, key)),
        None => state.first_from::<FilterOf>(&(route, 0, SessionKey::new([0; 16]))),
    };
    std::iter::from_fn(move || {
        let (key, FilterOf(max_copies)) = next.take().filter(|((of, ..), _)| *of == route)?;
        next = state.next_after::<FilterOf>(&key);
        Some(SessionFilter { devaddr: key.1, key: key.2, max_copies })
    })
}

/// A batch of packets, until it is forgotten.
pub fn batch(state: &dyn ReadState, batch: UnitId) -> Option<Batch> {
    state.get::<Batch>(&batch)
}

/// Every batch that is not forgotten behind `after`, by id.
pub fn batches(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Batch)> {
    after_key::<Batch>(state, after)
}

/// The beacon that a hotspot asked for, until it is judged.
pub fn beaconing(state: &dyn ReadState, hotspot: Address) -> Option<Beaconing> {
    state.get::<Beaconing>(&hotspot)
}

/// What became of a hotspot's last beacon.
pub fn last_beacon(state: &dyn ReadState, hotspot: Address) -> Option<LastBeacon> {
    state.get::<LastBeacon>(&hotspot)
}

/// What became of every hotspot's last beacon behind `after`, by hotspot.
pub fn last_beacons(state: &dyn ReadState, after: Option<Address>) -> impl Iterator<Item = (Address, LastBeacon)> {
    after_key::<LastBeacon>(state, after)
}

/// Every hex with somebody in it behind `after`, of resolutions 11 to 4, by cell.
pub fn hexes(state: &dyn ReadState, after: Option<u64>) -> impl Iterator<Item = (u64, Hex)> {
    after_key::<HexRow>(state, after).map(|(cell, HexRow(hex))| (cell, hex))
}

/// Running sums.
pub fn totals(state: &dyn ReadState) -> CoverageTotals {
    state.get::<CoverageTotals>(&()).unwrap_or_default()
}
