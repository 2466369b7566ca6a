//! Storing a shard at a provider that takes it.
//!
//! In: a shard, candidates in the order to try them. Out: who has it, after a part of it was read back. An upload without progress for a
//! while is given up; before that, the next candidate is asked as well, and whoever is done first has the shard. How it went is
//! remembered. Absent on purpose: the order of candidates (`placement`).

use crate::{
    config::Config,
    core::Core,
    erasure::{self, CHUNK},
    map::FaultKind,
    market::Provider,
    piece,
    placement::{Candidate, Queue},
    shards::{Progress, ShardError},
    spending::Taken,
    writer::StoreError,
};
use bytes::Bytes;
use depin_services::storage::piece::Commitment;
use futures::{StreamExt as _, stream::FuturesUnordered};
use rand::RngExt as _;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Bytes that a provider hashes and makes durable in a millisecond, while it says nothing: as a rule, after which another one is asked,
/// and at the least, after which it is given up. A slow one that nobody can stand in for is better than none.
const SETTLED_PER_MS: u64 = 1 << 10;
const SETTLED_PER_MS_LEAST: u64 = 1 << 8;

/// A shard to store.
pub(crate) struct Shard {
    pub(crate) cid: Commitment,
    pub(crate) sums: Vec<u8>,
    pub(crate) bytes: Bytes,
}

/// An upload under way.
struct Attempt {
    candidate: Candidate,
    taken: Taken,
    progress: Progress,
}

/// Stores a shard with whoever has it first: `first`, or candidates of the queue.
///
/// # Errors
/// [`StoreError::Upload`] naming all that were tried, [`StoreError::CapReached`] when it costs more than the day has left.
pub(crate) async fn place(
    core: &Arc<Core>,
    index: usize,
    shard: &Shard,
    first: Candidate,
    queue: &Mutex<Queue>,
) -> Result<(Candidate, Taken), StoreError> {
    let queue = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let piece_size = piece::padded(shard.bytes.len() as u64);
    let mut running = FuturesUnordered::new();
    let (mut attempts, mut tried) = (Vec::<Attempt>::new(), Vec::new());
    let mut next = Some(first);
    loop {
        if let Some(candidate) = next {
            match core.take(core.cost(candidate.price, piece_size)) {
                Ok(taken) => {
                    let (provider, progress) = (candidate.provider.clone(), Progress::default());
                    attempts.push(Attempt { candidate, taken, progress: progress.clone() });
                    running.push(async move {
                        let outcome = upload(core, &provider, shard, &progress).await;
                        (provider, outcome)
                    });
                }
                Err(reached) if attempts.is_empty() => return Err(reached.into()),
                // What is under way may still be done.
                Err(_) => queue().failed(&candidate),
            }
        }
        let Some(newest) = attempts.last() else {
            return Err(StoreError::Upload { shard: index, tried: tried.join("; ") });
        };
        let (hedge, length) = (core.config.upload_hedge, shard.bytes.len() as u64);
        let stalled = stalled(hedge, length, SETTLED_PER_MS, newest.progress.clone());
        tokio::select! {
            Some((provider, outcome)) = running.next() => {
                let at = attempts.iter().position(|attempt| attempt.candidate.provider == provider);
                // Every upload that runs is among them.
                let Attempt { candidate, taken, .. } = attempts.remove(at.unwrap_or_default());
                match outcome {
                    Ok(()) => {
                        give_up(core, shard, &attempts, &candidate.provider);
                        return Ok((candidate, taken));
                    }
                    Err(error) => tried.push(format!("{provider} {error}")),
                }
                core.spending.give_back(taken);
                queue().failed(&candidate);
            }
            _ = stalled => {}
        }
        next = queue().next();
    }
}

/// Ends uploads that another one was quicker than.
fn give_up(core: &Arc<Core>, shard: &Shard, attempts: &[Attempt], quicker: &Provider) {
    for Attempt { candidate, taken, progress } in attempts {
        core.spending.give_back(*taken);
        let (provider, cid) = (candidate.provider.clone(), shard.cid);
        core.health.stalled(provider.address, core.now_ms());
        let (sent, all) = (progress.sent(), shard.bytes.len());
        let detail = format!("an upload stood still ({sent} of {all} bytes sent); {quicker} was quicker");
        core.fault(FaultKind::Slow, &provider, cid, None, &detail);
        take_back(core, provider, cid);
    }
}

/// Deletes a shard that is not wanted; what fails is dropped by the provider itself after a while.
pub(crate) fn take_back(core: &Arc<Core>, provider: Provider, cid: Commitment) {
    let core = core.clone();
    tokio::spawn(async move {
        let limit = core.config.delete_timeout;
        let Some(_claim) = core.claims.take(provider.address, cid) else { return };
        match timeout(limit, core.shards.delete(&provider, &cid)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%provider, %cid, %error, "an orphaned shard was left behind"),
            Err(_) => tracing::debug!(%provider, %cid, "an orphaned shard was left behind: no answer within {limit:?}"),
        }
    });
}

/// Stores one shard at one provider in bounded time, reads a part of it back, and remembers how that went.
pub(crate) async fn upload(core: &Core, provider: &Provider, shard: &Shard, progress: &Progress) -> Result<(), ShardError> {
    let length = shard.bytes.len() as u64;
    let put = core.shards.put(provider, &shard.cid, shard.bytes.clone(), progress);
    let stored = match bounded(&core.config, length, progress, put).await {
        Ok(()) => read_back(core, provider, shard).await,
        failed => failed,
    };
    match &stored {
        Ok(()) => core.health.did_store(provider.address),
        // What is wrong is this account's, at every provider.
        Err(ShardError::Unfunded(_)) => {}
        Err(error) => {
            match error {
                ShardError::Stalled(_) => core.health.stalled(provider.address, core.now_ms()),
                _ => core.health.failed(provider.address, core.now_ms()),
            }
            // Being full is no fault.
            if !matches!(error, ShardError::Full(_) | ShardError::Limited(_)) {
                core.fault(FaultKind::Upload, provider, shard.cid, None, &error.to_string());
            }
        }
    }
    stored
}

/// An upload, given up when it stands still, drips, or takes longer than any may.
async fn bounded(
    config: &Config,
    length: u64,
    progress: &Progress,
    put: impl Future<Output = Result<(), ShardError>>,
) -> Result<(), ShardError> {
    let (limit, rate) = (config.upload_timeout, config.upload_rate);
    let why = tokio::select! {
        stored = put => return stored,
        patience = stalled(config.upload_silence, length, SETTLED_PER_MS_LEAST, progress.clone()) => {
            format!("an upload stood still for {patience:?}, {} of {length} bytes sent", progress.sent())
        }
        () = drips(config, length, progress) => {
            format!("it takes an upload at less than {rate} bytes a second, {} of {length} bytes sent", progress.sent())
        }
        () = sleep(limit) => format!("no answer to an upload within {limit:?}"),
    };
    Err(ShardError::Stalled(why))
}

/// Returns when nothing more was sent for `silence`; with everything sent, for as much longer as the provider may need to make it durable.
async fn stalled(silence: Duration, length: u64, settled_per_ms: u64, progress: Progress) -> Duration {
    let (mut seen, mut since) = (progress.sent(), Instant::now());
    loop {
        let patience = if seen < length { silence } else { silence + Duration::from_millis(length / settled_per_ms) };
        let left = patience.saturating_sub(since.elapsed());
        if left.is_zero() {
            return patience;
        }
        sleep(left.min(LOOK)).await;
        let sent = progress.sent();
        if sent != seen {
            (seen, since) = (sent, Instant::now());
        }
    }
}

/// Returns when an upload that goes on is too slow over its whole time, after a silence's length of grace.
async fn drips(config: &Config, length: u64, progress: &Progress) {
    let began = Instant::now();
    sleep(config.upload_silence).await;
    loop {
        let (sent, ms) = (u128::from(progress.sent()), began.elapsed().as_millis());
        if sent < u128::from(length) && sent * 1_000 < ms * u128::from(config.upload_rate) {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Reads a chunk of a shard that was just stored, which one is chance: whoever says that it is stored and throws it away is found out
/// before anything is acknowledged.
async fn read_back(core: &Core, provider: &Provider, shard: &Shard) -> Result<(), ShardError> {
    let length = shard.bytes.len() as u64;
    let chunk = rand::rng().random_range(0..length.div_ceil(CHUNK).max(1));
    let range = chunk * CHUNK..(chunk * CHUNK + CHUNK).min(length);
    let limit = core.config.upload_silence;
    let read = timeout(limit, core.shards.get(provider, &shard.cid, range.clone())).await;
    let wrong =
        |why: String| ShardError::Wrong(format!("it said that the shard is stored, and reading a part of it back: {why}"));
    match read {
        Err(_) => Err(ShardError::Stalled(format!("a part of a stored shard did not come back within {limit:?}"))),
        Ok(Ok(bytes)) if bytes.len() as u64 != range.end - range.start => Err(wrong(format!("{} bytes came", bytes.len()))),
        Ok(Ok(bytes)) if erasure::first_altered(&bytes, chunk, &shard.sums).is_some() => {
            Err(wrong("other bytes came".to_owned()))
        }
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(wrong(format!("it {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::SystemClock,
        shards::{HttpShards, Shards as _},
    };
    use depin_client::{Reach, SigningKey, Trust};
    use depin_quantity::Address;
    use tokio::{io::AsyncReadExt as _, net::TcpListener};

    /// What an upload of 32 MiB to a provider on `listener` ends with.
    async fn outcome(listener: &TcpListener, config: &Config) -> ShardError {
        let key = Arc::new(SigningKey::from_seed(&[7; 32]));
        let shards = HttpShards::new(key, Arc::new(SystemClock), "test-1", Reach::local(), &Trust::default()).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Provider { address: Address::new([1; 32]), name: "tar".to_owned(), url };
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy".parse().unwrap();
        let (bytes, progress) = (Bytes::from(vec![7; 32 << 20]), Progress::default());
        let put = shards.put(&provider, &cid, bytes.clone(), &progress);
        let ended = bounded(config, bytes.len() as u64, &progress, put).await;
        ended.unwrap_err()
    }

    #[tokio::test]
    async fn a_provider_that_hashes_slowly_is_waited_for_longer_than_others_are_asked_after() {
        let (progress, length) = (Progress::default(), 256 << 10);
        let silence = Duration::from_millis(50);
        assert_eq!(stalled(silence, length, SETTLED_PER_MS_LEAST, progress.clone()).await, silence, "nothing was sent");
        progress.add(length);
        assert_eq!(stalled(silence, length, SETTLED_PER_MS, progress.clone()).await.as_millis(), 50 + 256);
        let began = Instant::now();
        assert_eq!(stalled(silence, length, SETTLED_PER_MS_LEAST, progress).await.as_millis(), 50 + 4 * 256);
        assert!(began.elapsed().as_millis() >= 50 + 4 * 256);
    }

    #[tokio::test]
    async fn an_upload_that_nobody_reads_is_given_up_when_it_stands_still() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config { upload_silence: Duration::from_millis(500), ..Config::new("/nowhere", "a", "b") };
        let (ended, _connection) = tokio::join!(outcome(&listener, &config), listener.accept());
        let said = ended.to_string();
        assert!(matches!(ended, ShardError::Stalled(_)) && said.contains("stood still for 500ms"), "{said}");
    }

    #[tokio::test]
    async fn an_upload_that_is_read_drop_by_drop_is_given_up_after_its_grace() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silence = Duration::from_secs(2);
        // More than what the system's buffers take at once.
        let config = Config { upload_silence: silence, upload_rate: 1 << 30, ..Config::new("/nowhere", "a", "b") };
        let reading = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut piece = vec![0; 256 << 10];
            loop {
                if connection.read(&mut piece).await.unwrap_or(0) == 0 {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = tokio::select! {
            ended = outcome(&listener, &config) => ended,
            () = reading => panic!("the upload came to its end"),
        };
        assert!(ended.to_string().contains("less than 1073741824 bytes a second"), "{ended}");
    }
}
