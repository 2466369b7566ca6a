//! The service as the rest sees it: where messages enter, what it is called, what it counts.

use super::{audit, error::LeasingError, event::LeasingEvent, message::LeasingMessage, params::LeasingParams, read};
use crate::{
    Deadlines,
    context::Context,
    descriptor::LEASING,
    service::{Description, ErrorCode, EventInfo, Figure, InnerSignature, MessageInfo, Service, Tables, Window},
};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;

/// Resources won in a reverse auction, paid as they run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leasing {
    /// The network's parameters.
    pub params: LeasingParams,
}

impl Service for Leasing {
    const DESCRIPTION: Description =
        Description { name: Name::literal("leasing"), tables: Tables { first: 0x40, last: 0x48 }, descriptor: &LEASING };
    type Message = LeasingMessage;
    type Event = LeasingEvent;
    type Error = LeasingError;

    fn read(spec: &Spec, _: Instant) -> Result<Self, SpecErrors> {
        LeasingParams::read(spec).map(|params| Self { params })
    }

    /// The shortest notice, the time in which a deposit resumes a deployment, and that for reports of availability. Bids and manifests wait by the wall clock, whatever the
    /// speed of the chain, so they bound no speed.
    fn shortest_window(&self) -> Option<Window> {
        let reclaim = self.params.reclaim.map(|window| Window { key: "reclaim.least", length: window.least });
        let resume = self.params.resume_within.map(|length| Window { key: "funds.resume-within", length });
        let report = self.params.availability.map(|each| Window { key: "availability.within", length: each.within });
        reclaim.into_iter().chain(resume).chain(report).min_by_key(|window| window.length)
    }

    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &LeasingMessage, _: Seed) -> Result<(), LeasingError> {
        message.check_bounds()?;
        match message {
            LeasingMessage::RegisterProvider { name, url, attributes } => cx.register(sender, *name, url, attributes),
            LeasingMessage::Leave => cx.leave(sender),
            LeasingMessage::SignAttributes { provider, attributes } => cx.sign(sender, *provider, attributes),
            LeasingMessage::DeleteAttributes { provider, keys } => cx.unsign(sender, *provider, keys),
            LeasingMessage::CreateDeployment(new) => cx.create_deployment(sender, new),
            LeasingMessage::UpdateDeployment { dseq, hash } => cx.update_deployment(sender, *dseq, *hash),
            LeasingMessage::Deposit { deployment, deposit } => cx.deposit(sender, *deployment, deposit),
            LeasingMessage::CloseDeployment { dseq } => cx.close_deployment(sender, *dseq),
            LeasingMessage::PauseGroup { dseq, gseq } => cx.pause_group(sender, *dseq, *gseq),
            LeasingMessage::StartGroup { dseq, gseq } => cx.start_group(sender, *dseq, *gseq),
            LeasingMessage::CloseGroup { dseq, gseq } => cx.close_group(sender, *dseq, *gseq),
            LeasingMessage::CreateBid { order, price, reclaim_window } => cx.create_bid(sender, *order, price, *reclaim_window),
            LeasingMessage::CloseBid { order, reason } => cx.close_bid(sender, *order, *reason),
            LeasingMessage::CreateLease(bid) => cx.create_lease(sender, *bid),
            LeasingMessage::CloseLease(lease) => cx.close_lease(sender, *lease),
            LeasingMessage::Withdraw(leases) => cx.withdraw(sender, leases),
            LeasingMessage::StartReclaim { order, reason } => cx.start_reclaim(sender, *order, *reason),
            LeasingMessage::ReportFault { provider, failing } => cx.report_fault(sender, *provider, *failing),
            LeasingMessage::Grant { to, limit } => cx.grant(sender, *to, *limit),
            LeasingMessage::ReportAvailability(reports) => cx.report_availability(sender, reports),
            LeasingMessage::RevokeTokens => {
                cx.revoke_tokens(sender);
                Ok(())
            }
        }
    }

    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]) {
        notices.iter().for_each(|notice| cx.heed(notice));
    }

    fn run_due(cx: &mut Context<'_, Self>, budget: u64) -> u64 {
        cx.run_jobs(budget)
    }

    fn next_due(&self, state: &dyn ReadState) -> Option<Instant> {
        <Self as Deadlines>::next_due(state)
    }

    fn audit(&self, state: &dyn ReadState) -> Vec<String> {
        audit::audit(state, &self.params)
    }

    fn label(&self, state: &dyn ReadState, address: Address) -> Option<String> {
        // Only who has a name alone goes by it: money is sent by names.
        let provider = read::provider(state, address)?;
        read::has_name(state, address, &provider).then(|| provider.name.to_string())
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("providers", "Providers that take part", totals.providers.into()),
            figure("deployments_active", "Deployments that are active", totals.active_deployments.into()),
            figure("deployments_created", "Deployments created so far", totals.deployments.into()),
            figure("orders_open", "Orders that take bids", totals.open_orders.into()),
            figure("bids_open", "Bids that wait for a tenant", totals.open_bids.into()),
            figure("bids_made", "Bids made so far", totals.bids.into()),
            figure("leases_running", "Leases that are paid", totals.running_leases.into()),
            figure("leases_created", "Leases created so far", totals.leases.into()),
            figure(
                "leases_out_of_funds",
                "Leases that ended because their money ran out so far",
                totals.leases_out_of_funds.into(),
            ),
            figure("leased_units", "Resources under lease, in thousandths of a processor thread", totals.leased_units),
        ]
    }
}

impl MessageInfo for LeasingMessage {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn work(&self) -> u64 {
        self.work()
    }

    fn bounds(&self) -> Result<(), String> {
        self.check_bounds().map_err(|error| error.to_string())
    }

    fn signatures(&self) -> Vec<InnerSignature> {
        self.signatures()
    }
}

impl EventInfo for LeasingEvent {
    fn kind(&self) -> &'static str {
        self.kind()
    }

    fn subject(&self) -> Option<UnitId> {
        self.subject()
    }

    fn accounts(&self) -> Vec<Address> {
        self.accounts()
    }
}

impl ErrorCode for LeasingError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn told(&self, spec: &Spec) -> String {
        self.told(spec)
    }
}
