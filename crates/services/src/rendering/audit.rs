//! What must hold between any two blocks, recomputed from the rows alone.

use super::rows::{
    Against, Comparison, Found, Id, IndexKey, Job, JobState, Node, Person, RenderingTotals, Thing, Ticket, TicketState,
};
use depin_economy::HoldRow;
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;
use std::collections::{BTreeMap, BTreeSet};

/// What tickets of one job, or of one node, sum to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Sum {
    tickets: u32,
    open: u32,
    pending: u32,
    reserved: u64,
    comparisons: u32,
}

/// Everything that there is, by kind.
#[derive(Default)]
struct All {
    totals: RenderingTotals,
    nodes: BTreeMap<UnitId, Node>,
    jobs: BTreeMap<UnitId, Job>,
    tickets: BTreeMap<(UnitId, u32), Ticket>,
    comparisons: BTreeMap<(UnitId, u32), Comparison>,
    persons: BTreeMap<Address, Person>,
    found: BTreeSet<IndexKey>,
}

fn all(state: &dyn ReadState) -> All {
    let mut all = All::default();
    for (id, thing) in state.rows::<Thing>() {
        match (id, thing) {
            (Id::Totals(), Thing::Totals(row)) => all.totals = *row,
            (Id::Node(node), Thing::Node(row)) => drop(all.nodes.insert(node, *row)),
            (Id::Job(job), Thing::Job(row)) => drop(all.jobs.insert(job, *row)),
            (Id::Ticket(job, number), Thing::Ticket(row)) => drop(all.tickets.insert((job, number), *row)),
            (Id::Comparison(job, number), Thing::Comparison(row)) => drop(all.comparisons.insert((job, number), *row)),
            (Id::Person(who), Thing::Person(row)) => drop(all.persons.insert(who, *row)),
            _ => {}
        }
    }
    all.found = state.rows::<Found>().map(|(key, _)| key).collect();
    all
}

/// Checks nodes, jobs, tickets and comparisons against each other, against what the economy holds for them, and against the totals; what does not
/// hold, one sentence each.
pub fn audit(state: &dyn ReadState) -> Vec<String> {
    let all = all(state);
    let mut wrong = Vec::new();
    let (mut by_job, mut by_node): (BTreeMap<UnitId, Sum>, BTreeMap<UnitId, Sum>) = (BTreeMap::new(), BTreeMap::new());
    let mut works = BTreeSet::new();
    for ((job, number), ticket) in &all.tickets {
        let Some(row) = all.jobs.get(job) else {
            wrong.push(format!("ticket {number} of job {job}, which is not there"));
            continue;
        };
        let open = ticket.state == TicketState::Issued;
        works.extend(open.then_some(IndexKey::OpenOf(*job, ticket.node)));
        let cost = ticket.delivery.map_or(row.frame_most, |delivery| delivery.price);
        for sum in [by_job.entry(*job).or_default(), by_node.entry(ticket.node).or_default()] {
            sum.tickets += 1;
            sum.open += u32::from(open);
            sum.pending += u32::from(!open && !ticket.done);
            sum.reserved += if ticket.done { 0 } else { cost };
        }
        one_ticket(&all, (*job, *number), ticket, &mut wrong);
    }
    let counted: BTreeSet<_> = all.found.iter().filter(|key| matches!(key, IndexKey::OpenOf(..))).copied().collect();
    if counted != works {
        wrong.push(format!("nodes are said to work on {counted:?}, and have tickets of {works:?}"));
    }
    comparisons(&all, &mut by_job, &mut wrong);
    let mut seen = RenderingTotals::default();
    for (id, job) in &all.jobs {
        seen.open_jobs += u32::from(job.state != JobState::Closed);
        one_job(state, &all, *id, job, by_job.remove(id).unwrap_or_default(), &mut wrong);
    }
    for (id, node) in &all.nodes {
        seen.nodes += u32::from(node.active);
        if node.active {
            seen.score += u64::from(node.terms.score);
            seen.memory_mb += u64::from(node.terms.memory_mb);
            seen.since_sum += u128::from(node.since.get());
        }
        let sum = by_node.remove(id).unwrap_or_default();
        if (node.open, node.pending) != (sum.open, sum.pending) || node.right > node.judged {
            wrong.push(format!("node {id} counts {} open and {} pending tickets, and has {sum:?}", node.open, node.pending));
        }
        seen.open_tickets += u64::from(sum.open);
        seen.pending_tickets += u64::from(sum.pending);
        let tiers = node.terms.tiers.iter().all(|tier| all.found.contains(&IndexKey::Tier(*tier, *id)) == node.active);
        if !tiers || !all.found.contains(&IndexKey::NodeOf(node.owner, *id)) {
            wrong.push(format!("node {id} takes part and is not found, or the other way round"));
        }
    }
    wrong.extend(by_node.keys().map(|node| format!("tickets of {node}, which is no node")));
    persons(&all, &mut wrong);
    seen.comparisons_open = all.comparisons.len() as u32;
    let now = |t: &RenderingTotals| {
        (t.nodes, t.score, t.memory_mb, t.since_sum, t.open_jobs, t.open_tickets, t.pending_tickets, t.comparisons_open)
    };
    if now(&all.totals) != now(&seen) {
        wrong.push(format!("the totals say {:?}, the rows sum to {seen:?}", all.totals));
    }
    wrong
}

fn one_ticket(all: &All, (job, number): (UnitId, u32), ticket: &Ticket, wrong: &mut Vec<String>) {
    let handed_in = !matches!(ticket.state, TicketState::Issued | TicketState::Declined | TicketState::Lapsed);
    let ended = !matches!(
        ticket.state,
        TicketState::Issued
            | TicketState::Delivered
            | TicketState::Compared
            | TicketState::Approved { .. }
            | TicketState::Rejected { .. }
    );
    let listed = all.found.contains(&IndexKey::TicketOf(ticket.node, job, number));
    // A node is told of what it has to do something about: what is not decided, and what it was paid for and is disputed.
    let disputed = all.comparisons.get(&(job, number)).is_some_and(|row| row.against == Against::Key);
    let whole = ticket.delivery.is_some() == handed_in
        && (ticket.done == ended || matches!(ticket.state, TicketState::Rejected { .. }))
        && ticket.key.is_some() == matches!(ticket.state, TicketState::Paid { .. })
        && listed == (!ticket.done || disputed);
    if !whole {
        wrong.push(format!("ticket {number} of job {job} does not hold together: {ticket:?}"));
    }
}

/// Every comparison is of tickets that are being compared, and every such ticket is in one.
fn comparisons(all: &All, by_job: &mut BTreeMap<UnitId, Sum>, wrong: &mut Vec<String>) {
    let mut compared = BTreeSet::new();
    for ((job, number), row) in &all.comparisons {
        by_job.entry(*job).or_default().comparisons += 1;
        if row.against != Against::Key {
            compared.insert((*job, *number));
        }
        if let Against::Ticket(other) = row.against {
            compared.insert((*job, other));
            if !all.found.contains(&IndexKey::Second(*job, other)) {
                wrong.push(format!("ticket {other} of job {job} is compared and its comparison is not found"));
            }
        }
    }
    let said: BTreeSet<_> =
        all.tickets.iter().filter(|(_, ticket)| ticket.state == TicketState::Compared).map(|(id, _)| *id).collect();
    if said != compared {
        wrong.push(format!("tickets {said:?} say that they are compared, and comparisons are of {compared:?}"));
    }
}

fn one_job(state: &dyn ReadState, all: &All, id: UnitId, job: &Job, sum: Sum, wrong: &mut Vec<String>) {
    let closed = job.state == JobState::Closed;
    let kept =
        Sum { tickets: job.tickets, open: job.open, pending: job.pending, reserved: job.reserved, comparisons: job.comparisons };
    if kept != sum {
        wrong.push(format!("job {id} keeps {kept:?}, and its tickets sum to {sum:?}"));
    }
    let used = u128::from(job.spent) + u128::from(job.reserved) + u128::from(job.bond);
    if used > job.funds.into() || (closed && (job.reserved, job.open, job.pending) != (0, 0, 0)) {
        wrong.push(format!("job {id} of {} has {used} spent, reserved or bound", job.funds));
    }
    let rest = u128::from(job.funds - job.spent.min(job.funds));
    let held = state.get::<HoldRow>(&id);
    let wanted = !closed && !job.lapsed && rest > 0;
    let fits = held.as_ref().is_some_and(|hold| hold.owner == job.artist && is_stated_in_millionths(hold.rest, rest));
    if held.is_some() != wanted || (wanted && !fits) {
        wrong.push(format!("job {id} has {rest} left, and the economy holds {held:?} for it"));
    }
    let listed = [IndexKey::JobOf(job.artist, id), IndexKey::DispatchOf(job.terms.dispatcher, id)];
    if !listed.iter().all(|key| all.found.contains(key)) {
        wrong.push(format!("job {id} is not listed for its artist and its dispatcher"));
    }
}

/// Whether a hold is for `rest` millionths: the economy states it in the metric's step, in 10^-18 dollars, or in base units of a token.
fn is_stated_in_millionths(held: u128, rest: u128) -> bool {
    (0..=12).any(|places| rest.checked_mul(10u128.pow(places)) == Some(held))
}

fn persons(all: &All, wrong: &mut Vec<String>) {
    let mut seen: BTreeMap<Address, (u32, u32)> = BTreeMap::new();
    for job in all.jobs.values() {
        seen.entry(job.artist).or_default().0 += 1;
    }
    for node in all.nodes.values().filter(|node| node.active) {
        seen.entry(node.owner).or_default().1 += 1;
    }
    let kept: BTreeMap<Address, (u32, u32)> =
        all.persons.iter().map(|(who, row)| (*who, (row.jobs, row.nodes))).filter(|(_, counts)| *counts != (0, 0)).collect();
    if kept != seen {
        wrong.push(format!("people are said to have {kept:?} jobs and nodes, and have {seen:?}"));
    }
}
