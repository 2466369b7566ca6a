//! Looks at a Podman service that was started here, and starts it again in its place when it died. Containers go on meanwhile.

use super::find::{self, answers, is_refused};
use crate::error::RuntimeError;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Mutex as AsyncMutex,
    task::JoinSet,
    time::{Instant, sleep},
};

/// Time between looks, and first pause between tries to start it.
const EVERY: Duration = Duration::from_secs(2);
/// Longest pause between tries.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Providers of one process share a service: one of them starts it, the others find it.
static ALONE: AsyncMutex<()> = AsyncMutex::const_new(());

#[derive(Clone)]
struct Service {
    state: PathBuf,
    mirror: Option<String>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// Watches a service until it is dropped.
pub(super) struct Watch {
    service: Service,
    _looks: JoinSet<()>,
}

impl Watch {
    pub(super) fn begin(state: &Path, mirror: Option<String>) -> Self {
        let service = Service { state: state.to_owned(), mirror, trouble: Arc::default() };
        let mut looks = JoinSet::new();
        looks.spawn(service.clone().look());
        Self { service, _looks: looks }
    }

    /// Why the service cannot be worked with now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.service.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts the service again if it died, without waiting for the next look.
    pub(super) async fn ensure(&self) -> Result<(), RuntimeError> {
        self.service.ensure().await
    }
}

impl Service {
    async fn look(self) {
        let (mut pause, mut next_try) = (EVERY, Instant::now());
        loop {
            sleep(EVERY).await;
            let socket = find::own_socket(&self.state);
            let trouble = if !is_refused(&socket).await {
                // One that is alive and silent is not ended: it may be at work on what it was asked for.
                (!answers(&socket).await).then(|| "Podman's service does not answer".to_owned())
            } else if !find::is_wanted(&self.state) {
                Some("Podman's service is away".to_owned())
            } else if Instant::now() < next_try {
                continue;
            } else {
                self.tell(Some("Podman's service died; it is started again".to_owned()));
                let failed = self.ensure().await.err();
                pause = if failed.is_some() { pause.saturating_mul(2).min(PAUSE_MAX) } else { EVERY };
                next_try = Instant::now() + pause;
                failed.map(|why| format!("Podman's service died and cannot be started: {why}"))
            };
            self.tell(trouble);
        }
    }

    async fn ensure(&self) -> Result<(), RuntimeError> {
        let _alone = ALONE.lock().await;
        // Without its number it was ended on purpose.
        if !find::is_wanted(&self.state) || !is_refused(&find::own_socket(&self.state)).await {
            return Ok(());
        }
        find::start(&self.state, self.mirror.as_deref()).await?;
        tracing::info!(folder = %self.state.display(), "Podman's service had died and was started again");
        Ok(())
    }

    fn tell(&self, trouble: Option<String>) {
        let mut told = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_some() && *told != trouble {
            tracing::warn!(folder = %self.state.display(), trouble, "the container engine cannot be worked with");
        }
        *told = trouble;
    }
}

/// Ends the service of a folder for good: it is not started again by whoever watches it.
pub(super) async fn end(state: &Path) {
    let _alone = ALONE.lock().await;
    find::end(state).await;
}
