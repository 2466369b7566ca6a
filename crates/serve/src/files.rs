//! Open files: the process's limit, raised at start, and each port's share of it.
//!
//! Sockets of strangers must never take the files that the engine and the index need. So a part of the limit stays free of
//! connections, and where the ports of a process want more than the rest, all get proportionally less.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Files that no connection takes, where the limit allows it: engine, index, stores, uploads, this process's own connections.
const RESERVE: u64 = 1_024;
/// What a port has however low the limit is.
const LEAST: u64 = 16;

/// Files that all ports of this process want.
static WANTED: AtomicU64 = AtomicU64::new(0);
static TOLD: AtomicBool = AtomicBool::new(false);
static ALLOWED: OnceLock<u64> = OnceLock::new();

/// How many files the process may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    /// Before it was raised.
    pub before: u64,
    /// Now.
    pub now: u64,
}

/// Raises the number of files that this process may open to the most that the system allows it. Called once, at start.
pub fn raise() -> Files {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let before = current.unwrap_or(u64::MAX);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, limit = before, "the limit of open files cannot be raised");
    }
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    // Ports of before keep to what they were told.
    let _ = ALLOWED.set(now);
    Files { before, now }
}

fn allowed() -> u64 {
    *ALLOWED.get_or_init(|| getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
}

/// Files that connections may take.
fn for_connections(allowed: u64) -> u64 {
    allowed - RESERVE.min(allowed / 2)
}

/// What is left of `connections` when all ports want `wanted` files and may have `available`.
fn scaled(connections: u64, wanted: u64, available: u64) -> u64 {
    if wanted <= available {
        return connections;
    }
    let part = u128::from(connections) * u128::from(available) / u128::from(wanted);
    u64::try_from(part).unwrap_or(connections).max(LEAST.min(connections))
}

/// A port's share of the process's files, until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    connections: u64,
    files: u64,
}

impl Share {
    pub(crate) fn take(connections: usize, files_each: usize) -> Self {
        let (connections, files) = (connections as u64, (connections as u64).saturating_mul(files_each.max(1) as u64));
        let wanted = WANTED.fetch_add(files, Ordering::Relaxed) + files;
        let (limit, available) = (allowed(), for_connections(allowed()));
        if wanted > available && !TOLD.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                limit,
                wanted = wanted + RESERVE,
                "the system allows fewer open files than all ports would use: every port takes fewer connections; \
                 raise the hard limit (ulimit -Hn, LimitNOFILE) for more"
            );
        }
        Self { connections, files }
    }

    /// Connections that the port may have now.
    pub(crate) fn connections(&self) -> usize {
        let now = scaled(self.connections, WANTED.load(Ordering::Relaxed), for_connections(allowed()));
        usize::try_from(now).unwrap_or(usize::MAX)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        WANTED.fetch_sub(self.files, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_stays_and_a_low_limit_is_halved() {
        assert_eq!(for_connections(20_000), 20_000 - RESERVE);
        assert_eq!(for_connections(4_096), 3_072);
        assert_eq!(for_connections(1_024), 512);
    }

    #[test]
    fn ports_share_what_is_there_in_proportion() {
        let available = for_connections(4_096);
        // A node, three providers whose connections open a file each, a gateway.
        let wanted = 2_048 + 3 * 1_024 * 2 + 1_024 * 2;
        let (node, other) = (scaled(2_048, wanted, available), scaled(1_024, wanted, available));
        assert_eq!((node, other), (614, 307));
        assert!(node + 3 * other * 2 + other * 2 <= available);
        assert_eq!(scaled(1_024, wanted, 20_000), 1_024, "enough for all");
        assert_eq!((scaled(1_024, 1 << 20, 256), scaled(4, 1 << 20, 256)), (LEAST, 4), "never none");
    }

    #[test]
    fn raising_is_idempotent() {
        let Files { now, .. } = raise();
        assert_eq!(raise(), Files { before: now, now });
    }
}
