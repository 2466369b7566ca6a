//! What runs in a network's process, and in which order it stops.

use crate::{Error, Result, Site, error::LOST, home::Endpoint, operators::Operators};
use async_trait::async_trait;
use futures::future;
use std::time::Duration;
use tokio::time;

/// Longest time that one part may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A part that was started. How one starts is its own affair: it takes what it needs from a [`Site`].
#[async_trait]
pub trait Part: Send + Sync {
    /// What messages call it: `the node`.
    fn name(&self) -> &'static str;

    /// Waits until it does its work. One that takes too long goes on by itself; what stands in its way is returned, a line each.
    async fn ready(&self) -> Vec<String> {
        Vec::new()
    }

    /// Resolves with the reason when it cannot go on.
    async fn failed(&self) -> Error {
        future::pending().await
    }

    /// Where it is reached by programs: its entries of `endpoints.json`.
    fn endpoints(&self) -> Vec<Endpoint> {
        Vec::new()
    }

    /// The operators that it runs, for who asks to stop or start one of them.
    fn operators(&mut self) -> Option<&mut dyn Operators> {
        None
    }

    /// Stops it; what it was asked before is finished first.
    async fn stop(self: Box<Self>);
}

/// What is told of a part that was left out because its own store or key was lost.
pub(crate) fn left_out(error: &Error) -> String {
    format!("{error}. The others go on without it, until that is mended: {}", error.advice())
}

/// The parts of one process, in the order in which they were started.
#[derive(Default)]
pub struct Parts {
    started: Vec<Box<dyn Part>>,
}

impl Parts {
    /// Takes a part that was started, and waits until it is ready before the next one starts.
    pub async fn add(&mut self, part: impl Part + 'static, site: &mut Site<'_>) {
        self.started.push(Box::new(part));
        if let Some(part) = self.started.last() {
            for what in part.ready().await {
                site.warn(what);
            }
        }
    }

    /// Where programs reach them.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.started.iter().flat_map(|part| part.endpoints()).collect()
    }

    /// Adds a part that started. One whose own store was lost does not keep the others from running: it is told, and left out until
    /// that is mended.
    ///
    /// # Errors
    /// Any other reason for which it did not start.
    pub async fn add_unless_lost(&mut self, part: Result<impl Part + 'static>, site: &mut Site<'_>) -> Result<()> {
        match part {
            Ok(part) => self.add(part, site).await,
            Err(error) if error.code == LOST => site.warn(left_out(&error)),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The operators among them; the first part that has some counts.
    pub fn operators(&mut self) -> Option<&mut dyn Operators> {
        self.started.iter_mut().find_map(|part| part.operators())
    }

    /// Resolves with the reason when one of them cannot go on.
    pub async fn failed(&self) -> Error {
        if self.started.is_empty() {
            return future::pending().await;
        }
        future::select_all(self.started.iter().map(|part| part.failed())).await.0
    }

    /// Stops them, the last one first, so that nothing loses what it stands on.
    pub async fn stop(mut self) {
        while let Some(part) = self.started.pop() {
            let name = part.name();
            if time::timeout(STOP_TIMEOUT, part.stop()).await.is_err() {
                tracing::warn!("{name} did not stop within {STOP_TIMEOUT:?} and is cut off; the next start recovers");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::sync::Notify;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Toy {
        name: &'static str,
        broken: Arc<Notify>,
        hangs: bool,
        log: Log,
    }

    #[async_trait]
    impl Part for Toy {
        fn name(&self) -> &'static str {
            self.name
        }

        async fn failed(&self) -> Error {
            self.broken.notified().await;
            Error::failed(format_args!("{} failed", self.name))
        }

        fn endpoints(&self) -> Vec<Endpoint> {
            vec![Endpoint::new(self.name, "http://127.0.0.1:1", [])]
        }

        async fn stop(self: Box<Self>) {
            self.log.0.lock().unwrap().push(self.name.to_owned());
            if self.hangs {
                future::pending::<()>().await;
            }
        }
    }

    fn parts(log: &Log, hanging: Option<&str>) -> (Parts, Vec<Arc<Notify>>) {
        let mut broken = Vec::new();
        let one = |name| {
            broken.push(Arc::default());
            let toy = Toy { name, broken: Arc::clone(broken.last().unwrap()), hangs: hanging == Some(name), log: log.clone() };
            Box::new(toy) as Box<dyn Part>
        };
        let started = ["node", "operators", "gateway"].map(one).into();
        (Parts { started }, broken)
    }

    #[tokio::test(start_paused = true)]
    async fn parts_stop_in_reverse_and_one_that_hangs_is_cut_off() {
        let log = Log::default();
        let begun = time::Instant::now();
        parts(&log, Some("operators")).0.stop().await;
        assert_eq!(*log.0.lock().unwrap(), ["gateway", "operators", "node"]);
        assert_eq!(begun.elapsed(), STOP_TIMEOUT);
    }

    #[tokio::test]
    async fn the_part_that_fails_is_named_and_endpoints_stand_in_order() {
        let (parts, broken) = parts(&Log::default(), None);
        broken[1].notify_one();
        assert_eq!(parts.failed().await.message, "operators failed");
        let names: Vec<_> = parts.endpoints().into_iter().map(|endpoint| endpoint.name).collect();
        assert_eq!(names, ["node", "operators", "gateway"]);
    }
}
