//! Packets: reported by the hotspot that carried them, acknowledged by the customer that had them, paid by the unit and the copy.
//!
//! A batch is one hotspot's, by one route, and has two signatures, which whoever runs the message has checked. A packet of it is paid or
//! refused by itself, each refusal with its reason. Without the customer's signature a batch is a claim: the customer pays it, turns it
//! down, or lets its time pass. Nothing is paid then: that a packet was delivered is a customer's word, and nobody else's. What a hotspot
//! can lose is what it delivers before it looks at the claims that a customer left unpaid, which everybody can see; claims that are open
//! are bounded, by hotspot.

use super::{
    active::SubNetwork,
    bytes::PacketHash,
    due::Job,
    error::CoverageError,
    event::{CoverageEvent, PacketReason, Refused},
    gate::verify_packet,
    message::{ENTRIES_MAX, PACKETS_MAX, Packet, PacketBatch, check_count},
    params::AHEAD_MOST,
    rows::{Batch, BatchState, Copies, Hotspot, Oui, Seen, refused_of},
    service::Coverage,
};
use crate::context::Context;
use depin_economy::Money;
use depin_quantity::{Address, UnitId, Units};
use std::collections::{BTreeMap, BTreeSet};

/// Claims of one hotspot that are open at most.
const CLAIMS_MOST: u32 = 16;

/// Units of a packet: `ceil(max(bytes, unit) / unit)`, at least one.
pub const fn packet_units(bytes: u64, unit: u64) -> u64 {
    let bytes = if bytes < unit { unit } else { bytes };
    bytes.div_ceil(unit)
}

/// The id of a batch: that of what its hotspot signed.
pub fn batch_id(batch: &PacketBatch) -> UnitId {
    UnitId::derive("depin-coverage-batch", &[&batch.signed()])
}

/// Who takes part in a batch.
pub(super) struct Sides {
    pub oui: u32,
    pub customer: Oui,
    pub hotspot: Address,
    pub carrier: Hotspot,
}

impl Context<'_, Coverage> {
    pub(super) fn report(&mut self, batches: &[PacketBatch]) -> Result<(), CoverageError> {
        check_count(batches.len(), ENTRIES_MAX)?;
        batches.iter().try_for_each(|batch| self.take_batch(batch))
    }

    /// Order of refusals: packets, hotspot, denied, route, inactive, key, disabled, known; then of each packet by itself.
    fn take_batch(&mut self, batch: &PacketBatch) -> Result<(), CoverageError> {
        check_count(batch.packets.len(), PACKETS_MAX)?;
        let hotspot = batch.key.address();
        let carrier = self.active_hotspot(hotspot)?;
        if let Some(denial) = carrier.denied {
            return Err(CoverageError::HotspotDenied { hotspot, denial });
        }
        let route = self.route(batch.route)?;
        if !route.terms.active {
            return Err(CoverageError::RouteInactive(batch.route));
        }
        let (oui, customer) = (route.oui, self.oui(route.oui)?);
        if let Some(by) = batch.acknowledged
            && !customer.keys.contains(&by.key)
        {
            return Err(CoverageError::NotAKey { oui, key: by.key });
        }
        if customer.disabled {
            return Err(CoverageError::OuiDisabled(oui));
        }
        let id = batch_id(batch);
        match self.state().get::<Batch>(&id).map(|known| known.state) {
            Some(BatchState::Claimed { .. }) if batch.acknowledged.is_some() => return self.pay_claim(id),
            Some(_) => return Err(CoverageError::KnownBatch(id)),
            None => {}
        }
        let (good, refused) = self.sort_out(oui, hotspot, &batch.packets, route.terms.max_copies);
        let row = Batch {
            route: batch.route,
            oui,
            hotspot,
            at: self.now(),
            packets: good,
            units: 0,
            cost: Units::ZERO,
            state: BatchState::Settled,
        };
        let sides = Sides { oui, customer, hotspot, carrier };
        if batch.acknowledged.is_some() { self.settle(id, sides, row, refused) } else { self.claim(id, sides, row, refused) }
    }

    /// Packets that can be paid as far as their time and number go, and the others with the first reason that applies, in this order:
    /// duplicate, future, past epoch, late, copies.
    fn sort_out(&mut self, oui: u32, hotspot: Address, packets: &[Packet], copies_most: u32) -> (Vec<Packet>, Vec<Refused>) {
        let (mut good, mut refused, mut here) = (Vec::new(), Vec::new(), BTreeSet::new());
        for packet in packets {
            let hash = packet.hash;
            let known = !here.insert(hash) || self.state().has::<Seen>(&(hotspot, hash));
            let Copies(copies) = self.state().get::<Copies>(&(oui, hash)).unwrap_or_default();
            let reason = if known { Some(PacketReason::Duplicate) } else { self.untimely(packet) };
            match reason.or((copies >= copies_most).then_some(PacketReason::Copies)) {
                Some(reason) => refused.push(Refused { hash, reason }),
                None => good.push(*packet),
            }
        }
        (good, refused)
    }

    /// Why a packet's time is wrong. One of the period before is taken for as long as any packet is, so that the end of a period takes
    /// no packets away.
    fn untimely(&self, packet: &Packet) -> Option<PacketReason> {
        let (now, params) = (self.now(), &self.params().packet);
        if packet.received > now.later(AHEAD_MOST) {
            return Some(PacketReason::Future);
        }
        if now <= packet.received.later(params.late_after) {
            return None;
        }
        let past = params.epoch_of(packet.received) < params.epoch_of(now);
        Some(if past { PacketReason::PastEpoch } else { PacketReason::Late })
    }

    /// Pays packets of a customer that had them, in their order, as the gate says.
    fn settle(&mut self, id: UnitId, sides: Sides, mut row: Batch, mut refused: Vec<Refused>) -> Result<(), CoverageError> {
        let Sides { oui, mut customer, hotspot, mut carrier } = sides;
        let packets = std::mem::take(&mut row.packets);
        let (unit, gate) = (self.params().packet.unit, self.params().gate);
        let (minimum, burn_from) = gate.map_or((0, 0), |gate| (gate.minimum.into(), gate.burn_from.into()));
        let (mut prices, balance) = (BTreeMap::new(), customer.balance.get());
        let mut pending = customer.pending.get();
        for packet in packets {
            let hash = packet.hash;
            if customer.disabled {
                refused.push(Refused { hash, reason: PacketReason::Disabled });
                continue;
            }
            let units = packet_units(packet.bytes.into(), unit);
            let cost = self.price(&mut prices, customer.price, units)?;
            let verdict = verify_packet(cost.get(), balance, pending, minimum, burn_from);
            pending = verdict.pending;
            if gate.is_some() && verdict.disabled {
                let left = Units::new(balance.saturating_sub(pending));
                self.disable(oui, &mut customer, left, Units::new(minimum));
            }
            if verdict.valid {
                row.units += units;
                row.cost = row.cost.plus(cost)?;
                row.packets.push(packet);
            } else {
                refused.push(Refused { hash, reason: PacketReason::InsufficientBalance });
            }
        }
        row.state = BatchState::Settled;
        let paid = row.packets.len() as u64;
        self.earn(carrier.owner, hotspot, row.units)?;
        carrier.packets = carrier.packets.saturating_add(paid);
        carrier.units = carrier.units.saturating_add(row.units.into());
        if row.units > 0 {
            self.rewarded(SubNetwork::Iot, hotspot, &mut carrier.standing);
        }
        customer.packets = customer.packets.saturating_add(paid);
        customer.pending = Units::new(pending);
        self.count_refused(oui, &refused);
        self.totals(|totals| {
            totals.packets = totals.packets.saturating_add(paid);
            totals.units = totals.units.saturating_add(row.units.into());
        });
        let (owner, units, cost) = (carrier.owner, row.units, row.cost);
        self.state().put(&hotspot, &carrier);
        self.owe(oui, owner, units, cost)?;
        self.keep_batch(id, &row);
        self.emit(CoverageEvent::PacketsSettled { batch: id, oui, hotspot, owner, paid: paid as u32, units, cost, refused });
        if gate.is_none() {
            // The price of each packet alone is never less than that of all together, so this is covered.
            return self.charge_owner(oui, customer, owner).map(drop);
        }
        if pending >= burn_from && !customer.charging && pending > 0 {
            customer.charging = true;
            self.schedule(self.now(), Job::Charge(oui));
        }
        self.state().put(&oui, &customer);
        Ok(())
    }

    /// Counts packets that are not paid, for the OUI and for all.
    fn count_refused(&mut self, oui: u32, refused: &[Refused]) {
        if refused.is_empty() {
            return;
        }
        let place = refused_of(oui);
        let Copies(before) = self.state().get::<Copies>(&place).unwrap_or_default();
        self.state().put(&place, &Copies(before.saturating_add(refused.len() as u32)));
        self.totals(|totals| totals.refused = totals.refused.saturating_add(refused.len() as u64));
    }

    /// What so many units cost; asked for once.
    fn price(&self, known: &mut BTreeMap<u64, Units>, each: Option<Money>, units: u64) -> Result<Units, CoverageError> {
        if let Some(cost) = known.get(&units) {
            return Ok(*cost);
        }
        let cost = self.quote(each, units)?;
        known.insert(units, cost);
        Ok(cost)
    }

    /// Keeps a batch, and its packets from being reported again, until all of them would be too late.
    fn keep_batch(&mut self, id: UnitId, row: &Batch) {
        let known = self.state().has::<Batch>(&id);
        self.state().put(&id, row);
        if !known {
            self.mark(row.oui, row.hotspot, row.packets.iter().map(|packet| packet.hash));
            let late = self.params().packet.late_after;
            self.schedule(self.now().later(AHEAD_MOST).later(late), Job::Forget(id));
        }
    }

    fn mark(&mut self, oui: u32, hotspot: Address, packets: impl Iterator<Item = PacketHash>) {
        for hash in packets {
            self.state().put(&(hotspot, hash), &Seen);
            let Copies(copies) = self.state().get::<Copies>(&(oui, hash)).unwrap_or_default();
            self.state().put(&(oui, hash), &Copies(copies + 1));
        }
    }

    /// Gives packets free that a batch of these sides kept.
    fn unmark(&mut self, oui: u32, hotspot: Address, packets: impl Iterator<Item = PacketHash>) {
        for hash in packets {
            self.state().delete::<Seen>(&(hotspot, hash));
            match self.state().get::<Copies>(&(oui, hash)) {
                Some(Copies(copies)) if copies > 1 => self.state().put(&(oui, hash), &Copies(copies - 1)),
                _ => self.state().delete::<Copies>(&(oui, hash)),
            }
        }
    }

    /// Packets that nobody acknowledged.
    fn claim(&mut self, id: UnitId, sides: Sides, mut row: Batch, refused: Vec<Refused>) -> Result<(), CoverageError> {
        let Sides { oui, mut customer, hotspot, mut carrier } = sides;
        if row.packets.is_empty() {
            return Err(CoverageError::NothingToClaim { hotspot, first: refused.first().map(|refused| refused.reason) });
        }
        if carrier.claims >= CLAIMS_MOST {
            return Err(CoverageError::Claims { hotspot, most: CLAIMS_MOST });
        }
        let until = self.now().later(self.params().packet.claim_within);
        row.state = BatchState::Claimed { until };
        carrier.claims += 1;
        customer.claims += 1;
        self.state().put(&id, &row);
        self.mark(oui, hotspot, row.packets.iter().map(|packet| packet.hash));
        self.state().put(&hotspot, &carrier);
        self.state().put(&oui, &customer);
        self.schedule(until, Job::Lapse(id));
        self.count_refused(oui, &refused);
        self.totals(|totals| totals.claims += 1);
        let packets = row.packets.len() as u32;
        self.emit(CoverageEvent::PacketsClaimed { claim: id, oui, hotspot, packets, refused });
        Ok(())
    }

    /// Order of refusals: claim, owner of the OUI, disabled.
    pub(super) fn close_claim(&mut self, sender: Address, id: UnitId, pay: bool) -> Result<(), CoverageError> {
        let row = self.open_claim(id)?;
        let customer = self.own_oui(sender, row.oui)?;
        if !pay {
            return self.end_claim(id, row, true);
        }
        if customer.disabled { Err(CoverageError::OuiDisabled(row.oui)) } else { self.pay_claim(id) }
    }

    fn open_claim(&mut self, id: UnitId) -> Result<Batch, CoverageError> {
        let row = self.state().get::<Batch>(&id).filter(|row| matches!(row.state, BatchState::Claimed { .. }));
        row.ok_or(CoverageError::UnknownClaim(id))
    }

    /// A claim is open no more; gives its sides.
    fn take_claim(&mut self, id: UnitId, row: &Batch) -> Result<Sides, CoverageError> {
        if let BatchState::Claimed { until } = row.state {
            self.unschedule(until, Job::Lapse(id));
        }
        let (mut customer, mut carrier) = (self.oui(row.oui)?, self.hotspot(row.hotspot)?);
        customer.claims = customer.claims.saturating_sub(1);
        carrier.claims = carrier.claims.saturating_sub(1);
        self.totals(|totals| totals.claims = totals.claims.saturating_sub(1));
        Ok(Sides { oui: row.oui, customer, hotspot: row.hotspot, carrier })
    }

    fn pay_claim(&mut self, id: UnitId) -> Result<(), CoverageError> {
        let row = self.open_claim(id)?;
        let sides = self.take_claim(id, &row)?;
        // Its packets are marked for it; those that are paid are marked anew.
        self.unmark(row.oui, row.hotspot, row.packets.iter().map(|packet| packet.hash));
        self.state().delete::<Batch>(&id);
        self.settle(id, sides, row, Vec::new())
    }

    /// A claim ends unpaid.
    pub(super) fn end_claim(&mut self, id: UnitId, mut row: Batch, answered: bool) -> Result<(), CoverageError> {
        let Sides { oui, mut customer, hotspot, carrier } = self.take_claim(id, &row)?;
        let count = if answered { &mut customer.refused } else { &mut customer.unanswered };
        *count = count.saturating_add(1);
        self.unmark(oui, hotspot, row.packets.iter().map(|packet| packet.hash));
        row.packets.clear();
        row.state = BatchState::Closed;
        self.state().put(&oui, &customer);
        self.state().put(&hotspot, &carrier);
        self.state().put(&id, &row);
        let late = self.params().packet.late_after;
        self.schedule(self.now().later(AHEAD_MOST).later(late), Job::Forget(id));
        self.totals(|totals| totals.unpaid_claims = totals.unpaid_claims.saturating_add(1));
        self.emit(CoverageEvent::ClaimClosed { claim: id, oui, hotspot, answered });
        Ok(())
    }

    /// Nobody answered a claim in time.
    pub(super) fn lapse(&mut self, id: UnitId) -> Result<(), CoverageError> {
        match self.open_claim(id) {
            Ok(row) => self.end_claim(id, row, false),
            Err(_) => Ok(()),
        }
    }

    /// A batch and its packets are forgotten; gives how many packets.
    pub(super) fn forget(&mut self, id: UnitId) -> usize {
        let Some(row) = self.state().get::<Batch>(&id) else { return 0 };
        self.unmark(row.oui, row.hotspot, row.packets.iter().map(|packet| packet.hash));
        self.state().delete::<Batch>(&id);
        row.packets.len()
    }
}
