//! Reads, for APIs and tests. Lists go on behind a key, so that a page never walks through what it does not show.

use super::{
    rows::{Comparison, EligibleNodes, Found, Id, IndexKey, Job, Kept, Node, Person, RenderingTotals, Thing, Ticket},
    terms::Eligible,
};
use crate::lists::taken;
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;

/// The id before all.
const LEAST: UnitId = UnitId::new([0; 32]);

fn load<R: Kept>(state: &dyn ReadState, id: Id) -> Option<R> {
    state.get::<Thing>(&id).and_then(R::of)
}

/// A node; one that left stays known.
pub fn node(state: &dyn ReadState, id: UnitId) -> Option<Node> {
    load(state, Id::Node(id))
}

/// A job, until it is forgotten.
pub fn job(state: &dyn ReadState, id: UnitId) -> Option<Job> {
    load(state, Id::Job(id))
}

/// The nodes that a job may go to, in the order in which they are drawn from; none before it is drawn.
pub fn eligible(state: &dyn ReadState, job: UnitId) -> Vec<Eligible> {
    load::<EligibleNodes>(state, Id::Eligible(job)).unwrap_or_default().0
}

/// A ticket of a job.
pub fn ticket(state: &dyn ReadState, job: UnitId, number: u32) -> Option<Ticket> {
    load(state, Id::Ticket(job, number))
}

/// The comparison that a ticket is a side of, with the number of its first ticket.
pub fn comparison(state: &dyn ReadState, job: UnitId, number: u32) -> Option<(u32, Comparison)> {
    let first = state.get::<Found>(&IndexKey::Second(job, number)).map_or(number, |found| found.0);
    load(state, Id::Comparison(job, first)).map(|row| (first, row))
}

/// What somebody did as an artist or a dispatcher.
pub fn person(state: &dyn ReadState, who: Address) -> Person {
    load(state, Id::Person(who)).unwrap_or_default()
}

/// Running sums.
pub fn totals(state: &dyn ReadState) -> RenderingTotals {
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

/// Every node behind `after`, by id; those that left too.
pub fn nodes(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Node)> {
    let of = |id| if let Id::Node(node) = id { Some(node) } else { None };
    things(state, Id::Node(after.unwrap_or(LEAST)), after.is_none(), of)
}

/// Every job behind `after`, by id.
pub fn jobs(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Job)> {
    let of = |id| if let Id::Job(job) = id { Some(job) } else { None };
    things(state, Id::Job(after.unwrap_or(LEAST)), after.is_none(), of)
}

/// Every ticket of a job behind the number `after`, in the order in which they were given out.
pub fn tickets(state: &dyn ReadState, job: UnitId, after: Option<u32>) -> impl Iterator<Item = (u32, Ticket)> {
    let of = move |id| match id {
        Id::Ticket(of, number) if of == job => Some(number),
        _ => None,
    };
    things(state, Id::Ticket(job, after.unwrap_or(0)), after.is_none(), of)
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

/// Every node of an owner behind `after`, by id.
pub fn nodes_of(state: &dyn ReadState, owner: Address, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Node)> {
    let of = move |key| match key {
        IndexKey::NodeOf(who, id) if who == owner => Some(id),
        _ => None,
    };
    let ids = keys(state, IndexKey::NodeOf(owner, after.unwrap_or(LEAST)), after.is_none(), of);
    ids.filter_map(move |id| node(state, id).map(|row| (id, row)))
}

/// Every job of an artist behind `after`, by id.
pub fn jobs_of(state: &dyn ReadState, artist: Address, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Job)> {
    let of = move |key| match key {
        IndexKey::JobOf(who, id) if who == artist => Some(id),
        _ => None,
    };
    let ids = keys(state, IndexKey::JobOf(artist, after.unwrap_or(LEAST)), after.is_none(), of);
    ids.filter_map(move |id| job(state, id).map(|row| (id, row)))
}

/// Every job of a dispatcher behind `after`, by id.
pub fn jobs_by(state: &dyn ReadState, dispatcher: Address, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Job)> {
    let of = move |key| match key {
        IndexKey::DispatchOf(who, id) if who == dispatcher => Some(id),
        _ => None,
    };
    let ids = keys(state, IndexKey::DispatchOf(dispatcher, after.unwrap_or(LEAST)), after.is_none(), of);
    ids.filter_map(move |id| job(state, id).map(|row| (id, row)))
}

/// Every ticket that a node has and that is not decided, behind `after`: by job and number.
pub fn tickets_of(
    state: &dyn ReadState,
    node: UnitId,
    after: Option<(UnitId, u32)>,
) -> impl Iterator<Item = ((UnitId, u32), Ticket)> {
    let of = move |key| match key {
        IndexKey::TicketOf(who, job, number) if who == node => Some((job, number)),
        _ => None,
    };
    let (job, number) = after.unwrap_or((LEAST, 0));
    let ids = keys(state, IndexKey::TicketOf(node, job, number), after.is_none(), of);
    ids.filter_map(move |(job, number)| ticket(state, job, number).map(|row| ((job, number), row)))
}
