//! What must hold between any two blocks, recomputed from the rows alone.

use super::rows::{
    Batch, BatchState, Beaconing, ByOui, ByOwner, Copies, CoverageTotals, Denial, DeniedEdge, EuiOf, FilterOf, HexRow, Hotspot,
    Oui, Pending, RangeEnd, Route, SealedReports, Seen, Tally, counted_at,
};
use super::{active::SubNetwork, beacons::seals_most, message::Denied, mobile::AccessPoint, payments::escrow_of};
use depin_economy::{Account, EscrowRow, HoldingRow};
use depin_state::ReadState;
use h3o::{CellIndex, Resolution};
use std::collections::BTreeMap;

/// Checks every hotspot, entry of the denylist, OUI, route and batch against each other, against what the economy holds for them, and
/// against the totals; what does not hold, one sentence each.
pub fn audit(state: &dyn ReadState) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = CoverageTotals::default();
    hotspots(state, &mut seen, &mut wrong);
    denials(state, &mut seen, &mut wrong);
    routes(state, &mut seen, &mut wrong);
    batches(state, &mut seen, &mut wrong);
    ouis(state, &mut seen, &mut wrong);
    beacons(state, &mut seen, &mut wrong);
    hexes(state, &mut seen, &mut wrong);
    for (_, point) in state.rows::<AccessPoint>() {
        seen.active.get_or_insert_default().count(SubNetwork::Mobile, point.standing);
    }
    super::mobile::audit(state, &mut wrong);
    let kept = state.get::<CoverageTotals>(&()).unwrap_or_default();
    // Chains that began before refusals were counted by OUI have more in their totals.
    let refused: u64 = state
        .rows::<Copies>()
        .filter(|(key, _)| matches!(counted_at(key), Tally::Refused(_)))
        .map(|(_, Copies(count))| u64::from(count))
        .sum();
    if refused > kept.refused {
        wrong.push(format!("packets of OUIs were refused {refused} times, and the totals say {}", kept.refused));
    }
    let now = |t: &CoverageTotals| {
        let counts = (t.hotspots, t.located, t.denials, t.ouis, t.disabled, t.routes, t.claims);
        (counts, t.packets, t.units, t.spent, t.beacons_open, t.counted, t.active.unwrap_or_default())
    };
    if now(&kept) != now(&seen) {
        wrong.push(format!("the totals say {kept:?}, the rows sum to {seen:?}"));
    }
    wrong
}

fn hotspots(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let mut claims = BTreeMap::new();
    for (_, batch) in state.rows::<Batch>() {
        *claims.entry(batch.hotspot).or_insert(0u32) += u32::from(matches!(batch.state, BatchState::Claimed { .. }));
    }
    let mut listed = 0;
    for (address, hotspot) in state.rows::<Hotspot>() {
        listed += 1;
        seen.hotspots += u32::from(!hotspot.retired);
        seen.located += u32::from(hotspot.location.is_some());
        seen.packets += hotspot.packets;
        seen.units += hotspot.units;
        seen.active.get_or_insert_default().count(SubNetwork::Iot, hotspot.standing);
        let denied = |id| state.get::<Denial>(&id).is_some_and(|denial| denial.who == Denied::Hotspot(address));
        let whole = hotspot.key.address() == address
            && state.has::<ByOwner>(&(hotspot.owner, address))
            && hotspot.denied.is_none_or(denied)
            && hotspot.location.is_some() == (hotspot.asserted > 0 && !hotspot.retired)
            && hotspot.claims == claims.get(&address).copied().unwrap_or(0);
        if !whole {
            wrong.push(format!("hotspot {address} does not hold together with its key, owner, entry or claims: {hotspot:?}"));
        }
    }
    if state.rows::<ByOwner>().count() != listed {
        wrong.push("owners list other hotspots than there are".to_owned());
    }
}

fn denials(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let mut edges = 0;
    for (id, denial) in state.rows::<Denial>() {
        seen.denials += 1;
        let stands = match denial.who {
            Denied::Hotspot(hotspot) => state.get::<Hotspot>(&hotspot).is_some_and(|hotspot| hotspot.denied == Some(id)),
            Denied::Edge(a, b) => {
                edges += 1;
                a < b && state.get::<DeniedEdge>(&(a, b)) == Some(DeniedEdge(id))
            }
        };
        if !stands {
            wrong.push(format!("entry {id} of the denylist is not known to whom it is about: {:?}", denial.who));
        }
    }
    if state.rows::<DeniedEdge>().count() != edges {
        wrong.push("edges are denied that no entry of the denylist is about".to_owned());
    }
}

/// Where the network bounds how many device addresses an OUI has, they are counted.
fn addresses(state: &dyn ReadState, wrong: &mut Vec<String>) {
    let mut has: BTreeMap<u32, u64> = BTreeMap::new();
    for (end, range) in state.rows::<RangeEnd>() {
        if let Some(route) = state.get::<Route>(&range.route) {
            *has.entry(route.oui).or_default() += u64::from(end - range.start) + 1;
        }
    }
    for (key, Copies(kept)) in state.rows::<Copies>() {
        let Tally::Addresses(oui) = counted_at(&key) else { continue };
        let counted = has.get(&oui).copied().unwrap_or_default();
        if counted != u64::from(kept) {
            wrong.push(format!("OUI {oui} is said to have {kept} device addresses, and has {counted}"));
        }
    }
}

fn routes(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let mut listed: BTreeMap<_, [u32; 3]> = BTreeMap::new();
    state.rows::<EuiOf>().for_each(|((route, ..), _)| listed.entry(route).or_default()[0] += 1);
    state.rows::<RangeEnd>().for_each(|(_, range)| listed.entry(range.route).or_default()[1] += 1);
    state.rows::<FilterOf>().for_each(|((route, ..), _)| listed.entry(route).or_default()[2] += 1);
    for (id, route) in state.rows::<Route>() {
        seen.routes += 1;
        let has = listed.remove(&id).unwrap_or_default();
        if has != [route.euis, route.ranges, route.filters] || !state.has::<ByOui>(&(route.oui, id)) {
            wrong.push(format!("route {id} of OUI {} counts other entries than {has:?}, or is not listed", route.oui));
        }
    }
    wrong.extend(listed.keys().map(|route| format!("entries of route {route}, which is not there")));
    let mut last = None;
    for (end, range) in state.rows::<RangeEnd>() {
        if range.start > end || last.is_some_and(|last| range.start <= last) {
            wrong.push(format!("device addresses up to {end:08X} are of two routes, or of none"));
        }
        last = Some(end);
    }
    addresses(state, wrong);
}

fn batches(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let (mut marks, mut copies) = (0, BTreeMap::new());
    for (id, batch) in state.rows::<Batch>() {
        seen.claims += u32::from(matches!(batch.state, BatchState::Claimed { .. }));
        for packet in &batch.packets {
            marks += 1;
            *copies.entry((batch.oui, packet.hash)).or_insert(0u32) += 1;
            if !state.has::<Seen>(&(batch.hotspot, packet.hash)) {
                wrong.push(format!("packet {} of batch {id} could be reported again", packet.hash));
            }
        }
    }
    let kept: BTreeMap<_, u32> = state
        .rows::<Copies>()
        .filter(|(key, _)| counted_at(key) == Tally::Copies)
        .map(|(key, Copies(count))| (key, count))
        .collect();
    if kept != copies || state.rows::<Seen>().count() != marks {
        wrong.push("packets are marked that no batch has, or copies are counted that there are not".to_owned());
    }
}

fn beacons(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let mut reports = BTreeMap::new();
    for ((beaconer, reporter), sealed) in state.rows::<SealedReports>() {
        *reports.entry(beaconer).or_insert(0u32) += 1;
        let (count, most) = (sealed.iter().count(), seals_most(beaconer, reporter));
        if count > most {
            wrong.push(format!("{reporter} sealed {count} reports of the beacon of {beaconer}, and {most} are taken"));
        }
    }
    for (hotspot, beacon) in state.rows::<Beaconing>() {
        seen.beacons_open += u32::from(beacon.entropy.is_some());
        let has = reports.remove(&hotspot).unwrap_or(0);
        if has != beacon.reports {
            wrong.push(format!("the beacon of {hotspot} counts {} reports and has {has}", beacon.reports));
        }
    }
    wrong.extend(reports.keys().map(|beaconer| format!("reports of a beacon of {beaconer}, which is not there")));
}

/// Counts every hotspot of a witnessed beacon anew, size by size, by HIP-104's figures.
fn hexes(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let mut below: BTreeMap<CellIndex, u64> = BTreeMap::new();
    for (_, hotspot) in state.rows::<Hotspot>() {
        let Some(counted) = hotspot.counted else { continue };
        seen.counted += 1;
        if let Some(cell) = CellIndex::try_from(counted.cell).ok().and_then(|cell| cell.parent(Resolution::Eleven)) {
            *below.entry(cell).or_default() += 1;
        }
    }
    let mut all: BTreeMap<u64, (u64, u64)> = below.iter().map(|(cell, n)| ((*cell).into(), (*n, *n))).collect();
    for (size, free, target, most) in
        [(10, 2, 1, 1), (9, 2, 1, 1), (8, 2, 1, 1), (7, 4, 5, 10), (6, 4, 25, 50), (5, 4, 100, 200), (4, 2, 500, 1_000)]
    {
        let Ok(size) = Resolution::try_from(size) else { return };
        let mut there: BTreeMap<CellIndex, u64> = BTreeMap::new();
        below
            .iter()
            .filter_map(|(cell, n)| Some((cell.parent(size)?, n)))
            .for_each(|(cell, n)| *there.entry(cell).or_default() += n);
        below.clear();
        for (cell, n) in &there {
            let full = cell.grid_disk::<Vec<_>>(1).iter().filter(|near| there.get(near).is_some_and(|n| *n >= target)).count();
            let limit = most.min(target * (full as u64 + 1).saturating_sub(free).max(1));
            below.insert(*cell, limit.min(*n));
            all.insert((*cell).into(), (*n, limit.min(*n)));
        }
    }
    let kept: BTreeMap<u64, (u64, u64)> =
        state.rows::<HexRow>().map(|(cell, HexRow(hex))| (cell, (hex.there, hex.counted))).collect();
    if kept != all {
        wrong.push(format!("hexes keep {} cells, and the hotspots that count make {} with other numbers", kept.len(), all.len()));
    }
}

fn ouis(state: &dyn ReadState, seen: &mut CoverageTotals, wrong: &mut Vec<String>) {
    let (mut pending, mut claims) = (BTreeMap::new(), BTreeMap::new());
    for ((oui, _), owed) in state.rows::<Pending>() {
        *pending.entry(oui).or_insert(0u128) += owed.amount.get();
    }
    for (_, batch) in state.rows::<Batch>() {
        *claims.entry(batch.oui).or_insert(0u32) += u32::from(matches!(batch.state, BatchState::Claimed { .. }));
    }
    let mut paid = 0;
    for (number, oui) in state.rows::<Oui>() {
        seen.ouis += 1;
        seen.disabled += u32::from(oui.disabled);
        seen.spent = seen.spent.plus(oui.spent).unwrap_or(seen.spent);
        paid += oui.packets;
        let id = escrow_of(number);
        let held = state.get::<EscrowRow>(&id).map_or(0, |escrow| {
            state.get::<HoldingRow>(&(Account::Escrow(id), escrow.token)).map_or(0, |holding| holding.held.get())
        });
        let routes = state.rows::<ByOui>().filter(|((of, _), _)| *of == number).count();
        let owed = pending.remove(&number).unwrap_or(0);
        let agrees = oui.balance.get() == held
            && oui.pending.get() == owed
            && oui.pending <= oui.balance
            && oui.routes as usize == routes
            && oui.claims == claims.get(&number).copied().unwrap_or(0);
        if !agrees {
            wrong.push(format!("OUI {number} has {held} in escrow, owes {owed} and has {routes} routes, and keeps {oui:?}"));
        }
    }
    wrong.extend(pending.keys().map(|oui| format!("packets are owed by OUI {oui}, which is not there")));
    if paid != seen.packets {
        wrong.push(format!("OUIs paid for {paid} packets, and hotspots were paid for {}", seen.packets));
    }
}
