//! Measuring processor time of one thread, and what signatures cost by themselves.

use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{BatchEntry, BatchVerifier as _, ed25519};
use commonware_parallel::Sequential;
use depin_ledger::SignedItem;
use std::time::Duration;

const SAMPLES: usize = 7;
const SAMPLE: Duration = Duration::from_millis(300);

/// CPU time of this thread: what one core needs, whatever else the machine does.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time goes on")
}

/// Runs it; its time and what it gives.
pub fn timed<T>(f: impl FnOnce() -> T) -> (Duration, T) {
    let start = cpu();
    let value = f();
    (cpu() - start, value)
}

/// Time of one run: the median of several samples, each long enough that the kernel's clock tick (up to 10 ms) does not show.
pub fn median(mut f: impl FnMut()) -> Duration {
    let sample = |_| {
        let (start, mut runs) = (cpu(), 0);
        loop {
            f();
            runs += 1;
            let spent = cpu() - start;
            if spent >= SAMPLE {
                return spent / runs;
            }
        }
    };
    middle((0..SAMPLES).map(sample).collect())
}

/// The median.
pub fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many a second.
pub fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Checks signatures in one batch, and does nothing else.
pub fn bare_batch(items: &[SignedItem<'_>]) -> bool {
    let decoded: Option<Vec<_>> = items
        .iter()
        .map(|item| {
            let key = ed25519::PublicKey::decode(Copying(item.key)).ok()?;
            let signature = ed25519::Signature::decode(Copying(item.signature)).ok()?;
            Some((key, signature, item.message))
        })
        .collect();
    let Some(decoded) = decoded else { return false };
    ed25519::PublicKey::verify_batch(
        &mut rand::rng(),
        &decoded,
        |_, (public_key, signature, message)| BatchEntry { namespace: b"", message, public_key, signature },
        &Sequential,
    )
}
