//! What a provider's machines hold, and what is set aside of it: for bids that wait, and for leases.

use depin_quantity::{Decimal18, parse_bytes};
use depin_sdl::{
    Group, Quantity,
    bidding::{OvercommitError, reserved},
};
use depin_services::leasing::OrderId;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// So much of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of disk.
    pub storage: u64,
    /// GPUs.
    pub gpus: u64,
}

/// A text that is no capacity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no capacity; write cpu=2,memory=4Gi,storage=20Gi and gpu=1 where there is one")]
pub struct CapacityError(String);

impl FromStr for Capacity {
    type Err = CapacityError;

    fn from_str(text: &str) -> Result<Self, CapacityError> {
        let wrong = || CapacityError(text.chars().take(80).collect());
        let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
        for part in text.split(',') {
            let (key, value) = part.trim().split_once('=').ok_or_else(wrong)?;
            let value = match key {
                "cpu" => milli(value).ok_or_else(wrong)?,
                "memory" | "storage" => size(value).ok_or_else(wrong)?,
                "gpu" => value.parse().map_err(|_| wrong())?,
                _ => return Err(wrong()),
            };
            if parts.insert(key, value).is_some() {
                return Err(wrong());
            }
        }
        let whole = |key: &str| parts.get(key).copied().filter(|value| *value > 0).ok_or_else(wrong);
        let gpus = parts.get("gpu").copied().unwrap_or(0);
        Ok(Self { cpu_milli: whole("cpu")?, memory: whole("memory")?, storage: whole("storage")?, gpus })
    }
}

/// CPUs as thousandths: `2`, `0.5`, `500m`.
fn milli(text: &str) -> Option<u64> {
    if let Some(milli) = text.strip_suffix('m') {
        return milli.parse().ok();
    }
    let cpus = Decimal18::parse(text).ok()?.get();
    let step = Decimal18::ONE.get() / 1_000;
    cpus.is_multiple_of(step).then(|| u64::try_from(cpus / step).ok()).flatten()
}

/// A size as deployment files write it, or with its `B`.
fn size(text: &str) -> Option<u64> {
    let whole = if text.ends_with('i') { format!("{text}B") } else { text.to_owned() };
    parse_bytes(&whole).ok()
}

/// So many times more is sold than there is, since tenants do not use all of what they order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overcommit {
    /// Of CPUs.
    pub cpu: Decimal18,
    /// Of memory.
    pub memory: Decimal18,
    /// Of disk.
    pub storage: Decimal18,
}

impl Default for Overcommit {
    fn default() -> Self {
        Self { cpu: Decimal18::ONE, memory: Decimal18::ONE, storage: Decimal18::ONE }
    }
}

impl Capacity {
    /// What all replicas of a group take, as much of it as is set aside. Shared memory (class `ram`) is memory; a sum past 64 bits is
    /// more than any machine has.
    ///
    /// # Errors
    /// [`OvercommitError`].
    pub fn of(group: &Group, overcommit: &Overcommit) -> Result<Self, OvercommitError> {
        let mut sum = Self::default();
        for unit in &group.resources {
            let add = |sum: &mut u64, each: u64| *sum = sum.saturating_add(each.saturating_mul(unit.count.into()));
            let resources = &unit.resources;
            add(&mut sum.cpu_milli, reserved(resources.cpu.units, overcommit.cpu)?.get());
            add(&mut sum.memory, reserved(resources.memory.size, overcommit.memory)?.get());
            add(&mut sum.gpus, resources.gpu.units.get());
            for volume in &resources.storage {
                if volume.class() == Some("ram") {
                    add(&mut sum.memory, reserved(volume.size, overcommit.memory)?.get());
                } else {
                    add(&mut sum.storage, reserved(Quantity::new(volume.size.get()), overcommit.storage)?.get());
                }
            }
        }
        Ok(sum)
    }

    fn parts(&self) -> [(&'static str, u64); 4] {
        [
            ("thousandths of a CPU", self.cpu_milli),
            ("bytes of memory", self.memory),
            ("bytes of disk", self.storage),
            ("GPUs", self.gpus),
        ]
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_add(other.cpu_milli),
            memory: self.memory.saturating_add(other.memory),
            storage: self.storage.saturating_add(other.storage),
            gpus: self.gpus.saturating_add(other.gpus),
        }
    }

    fn less(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_sub(other.cpu_milli),
            memory: self.memory.saturating_sub(other.memory),
            storage: self.storage.saturating_sub(other.storage),
            gpus: self.gpus.saturating_sub(other.gpus),
        }
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts().iter().map(|(what, much)| format!("{much} {what}")).collect();
        f.write_str(&parts.join(", "))
    }
}

/// Too little is free.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it takes {needed} {what}, and {free} are free")]
pub struct NoRoom {
    /// Of what.
    pub what: &'static str,
    /// How much is needed.
    pub needed: u64,
    /// How much is free.
    pub free: u64,
}

/// What there is, and for which orders parts of it are set aside.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    total: Capacity,
    held: BTreeMap<OrderId, Capacity>,
}

impl Inventory {
    /// Machines of which nothing is set aside.
    pub const fn new(total: Capacity) -> Self {
        Self { total, held: BTreeMap::new() }
    }

    /// What is set aside for nobody. Nothing where more is sold than there is.
    pub fn free(&self) -> Capacity {
        self.total.less(self.held())
    }

    /// What is set aside.
    pub fn held(&self) -> Capacity {
        self.held.values().fold(Capacity::default(), |sum, one| sum.plus(*one))
    }

    /// What there is.
    pub const fn total(&self) -> Capacity {
        self.total
    }

    /// What is set aside for an order.
    pub fn of(&self, order: OrderId) -> Option<Capacity> {
        self.held.get(&order).copied()
    }

    /// Orders that something is set aside for.
    pub fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.held.keys().copied()
    }

    /// Sets `needed` aside for an order, once.
    ///
    /// # Errors
    /// [`NoRoom`] with the first that is too little, and then nothing is set aside.
    pub fn reserve(&mut self, order: OrderId, needed: Capacity) -> Result<(), NoRoom> {
        if self.held.contains_key(&order) {
            return Ok(());
        }
        for ((what, needed), (_, free)) in needed.parts().into_iter().zip(self.free().parts()) {
            if needed > free {
                return Err(NoRoom { what, needed, free });
            }
        }
        self.held.insert(order, needed);
        Ok(())
    }

    /// Sets aside what a lease takes that runs already, whatever is free: the ledger has it.
    pub fn hold(&mut self, order: OrderId, needed: Capacity) {
        self.held.insert(order, needed);
    }

    /// What was set aside for an order is free again.
    pub fn release(&mut self, order: OrderId) {
        self.held.remove(&order);
    }

    /// Frees what is set aside for orders that are none of these.
    pub fn keep(&mut self, wanted: impl Fn(&OrderId) -> bool) {
        self.held.retain(|order, _| wanted(order));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leasing::tests::{group, order};

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_capacity_is_read_as_it_is_typed() {
        let read = |text: &str| text.parse::<Capacity>();
        let two = Capacity { cpu_milli: 2_000, memory: 4 * GIB, storage: 20 * GIB, gpus: 0 };
        assert_eq!(read("cpu=2,memory=4Gi,storage=20Gi"), Ok(two));
        assert_eq!(read("storage=20GiB, gpu=3, memory=4Gi, cpu=2000m"), Ok(Capacity { gpus: 3, ..two }));
        assert_eq!(read("cpu=0.5,memory=4Gi,storage=20Gi").unwrap().cpu_milli, 500);
        for wrong in [
            "",
            "cpu=2",
            "cpu=0,memory=1Gi,storage=1Gi",
            "cpu=2,cpu=2,memory=1Gi,storage=1Gi",
            "cpu=x,memory=1Gi,storage=1Gi",
            "cpu=0.0001,memory=1Gi,storage=1Gi",
            "cpu=2,memory=4Q,storage=1Gi",
            "cpu=2,memory=1Gi,storage=1Gi,disk=1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_set_aside_twice_or_beyond_what_is_free() {
        let need = Capacity::of(&group("1000", 2), &Overcommit::default()).unwrap();
        assert_eq!(need, Capacity { cpu_milli: 2_000, memory: 2 * GIB, storage: 2 * GIB, gpus: 0 });
        let mut inventory = Inventory::new(Capacity { cpu_milli: 3_000, memory: 4 * GIB, storage: 20 * GIB, gpus: 0 });
        inventory.reserve(order(1), need).unwrap();
        inventory.reserve(order(1), need).unwrap();
        assert_eq!(inventory.held(), need, "once for an order");
        let full = inventory.reserve(order(2), need).unwrap_err();
        assert_eq!((full.what, full.needed, full.free), ("thousandths of a CPU", 2_000, 1_000));
        assert_eq!(inventory.held(), need, "a refusal sets nothing aside");
        inventory.release(order(1));
        inventory.reserve(order(2), need).unwrap();
        inventory.keep(|order| order.oseq == 7);
        assert_eq!(inventory.held(), Capacity::default());
        inventory.hold(order(3), Capacity { cpu_milli: 9_000, ..need });
        assert_eq!(inventory.free().cpu_milli, 0, "more is sold than there is");
    }

    #[test]
    fn overcommitment_sets_less_aside() {
        let twice = Overcommit { cpu: Decimal18::parse("2").unwrap(), ..Overcommit::default() };
        let need = Capacity::of(&group("1000", 3), &twice).unwrap();
        assert_eq!((need.cpu_milli, need.memory), (1_500, 3 * GIB));
        assert!(Capacity::of(&group("1000", 1), &Overcommit { memory: Decimal18::ZERO, ..twice }).is_err());
    }
}
