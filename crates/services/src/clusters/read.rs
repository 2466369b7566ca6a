//! Reads, for APIs and tests. Lists go on behind a key, so that a page never walks through what it does not show.

use super::rows::{ClustersTotals, Device, Found, Hire, Hour, Id, IndexKey, Kept, Person, Slot, Thing};
use crate::lists::taken;
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;

/// The id before all.
const LEAST: UnitId = UnitId::new([0; 32]);

fn load<R: Kept>(state: &dyn ReadState, id: Id) -> Option<R> {
    state.get::<Thing>(&id).and_then(R::of)
}

/// A device; one that left stays known.
pub fn device(state: &dyn ReadState, id: UnitId) -> Option<Device> {
    load(state, Id::Device(id))
}

/// An hour, until it is forgotten.
pub fn hour(state: &dyn ReadState, hour: u64) -> Option<Hour> {
    load(state, Id::Hour(hour))
}

/// A hire, until it is forgotten.
pub fn hire(state: &dyn ReadState, id: UnitId) -> Option<Hire> {
    load(state, Id::Hire(id))
}

/// A device's part in a hire.
pub fn slot(state: &dyn ReadState, hire: UnitId, number: u32) -> Option<Slot> {
    load(state, Id::Slot(hire, number))
}

/// What somebody has.
pub fn person(state: &dyn ReadState, who: Address) -> Person {
    load(state, Id::Person(who)).unwrap_or_default()
}

/// Running sums.
pub fn totals(state: &dyn ReadState) -> ClustersTotals {
    load(state, Id::Totals()).unwrap_or_default()
}

/// Things of one kind from `from` on, or behind it, as long as `of` takes their ids.
fn things<'a, R: Kept + 'a, T: 'a>(
    state: &'a dyn ReadState,
    from: Id,
    inclusive: bool,
    of: impl Fn(Id) -> Option<T> + 'a,
) -> impl Iterator<Item = (T, R)> + 'a {
    taken::<Thing, _>(state, from, inclusive, move |id, thing| of(id).zip(R::of(thing)))
}

/// Every device behind `after`, by id; those that left too.
pub fn devices(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Device)> {
    let of = |id| if let Id::Device(device) = id { Some(device) } else { None };
    things(state, Id::Device(after.unwrap_or(LEAST)), after.is_none(), of)
}

/// Every hour that is kept behind `after`, the oldest first.
pub fn hours(state: &dyn ReadState, after: Option<u64>) -> impl Iterator<Item = (u64, Hour)> {
    let of = |id| if let Id::Hour(hour) = id { Some(hour) } else { None };
    things(state, Id::Hour(after.unwrap_or(0)), after.is_none(), of)
}

/// Every hire behind `after`, by id.
pub fn hires(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Hire)> {
    let of = |id| if let Id::Hire(hire) = id { Some(hire) } else { None };
    things(state, Id::Hire(after.unwrap_or(LEAST)), after.is_none(), of)
}

/// Every part of a hire behind the number `after`.
pub fn slots(state: &dyn ReadState, hire: UnitId, after: Option<u32>) -> impl Iterator<Item = (u32, Slot)> {
    let of = move |id| match id {
        Id::Slot(of, number) if of == hire => Some(number),
        _ => None,
    };
    things(state, Id::Slot(hire, after.unwrap_or(0)), after.is_none(), of)
}

/// Keys of an index from `from` on, or behind it, as long as `of` takes them.
fn keys<'a, T: 'a>(
    state: &'a dyn ReadState,
    from: IndexKey,
    inclusive: bool,
    of: impl Fn(IndexKey) -> Option<T> + 'a,
) -> impl Iterator<Item = T> + 'a {
    taken::<Found, _>(state, from, inclusive, move |key, _| of(key))
}

/// Every device that an hour checks and did not judge yet, behind `after`, by id.
pub fn waiting(state: &dyn ReadState, hour: u64, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Device)> {
    let of = move |key| match key {
        IndexKey::Waiting(of, id) if of == hour => Some(id),
        _ => None,
    };
    let ids = keys(state, IndexKey::Waiting(hour, after.unwrap_or(LEAST)), after.is_none(), of);
    ids.filter_map(move |id| device(state, id).map(|row| (id, row)))
}

/// Every device of an owner that takes part, behind `after`, by id.
pub fn devices_of(state: &dyn ReadState, owner: Address, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Device)> {
    let of = move |key| match key {
        IndexKey::DeviceOf(who, id) if who == owner => Some(id),
        _ => None,
    };
    let ids = keys(state, IndexKey::DeviceOf(owner, after.unwrap_or(LEAST)), after.is_none(), of);
    ids.filter_map(move |id| device(state, id).map(|row| (id, row)))
}

/// Every hire of a hirer that is kept, behind `after`, by id.
pub fn hires_of(state: &dyn ReadState, hirer: Address, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Hire)> {
    let of = move |key| match key {
        IndexKey::HireOf(who, id) if who == hirer => Some(id),
        _ => None,
    };
    let ids = keys(state, IndexKey::HireOf(hirer, after.unwrap_or(LEAST)), after.is_none(), of);
    ids.filter_map(move |id| hire(state, id).map(|row| (id, row)))
}
