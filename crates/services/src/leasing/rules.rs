//! What the economy of a network's file says about leases, bids and providers, and whether this service can send it that.
//!
//! Leases end and deposits go back in due jobs, which nobody could refuse and run again. So everything that a job sends must fit its
//! rule from the start.

use super::{
    names::{ABANDONED, BID, BIDS, LEASE, LEASED_UNITS, PROVIDER, PROVIDERS, UNSERVED},
    states::Reason,
};
use crate::economy_rules::Wrong;
use depin_economy::{FaultFee, Spec, StreamMethod};
use depin_quantity::Name;
use std::collections::BTreeSet;

/// Which of the things that this service can say to an economy the network's file has rules for. What it has none for is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasingRules {
    /// Currencies that leases may be paid in, with their places.
    pub currencies: Vec<(Name, u8)>,
    /// Whether what is left of a deposit goes back to whoever made it.
    pub returns_deposits: bool,
    /// Whether resources under lease are weight in a pool.
    pub units_earn: bool,
    /// Whether providers are weight in a pool.
    pub providers_stand: bool,
    /// Whether providers pledge.
    pub pledges: bool,
    /// Whether bids have a deposit.
    pub bid_deposits: bool,
    /// Kinds of faults that have a rule.
    pub faults: BTreeSet<Name>,
}

impl LeasingRules {
    /// The rules of a file; none when it has no way to pay a lease.
    pub fn of(spec: &Spec) -> Option<Self> {
        let lease = spec.stream(LEASE)?;
        let decimals = |name: &Name| Some((*name, spec.token(*name)?.decimals));
        let pool = |metric| spec.binding(metric).is_some_and(|binding| binding.pool.is_some());
        let pledge = |metric, kind| spec.binding(metric).is_some_and(|binding| binding.pledge == Some(kind));
        Some(Self {
            currencies: lease.currencies.iter().filter_map(decimals).collect(),
            returns_deposits: lease.method == StreamMethod::Ordered,
            units_earn: pool(LEASED_UNITS),
            providers_stand: pool(PROVIDERS),
            pledges: pledge(PROVIDERS, PROVIDER),
            bid_deposits: pledge(BIDS, BID),
            faults: [UNSERVED, ABANDONED].into_iter().filter(|kind| spec.fault(*kind).is_some()).collect(),
        })
    }

    /// The places of a currency that leases are paid in.
    pub fn decimals(&self, currency: Name) -> Option<u8> {
        self.currencies.iter().find(|(name, _)| *name == currency).map(|(_, decimals)| *decimals)
    }

    /// Whether what is open by these rules can be ended by later ones: the service reads its rules once, when the network starts.
    fn hold_in(&self, later: &Self) -> bool {
        self.currencies.iter().all(|currency| later.currencies.contains(currency))
            && later.returns_deposits == self.returns_deposits
            && (later.units_earn || !self.units_earn)
            && (later.providers_stand || !self.providers_stand)
            && (later.pledges || !self.pledges)
            && (later.bid_deposits || !self.bid_deposits)
            && later.faults.is_superset(&self.faults)
    }
}

/// What this service would say to an economy in a way that the network's file does not take: message and hint.
pub(super) fn wrong_rules(spec: &Spec, rules: Option<&LeasingRules>) -> Vec<(String, &'static str)> {
    let mut wrong = Wrong::default();
    let Some(rules) = rules else {
        wrong.need(false, "nothing says how leases are paid", "add [utility.stream.lease] with method = \"weighted\"");
        return wrong.0;
    };
    of_leases(&mut wrong, spec);
    of_faults(&mut wrong, spec);
    let earns = spec.binding(BIDS).is_some_and(|binding| binding.pool.is_some());
    wrong.need(!earns, format!("`{BIDS}` is what deposits are counted on, and nobody earns it"), "bind it to no pool");
    for (_, later) in spec.later() {
        wrong.need(
            LeasingRules::of(later).is_some_and(|later| rules.hold_in(&later)),
            "a change takes away what leases, bids, pledges or faults that are open then need",
            "change amounts and shares, and keep currencies, the method of leases, pledges, faults and the pools of `leased-units` and `providers`",
        );
    }
    wrong.0
}

fn of_leases(wrong: &mut Wrong, spec: &Spec) {
    let Some(lease) = spec.stream(LEASE) else { return };
    wrong.need(
        lease.method != StreamMethod::Reserved,
        format!("stream `{LEASE}` reserves a whole term, and leases have none"),
        "write method = \"weighted\", or \"ordered\"",
    );
    for reason in Reason::ALL.into_iter().filter(|reason| *reason != Reason::InsufficientFunds) {
        wrong.need(
            reason.word().parse().is_ok_and(|name: Name| lease.close.contains_key(&name)),
            format!("stream `{LEASE}` says not what becomes of a lease that ends because of `{}`", reason.word()),
            "add it to [utility.stream.lease.close]",
        );
    }
    wrong.need(
        lease.bond.is_none_or(|bond| !bond.counted()) || spec.binding(LEASED_UNITS).is_some_and(|b| b.bond == Some(LEASE)),
        format!("metric `{LEASED_UNITS}` must be bound to the bond of `{LEASE}`, which is counted on it"),
        "write leased-units = { bond = \"lease\" }",
    );
}

fn of_faults(wrong: &mut Wrong, spec: &Spec) {
    for kind in [UNSERVED, ABANDONED] {
        let Some(rule) = spec.fault(kind) else { continue };
        let bound = |metric| spec.binding(metric);
        let fits = match rule.fee {
            FaultFee::Nothing | FaultFee::PerGib(_) => true,
            FaultFee::PledgeShare { pledge, .. } => {
                pledge == PROVIDER && bound(PROVIDERS).is_some_and(|b| b.pledge == Some(PROVIDER))
            }
            FaultFee::Reward { pool, .. } => bound(PROVIDERS).is_some_and(|b| b.pool == Some(pool)),
            FaultFee::Termination { .. } => false,
        };
        wrong.need(
            fits,
            format!(
                "the fee of fault `{kind}` must be nothing, a share of the pledge `{PROVIDER}`, or of a pool of `{PROVIDERS}`"
            ),
            "write fee = \"nothing\", or fee = \"share-of-pledge\" with pledge = \"provider\"",
        );
    }
}
