//! `depin provider reclaim`: notice of a lease, and its end once that is over.

use crate::{
    args::{LeaseNumber, ReclaimArgs, ReclaimReason},
    error::{CliError, Result},
    output::{Output, Progress},
    remote::Remote,
    sending::submit,
    settings::Settings,
};
use depin_client::api::{FinalReceipt, LeaseQuery, LeasingLease};
use depin_ledger::Message;
use depin_quantity::{Address, Instant, Span};
use depin_services::leasing::{LeaseState, LeasingMessage, Reason};
use serde::Serialize;

/// Pages of leases that are read.
const PAGES_MAX: usize = 64;

#[derive(Serialize)]
struct Reclaimed {
    lease: LeasingLease,
    receipt: FinalReceipt,
}

/// What is to be said about a lease now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Notice is given.
    Notice,
    /// It is ended.
    End,
    /// Its notice is not over.
    Wait(Span),
    /// No notice was promised, and nobody said that it should end.
    Ask,
}

fn step(state: LeaseState, until: Option<Instant>, promised: bool, end: bool, now: Instant) -> Step {
    match (state, until) {
        (LeaseState::Reclaiming, Some(until)) if now < until => Step::Wait(until.since(now)),
        (LeaseState::Reclaiming, _) => Step::End,
        _ if promised => Step::Notice,
        _ if end => Step::End,
        _ => Step::Ask,
    }
}

pub async fn reclaim(args: &ReclaimArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let sender = remote.sender(&args.name)?;
    let tenant = remote.address_of(args.tenant.as_ref()).await?;
    let lease = find(&remote, sender.address(), args.lease, tenant).await?;
    let order = lease.id.order;
    let bids = remote.client.leasing().bids(order, None, Some(500)).await?;
    let promised = bids.items.iter().any(|bid| bid.id == lease.id && bid.reclaim_window_ms.is_some());
    let now = Instant::new(remote.client.status().await?.time_ms);
    let until = lease.reclaim_until.as_ref().map(|until| Instant::new(until.ms));
    let reason = match args.reason {
        ReclaimReason::Decommission => Reason::Decommission,
        ReclaimReason::Unstable => Reason::Unstable,
        ReclaimReason::Unspecified => Reason::Unspecified,
    };
    let (message, told) = match step(lease.state, until, promised, args.end, now) {
        Step::Notice => (LeasingMessage::StartReclaim { order, reason }, "notice is given"),
        Step::End => (LeasingMessage::CloseBid { order, reason }, "the lease is over"),
        Step::Wait(left) => {
            return Err(CliError::refused("notice", format_args!("notice was given, and is over in {left} of ledger time"))
                .hint("the same command ends the lease then"));
        }
        Step::Ask => {
            return Err(CliError::refused("no-notice", "no notice was promised for this lease; it may be ended at once")
                .hint("--end does so; its tenant's group is ordered again"));
        }
    };
    let mut progress = Progress::start(out);
    progress.step("telling the ledger");
    let receipt = submit(&sender, Message::service(message), out).await?;
    progress.done();
    let lease = remote.client.leasing().lease(lease.id).await?.unwrap_or(lease);
    out.result(&Reclaimed { lease, receipt }, |_| told.to_owned())
}

/// The provider's lease of that number that runs.
async fn find(remote: &Remote, provider: Address, number: LeaseNumber, tenant: Option<Address>) -> Result<LeasingLease> {
    let page = |after: Option<String>| async move {
        let query = LeaseQuery { account: provider, state: None, after, limit: Some(500) };
        remote.client.leasing().leases(&query).await
    };
    let mut found = depin_client::whole_list(PAGES_MAX, page).await?;
    let LeaseNumber { dseq, gseq, oseq } = number;
    found.retain(|lease| {
        let id = lease.id;
        let same = (id.deployment().dseq, id.order.group.gseq, id.order.oseq) == (dseq, gseq, oseq);
        same && id.provider == provider && lease.state.runs() && tenant.is_none_or(|tenant| id.owner() == tenant)
    });
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(CliError::refused("no-lease", format_args!("no lease {dseq}/{gseq}/{oseq} of this provider runs"))
            .hint("`depin provider leases` lists them")),
        many => Err(CliError::refused("which-tenant", format_args!("{many} tenants have a lease {dseq}/{gseq}/{oseq}"))
            .hint("name one with --tenant")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_comes_first_and_the_end_when_it_is_over() {
        let (now, later) = (Instant::new(1_000), Instant::new(5_000));
        assert_eq!(step(LeaseState::Active, None, true, false, now), Step::Notice);
        assert_eq!(step(LeaseState::Active, None, true, true, now), Step::Notice, "what was promised is kept");
        assert_eq!(step(LeaseState::Reclaiming, Some(later), true, true, now), Step::Wait(Span::from_millis(4_000)));
        assert_eq!(step(LeaseState::Reclaiming, Some(later), true, false, later), Step::End);
        assert_eq!(step(LeaseState::Active, None, false, true, now), Step::End);
        assert_eq!(step(LeaseState::Active, None, false, false, now), Step::Ask);
    }

    #[test]
    fn a_lease_is_named_by_three_numbers() {
        assert_eq!("12/1/3".parse(), Ok(LeaseNumber { dseq: 12, gseq: 1, oseq: 3 }));
        for wrong in ["12", "12/1", "12/1/3/4", "a/1/1", "12/-1/1", ""] {
            assert!(wrong.parse::<LeaseNumber>().is_err(), "{wrong}");
        }
    }
}
