//! Cores that this process may use.

use crate::{
    cgroup::{Generation, chain},
    error::MachineError,
    tree::Tree,
};
use serde::{Deserialize, Serialize};

/// Numbers of processors that a list may name, at most; Linux has at most 8192.
const NUMBERS_MOST: u64 = 1 << 16;

/// Cores: what the machine has, and what of it is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cores {
    /// Processors that are switched on.
    pub online: u32,
    /// Of these, on which this process may run: its affinity, which a cpuset narrows.
    pub allowed: u32,
    /// The least quota of its control groups, in thousandths of a core; none without one.
    pub quota_milli: Option<u64>,
    /// Whole cores of all that, one at least: what a claim can be answered with. A quota is rounded down.
    pub usable: u32,
}

/// Source: `Cpus_allowed_list` of proc_pid_status(5), `/sys/devices/system/cpu/online`; `cpu.max`, `cpu.cfs_quota_us`, `cpuset.cpus`.
pub(crate) fn cores(tree: &Tree) -> Result<Cores, MachineError> {
    const STATUS: &str = "/proc/self/status";
    let status = tree.needed(STATUS)?;
    let missing = |what| MachineError::Missing { path: tree.path(STATUS), what };
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let affinity = list.and_then(numbers).ok_or_else(|| missing("the processors that the process may use"))?;
    let online = tree.text("/sys/devices/system/cpu/online").and_then(|text| numbers(&text));
    let set = chain(tree, "cpuset").and_then(|chain| {
        let file = if chain.generation == Generation::First { "cpuset.cpus" } else { "cpuset.cpus.effective" };
        chain.values(|folder| numbers(&tree.text(&format!("{folder}/{file}"))?)).next()
    });
    let is_in = |list: &Option<Vec<Range>>, number: u64| list.as_ref().is_none_or(|list| contains(list, number));
    let allowed = each(&affinity).filter(|number| is_in(&online, *number) && is_in(&set, *number)).count();
    let online = online.map_or(allowed, |online| each(&online).count());
    let quota_milli = quota_milli(tree);
    let whole = quota_milli.map_or(u64::MAX, |milli| milli / 1000);
    let usable = u64::try_from(allowed).unwrap_or(u64::MAX).min(whole).max(1);
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Cores { online: count(online as u64), allowed: count(allowed as u64), quota_milli, usable: count(usable) })
}

/// The least of the groups' quotas, rounded down to thousandths.
fn quota_milli(tree: &Tree) -> Option<u64> {
    let chain = chain(tree, "cpu")?;
    let generation = chain.generation;
    let quota = |folder: &str| {
        let (quota, period) = match generation {
            Generation::First => {
                (tree.number(&format!("{folder}/cpu.cfs_quota_us"))?, tree.number(&format!("{folder}/cpu.cfs_period_us"))?)
            }
            Generation::Second => {
                let text = tree.text(&format!("{folder}/cpu.max"))?;
                let (quota, period) = text.split_once(' ')?;
                (quota.parse().ok()?, period.trim().parse().ok()?)
            }
        };
        // -1, and the word `max`, are no quota.
        let (quota, period) = (u64::try_from(quota).ok()?, u64::try_from(period).ok()?);
        u64::try_from((u128::from(quota) * 1000).checked_div(u128::from(period))?).ok()
    };
    chain.values(quota).min()
}

/// First and last number of a part of a list.
type Range = (u64, u64);

/// A list as the kernel writes it: `0-3,8,10-11`.
fn numbers(text: &str) -> Option<Vec<Range>> {
    let mut ranges: Vec<Range> = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if last < first || last >= NUMBERS_MOST {
            return None;
        }
        ranges.push((first, last));
    }
    ranges.sort_unstable();
    (!ranges.is_empty()).then_some(ranges)
}

fn contains(ranges: &[Range], number: u64) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
}

/// Each number once, rising.
fn each(ranges: &[Range]) -> impl Iterator<Item = u64> {
    let mut next = 0;
    ranges.iter().flat_map(move |(first, last)| {
        let from = next.max(*first);
        next = next.max(last + 1);
        from..=*last
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_read_as_the_kernel_writes_them() {
        let all = |text: &str| numbers(text).map(|ranges| each(&ranges).collect::<Vec<_>>());
        assert_eq!(all("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(all("\t5"), Some(vec![5]));
        assert_eq!(all("0-3,2-4,0"), Some(vec![0, 1, 2, 3, 4]));
        for wrong in ["", "a", "3-1", "0-4294967295", "-1", "1,,x"] {
            assert_eq!(all(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_list_panics_or_runs_long(text in "[0-9,\\- ]{0,40}") {
            if let Some(ranges) = numbers(&text) {
                prop_assert!(each(&ranges).count() as u64 <= NUMBERS_MOST);
            }
        }
    }
}
