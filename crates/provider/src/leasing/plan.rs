//! What to do about the market. Pure: it has nothing but the view, so that a simulator's agents can use it.

use super::{
    task::LeaseTask,
    view::{Verdict, View},
};
use crate::operator::{Agenda, Subject};
use depin_services::leasing::{BidId, LEASES_MAX, OrderId, REPORTS_MAX};

/// Orders to judge, and what needs no judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeasePlan {
    /// Orders that nothing was decided about, the oldest first.
    pub consider: Vec<OrderId>,
    /// Messages.
    pub tasks: Vec<LeaseTask>,
}

/// The plan for what is on the agenda: leases to end, bids without room, earnings to collect, reports to hand in, orders to judge.
pub fn plan(view: &View, agenda: &Agenda) -> LeasePlan {
    let may = |id: &BidId| agenda.units.contains(&id.unit()) && agenda.allows(Subject::Unit(id.unit()));
    let ending = view.ending.iter().filter(|(lease, _)| may(lease));
    let mut tasks: Vec<LeaseTask> = ending.map(|(lease, reason)| LeaseTask::Close { lease: *lease, reason: *reason }).collect();
    tasks.extend(view.crowded.iter().filter(|bid| may(bid)).map(|bid| LeaseTask::Drop(*bid)));
    let collect: Vec<BidId> =
        view.collect.iter().filter(|lease| may(lease) && !view.ending.contains_key(lease)).copied().collect();
    tasks.extend(collect.chunks(LEASES_MAX).map(|part| LeaseTask::Collect(part.to_vec())));
    let reports: Vec<_> = view.reports.iter().filter(|one| may(&one.report.lease)).copied().collect();
    tasks.extend(reports.chunks(REPORTS_MAX).map(LeaseTask::report));
    let most = view.network.as_ref().map_or(u32::MAX, |network| network.bids_most);
    let open = view.orders.values().filter(|order| {
        let id = order.id.bid(view.address);
        let undecided = match view.verdicts.get(&order.id) {
            None | Some(Verdict::NotNow(_)) => true,
            Some(Verdict::Bid(_) | Verdict::No(_) | Verdict::Later(_)) => false,
        };
        undecided && order.bids < most && !view.bids.contains_key(&order.id) && may(&id)
    });
    let mut consider: Vec<_> = open.collect();
    consider.sort_by_key(|order| (order.created.ms, order.id));
    LeasePlan { consider: consider.into_iter().map(|order| order.id).collect(), tasks }
}
