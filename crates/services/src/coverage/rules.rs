//! What the economy of a network's file says about hotspots and packets, and whether this service can send it that.

use super::{
    active::ActiveRules,
    names::{ASSERT_LOCATION, BEACON_UNITS, DENIED, HOTSPOT, HOTSPOTS, ONBOARDING, OUI, PACKET, PACKET_UNITS, WITNESS_UNITS},
    params::GateParams,
};
use crate::economy_rules::{PriceForm, Wrong};
use depin_economy::{ChargePrice, ChargeRule, Each, FaultFee, Spec};
use depin_quantity::Name;

/// Which of the things that this service can say to an economy the network's file has rules for. What it has none for is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each says whether the file has one rule")]
pub struct CoverageRules {
    /// How the price of a unit comes about.
    pub form: PriceForm,
    /// What packets are paid in.
    pub currency: Name,
    /// Its places.
    pub decimals: u8,
    /// Whether packets are weight in a pool.
    pub packets_earn: bool,
    /// Whether beacons are weight in a pool.
    pub beacons_earn: bool,
    /// Whether witnesses are weight in a pool.
    pub witnesses_earn: bool,
    /// Whether hotspots are weight in a pool.
    pub hotspots_stand: bool,
    /// Whether hotspots pledge.
    pub pledges: bool,
    /// Whether joining costs a fee.
    pub onboarding: bool,
    /// Whether asserting a location costs a fee.
    pub assert_location: bool,
    /// Whether opening an OUI costs a fee.
    pub opening: bool,
    /// Whether the economy is told of denied hotspots.
    pub denied: bool,
    /// What it is told of active devices.
    pub active: ActiveRules,
}

impl CoverageRules {
    /// The rules of a file; none when it has no way to pay packets.
    pub fn of(spec: &Spec) -> Option<Self> {
        let charge = spec.charge(PACKET)?;
        let currency = *charge.currencies.first()?;
        let pool = |metric| spec.binding(metric).is_some_and(|binding| binding.pool.is_some());
        Some(Self {
            form: PriceForm::of(&charge.price),
            currency,
            decimals: spec.token(currency)?.decimals,
            packets_earn: pool(PACKET_UNITS),
            beacons_earn: pool(BEACON_UNITS),
            witnesses_earn: pool(WITNESS_UNITS),
            hotspots_stand: pool(HOTSPOTS),
            pledges: spec.binding(HOTSPOTS).is_some_and(|binding| binding.pledge == Some(HOTSPOT)),
            onboarding: spec.service_fee(ONBOARDING).is_some(),
            assert_location: spec.service_fee(ASSERT_LOCATION).is_some(),
            opening: spec.service_fee(OUI).is_some(),
            denied: spec.fault(DENIED).is_some(),
            active: ActiveRules::of(spec),
        })
    }

    /// Whether what is open by these rules can be ended by later ones: the service reads its rules once, when the network starts.
    fn hold_in(&self, later: &Self) -> bool {
        later.form == self.form
            && later.currency == self.currency
            && (later.packets_earn || !self.packets_earn)
            && (later.beacons_earn || !self.beacons_earn)
            && (later.witnesses_earn || !self.witnesses_earn)
            && (later.hotspots_stand || !self.hotspots_stand)
            && later.pledges == self.pledges
            && (later.onboarding || !self.onboarding)
            && (later.assert_location || !self.assert_location)
            && (later.opening || !self.opening)
            && (later.denied || !self.denied)
    }
}

/// A price in a token, that does not move with another price.
const fn is_fixed(rule: &ChargeRule) -> bool {
    match &rule.price {
        ChargePrice::Priced(priced) => matches!(priced.each, Each::Units(_)),
        ChargePrice::Agreed => true,
        ChargePrice::Usd(_) => false,
    }
}

/// What this service would say to an economy in a way that the network's file does not take: message and hint.
pub(super) fn wrong_rules(spec: &Spec, rules: Option<&CoverageRules>, gate: Option<&GateParams>) -> Vec<(String, &'static str)> {
    let mut wrong = Wrong::default();
    let Some((rules, charge)) = rules.zip(spec.charge(PACKET)) else {
        wrong.need(false, "nothing says what packets cost", "add [utility.charge.packet] with currencies and pays");
        return wrong.0;
    };
    let priced = |spec: &Spec| {
        let counted = spec.binding(PACKET_UNITS).is_some_and(|binding| binding.charge == Some(PACKET));
        counted || !spec.charge(PACKET).is_some_and(|charge| matches!(charge.price, ChargePrice::Priced(_)))
    };
    wrong.need(
        priced(spec),
        format!("packets are priced by the network, and `{PACKET_UNITS}` is not bound to their price"),
        "write packet-units = { charge = \"packet\", … }",
    );
    wrong.need(
        gate.is_none() || is_fixed(charge),
        "what is pending is charged later, and the price of packets moves until then",
        "let a packet cost a fixed amount of a token, as a credit is; or remove [service.coverage.gate]",
    );
    if let Some(rule) = spec.fault(DENIED) {
        let fits = match rule.fee {
            FaultFee::Nothing | FaultFee::PerGib(_) => true,
            FaultFee::PledgeShare { pledge, .. } => pledge == HOTSPOT && rules.pledges,
            FaultFee::Reward { pool, .. } => spec.binding(HOTSPOTS).is_some_and(|binding| binding.pool == Some(pool)),
            FaultFee::Termination { .. } => false,
        };
        wrong.need(
            fits,
            format!(
                "the fee of fault `{DENIED}` must be nothing, a share of the pledge `{HOTSPOT}`, or of a pool of `{HOTSPOTS}`"
            ),
            "write fee = \"nothing\", or fee = \"share-of-pledge\" with pledge = \"hotspot\"",
        );
    }
    for (_, later) in spec.later() {
        wrong.need(
            priced(later) && CoverageRules::of(later).is_some_and(|later| rules.hold_in(&later)),
            "a change takes away what hotspots or packets need that are there already",
            "change amounts and shares, and keep the price of packets in its currency, fees, pledges, faults and the pools of packets",
        );
    }
    wrong.0
}
