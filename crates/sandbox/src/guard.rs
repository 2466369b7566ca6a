//! Holds all processes of a confined program together to its limits: the kernel's limit of memory is for each process alone.
//!
//! In: the outer process of a sandbox. Out: its end, when all of it together has more memory or processes than it may, and the word that this
//! was so. It looks four times a second, so a sandbox can be above its limit for that long; each process is bounded by the kernel meanwhile.
//! Works without root and without control groups.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{process::Child, task::JoinHandle};

/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// Most processes of the machine that are looked at.
const LOOKED_AT_MOST: usize = 100_000;

/// Watches a sandbox as long as this is held.
#[derive(Debug)]
pub struct Guard {
    over: Arc<AtomicBool>,
    watching: JoinHandle<()>,
}

impl Guard {
    /// Watches `child` with everything below it; it is killed when that has more than `memory_bytes` of memory or more than `processes`. Drop it
    /// before the child is dropped or waited for: only as long is its number its own.
    pub fn watch(child: &Child, memory_bytes: u64, processes: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (told, outer) = (Arc::clone(&over), child.id().and_then(|id| i32::try_from(id).ok()));
        let watching = tokio::spawn(async move {
            let Some(outer) = outer else { return };
            loop {
                tokio::time::sleep(LOOK).await;
                let looked = tokio::task::spawn_blocking(move || is_over(outer, memory_bytes, processes)).await;
                if looked.unwrap_or(false) {
                    told.store(true, Ordering::Release);
                    // One that ended by itself meanwhile is what was wanted.
                    let _ = Pid::from_raw(outer).map(|pid| kill_process(pid, Signal::KILL));
                    return;
                }
            }
        });
        Self { over, watching }
    }

    /// Whether it was killed for its memory or its number of processes.
    pub fn was_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn is_over(outer: i32, memory_bytes: u64, processes: usize) -> bool {
    // What cannot be looked at is not let go on.
    let Some(all) = tree(outer) else { return true };
    if all.len() > processes {
        return true;
    }
    let sum = |of: fn(i32) -> Option<u64>| all.iter().filter_map(|pid| of(*pid)).fold(0, u64::saturating_add);
    // What processes share counts in each of them at first; only where that is too much their shares are asked for, which takes longer.
    sum(resident) > memory_bytes && sum(|pid| share(pid).or_else(|| resident(pid))) > memory_bytes
}

/// A process and all below it, by who began whom; none when the machine has too many to look at.
fn tree(outer: i32) -> Option<BTreeSet<i32>> {
    let mut below = BTreeMap::<i32, Vec<i32>>::new();
    let names = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.file_name());
    let numbers = names.filter_map(|name| name.to_str()?.parse::<i32>().ok());
    for (looked, pid) in numbers.enumerate() {
        if looked > LOOKED_AT_MOST {
            return None;
        }
        if let Some(parent) = parent(pid) {
            below.entry(parent).or_default().push(pid);
        }
    }
    let (mut all, mut next) = (BTreeSet::from([outer]), vec![outer]);
    while let Some(pid) = next.pop() {
        next.extend(below.remove(&pid).into_iter().flatten().filter(|pid| all.insert(*pid)));
    }
    Some(all)
}

/// Who began a process: the second field behind its name, which may hold anything.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind = &stat[stat.iter().rposition(|byte| *byte == b')')? + 1..];
    String::from_utf8_lossy(behind).split_whitespace().nth(1)?.parse().ok()
}

/// Memory of a process's own, bytes, what it shares counted whole.
fn resident(pid: i32) -> Option<u64> {
    sum_of(&format!("/proc/{pid}/status"), &["RssAnon:", "RssShmem:"])
}

/// Its share of what it has together with others.
fn share(pid: i32) -> Option<u64> {
    sum_of(&format!("/proc/{pid}/smaps_rollup"), &["Pss_Anon:", "Pss_Shmem:"])
}

fn sum_of(file: &str, fields: &[&str]) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let lines = text.lines().filter_map(|line| fields.iter().find_map(|field| line.strip_prefix(field)));
    let kilobytes = lines.filter_map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).fold(0, u64::saturating_add);
    Some(kilobytes.saturating_mul(1_024))
}
