//! The service as the rest sees it: where messages enter, what it is called, what it counts.

use super::{audit, error::ClustersError, event::ClustersEvent, message::ClustersMessage, params::ClustersParams, read};
use crate::{
    Deadlines, Draws,
    context::Context,
    descriptor::CLUSTERS,
    service::{Description, ErrorCode, EventInfo, Figure, InnerSignature, MessageInfo, Service, Tables, Window},
};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;

/// Devices that prove every hour what they are, and are hired together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    /// The network's parameters.
    pub params: ClustersParams,
}

impl Service for Clusters {
    const DESCRIPTION: Description =
        Description { name: Name::literal("clusters"), tables: Tables { first: 0xa0, last: 0xa3 }, descriptor: &CLUSTERS };
    type Message = ClustersMessage;
    type Event = ClustersEvent;
    type Error = ClustersError;

    fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors> {
        ClustersParams::read(spec, genesis).map(|params| Self { params })
    }

    fn shortest_window(&self) -> Option<Window> {
        Some(Window { key: "proof.within", length: self.params.proof.within })
    }

    fn speed_most(&self) -> Option<u32> {
        Some(self.params.speed_most())
    }

    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &ClustersMessage, unique: Seed) -> Result<(), ClustersError> {
        use ClustersMessage as M;
        match message {
            M::Register { name, terms } => cx.register(sender, *name, terms),
            M::Ready { device } => cx.ready(sender, *device),
            M::Leave { device } => cx.leave(sender, *device),
            M::Answer(answer) => cx.answer(sender, answer),
            M::Attend(attendance) => cx.attend(sender, attendance),
            M::ProveLock(lock) => cx.prove_lock(sender, lock),
            M::Accuse { device, evidence } => cx.accuse(sender, *device, *evidence),
            M::Hire(hire) => cx.hire(sender, hire, unique),
            M::Extend { hire, hours } => cx.extend(sender, *hire, *hours),
            M::Replace { hire, slot, device } => cx.replace(sender, *hire, *slot, *device),
            M::EndHire { hire } => cx.end_hire(sender, *hire),
            M::Quit { device } => cx.quit(sender, *device),
        }
    }

    fn follow(cx: &mut Context<'_, Self>, notices: &[Notice]) {
        notices.iter().for_each(|notice| cx.heed(notice));
    }

    /// Payments and faults that a job ends or finds are told behind the job.
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
        audit::audit(&self.params, state)
    }

    /// An account may have many devices, each with a name of its own; none of them is the account's.
    fn label(&self, _: &dyn ReadState, _: Address) -> Option<String> {
        None
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        vec![
            figure("devices", "Devices that take part, as registered", totals.devices.into()),
            figure("processors", "Their processors, as they say", totals.processors.into()),
            figure("processors_proved", "Processors that were proved hour by hour and are nominated", totals.proved.into()),
            figure("devices_hired", "Devices that belong to a hire", totals.hired.into()),
            figure("hires_open", "Hires that are not closed", totals.open_hires.into()),
            figure("hires", "Hires ordered so far", totals.hires.into()),
            figure("hours_completed", "Hours in which every device was judged", totals.hours.into()),
            figure("device_hours_passed", "Hours that devices passed by an answer", totals.passed.into()),
            figure("device_hours_failed", "Hours that devices failed", totals.failed.into()),
            figure("device_hours_hired", "Hours that devices worked for hires", totals.hired_hours.into()),
            figure("devices_spoofed", "Devices found to be something else", totals.spoofed.into()),
        ]
    }
}

impl MessageInfo for ClustersMessage {
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

impl EventInfo for ClustersEvent {
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

impl ErrorCode for ClustersError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn told(&self, spec: &Spec) -> String {
        self.told(spec)
    }
}
