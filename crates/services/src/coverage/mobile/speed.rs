//! Speed tests: measured by both sides, the worse of the two counts.

use super::{
    error::MobileError,
    message::SpeedTest,
    points::{SPEED_MOST, speed_multiplier},
    rows::{AccessPoint, TestResult},
};
use crate::{
    context::Context,
    coverage::{error::CoverageError, event::CoverageEvent, params::AHEAD_MOST, service::Coverage},
};
use depin_quantity::{Instant, Span};

/// Speed tests that are kept, and that count.
const TESTS_MOST: usize = 6;
/// How old a speed test may be when it is reported.
const LATE_MOST: Span = Span::from_secs(3_600);

impl Context<'_, Coverage> {
    /// Order of refusals: access point, left, server, too fast, time.
    pub(super) fn speed_test(&mut self, test: &SpeedTest) -> Result<(), CoverageError> {
        let access_point = test.key.address();
        let mut row = self.active_point(access_point)?;
        if let Some(role) = self.mobile_params()?.speed_server {
            let is = self.role(role);
            if is != Some(test.server.address()) {
                return Err(MobileError::NotTheServer { is, given: test.server }.into());
            }
        }
        let (own, measured) = (test.own, test.measured);
        let fastest = own.down.max(own.up).max(measured.down).max(measured.up);
        if fastest > SPEED_MOST {
            return Err(MobileError::TooFast(fastest).into());
        }
        let now = self.now();
        let hour_ago = Instant::new(now.get().saturating_sub(LATE_MOST.get()));
        let from = row.tests.last().map_or(hour_ago, |last| last.at.later(Span::from_millis(1)).max(hour_ago));
        if test.at < from || test.at > now.later(AHEAD_MOST) {
            return Err(MobileError::TestTime { from, given: test.at }.into());
        }
        let result = TestResult {
            at: test.at,
            down: own.down.min(measured.down),
            up: own.up.min(measured.up),
            latency: own.latency.max(measured.latency),
        };
        if row.tests.len() == TESTS_MOST {
            row.tests.remove(0);
        }
        row.tests.push(result);
        self.state().put(&access_point, &row);
        self.mobile_totals(|totals| totals.tests += 1);
        self.emit(CoverageEvent::SpeedTested { access_point, owner: row.owner, server: test.server.address(), result });
        Ok(())
    }
}

impl AccessPoint {
    /// What its speed tests are worth at a time, in hundredths: the mean of those that are new enough, each part cut to a whole number.
    pub fn speed(&self, at: Instant, within: Span, least: usize) -> u32 {
        let good: Vec<_> = self.tests.iter().filter(|test| test.at <= at && test.at.later(within) >= at).collect();
        if good.len() < least || good.is_empty() {
            return 0;
        }
        let mean = |part: fn(&TestResult) -> u64| good.iter().map(|test| part(test)).sum::<u64>() / good.len() as u64;
        let latency = u32::try_from(mean(|test| test.latency.into())).unwrap_or(u32::MAX);
        speed_multiplier(mean(|test| test.down), mean(|test| test.up), latency)
    }
}
