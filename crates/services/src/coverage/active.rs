//! Devices that were rewarded of late: what the score of a sub-network counts as its active ones.
//!
//! A device is active from a reward on, until there was none for [`ACTIVE_FOR`]. What all active ones of a sub-network are, and what they paid
//! for joining, is told to the economy as gauges, where some version of the network's file has a score by one of them. Nothing of this is kept
//! where none has.
//!
//! Source: HIP-88 (the sum of the onboarding fees that each device paid that was rewarded in the last 30 days; before it their number times
//! the fee); HIP-51.

use super::{
    due::Job,
    error::CoverageError,
    mobile::AccessPoint,
    names::{ACTIVE_DEVICES, IOT, MOBILE, ONBOARDING_FEES},
    rows::{CoverageTotals, Hotspot},
    service::Coverage,
};
use crate::context::Context;
use borsh::{BorshDeserialize, BorshSerialize};
use depin_economy::{Gauge, Record, Spec};
use depin_quantity::{Address, Instant, Measured, Name, Span, Units};
use serde::{Deserialize, Serialize};

/// How long a device is active after a reward.
pub const ACTIVE_FOR: Span = Span::from_days(30);

/// Which gauges of active devices some version of a file has a score by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActiveRules {
    /// How many there are.
    pub devices: bool,
    /// What they paid for joining.
    pub fees: bool,
}

impl ActiveRules {
    /// Those of a file.
    pub(super) fn of(spec: &Spec) -> Self {
        let versions = std::iter::once(spec).chain(spec.later().iter().map(|(_, later)| later));
        let gauges = versions.flat_map(|spec| spec.scores().values().filter_map(|score| score.active.map(|(gauge, _)| gauge)));
        gauges.fold(Self::default(), |rules, gauge| Self {
            devices: rules.devices || gauge == ACTIVE_DEVICES,
            fees: rules.fees || gauge == ONBOARDING_FEES,
        })
    }

    /// Whether there is such a score at all.
    pub const fn any(&self) -> bool {
        self.devices || self.fees
    }
}

/// What is kept of a device where a score counts active ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Standing {
    /// What it paid for joining, in base units of what that fee is taken in; nothing where it joined before this was kept.
    pub fee: Units,
    /// Until when it is active unless it is rewarded again; none where it is not active.
    pub active_until: Option<Instant>,
}

/// Active devices of one sub-network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ActiveSum {
    /// How many.
    pub devices: u32,
    /// What they paid for joining.
    pub fees: Units,
}

/// Active devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Active {
    /// Hotspots.
    pub iot: ActiveSum,
    /// Mobile access points.
    pub mobile: ActiveSum,
}

impl Active {
    fn of(&mut self, net: SubNetwork) -> &mut ActiveSum {
        match net {
            SubNetwork::Iot => &mut self.iot,
            SubNetwork::Mobile => &mut self.mobile,
        }
    }

    /// Counts a device that is active, for the audit.
    pub(super) fn count(&mut self, net: SubNetwork, standing: Option<Standing>) {
        let Some(Standing { fee, active_until: Some(_) }) = standing else { return };
        let sum = self.of(net);
        sum.devices += 1;
        sum.fees = sum.fees.plus(fee).unwrap_or(sum.fees);
    }
}

/// Which sub-network a device is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubNetwork {
    /// LoRaWAN: hotspots.
    Iot,
    /// Access points.
    Mobile,
}

impl Context<'_, Coverage> {
    /// What is kept of a device that joins for this fee.
    pub(super) const fn standing(&self, fee: Units) -> Option<Standing> {
        if self.params().rules.active.any() { Some(Standing { fee, active_until: None }) } else { None }
    }

    /// A device was rewarded, and is active from now on. The caller writes it.
    pub(super) fn rewarded(&mut self, net: SubNetwork, device: Address, standing: &mut Option<Standing>) {
        if !self.params().rules.active.any() {
            return;
        }
        let until = self.now().later(ACTIVE_FOR);
        let row = standing.get_or_insert(Standing { fee: Units::ZERO, active_until: None });
        let (fee, before) = (row.fee, row.active_until.replace(until));
        // Where it is active already its job looks again when it runs.
        if before.is_none() {
            self.schedule(until, Job::EndActivity(device));
            self.change_active(|active| {
                let sum = active.of(net);
                sum.devices = sum.devices.saturating_add(1);
                sum.fees = sum.fees.plus(fee).unwrap_or(sum.fees);
            });
        }
    }

    /// A device may have had no reward for long enough.
    pub(super) fn end_activity(&mut self, device: Address) {
        if let Some(mut row) = self.state().get::<Hotspot>(&device) {
            self.look_at(SubNetwork::Iot, device, &mut row.standing);
            self.state().put(&device, &row);
        } else if let Some(mut row) = self.state().get::<AccessPoint>(&device) {
            self.look_at(SubNetwork::Mobile, device, &mut row.standing);
            self.state().put(&device, &row);
        }
    }

    fn look_at(&mut self, net: SubNetwork, device: Address, standing: &mut Option<Standing>) {
        let Some(row) = standing else { return };
        let Some(until) = row.active_until else { return };
        if until > self.now() {
            return self.schedule(until, Job::EndActivity(device));
        }
        row.active_until = None;
        let fee = row.fee;
        self.change_active(|active| {
            let sum = active.of(net);
            sum.devices = sum.devices.saturating_sub(1);
            sum.fees = sum.fees.minus_or_zero(fee);
        });
    }

    fn change_active(&mut self, change: impl FnOnce(&mut Active)) {
        self.totals(|totals| change(totals.active.get_or_insert_default()));
        self.schedule(self.now(), Job::TellActive);
    }

    /// Tells the economy what is active now.
    pub(super) fn tell_active(&mut self) -> Result<(), CoverageError> {
        let rules = self.params().rules.active;
        let active = self.state().get::<CoverageTotals>(&()).and_then(|totals| totals.active).unwrap_or_default();
        for (scope, sum) in [(IOT, active.iot), (MOBILE, active.mobile)] {
            let gauges: [(bool, Name, u128); 2] =
                [(rules.devices, ACTIVE_DEVICES, sum.devices.into()), (rules.fees, ONBOARDING_FEES, sum.fees.get())];
            for (_, name, value) in gauges.into_iter().filter(|(told, ..)| *told) {
                self.send(Record::Gauge(Gauge { scope, name, value: Measured::new(value) }))?;
            }
        }
        Ok(())
    }
}
