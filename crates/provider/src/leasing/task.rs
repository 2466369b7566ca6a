//! One message to come.

use crate::operator::{Subject, Task};
use depin_ledger::Message;
use depin_quantity::Span;
use depin_sdl::Price;
use depin_services::leasing::{BidId, LeasingMessage, OrderId, Reason, SignedReport};

/// What a provider of leases tells the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseTask {
    /// Bids on an order.
    Bid {
        /// The bid to be.
        bid: BidId,
        /// What is asked for a block.
        price: Price,
        /// Notice that is promised.
        reclaim_window: Option<Span>,
    },
    /// Withdraws a bid for which there is no room any more.
    Drop(BidId),
    /// Ends a lease, for a cause that is its tenant's.
    Close {
        /// Which.
        lease: BidId,
        /// Why.
        reason: Reason,
    },
    /// Collects what leases have earned.
    Collect(Vec<BidId>),
    /// Hands in what tenants signed of the availability of their leases.
    Report {
        /// The leases, in order.
        leases: Vec<BidId>,
        /// A report of each.
        reports: Vec<SignedReport>,
    },
}

impl LeaseTask {
    /// The bids or leases that it is about.
    pub fn about(&self) -> &[BidId] {
        match self {
            Self::Bid { bid, .. } | Self::Drop(bid) => std::slice::from_ref(bid),
            Self::Close { lease, .. } => std::slice::from_ref(lease),
            Self::Collect(leases) | Self::Report { leases, .. } => leases,
        }
    }

    /// Hands these reports in.
    pub(super) fn report(reports: &[SignedReport]) -> Self {
        Self::Report { leases: reports.iter().map(|one| one.report.lease).collect(), reports: reports.to_vec() }
    }

    pub(super) fn message(&self) -> Message {
        let order = |id: &BidId| -> OrderId { id.order };
        Message::service(match self {
            Self::Bid { bid, price, reclaim_window } => {
                LeasingMessage::CreateBid { order: order(bid), price: price.clone(), reclaim_window: *reclaim_window }
            }
            Self::Drop(bid) => LeasingMessage::CloseBid { order: order(bid), reason: Reason::Unspecified },
            Self::Close { lease, reason } => LeasingMessage::CloseBid { order: order(lease), reason: *reason },
            Self::Collect(leases) => LeasingMessage::Withdraw(leases.clone()),
            Self::Report { reports, .. } => LeasingMessage::ReportAvailability(reports.clone()),
        })
    }
}

impl Task for LeaseTask {
    fn name(&self) -> &'static str {
        match self {
            Self::Bid { .. } => "bid",
            Self::Drop(_) => "withdraw a bid",
            Self::Close { .. } => "close a lease",
            Self::Collect(_) => "collect",
            Self::Report { .. } => "report availability",
        }
    }

    fn subjects(&self) -> Vec<Subject> {
        self.about().iter().map(|id| Subject::Unit(id.unit())).collect()
    }

    fn split(&self) -> Option<[Self; 2]> {
        match self {
            Self::Collect(leases) if leases.len() > 1 => {
                let (first, second) = leases.split_at(leases.len() / 2);
                Some([Self::Collect(first.to_vec()), Self::Collect(second.to_vec())])
            }
            Self::Report { reports, .. } if reports.len() > 1 => {
                let (first, second) = reports.split_at(reports.len() / 2);
                Some([Self::report(first), Self::report(second)])
            }
            _ => None,
        }
    }
}
