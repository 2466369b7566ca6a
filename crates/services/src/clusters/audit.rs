//! What must hold between any two blocks, recomputed from the rows alone.

use super::{
    params::ClustersParams,
    rows::{ClustersTotals, Device, Found, Hire, HireState, Hour, HourState, Id, IndexKey, Person, Slot, Stage, Thing},
};
use depin_economy::{EscrowRow, PledgeRow, StreamRow};
use depin_quantity::{Address, UnitId, Units};
use depin_state::ReadState;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that there is, by kind.
#[derive(Default)]
struct All {
    totals: ClustersTotals,
    devices: BTreeMap<UnitId, Device>,
    hours: BTreeMap<u64, Hour>,
    hires: BTreeMap<UnitId, Hire>,
    slots: BTreeMap<(UnitId, u32), Slot>,
    persons: BTreeMap<Address, Person>,
    found: BTreeMap<IndexKey, Found>,
}

fn all(state: &dyn ReadState) -> All {
    let mut all = All { found: state.rows::<Found>().collect(), ..All::default() };
    for (id, thing) in state.rows::<Thing>() {
        match (id, thing) {
            (Id::Totals(), Thing::Totals(row)) => all.totals = *row,
            (Id::Device(device), Thing::Device(row)) => drop(all.devices.insert(device, *row)),
            (Id::Hour(hour), Thing::Hour(row)) => drop(all.hours.insert(hour, *row)),
            (Id::Hire(hire), Thing::Hire(row)) => drop(all.hires.insert(hire, *row)),
            (Id::Slot(hire, number), Thing::Slot(row)) => drop(all.slots.insert((hire, number), *row)),
            (Id::Person(who), Thing::Person(row)) => drop(all.persons.insert(who, *row)),
            _ => {}
        }
    }
    all
}

/// Checks devices, hours and hires against each other, against what the economy holds for them, and against the totals; what does not hold, one
/// sentence each.
pub fn audit(params: &ClustersParams, state: &dyn ReadState) -> Vec<String> {
    let all = all(state);
    let mut wrong = Vec::new();
    let mut found: BTreeSet<IndexKey> = BTreeSet::new();
    let mut seen = ClustersTotals { running: false, ..ClustersTotals::default() };
    let mut waiting: BTreeMap<u64, (u32, u32)> = BTreeMap::new();
    for (id, device) in &all.devices {
        one_device(params, state, (*id, device), &all, &mut wrong);
        if device.active {
            found.insert(IndexKey::DeviceOf(device.owner, *id));
            seen.devices += 1;
            seen.processors += u64::from(device.terms.profile.processors);
        }
        if let Some(hour) = device.due {
            found.insert(IndexKey::Waiting(hour, *id));
            let counts = waiting.entry(hour).or_default();
            *counts = (counts.0 + 1, counts.1 + u32::from(device.nominated));
            seen.running = true;
        }
        seen.proved += if device.nominated { u64::from(device.terms.profile.processors) } else { 0 };
        seen.hired += u32::from(device.hire.is_some());
    }
    hours(&all, waiting, &mut wrong);
    for (id, hire) in &all.hires {
        one_hire(state, (*id, hire), &all, &mut wrong);
        found.insert(IndexKey::HireOf(hire.hirer, *id));
        seen.open_hires += u32::from(hire.state != HireState::Closed);
    }
    for ((hire, number), slot) in &all.slots {
        one_slot(state, (*hire, *number), slot, &all, &mut wrong);
        if slot.stage != Stage::Paid {
            found.insert(IndexKey::Stream(super::records::stream_id(*hire, *number)));
        }
    }
    persons(&all, &mut wrong);
    if seen.running && !all.totals.running {
        wrong.push("hours rest, and devices wait for one".to_owned());
    }
    let listed: BTreeSet<IndexKey> = all.found.keys().copied().collect();
    if listed != found {
        wrong.push(format!("the index has {:?}", listed.symmetric_difference(&found).next()));
    }
    let now = |t: &ClustersTotals| (t.devices, t.processors, t.proved, t.hired, t.open_hires);
    if now(&all.totals) != now(&seen) {
        wrong.push(format!("the totals say {:?}, the rows sum to {:?}", now(&all.totals), now(&seen)));
    }
    wrong
}

fn one_device(
    params: &ClustersParams,
    state: &dyn ReadState,
    (id, device): (UnitId, &Device),
    all: &All,
    wrong: &mut Vec<String>,
) {
    let row = state.get::<PledgeRow>(&(device.owner, id, super::names::DEVICE));
    let pledged = device.active && params.rules.pledges;
    if device.pledged != pledged || row.is_some() != pledged {
        wrong.push(format!("device {id} is pledged: {}, and the economy has {row:?}", device.pledged));
    }
    let quiet = device.active || (device.due.is_none() && device.hire.is_none());
    let counted = device.judged <= 64 && (device.judged == 64 || device.history >> device.judged == 0);
    if !quiet || !counted || (device.nominated && (device.due.is_none() || device.uptime < params.uptime)) {
        wrong.push(format!("device {id} does not hold together: {device:?}"));
    }
    if let Some((hire, number)) = device.hire
        && all.slots.get(&(hire, number)).is_none_or(|slot| slot.device != id)
    {
        wrong.push(format!("device {id} says that it is number {number} of hire {hire}, and that is another"));
    }
}

fn hours(all: &All, waiting: BTreeMap<u64, (u32, u32)>, wrong: &mut Vec<String>) {
    for (number, hour) in &all.hours {
        let (left, nominated) = waiting.get(number).copied().unwrap_or_default();
        let judged = u64::from(hour.completed) + u64::from(hour.failed) + u64::from(hour.spared) + u64::from(hour.left);
        if hour.waiting != left || u64::from(hour.nominated) != judged + u64::from(nominated) {
            wrong.push(format!("hour {number} has {left} devices waiting, {nominated} of them nominated, and says {hour:?}"));
        }
        if hour.state == HourState::Completed && left > 0 {
            wrong.push(format!("hour {number} is completed, and {left} devices wait for it"));
        }
    }
    for hour in waiting.keys().filter(|hour| !all.hours.contains_key(hour)) {
        wrong.push(format!("devices wait for hour {hour}, which is not there"));
    }
}

fn one_hire(state: &dyn ReadState, (id, hire): (UnitId, &Hire), all: &All, wrong: &mut Vec<String>) {
    let slots: Vec<&Slot> = all.slots.range((id, 0)..=(id, u32::MAX)).map(|(_, slot)| slot).collect();
    let open = slots.iter().filter(|slot| slot.stage != Stage::Paid).count();
    let paid = slots.iter().try_fold(Units::ZERO, |sum, slot| sum.plus(slot.paid)).unwrap_or_default();
    let closed = hire.state == HireState::Closed;
    let counts = (hire.slots as usize, hire.open as usize, hire.paid) == (slots.len(), open, paid);
    if !counts || closed != (open == 0) || closed != hire.closed.is_some() || hire.paid > hire.deposited {
        wrong.push(format!("hire {id} has {} devices, {open} of them unpaid, {paid} paid, and says {hire:?}", slots.len()));
    }
    let escrow = state.get::<EscrowRow>(&id);
    let fits = escrow.as_ref().is_some_and(|row| row.owner == hire.hirer && row.streams == hire.open);
    if escrow.is_some() == closed || (!closed && !fits) {
        wrong.push(format!("hire {id} is {}, and its escrow is {escrow:?}", hire.state.word()));
    }
}

fn one_slot(state: &dyn ReadState, (hire, number): (UnitId, u32), slot: &Slot, all: &All, wrong: &mut Vec<String>) {
    let stream = state.get::<StreamRow>(&super::records::stream_id(hire, number));
    let open = slot.stage != Stage::Paid;
    let fits = stream.as_ref().is_none_or(|row| {
        (row.escrow, row.to, row.rate, row.periods) == (hire, slot.owner, slot.rate, slot.hours.into())
            && row.start == slot.begun
            && (slot.stage != Stage::Judged || row.paid <= slot.owed.unwrap_or(slot.hours).into())
    });
    if stream.is_some() != open || !fits {
        wrong.push(format!("number {number} of hire {hire} is {:?}, and its stream is {stream:?}", slot.stage));
    }
    let most = Units::new(slot.rate.get().saturating_mul(slot.owed.unwrap_or(slot.hours).into()));
    let whole = slot.owed.is_none_or(|owed| owed <= slot.hours)
        && slot.counted <= slot.owed.filter(|_| slot.stage == Stage::Judged).unwrap_or(slot.hours)
        && (slot.stage == Stage::Working || slot.end.is_some())
        && slot.paid <= most;
    let linked = all.devices.get(&slot.device).is_some_and(|device| device.hire == Some((hire, number)));
    if !whole || (slot.stage == Stage::Working && !linked) {
        wrong.push(format!("number {number} of hire {hire} does not hold together: {slot:?}"));
    }
}

fn persons(all: &All, wrong: &mut Vec<String>) {
    let mut seen: BTreeMap<Address, (u32, u32)> = BTreeMap::new();
    for device in all.devices.values().filter(|device| device.active) {
        seen.entry(device.owner).or_default().0 += 1;
    }
    for hire in all.hires.values() {
        seen.entry(hire.hirer).or_default().1 += 1;
    }
    let kept: BTreeMap<Address, (u32, u32)> = all.persons.iter().map(|(who, row)| (*who, (row.devices, row.hires))).collect();
    if kept != seen {
        wrong.push(format!("people are said to have {kept:?} devices and hires, and have {seen:?}"));
    }
}
