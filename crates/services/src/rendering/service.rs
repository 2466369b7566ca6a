//! The service as the rest sees it: where messages enter, what it is called, what it counts.

use super::{audit, error::RenderingError, event::RenderingEvent, message::RenderingMessage, params::RenderingParams, read};
use crate::{
    Deadlines, Draws,
    context::Context,
    descriptor::RENDERING,
    service::{Description, ErrorCode, EventInfo, Figure, MessageInfo, Service, Tables, Window},
};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;

/// Frames of jobs, rendered by nodes that nobody chose, checked, approved and paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The network's parameters.
    pub params: RenderingParams,
}

impl Service for Rendering {
    const DESCRIPTION: Description =
        Description { name: Name::literal("rendering"), tables: Tables { first: 0x7c, last: 0x7f }, descriptor: &RENDERING };
    type Message = RenderingMessage;
    type Event = RenderingEvent;
    type Error = RenderingError;

    fn read(spec: &Spec, _: Instant) -> Result<Self, SpecErrors> {
        RenderingParams::read(spec).map(|params| Self { params })
    }

    fn shortest_window(&self) -> Option<Window> {
        let (key, length) = self.params.windows.shortest();
        Some(Window { key, length })
    }

    fn handle(
        cx: &mut Context<'_, Self>,
        sender: Address,
        message: &RenderingMessage,
        unique: Seed,
    ) -> Result<(), RenderingError> {
        use RenderingMessage as M;
        match message {
            M::Register { name, terms } => cx.register(sender, *name, terms),
            M::Leave { node } => cx.leave(sender, *node),
            M::OpenJob(job) => cx.open_job(sender, job, unique),
            M::Fund { job, more } => cx.fund(sender, *job, *more),
            M::EndJob { job } => cx.end_job(sender, *job),
            M::Issue { job, tickets } => cx.issue(sender, *job, tickets),
            M::Decline { job, number } => cx.decline(sender, *job, *number),
            M::Deliver { job, number, handed } => cx.deliver(sender, *job, *number, handed),
            M::Approve { job, first, last } => cx.approve_range(sender, *job, *first, *last),
            M::Reject { job, number, opening, reason } => cx.reject(sender, *job, *number, opening, *reason),
            M::OpenKeys { job, keys } => cx.open_keys(sender, *job, keys),
            M::DisputeKey { job, number } => cx.dispute_key(sender, *job, *number),
            M::Compare { job, left, right } => cx.compare(sender, *job, left, right.as_ref()),
            M::Reveal { job, number, pixels, salt } => cx.reveal(sender, *job, *number, (*pixels, *salt)),
            M::Settle { job, number, alike } => cx.settle(sender, *job, *number, *alike),
            M::Judge { job, number, left, right } => cx.judge(sender, *job, *number, *left, *right),
            M::OpenSecret { job, secret } => cx.open_secret(*job, *secret),
            M::ShowTickets { job, shown } => cx.show(*job, shown),
            M::ProveMisgiven { job, shown } => cx.prove_misgiven(*job, shown),
            M::Beat { nodes } => cx.beat(sender, nodes),
        }
    }

    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]) {
        notices.iter().for_each(|notice| cx.heed(notice));
    }

    /// Faults that a job finds may leave a pledge too small, which is told behind the job.
    fn run_due(cx: &mut Context<'_, Self>, budget: u64) -> u64 {
        let drawn = cx.run_draws(budget / 2);
        let used = drawn + cx.run_jobs(budget.saturating_sub(drawn));
        let notices = cx.notices();
        Self::follow(cx, &notices);
        used
    }

    fn next_due(&self, state: &dyn ReadState) -> Option<Instant> {
        <Self as Deadlines>::next_due(state)
    }

    fn awaits_seed(&self, state: &dyn ReadState) -> bool {
        <Self as Draws>::awaits_seed(state)
    }

    fn audit(&self, state: &dyn ReadState) -> Vec<String> {
        audit::audit(state)
    }

    /// An account may have many nodes, each with a name of its own; none of them is the account's.
    fn label(&self, _: &dyn ReadState, _: Address) -> Option<String> {
        None
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("nodes", "Nodes that take part", totals.nodes.into()),
            figure("score", "Scores of the nodes that take part, in OctaneBench points", totals.score.into()),
            figure("jobs_open", "Jobs that are not closed", totals.open_jobs.into()),
            figure("jobs_opened", "Jobs ordered so far", totals.jobs.into()),
            figure("tickets_open", "Tickets that are not handed in", totals.open_tickets.into()),
            figure("tickets_pending", "Tickets that are handed in and not decided", totals.pending_tickets.into()),
            figure("tickets_issued", "Tickets given out so far", totals.tickets.into()),
            figure("comparisons_open", "Comparisons that are not decided", totals.comparisons_open.into()),
            figure("frames_paid", "Frames paid so far, checks among them", totals.frames.into()),
            figure("value_paid", "Their price, in millionths of what frames are priced in", totals.value),
            figure("work_paid", "Their work, in thousandths of an OctaneBench-hour", totals.work),
            figure("frames_verified", "Frames found right so far", totals.verified.into()),
            figure("frames_wrong", "Frames found wrong so far", totals.wrong.into()),
            figure("keys_withheld", "Keys that were not opened in time so far", totals.withheld.into()),
            figure("words_broken", "Dispatchers that broke their word so far", totals.broken.into()),
        ]
    }
}

impl MessageInfo for RenderingMessage {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn work(&self) -> u64 {
        self.work()
    }

    fn bounds(&self) -> Result<(), String> {
        self.check_bounds().map_err(|error| error.to_string())
    }
}

impl EventInfo for RenderingEvent {
    fn kind(&self) -> &'static str {
        self.kind()
    }

    fn subject(&self) -> Option<UnitId> {
        Some(self.subject())
    }

    fn accounts(&self) -> Vec<Address> {
        self.accounts()
    }
}

impl ErrorCode for RenderingError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn told(&self, spec: &Spec) -> String {
        self.told(spec)
    }
}
