//! A beacon is judged with its witnesses, and who is to be paid for it accrues its units.

use super::{
    active::SubNetwork,
    bytes::Payload,
    due::Job,
    error::CoverageError,
    event::{CoverageEvent, Witnessed},
    message::Disclosed,
    names::{BEACON_UNITS, WITNESS_UNITS},
    params::{BeaconParams, WitnessParams},
    poc::{
        BeaconReport, Counts, Entropy, Hex, InvalidReason, Population, Reporter, Sent, check_beacon, check_witness, reward_units,
        scale_of, select,
    },
    rows::{BeaconTimes, Beaconing, Counted, DeniedEdge, HexRow, Hotspot, LastBeacon, SealedReport, SealedReports},
    service::Coverage,
};
use crate::context::Context;
use depin_economy::{Accrued, Component, Components, Record};
use depin_quantity::{Address, Instant, Int, Measured, Name};
use std::collections::BTreeMap;

/// The hexes of the population, in rows.
struct HexRows<'c, 'a>(&'c mut Context<'a, Coverage>);

impl Counts for HexRows<'_, '_> {
    fn get(&mut self, cell: u64) -> Hex {
        self.0.state().get::<HexRow>(&cell).map_or_else(Hex::default, |HexRow(hex)| hex)
    }

    fn put(&mut self, cell: u64, hex: Hex) {
        if hex == Hex::default() { self.0.state().delete::<HexRow>(&cell) } else { self.0.state().put(&cell, &HexRow(hex)) }
    }
}

/// The hexes as they would be: what is written stays here.
struct Preview<'c, 'a> {
    rows: HexRows<'c, 'a>,
    changed: BTreeMap<u64, Hex>,
}

impl Counts for Preview<'_, '_> {
    fn get(&mut self, cell: u64) -> Hex {
        self.changed.get(&cell).copied().unwrap_or_else(|| self.rows.get(cell))
    }

    fn put(&mut self, cell: u64, hex: Hex) {
        self.changed.insert(cell, hex);
    }
}

/// One report of a beacon, and what becomes of it.
struct Judged {
    hotspot: Address,
    row: Hotspot,
    sealed: SealedReport,
    /// Whether it says that it heard the payload that the beaconer sent.
    heard: bool,
    reason: Option<InvalidReason>,
}

impl Hotspot {
    fn reporter(&self, received: Instant) -> Reporter {
        Reporter {
            active: !self.retired,
            location: self.location,
            denied: self.denied.is_some(),
            full: self.full,
            since: self.since,
            last_beacon: self.last_beacon,
            last_witnessed: self.last_witnessed,
            last_witness: self.last_witness,
            received,
        }
    }
}

impl Context<'_, Coverage> {
    /// Judges a beacon whose reports are disclosed; gives how many there were. What it sends to the economy it sends before it writes
    /// anything, so that it can be put off.
    pub(super) fn judge_beacon(&mut self, beaconer: Address) -> Result<usize, CoverageError> {
        let Some(row) = self.state().get::<Beaconing>(&beaconer) else { return Ok(0) };
        let Some(entropy) = row.entropy else { return Ok(0) };
        let own = self.hotspot(beaconer)?;
        let sealed = self.state().get::<SealedReports>(&(beaconer, beaconer)).map(|reports| reports.first);
        let report = sealed.as_ref().and_then(|sealed| sealed.disclosed.as_ref()?.beacon().copied());
        let facts = own.reporter(sealed.as_ref().map_or(Instant::default(), |sealed| sealed.received));
        let (params, rules) = self.rules_of(&row.times);
        // Without any report of its own, there is nothing that came in time.
        let reason = match sealed {
            Some(_) => check_beacon(&facts, report.as_ref(), &entropy, &params),
            None => Some(InvalidReason::Stale),
        };
        let mut witnesses = self.witnesses(beaconer, report.map(|report| report.payload))?;
        self.judge_witnesses(beaconer, (&facts, report.as_ref(), &entropy, reason), (&params, &rules), &mut witnesses);
        let received: Vec<_> = witnesses.iter().map(|one| (one.sealed.received, one.reason.is_none())).collect();
        let selected = select(&received, params.witnesses_most as usize);
        let (beacon_unit, witness_unit) = reward_units(selected.len() as u32, rules.target, rules.decay)?;
        let scale = match own.location {
            Some(location) => self.scale_with(location.cell, own.counted, !selected.is_empty())?,
            None => Int::ZERO,
        };
        let (beacon_units, witness_units) = (scaled(scale, beacon_unit)?, scaled(scale, witness_unit)?);
        self.accrue(BEACON_UNITS, own.owner, beaconer, beacon_units)?;
        for place in &selected {
            let one = &witnesses[*place];
            self.accrue(WITNESS_UNITS, one.row.owner, one.hotspot, witness_units)?;
        }
        let told = witnesses.iter().enumerate().map(|(place, one)| Witnessed {
            hotspot: one.hotspot,
            received: one.sealed.received,
            reason: one.reason,
            selected: selected.contains(&place),
        });
        let verdict = LastBeacon {
            at: self.now(),
            timestamp: entropy.timestamp,
            reason,
            scale: u32::try_from(scale.to_u128()?).unwrap_or(u32::MAX),
            beacon_units,
            witness_units,
            witnesses: told.collect(),
        };
        let reports = witnesses.len() + usize::from(sealed.is_some());
        self.conclude(beaconer, own, sealed.map(|sealed| sealed.received), witnesses, verdict);
        Ok(reports)
    }

    /// The file's rules with the times that count for one beacon.
    fn rules_of(&self, times: &BeaconTimes) -> (BeaconParams, WitnessParams) {
        let beacon = BeaconParams { entropy_valid: times.valid, ..self.params().beacon };
        (beacon, WitnessParams { within: times.within, after_first: times.after_first, ..self.params().witness })
    }

    /// Writes what a verdict changes, and forgets the reports.
    fn conclude(
        &mut self,
        beaconer: Address,
        mut own: Hotspot,
        received: Option<Instant>,
        witnesses: Vec<Judged>,
        verdict: LastBeacon,
    ) {
        let counted = verdict.witnesses.iter().filter(|witness| witness.selected).count() as u64;
        if counted > 0 {
            self.count_in(beaconer, &mut own);
            own.beacons += 1;
        }
        if verdict.beacon_units > 0 {
            self.rewarded(SubNetwork::Iot, beaconer, &mut own.standing);
        }
        own.last_beacon = received.or(own.last_beacon);
        if verdict.reason.is_none() && witnesses.iter().any(|one| one.heard) {
            own.last_witnessed = received;
        }
        let owner = own.owner;
        self.state().put(&beaconer, &own);
        for (mut one, told) in witnesses.into_iter().zip(&verdict.witnesses) {
            if one.reason.is_none() {
                one.row.last_witness = Some(one.sealed.received);
                one.row.witnessed += u64::from(told.selected);
                if told.selected && verdict.witness_units > 0 {
                    self.rewarded(SubNetwork::Iot, one.hotspot, &mut one.row.standing);
                }
                self.state().put(&one.hotspot, &one.row);
            }
            self.state().delete::<SealedReports>(&(beaconer, one.hotspot));
        }
        self.state().delete::<SealedReports>(&(beaconer, beaconer));
        self.state().delete::<Beaconing>(&beaconer);
        self.state().put(&beaconer, &verdict);
        self.totals(|totals| {
            totals.beacons_open = totals.beacons_open.saturating_sub(1);
            totals.beacons += u64::from(verdict.reason.is_none());
            totals.beacons_invalid += u64::from(verdict.reason.is_some());
            totals.witnesses += counted;
        });
        self.emit(CoverageEvent::BeaconJudged { hotspot: beaconer, owner, verdict });
    }

    /// The scale of a place, with the hotspot itself counted there when it is to be.
    fn scale_with(&mut self, cell: u64, counted: Option<Counted>, comes: bool) -> Result<Int, CoverageError> {
        let mut preview = Preview { rows: HexRows(self), changed: BTreeMap::new() };
        if comes && counted.is_none_or(|counted| counted.cell != cell) {
            if let Some(counted) = counted {
                Population(&mut preview).change(counted.cell, false);
            }
            Population(&mut preview).change(cell, true);
        }
        Ok(scale_of(&mut preview, cell)?)
    }

    /// The witnesses of a beacon with this payload, by address, each with the one of its reports that counts.
    fn witnesses(&mut self, beaconer: Address, payload: Option<Payload>) -> Result<Vec<Judged>, CoverageError> {
        let mut all = Vec::new();
        let mut next = self.state().first_from::<SealedReports>(&(beaconer, Address::new([0; 32])));
        while let Some((key, reports)) = next.filter(|((of, _), _)| *of == beaconer) {
            if key.1 != beaconer {
                let (row, sealed) = (self.hotspot(key.1)?, reports.of(payload));
                let says = sealed.disclosed.as_ref().and_then(Disclosed::witness).map(|report| report.payload);
                all.push(Judged { hotspot: key.1, row, sealed, heard: says.is_some() && says == payload, reason: None });
            }
            next = self.state().next_after::<SealedReports>(&key);
        }
        Ok(all)
    }

    /// Says of each witness why it is not valid; all of them are not where the beacon is not, for its reason.
    fn judge_witnesses(
        &mut self,
        beaconer: Address,
        beacon: (&Reporter, Option<&BeaconReport>, &Entropy, Option<InvalidReason>),
        params: (&BeaconParams, &WitnessParams),
        witnesses: &mut [Judged],
    ) {
        let (facts, report, entropy, reason) = beacon;
        // Upstream finds a beacon's witnesses by its payload, so who heard something else is none of them.
        let first_witness = witnesses.iter().filter(|one| one.heard).map(|one| one.sealed.received).min().unwrap_or_default();
        for one in witnesses {
            let Some(report) = report.filter(|_| reason.is_none()) else {
                one.reason = reason;
                continue;
            };
            let edge = (beaconer.min(one.hotspot), beaconer.max(one.hotspot));
            let edge = self.state().has::<DeniedEdge>(&edge);
            let sent = Sent { beaconer: facts, report, entropy, first_witness };
            let disclosed = one.sealed.disclosed.as_ref().and_then(|disclosed| disclosed.witness());
            one.reason = check_witness(&one.row.reporter(one.sealed.received), disclosed, edge, &sent, params);
        }
    }

    fn accrue(&mut self, metric: Name, owner: Address, hotspot: Address, units: u64) -> Result<(), CoverageError> {
        let rules = &self.params().rules;
        let earns = if metric == BEACON_UNITS { rules.beacons_earn } else { rules.witnesses_earn };
        if units == 0 || !earns {
            return Ok(());
        }
        let components = Components::one(Component { metric, quantity: Measured::new(units.into()) });
        self.send(Record::Accrued(Accrued { subject: Self::unit(owner, hotspot), components })).map(drop)
    }

    /// A hotspot with a witnessed beacon counts in its hex for a while.
    fn count_in(&mut self, hotspot: Address, row: &mut Hotspot) {
        let Some(location) = row.location else { return };
        let until = self.now().later(self.params().beacon.counted_for);
        if row.counted.is_none_or(|counted| counted.cell != location.cell) {
            self.count_out(hotspot, row);
            Population(&mut HexRows(self)).change(location.cell, true);
            self.totals(|totals| totals.counted += 1);
        } else if let Some(counted) = row.counted {
            self.unschedule(counted.until, Job::CountOut(hotspot));
        }
        row.counted = Some(Counted { cell: location.cell, until });
        self.schedule(until, Job::CountOut(hotspot));
    }

    /// A hotspot counts in no hex any more; the caller writes it.
    pub(super) fn count_out(&mut self, hotspot: Address, row: &mut Hotspot) {
        if let Some(counted) = row.counted.take() {
            self.unschedule(counted.until, Job::CountOut(hotspot));
            Population(&mut HexRows(self)).change(counted.cell, false);
            self.totals(|totals| totals.counted = totals.counted.saturating_sub(1));
        }
    }

    /// A hotspot had no witnessed beacon for a while.
    pub(super) fn count_ends(&mut self, hotspot: Address) -> Result<(), CoverageError> {
        let mut row = self.hotspot(hotspot)?;
        self.count_out(hotspot, &mut row);
        self.state().put(&hotspot, &row);
        Ok(())
    }
}

/// A scale times a reward unit, both in parts of 10^4, in the same parts.
///
/// - Rounding: down, as the metric's own step; upstream keeps eight places until it pays.
fn scaled(scale: Int, unit: Int) -> Result<u64, CoverageError> {
    let product = scale.times(unit)?.div_floor(Int::from(10_000_u64))?.to_u128()?;
    Ok(u64::try_from(product).unwrap_or(u64::MAX))
}
