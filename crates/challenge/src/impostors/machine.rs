//! A machine as a model: operations cost what [`Cost::weighed`] says, lanes and chains are one thread each, and no more threads run at
//! once than it has cores. Times are in picoseconds of the measured core.

use crate::{cost::Cost, work::Work};

pub(super) struct Machine {
    pub(super) cores: u32,
    pub(super) memory_mib: u32,
}

impl Machine {
    /// Until it has answered all of `works`, that it got at once. All must fit into its memory together; else it does one after the other.
    pub(super) fn time(&self, works: &[&Work]) -> f64 {
        let memory: u32 = works.iter().map(|work| work.claim().memory_mib).sum();
        if memory > self.memory_mib && works.len() > 1 {
            return works.iter().map(|work| self.time(&[work])).sum();
        }
        assert!(memory <= self.memory_mib, "it computes what it does not keep: see `time_computing`");
        self.spread(works, |work| work.cost())
    }

    /// Until it has answered, where a read costs so many compressions on average, and only what it keeps is filled.
    pub(super) fn time_computing(&self, work: &Work, compressions: f64) -> f64 {
        self.spread(&[work], |work| {
            let cost = work.cost();
            let kept = cost.fills * u64::from(self.memory_mib) / u64::from(work.claim().memory_mib);
            Cost { fills: kept + (cost.reads as f64 * compressions) as u64, ..cost }
        })
    }

    /// Threads of equal length: the longest waits for its turn on the busiest core.
    fn spread(&self, works: &[&Work], cost: impl Fn(&Work) -> Cost) -> f64 {
        let threads: u32 = works.iter().map(|work| u32::from(work.claim().cores)).sum();
        let total: f64 = works.iter().map(|work| cost(work).weighed() as f64).sum();
        let turns = (f64::from(threads) / f64::from(self.cores)).max(1.0);
        total / f64::from(threads) * turns
    }
}
