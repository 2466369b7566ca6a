//! Possession: challenges to single sectors, windows of data sets, faults and recovery.
//!
//! Deviations from upstream, which seals replicas and proves them with SNARKs: a proof here is a set of Merkle paths from random
//! leaves to the piece commitment (the method of Filecoin's PDP service), so one stored copy could answer for two deals over the
//! same piece; and a recovered sector answers a challenge of its own at once instead of waiting for its next window.

use super::{
    deals::needs,
    due::{Challenge, Job},
    error::{StorageError, check_list, check_proofs},
    event::StorageEvent,
    message::SectorProof,
    names::fault_kind,
    piece::{Commitment, LeafProof, PieceSize, challenge},
    rows::{Challenged, CloseReason, DataSet, Deal, DealState, Faulty, OpenSet, Provider, Window},
    service::Storage,
};
use crate::context::Context;
use depin_quantity::{Address, Seed, UnitId};

/// Natural id of a provider's data set, which its challenges are bound to.
pub fn set_id(provider: Address, set: u32) -> UnitId {
    UnitId::derive("depin-data-set", &[&provider.get(), &set.to_be_bytes()])
}

/// Which leaf of which sector each challenge of a window asks for: `(position in the window's sectors, leaf)`.
///
/// Challenge `i` picks leaf `challenge(seed, set id, i, total)` of all the sectors' leaves in order. One that falls on a skipped
/// sector is drawn anew as number `count + i` among the leaves of the others; the rest stay where they were. So giving up the
/// sectors that were asked for answers for none of the others, and each new draw costs the provider a sector's power.
pub fn window_challenges(provider: Address, set: u32, window: &Window, count: u32) -> Vec<(usize, u64)> {
    let total: u64 = window.sectors.iter().map(|s| s.size.leaves()).sum();
    if total == 0 {
        return Vec::new();
    }
    let left: u64 = window.sectors.iter().filter(|s| !s.skipped).map(|s| s.size.leaves()).sum();
    let (seed, id) = (window.seed.get(), set_id(provider, set).get());
    let drawn = (0..count).filter_map(|i| {
        let (position, leaf) = locate(window, challenge(seed, id, i, total), |_| true);
        if !window.sectors[position].skipped {
            return Some((position, leaf));
        }
        (left > 0).then(|| locate(window, challenge(seed, id, count + i, left), |sector| !sector.skipped))
    });
    drawn.collect()
}

/// The sector and its leaf that `leaf` of all leaves of the sectors that count is, in order.
fn locate(window: &Window, mut leaf: u64, counts: impl Fn(&Challenged) -> bool) -> (usize, u64) {
    for (position, sector) in window.sectors.iter().enumerate().filter(|(_, sector)| counts(sector)) {
        match leaf.checked_sub(sector.size.leaves()) {
            Some(rest) => leaf = rest,
            None => return (position, leaf),
        }
    }
    unreachable!("a challenge is below the sum of all leaves")
}

/// Which leaves the challenge to a single sector asks for.
pub fn sector_challenges(seed: Seed, deal: UnitId, size: PieceSize, count: u32) -> Vec<u64> {
    (0..count).map(|i| challenge(seed.get(), deal.get(), i, size.leaves())).collect()
}

/// Takes a sector out of the open window's challenges.
fn skip(set: &mut DataSet, id: UnitId) {
    let asked = set.window.iter_mut().flat_map(|w| &mut w.sectors);
    let sectors = set.fixed.iter_mut().flatten().chain(asked);
    sectors.filter(|s| s.deal == id).for_each(|s| s.skipped = true);
}

fn check_leaf(position: usize, proof: &LeafProof, piece: &Commitment, size: PieceSize, leaf: u64) -> Result<(), StorageError> {
    proof.verify(piece, size, leaf).map_err(|reason| StorageError::Proof { index: position, reason })
}

fn check_leaves(given: usize, wanted: usize) -> Result<(), StorageError> {
    if given == wanted { Ok(()) } else { Err(StorageError::Leaves { given, wanted }) }
}

impl Context<'_, Storage> {
    /// Challenges an accepted or recovering sector with its seed. Returns sectors looked at.
    pub(super) fn challenge(&mut self, id: UnitId, seed: Seed) -> usize {
        // Forgotten meanwhile, or closed: there is nothing to prove any more.
        let Some(mut deal) = self.state().get::<Deal>(&id) else { return 0 };
        let waiting = match &deal.state {
            DealState::Accepted => true,
            DealState::Active { faulty: Some(faulty), .. } => faulty.recovering,
            _ => false,
        };
        if waiting {
            let seed = Seed::derive("depin-sector-challenge", &[&seed.get(), &id.get()]);
            deal.challenge = Some(seed);
            self.put_deal(id, &deal);
            self.emit(StorageEvent::SectorChallenged { deal: id, provider: deal.provider, seed });
        }
        1
    }

    pub(super) fn prove_sectors(&mut self, sender: Address, proofs: &[SectorProof]) -> Result<(), StorageError> {
        check_proofs(proofs.len())?;
        for proof in proofs {
            let mut deal = self.deal_of_provider(proof.deal, sender)?;
            let open = matches!(deal.state, DealState::Accepted | DealState::Active { faulty: Some(_), .. });
            needs(proof.deal, &deal, "accepted or recovering", open)?;
            let seed = deal.challenge.ok_or(StorageError::NotDrawn(proof.deal))?;
            let wanted = sector_challenges(seed, proof.deal, deal.size, self.params().challenges);
            check_leaves(proof.leaves.len(), wanted.len())?;
            for (i, (leaf, index)) in proof.leaves.iter().zip(wanted).enumerate() {
                check_leaf(i, leaf, &deal.piece, deal.size, index)?;
            }
            deal.challenge = None;
            if deal.state == DealState::Accepted {
                self.activate(proof.deal, &mut deal)?;
            } else {
                self.recover(proof.deal, &mut deal)?;
            }
        }
        Ok(())
    }

    fn activate(&mut self, id: UnitId, deal: &mut Deal) -> Result<(), StorageError> {
        if self.now() >= deal.start_by {
            return Err(StorageError::TooLate { deal: id, by: deal.start_by });
        }
        let mut provider = self.provider(deal.provider)?;
        self.start_stream(id)?;
        self.power(&mut provider, deal, true)?;
        let until = self.now().later(self.params().epochs(deal.term));
        deal.state = DealState::Active { since: self.now(), until, faulty: None };
        deal.set = Some(self.add_to_set(&mut provider, id, deal));
        self.state().put(&deal.provider, &provider);
        self.put_deal(id, deal);
        self.totals(|t| t.active += 1);
        self.emit(StorageEvent::DealActivated { deal: id, client: deal.client, provider: deal.provider, until });
        Ok(())
    }

    fn recover(&mut self, id: UnitId, deal: &mut Deal) -> Result<(), StorageError> {
        let mut provider = self.provider(deal.provider)?;
        self.power(&mut provider, deal, true)?;
        self.state().put(&deal.provider, &provider);
        if let DealState::Active { faulty, .. } = &mut deal.state {
            *faulty = None;
        }
        self.put_deal(id, deal);
        self.totals(|t| t.faulty -= 1);
        self.emit(StorageEvent::SectorRecovered { deal: id, client: deal.client, provider: deal.provider });
        Ok(())
    }

    pub(super) fn prove_set(&mut self, sender: Address, set: u32, leaves: &[LeafProof]) -> Result<(), StorageError> {
        let key = (sender, set);
        let mut row = self.state().get::<DataSet>(&key).ok_or(StorageError::UnknownSet { provider: sender, set })?;
        let opens = row.deadline;
        let now = self.now();
        let window = row.window.as_mut().filter(|w| now < w.closes).ok_or(StorageError::WindowClosed { set, opens })?;
        if window.proven {
            return Err(StorageError::AlreadyProven(set));
        }
        let wanted = window_challenges(sender, set, window, self.params().challenges);
        check_leaves(leaves.len(), wanted.len())?;
        for (i, (proof, (sector, leaf))) in leaves.iter().zip(wanted).enumerate() {
            let sector = &window.sectors[sector];
            check_leaf(i, proof, &sector.piece, sector.size, leaf)?;
        }
        window.proven = true;
        let sectors = window.sectors.len() as u32;
        row.proven += 1;
        self.state().put(&key, &row);
        self.emit(StorageEvent::SetProven { provider: sender, set, sectors });
        Ok(())
    }

    pub(super) fn declare_faults(&mut self, sender: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            needs(id, &deal, "active", deal.has_power())?;
            self.drop_from_window(&deal, id);
            self.become_faulty(id, &mut deal, true)?;
        }
        Ok(())
    }

    /// A sector that its provider declares faulty while a window is open is not asked for in that window any more.
    fn drop_from_window(&mut self, deal: &Deal, id: UnitId) {
        let Some(set) = deal.set else { return };
        let key = (deal.provider, set);
        let Some(mut row) = self.state().get::<DataSet>(&key).filter(|row| row.window.is_some() || row.fixed.is_some()) else {
            return;
        };
        skip(&mut row, id);
        self.state().put(&key, &row);
    }

    pub(super) fn declare_recovered(&mut self, sender: Address, deals: &[UnitId]) -> Result<(), StorageError> {
        check_list(deals)?;
        for &id in deals {
            let mut deal = self.deal_of_provider(id, sender)?;
            let is_faulty = matches!(&deal.state, DealState::Active { faulty: Some(f), .. } if !f.recovering);
            needs(id, &deal, "faulty and not recovering yet", is_faulty)?;
            if let DealState::Active { faulty: Some(faulty), .. } = &mut deal.state {
                faulty.recovering = true;
            }
            self.put_deal(id, &deal);
            self.fix(Challenge::Sector(id));
        }
        Ok(())
    }

    fn become_faulty(&mut self, id: UnitId, deal: &mut Deal, declared: bool) -> Result<(), StorageError> {
        let mut provider = self.provider(deal.provider)?;
        self.power(&mut provider, deal, false)?;
        self.state().put(&deal.provider, &provider);
        self.fault(id, deal, fault_kind::DETECTED)?;
        if let DealState::Active { faulty, .. } = &mut deal.state {
            *faulty = Some(Faulty { since: self.now(), periods: 0, declared, recovering: false });
        }
        self.put_deal(id, deal);
        self.totals(|t| t.faulty += 1);
        let (client, provider) = (deal.client, deal.provider);
        self.emit(StorageEvent::SectorFaulty { deal: id, client, provider, declared });
        Ok(())
    }

    // Data sets.

    /// Puts an activated deal's sector into a data set of its client with room, the first by number, else into a new one.
    fn add_to_set(&mut self, provider: &mut Provider, id: UnitId, deal: &Deal) -> u32 {
        let (address, client) = (deal.provider, deal.client);
        let (number, mut set) = match self.open_set(address, client) {
            Some(open) => open,
            None => (provider.sets, self.new_set(provider, address, client)),
        };
        set.sectors.push(id);
        let open = (address, client, number);
        if set.sectors.len() < self.params().set_sectors as usize {
            self.state().put(&open, &OpenSet);
        } else {
            self.state().delete::<OpenSet>(&open);
        }
        self.state().put(&(address, number), &set);
        number
    }

    fn open_set(&mut self, provider: Address, client: Address) -> Option<(u32, DataSet)> {
        let ((owner, of, number), OpenSet) = self.state().first_from::<OpenSet>(&(provider, client, 0))?;
        let set = self.state().get::<DataSet>(&(provider, number))?;
        ((owner, of) == (provider, client)).then_some((number, set))
    }

    fn new_set(&mut self, provider: &mut Provider, address: Address, client: Address) -> DataSet {
        let number = provider.sets;
        provider.sets += 1;
        let in_epochs = |epochs| self.now().later(self.params().epochs(epochs));
        let (deadline, opens) =
            (in_epochs(self.params().proving_period), in_epochs(self.params().proving_period - self.params().window));
        self.schedule(opens, Job::Open(address, number));
        DataSet { client, sectors: Vec::new(), deadline, fixed: None, window: None, proven: 0, missed: 0 }
    }

    pub(super) fn remove_from_set(&mut self, address: Address, number: u32, id: UnitId) {
        let Some(mut set) = self.state().get::<DataSet>(&(address, number)) else { return };
        set.sectors.retain(|sector| *sector != id);
        skip(&mut set, id);
        self.state().put(&(address, set.client, number), &OpenSet);
        self.state().put(&(address, number), &set);
    }

    /// Ends a data set that is empty when its next window is due. Its provider was of use until then.
    fn end_set(&mut self, address: Address, number: u32, set: &DataSet) {
        self.state().delete::<OpenSet>(&(address, set.client, number));
        self.state().delete::<DataSet>(&(address, number));
        if let Some(provider) = self.state().get::<Provider>(&address) {
            let used = provider.used.max(set.deadline);
            self.state().put(&address, &Provider { used, ..provider });
        }
    }

    /// Fixes what the next window of a data set asks for: its sectors with power now; one without sectors ends. Returns sectors looked at.
    pub(super) fn fix_window(&mut self, address: Address, number: u32) -> Result<usize, StorageError> {
        let key = (address, number);
        let Some(mut set) = self.state().get::<DataSet>(&key) else { return Ok(0) };
        let looked_at = set.sectors.len();
        if set.sectors.is_empty() {
            self.end_set(address, number, &set);
            return Ok(0);
        }
        let mut sectors = Vec::with_capacity(set.sectors.len());
        for &deal in &set.sectors {
            let row = self.deal(deal)?;
            if row.has_power() {
                sectors.push(Challenged { deal, piece: row.piece, size: row.size, skipped: false });
            }
        }
        set.fixed = Some(sectors);
        self.state().put(&key, &set);
        self.fix(Challenge::Window(address, number));
        Ok(looked_at)
    }

    /// Opens the window of a data set with the seed that judges what was fixed for it. Returns sectors looked at.
    pub(super) fn open_window(&mut self, address: Address, number: u32, seed: Seed) -> usize {
        let key = (address, number);
        let Some(mut set) = self.state().get::<DataSet>(&key) else { return 0 };
        let Some(sectors) = set.fixed.take() else { return 0 };
        let length = self.params().epochs(self.params().window);
        let closes = set.deadline.max(self.now().later(length));
        let seed = Seed::derive("depin-window", &[&seed.get(), &set_id(address, number).get()]);
        let (looked_at, asked) = (sectors.len(), !sectors.is_empty());
        set.window = Some(Window { seed, opened: self.now(), closes, sectors, proven: false });
        self.state().put(&key, &set);
        self.schedule(closes, Job::Close(address, number));
        if asked {
            self.emit(StorageEvent::WindowOpened { provider: address, set: number, seed, closes });
        }
        looked_at
    }

    /// Closes the window of a data set: what was asked for and not proven becomes faulty, what was faulty before is charged,
    /// what is good is paid. Returns sectors looked at.
    pub(super) fn close_window(&mut self, address: Address, number: u32) -> Result<usize, StorageError> {
        let key = (address, number);
        let Some(mut set) = self.state().get::<DataSet>(&key) else { return Ok(0) };
        let Some(window) = set.window.take() else { return Ok(0) };
        let missed = !window.proven && window.sectors.iter().any(|s| !s.skipped);
        set.missed += u64::from(missed);
        set.deadline = window.closes.later(self.params().epochs(self.params().proving_period));
        let opens = window.closes.later(self.params().epochs(self.params().proving_period - self.params().window));
        self.schedule(opens, Job::Open(address, number));
        self.state().put(&key, &set);
        if missed {
            let sectors = window.sectors.len() as u32;
            self.emit(StorageEvent::WindowMissed { provider: address, set: number, sectors });
        }
        for &id in &set.sectors {
            let asked = window.sectors.iter().any(|s| s.deal == id && !s.skipped);
            self.close_sector(id, missed && asked)?;
        }
        Ok(set.sectors.len())
    }

    fn close_sector(&mut self, id: UnitId, failed: bool) -> Result<(), StorageError> {
        let mut deal = self.deal(id)?;
        let DealState::Active { faulty, .. } = &mut deal.state else { return Ok(()) };
        match faulty {
            None if failed => self.become_faulty(id, &mut deal, false),
            // What cannot be paid now, for want of a fresh price, stays due and is paid at the next window.
            None => match self.settle_stream(id) {
                Err(StorageError::Economy(_)) => Ok(()),
                settled => settled,
            },
            Some(faulty) => {
                faulty.periods += 1;
                if faulty.periods >= self.params().faulty_periods_max {
                    return self.terminate(id, &mut deal, CloseReason::Faulty);
                }
                self.put_deal(id, &deal);
                self.fault(id, &deal, fault_kind::CONTINUED)
            }
        }
    }
}
