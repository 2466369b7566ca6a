//! Coverage objects: the hexes that an access point says it covers, given in parts of bounded size.
//!
//! There are three places for an access point's objects: that whose hexes stand in rankings until the epoch ends, that which is its object now,
//! and that which is being given. So a change never takes a hex out of a ranking before its time, and costs no more than its own hexes.

use super::{
    access::check_hex,
    error::MobileError,
    message::{CHUNKS_MAX, HexSignal},
    rows::{AccessPoint, Object, Part},
};
use crate::{
    context::Context,
    coverage::{error::CoverageError, event::CoverageEvent, service::Coverage},
};
use depin_quantity::Address;

impl Context<'_, Coverage> {
    /// Order of refusals: access point, left, owner, next part, no end; then of each hex: cell, order, signal.
    pub(super) fn cover(
        &mut self,
        sender: Address,
        access_point: Address,
        (number, part, last): (u32, u16, bool),
        hexes: &[HexSignal],
    ) -> Result<(), CoverageError> {
        let params = self.mobile_params()?;
        let mut row = self.own_point(sender, access_point)?;
        let mut coming = self.next_part(access_point, &mut row, number, part)?;
        if !last && part + 1 == CHUNKS_MAX {
            return Err(MobileError::NoEnd.into());
        }
        for hex in hexes {
            check_hex(hex.cell)?;
            if hex.cell <= coming.last {
                return Err(MobileError::HexOrder(hex.cell).into());
            }
            coming.last = hex.cell;
            if params.figures.base_points(row.kind, hex.signal).is_none() {
                return Err(MobileError::Signal(hex.cell).into());
            }
        }
        coming.hexes += hexes.len() as u32;
        self.state().put(&(access_point, coming.slot, part), &Part(hexes.to_vec()));
        row.parts[usize::from(coming.slot)] = part + 1;
        if last {
            let old = row.object.replace(coming).map(|old| old.slot);
            row.coming = None;
            row.senior = self.now();
            if let Some(old) = old.filter(|slot| row.ranked.is_none_or(|ranked| ranked.slot != *slot)) {
                self.forget_parts(access_point, &mut row, old);
            }
            self.emit(CoverageEvent::CoverageGiven { access_point, owner: sender, object: number, hexes: coming.hexes });
        } else {
            row.coming = Some(coming);
        }
        self.state().put(&access_point, &row);
        Ok(())
    }

    /// The object that a part is of: the one that is being given, or a new one in a place that is free.
    fn next_part(&mut self, access_point: Address, row: &mut AccessPoint, number: u32, part: u16) -> Result<Object, MobileError> {
        let known = row.object.map_or(0, |object| object.number).max(row.coming.map_or(0, |object| object.number));
        let next = row.coming.map_or(0, |coming| row.parts[usize::from(coming.slot)]);
        if let Some(coming) = row.coming.filter(|coming| coming.number == number && part == next) {
            return Ok(coming);
        }
        if part != 0 || number <= known {
            return Err(MobileError::NextPart { access_point, number: known, part: next, given: part, of: number });
        }
        if let Some(left) = row.coming.take() {
            self.forget_parts(access_point, row, left.slot);
        }
        let taken = [row.object.map(|object| object.slot), row.ranked.map(|ranked| ranked.slot)];
        let slot = (0..3).find(|slot| !taken.contains(&Some(*slot))).unwrap_or(0);
        Ok(Object { number, slot, hexes: 0, last: 0 })
    }

    /// The caller writes the access point.
    pub(super) fn forget_parts(&mut self, access_point: Address, row: &mut AccessPoint, slot: u8) {
        let parts = std::mem::take(&mut row.parts[usize::from(slot)]);
        for part in 0..parts {
            self.state().delete::<Part>(&(access_point, slot, part));
        }
    }

    /// The hexes of the object in a place, by cell.
    pub(super) fn hexes_in(&mut self, access_point: Address, row: &AccessPoint, slot: u8) -> Vec<HexSignal> {
        let mut hexes = Vec::new();
        for part in 0..row.parts[usize::from(slot)] {
            let part = self.state().get::<Part>(&(access_point, slot, part));
            hexes.extend(part.into_iter().flat_map(|Part(hexes)| hexes));
        }
        hexes
    }
}
