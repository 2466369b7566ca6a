//! Reads, for APIs and tests. Lists go on behind a key, so that a page never walks through what it does not show.

use super::{
    message::HexSignal,
    points::Kind,
    rows::{AccessPoint, Assignment, Authorised, Carrier, InRank, MobileTotals, Part, PointsOf, Rank, Session},
};
use crate::{
    lists::{after_key, listed},
    service::Figure,
};
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;

/// An access point.
pub fn access_point(state: &dyn ReadState, access_point: Address) -> Option<AccessPoint> {
    state.get::<AccessPoint>(&access_point)
}

/// Every access point behind `after`, by address.
pub fn access_points(state: &dyn ReadState, after: Option<Address>) -> impl Iterator<Item = (Address, AccessPoint)> {
    after_key::<AccessPoint>(state, after)
}

/// Every access point of an owner behind `after`, by address.
pub fn access_points_of_owner(
    state: &dyn ReadState,
    owner: Address,
    after: Option<Address>,
) -> impl Iterator<Item = (Address, AccessPoint)> {
    listed::<PointsOf, AccessPoint, _>(state, owner, after, Address::new([0; 32]))
}

/// The hexes of an access point's coverage object, by cell: at most 1,024.
pub fn object_hexes(state: &dyn ReadState, access_point: Address, row: &AccessPoint) -> Vec<HexSignal> {
    let Some(object) = row.object else { return Vec::new() };
    let parts = (0..row.parts[usize::from(object.slot)]).filter_map(|part| state.get(&(access_point, object.slot, part)));
    parts.flat_map(|Part(hexes)| hexes).collect()
}

/// The access points that stand in a hex's ranking, the first first.
pub fn ranked_in(state: &dyn ReadState, cell: u64, kind: Kind) -> impl Iterator<Item = Address> {
    let mut next = state.first_from::<InRank>(&Rank::first(cell, kind));
    std::iter::from_fn(move || {
        let (rank, _) = next.take().filter(|(rank, _)| rank.cell == cell && rank.kind == kind.number())?;
        next = state.next_after::<InRank>(&rank);
        Some(rank.access_point)
    })
}

/// What a hex is worth, where somebody said it.
pub fn assignment(state: &dyn ReadState, cell: u64) -> Option<Assignment> {
    state.get::<Assignment>(&cell)
}

/// A carrier.
pub fn carrier(state: &dyn ReadState, carrier: u32) -> Option<Carrier> {
    state.get::<Carrier>(&carrier)
}

/// Every carrier behind `after`, by number.
pub fn carriers(state: &dyn ReadState, after: Option<u32>) -> impl Iterator<Item = (u32, Carrier)> {
    after_key::<Carrier>(state, after)
}

/// Bytes that a carrier pays for at an access point, and those that it paid for.
pub fn authorised(state: &dyn ReadState, carrier: u32, access_point: Address) -> (u64, u64) {
    let there = state.get::<Authorised>(&(carrier, access_point)).unwrap_or_default();
    let usual = state.get::<Carrier>(&carrier).map_or(0, |row| row.usual);
    (there.bytes.unwrap_or(usual), there.used)
}

/// A session, until it is forgotten.
pub fn session(state: &dyn ReadState, access_point: Address, session: UnitId) -> Option<Session> {
    state.get::<Session>(&(access_point, session))
}

/// Every session that is not forgotten behind `after`, by access point and session.
pub fn sessions(state: &dyn ReadState, after: Option<(Address, UnitId)>) -> impl Iterator<Item = ((Address, UnitId), Session)> {
    after_key::<Session>(state, after)
}

/// Figures for status pages and metrics.
pub(in crate::coverage) fn figures(state: &dyn ReadState) -> Vec<Figure> {
    let totals = totals(state);
    let figure = |name, help, value| Figure { name, help, value };
    vec![
        figure("access_points", "Mobile access points that joined", totals.access_points.into()),
        figure("access_points_ranked", "Access points that stand in rankings of hexes", totals.ranked.into()),
        figure("carriers", "Carriers that pay for mobile data", totals.carriers.into()),
        figure("heartbeats", "Heartbeats of access points that counted so far", totals.beats.into()),
        figure("speed_tests", "Speed tests of access points so far", totals.tests.into()),
        figure("points", "Points of access points so far", totals.points),
        figure("session_bytes_paid", "Bytes of mobile data that were paid so far", totals.bytes),
        figure("session_bytes_unpaid", "Bytes of mobile data that were reported and not paid so far", totals.unpaid),
        figure("mobile_units", "Units of mobile data paid so far", totals.units),
        figure("session_credits_charged", "Charged for mobile data so far, in base units", totals.spent.get()),
    ]
}

/// Running sums.
pub fn totals(state: &dyn ReadState) -> MobileTotals {
    state.get::<MobileTotals>(&()).unwrap_or_default()
}
