//! One operator's daemon that runs, whatever its service.

use crate::{Error, Kind, Result};
use async_trait::async_trait;
use depin_provider::operator::{NODE_DISK, StartError};
use std::{collections::BTreeMap, fmt::Display, time::Duration};
use tokio::time;

/// Longest wait until an operator has registered and gone through everything once; it goes on by itself after that.
const READY: Duration = Duration::from_secs(60);
/// Problems that somebody must mend and no waiting does, how often its problems are looked at meanwhile, and how often in a row one must
/// be there.
const OWNERS: [&str; 3] = ["balance", "registration", NODE_DISK];
const LOOK: Duration = Duration::from_millis(500);
const OWNERS_SEEN: u32 = 4;

/// What every operator's handle can do.
#[async_trait]
pub trait Daemon: Send + Sync + 'static {
    /// Waits until it is registered and has gone through everything once.
    async fn settled(&self);
    /// What is to be told about how it started, a sentence each.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
    /// What stands in its way, by what it concerns.
    fn problems(&self) -> BTreeMap<String, String>;
    /// What its owner should know of the time in which it did not run.
    fn while_away(&self) -> Option<String> {
        None
    }
    /// Resolves with the reason when it cannot go on.
    async fn failed(&self) -> String;
    /// Stops it; what it was sent is finished first.
    async fn stop(self);
}

/// Waits until it does its work; gives what stands in its way when that takes too long, or when it is for its owner to mend.
pub async fn ready(daemon: &impl Daemon) -> Option<String> {
    tokio::select! {
        biased;
        () = daemon.settled() => None,
        () = hindered(daemon) => {
            let text: Vec<String> = daemon.problems().into_iter().map(|(what, why)| format!("{what}: {why}")).collect();
            let waiting = || "it is still registering, or going through what it has".to_owned();
            Some(if text.is_empty() { waiting() } else { text.join("; ") })
        }
    }
}

/// Resolves when waiting makes no sense: there is no money to go on with, the ledger does not take its entry, or the
/// node's disk is too full to take anything; else after a minute.
async fn hindered(daemon: &impl Daemon) {
    let (begun, mut seen) = (time::Instant::now(), 0);
    while begun.elapsed() < READY && seen < OWNERS_SEEN {
        time::sleep(LOOK).await;
        let problems = daemon.problems();
        seen = if OWNERS.iter().any(|concerns| problems.contains_key(*concerns)) { seen + 1 } else { 0 };
    }
}

/// What one that does its work has to tell its owner soon: what was lost while it was away, that its money is running out.
pub fn warning(daemon: &impl Daemon) -> Option<String> {
    let told: Vec<String> = daemon.while_away().into_iter().chain(daemon.problems().remove("funds")).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The error of one that does not start; `refused` says that trying again will not help.
pub(crate) fn not_started(name: impl Display, error: impl Display, refused: bool) -> Error {
    Error {
        kind: if refused { Kind::Refused } else { Kind::Broken },
        code: "provider".to_owned(),
        message: format!("{name} does not start: {error}"),
        hint: String::new(),
    }
}

/// What starting gave, as a result for people.
pub(crate) fn started<T>(name: impl Display, result: std::result::Result<T, StartError>) -> Result<T> {
    result.map_err(|error| not_started(name, &error, matches!(error, StartError::Url { .. })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    /// One that never gets through.
    struct Hindered(&'static str);

    #[async_trait]
    impl Daemon for Hindered {
        async fn settled(&self) {
            pending().await
        }

        fn problems(&self) -> BTreeMap<String, String> {
            BTreeMap::from([(self.0.to_owned(), "why".to_owned())])
        }

        async fn failed(&self) -> String {
            pending().await
        }

        async fn stop(self) {}
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_waiting_mends_does_not_hold_up_what_starts_after_it() {
        for (concerns, longest) in [("balance", 5), ("node-disk", 5), ("node", 60)] {
            let begun = time::Instant::now();
            assert_eq!(ready(&Hindered(concerns)).await, Some(format!("{concerns}: why")));
            let waited = begun.elapsed().as_secs();
            assert!(waited <= longest && (longest < 60 || waited >= 59), "{concerns}: {waited} s");
        }
    }
}
