//! What benches metric by.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Processor time of this thread that a piece of work takes, so that other work on the machine does not count; and what it gives.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = processor_time();
    let value = work();
    (processor_time() - start, value)
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("time goes on")
}
