//! Speed tests when they are due: two soon, then as often as keeps six of them new enough.

use super::{
    config::MobileConfig,
    counters::{Counters, count},
    speed::measure,
};
use depin_client::{Client, ClientError, Sender};
use depin_ledger::Message;
use depin_quantity::Name;
use depin_services::coverage::{CoverageMessage, mobile::MobileMessage};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Tests of one window.
const TESTS: u64 = 6;
/// Pauses between two looks.
const LONGEST: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(2);

/// Why the last test came to nothing; none when it did not.
pub(super) type Trouble = Arc<Mutex<Option<String>>>;

/// See the module.
pub(super) struct Tester {
    pub config: MobileConfig,
    /// Where the test server is: `host:port`.
    pub server: String,
    pub client: Client,
    pub sender: Sender,
    pub chain_id: Name,
    pub counters: Arc<Counters>,
    pub trouble: Trouble,
}

impl Tester {
    /// Tests for ever.
    pub(super) async fn run(self) {
        loop {
            let pause = match self.due().await {
                Ok(Some(pause)) => pause,
                Ok(None) => {
                    let trouble = self.test().await.err();
                    let pause = if trouble.is_some() { LONGEST } else { SHORTEST };
                    *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
                    pause
                }
                Err(error) => {
                    tracing::debug!(%error, "no speed test now");
                    SHORTEST
                }
            };
            tokio::time::sleep(pause.clamp(SHORTEST, LONGEST)).await;
        }
    }

    /// How long there is nothing to test; none when a test is due.
    async fn due(&self) -> Result<Option<Duration>, ClientError> {
        let coverage = self.client.coverage();
        let Some(network) = coverage.mobile().await? else { return Ok(Some(LONGEST)) };
        let Some(own) = coverage.access_point(self.config.access_point.address()).await? else { return Ok(Some(SHORTEST)) };
        let status = self.client.status().await?;
        let within = network.speed_tests_within_ms;
        let new = |at: u64| at.saturating_add(within) > status.time_ms;
        let good = own.speed_tests.iter().filter(|test| new(test.at.instant().get())).count();
        let Some(last) = own.speed_tests.last().map(|test| test.at.instant().get()) else { return Ok(None) };
        if good < network.speed_tests_least as usize {
            return Ok(None);
        }
        let rest = (last + within / TESTS).saturating_sub(status.time_ms) / u64::from(status.speed).max(1);
        Ok((rest > 0).then(|| Duration::from_millis(rest)))
    }

    async fn test(&self) -> Result<(), String> {
        let test = measure(&self.server, &self.config.access_point, self.chain_id).await.map_err(|error| error.to_string())?;
        let message = Message::service(CoverageMessage::Mobile(MobileMessage::Test(test)));
        self.sender.submit(message).await.map_err(|error| format!("the ledger does not take the speed test: {error}"))?;
        count(&self.counters.speed_tests);
        Ok(())
    }
}
