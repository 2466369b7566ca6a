//! The service as the rest sees it: where messages enter, what it is called, what it counts.

use super::{
    audit,
    error::CoverageError,
    event::CoverageEvent,
    message::CoverageMessage,
    mobile,
    params::{BEACON_STEP, CoverageParams},
    read,
};
use crate::{
    Deadlines, Draws,
    context::Context,
    descriptor::COVERAGE,
    service::{Description, ErrorCode, EventInfo, Figure, InnerSignature, MessageInfo, Service, Tables, Window},
};
use depin_economy::{Notice, Spec, SpecErrors};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_state::ReadState;

/// Hotspots, customers and the packets between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The network's parameters.
    pub params: CoverageParams,
}

impl Service for Coverage {
    const DESCRIPTION: Description =
        Description { name: Name::literal("coverage"), tables: Tables { first: 0x54, last: 0x6f }, descriptor: &COVERAGE };
    /// Of the mobile part.
    const FURTHER: Option<Tables> = Some(Tables { first: 0x7a, last: 0x7b });
    type Message = CoverageMessage;
    type Event = CoverageEvent;
    type Error = CoverageError;

    fn read(spec: &Spec, genesis: Instant) -> Result<Self, SpecErrors> {
        CoverageParams::read(spec, genesis).map(|params| Self { params })
    }

    /// The shortest of the times for the answer to a claim, for reports of a beacon, and for their disclosure. Those of a beacon last some
    /// seconds of wall time at any speed, so as bounds of it they count as four minutes at least: a chain may run at 60.
    fn shortest_window(&self) -> Option<Window> {
        let CoverageParams { beacon, packet, .. } = &self.params;
        let windows = [
            ("beacon.entropy-valid", beacon.entropy_valid.max(BEACON_STEP)),
            ("beacon.reveal-within", beacon.reveal_within.max(BEACON_STEP)),
            ("packet.claim-within", packet.claim_within),
        ];
        windows.into_iter().map(|(key, length)| Window { key, length }).min_by_key(|window| window.length)
    }

    fn handle(cx: &mut Context<'_, Self>, sender: Address, message: &CoverageMessage, unique: Seed) -> Result<(), CoverageError> {
        message.check_bounds()?;
        match message {
            CoverageMessage::Onboard(new) => cx.onboard(sender, new),
            CoverageMessage::AssertLocation { hotspot, location } => cx.assert_location(sender, *hotspot, *location),
            CoverageMessage::Deny { who, reason } => cx.deny(sender, *who, reason, unique),
            CoverageMessage::Appeal { denial, text } => cx.appeal(sender, *denial, text),
            CoverageMessage::Judge { denial, lift } => cx.judge(sender, *denial, *lift),
            CoverageMessage::OpenOui { keys, credits, price } => cx.open_oui(sender, keys, *credits, *price),
            CoverageMessage::AddCredits { oui, credits } => cx.add_credits(sender, *oui, *credits),
            CoverageMessage::SetKeys { oui, keys } => cx.set_keys(sender, *oui, keys),
            CoverageMessage::CloseOui(oui) => cx.close_oui(sender, *oui),
            CoverageMessage::AddRoute { oui, terms } => cx.add_route(sender, *oui, terms, unique),
            CoverageMessage::ChangeRoute { route, terms } => cx.change_route(sender, *route, terms),
            CoverageMessage::RemoveRoute(route) => cx.remove_route(sender, *route),
            CoverageMessage::ChangeEuis { route, add, remove } => cx.change_euis(sender, *route, add, remove),
            CoverageMessage::ChangeRanges { route, add, remove } => cx.change_ranges(sender, *route, add, remove),
            CoverageMessage::ChangeFilters { route, add, remove } => cx.change_filters(sender, *route, add, remove),
            CoverageMessage::Report(batches) => cx.report(batches),
            CoverageMessage::CloseClaim { claim, pay } => cx.close_claim(sender, *claim, *pay),
            CoverageMessage::Retire(hotspot) => cx.retire(sender, *hotspot),
            CoverageMessage::AskBeacon { key, segment, .. } => cx.ask_beacon(key.address(), *segment),
            CoverageMessage::HandIn(reports) => cx.hand_in(sender, reports),
            CoverageMessage::Disclose(reports) => cx.disclose(reports),
            CoverageMessage::Mobile(message) => cx.mobile(sender, message),
        }
    }

    /// What this service paid or charged it knows; pledges and debts of owners are the economy's own affair.
    fn follow(_: &mut Context<'_, Self>, _: &[Notice]) {}

    fn run_due(cx: &mut Context<'_, Self>, budget: u64) -> u64 {
        let drawn = cx.run_draws(budget);
        drawn + cx.run_jobs(budget.saturating_sub(drawn))
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

    /// Hotspots and customers go by keys and numbers, not by names.
    fn label(&self, _: &dyn ReadState, _: Address) -> Option<String> {
        None
    }

    fn figures(&self, state: &dyn ReadState) -> Vec<Figure> {
        let totals = read::totals(state);
        let figure = |name, help, value| Figure { name, help, value };
        let mut figures = vec![
            figure("hotspots", "Hotspots that joined", totals.hotspots.into()),
            figure("hotspots_located", "Hotspots that said where they are", totals.located.into()),
            figure("denials", "Entries of the denylist", totals.denials.into()),
            figure("ouis", "OUIs of customers", totals.ouis.into()),
            figure("ouis_disabled", "OUIs with too few credits, whose routes take no packets", totals.disabled.into()),
            figure("routes", "Routes of customers", totals.routes.into()),
            figure("claims_open", "Batches of packets that nobody acknowledged yet", totals.claims.into()),
            figure("claims_unpaid", "Claims that ended unpaid so far", totals.unpaid_claims.into()),
            figure("packets_paid", "Packets paid so far, each copy once", totals.packets.into()),
            figure("packets_refused", "Packets reported and not paid so far", totals.refused.into()),
            figure("packet_units", "Units of packets paid so far", totals.units),
            figure("beacons_open", "Beacons that are sent and not judged", totals.beacons_open.into()),
            figure("beacons_valid", "Beacons that were valid so far", totals.beacons.into()),
            figure("beacons_invalid", "Beacons that were not valid so far", totals.beacons_invalid.into()),
            figure("witnesses_selected", "Witnesses of beacons that count so far", totals.witnesses.into()),
            figure(
                "hotspots_counted",
                "Hotspots with a witnessed beacon of late, which count in their hexes",
                totals.counted.into(),
            ),
            figure("credits_charged", "Charged for packets so far, in base units", totals.spent.get()),
        ];
        if self.params.mobile.is_some() {
            figures.extend(mobile::figures(state));
        }
        figures
    }
}

impl MessageInfo for CoverageMessage {
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

impl EventInfo for CoverageEvent {
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

impl ErrorCode for CoverageError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn told(&self, spec: &Spec) -> String {
        self.told(spec)
    }
}
