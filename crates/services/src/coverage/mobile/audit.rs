//! What must hold between any two blocks, recomputed from the rows alone.

use super::{
    rows::{AccessPoint, Authorised, Carrier, InRank, MobileTotals, Part, PointsOf, Rank, Session},
    sessions::escrow_of,
};
use depin_economy::{Account, EscrowRow, HoldingRow};
use depin_quantity::Units;
use depin_state::ReadState;
use std::collections::{BTreeMap, BTreeSet};

/// Checks access points, rankings, carriers and sessions against each other, against what the economy holds, and against the totals; what
/// does not hold, one sentence each.
pub fn audit(state: &dyn ReadState, wrong: &mut Vec<String>) {
    let mut seen = MobileTotals::default();
    points(state, &mut seen, wrong);
    rankings(state, wrong);
    carriers(state, &mut seen, wrong);
    let kept = state.get::<MobileTotals>(&()).unwrap_or_default();
    let now =
        |t: &MobileTotals| (t.access_points, t.located, t.ranked, t.carriers, t.sessions, t.points, (t.bytes, t.units, t.spent));
    if now(&kept) != now(&seen) {
        wrong.push(format!("the mobile totals say {kept:?}, the rows sum to {seen:?}"));
    }
}

fn points(state: &dyn ReadState, seen: &mut MobileTotals, wrong: &mut Vec<String>) {
    let mut parts: BTreeMap<_, [u16; 3]> = BTreeMap::new();
    state.rows::<Part>().for_each(|((of, slot, _), _)| parts.entry(of).or_default()[usize::from(slot)] += 1);
    let (mut listed, mut bytes, mut units) = (0, 0u128, 0u128);
    for (address, row) in state.rows::<AccessPoint>() {
        listed += 1;
        seen.access_points += u32::from(!row.retired);
        seen.located += u32::from(row.location.is_some());
        seen.ranked += u32::from(row.ranked.is_some());
        seen.points += row.points_ever;
        bytes += row.bytes;
        units += row.units;
        let whole = row.key.address() == address
            && state.has::<PointsOf>(&(row.owner, address))
            && parts.remove(&address).unwrap_or_default() == row.parts
            && !(row.retired && row.location.is_some());
        if !whole {
            wrong.push(format!("access point {address} does not hold together with its key, owner or coverage: {row:?}"));
        }
    }
    if state.rows::<PointsOf>().count() != listed || !parts.is_empty() {
        wrong.push("owners list other access points than there are, or coverage is of none".to_owned());
    }
    (seen.bytes, seen.units) = (bytes, units);
}

/// Every access point that is ranked stands in each of its hexes once, and no other does.
fn rankings(state: &dyn ReadState, wrong: &mut Vec<String>) {
    let mut due = BTreeSet::new();
    for (address, row) in state.rows::<AccessPoint>() {
        let Some(ranked) = row.ranked else { continue };
        for part in 0..row.parts[usize::from(ranked.slot)] {
            let hexes = state.get::<Part>(&(address, ranked.slot, part)).map_or_else(Vec::new, |Part(hexes)| hexes);
            let rank = |hex| {
                let Rank { cell, kind, order, senior, access_point } = Rank::of(row.kind, hex, ranked.senior, address);
                (cell, kind, order, senior, access_point)
            };
            due.extend(hexes.into_iter().map(rank));
        }
    }
    let there: BTreeSet<_> =
        state.rows::<InRank>().map(|(rank, _)| (rank.cell, rank.kind, rank.order, rank.senior, rank.access_point)).collect();
    if there != due {
        wrong.push(format!("rankings keep {} places, and access points' coverage makes {}", there.len(), due.len()));
    }
}

fn carriers(state: &dyn ReadState, seen: &mut MobileTotals, wrong: &mut Vec<String>) {
    let (mut used, mut open): (BTreeMap<u32, u128>, BTreeMap<u32, u128>) = (BTreeMap::new(), BTreeMap::new());
    for ((carrier, _), there) in state.rows::<Authorised>() {
        *used.entry(carrier).or_default() += u128::from(there.used);
    }
    for (_, session) in state.rows::<Session>() {
        seen.sessions += 1;
        *open.entry(session.carrier).or_default() += u128::from(session.paid);
        if session.paid > session.up.saturating_add(session.down) {
            wrong.push(format!("a session was paid for more than it carried: {session:?}"));
        }
    }
    let (mut bytes, mut units) = (0, 0);
    for (number, row) in state.rows::<Carrier>() {
        seen.carriers += 1;
        seen.spent = seen.spent.plus(row.spent).unwrap_or(seen.spent);
        bytes += row.bytes;
        units += row.units;
        let id = escrow_of(number);
        let held = state.get::<EscrowRow>(&id).map_or(Units::ZERO, |escrow| {
            state.get::<HoldingRow>(&(Account::Escrow(id), escrow.token)).map_or(Units::ZERO, |holding| holding.held)
        });
        let agrees = row.balance == held
            && row.bytes == used.remove(&number).unwrap_or(0)
            && open.remove(&number).unwrap_or(0) <= row.bytes;
        if !agrees {
            wrong.push(format!("carrier {number} has {held} in escrow, and keeps {row:?}, other than its access points used"));
        }
    }
    if !used.is_empty() || !open.is_empty() || (bytes, units) != (seen.bytes, seen.units) {
        wrong.push("carriers paid for other data than access points were paid for".to_owned());
    }
}
