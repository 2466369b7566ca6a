//! Bytes at a pace.

use super::SpeedError;
use depin_services::coverage::mobile::points::MBPS;
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, sleep_until, timeout},
};

/// Bytes a second of a test: 250 Mbit/s.
pub(super) const PACE: u64 = 250 * MBPS;
/// Bytes of one write.
const CHUNK: usize = 64 * 1024;
/// Longest silence.
pub(super) const SILENCE: Duration = Duration::from_secs(10);
/// Marks a chunk behind which another one comes, and the last one.
const MORE: u8 = 1;
const LAST: u8 = 0;

/// Writes for so long, at the pace; gives how many bytes. Each chunk says whether it is the last.
pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), length: Duration) -> Result<u64, SpeedError> {
    let (begin, mut sent, mut chunk) = (Instant::now(), 0_u64, vec![0x5a_u8; CHUNK]);
    loop {
        let due = begin + Duration::from_micros(sent.saturating_mul(1_000_000) / PACE);
        sleep_until(due).await;
        let over = begin.elapsed() >= length;
        chunk[0] = if over { LAST } else { MORE };
        timeout(SILENCE, to.write_all(&chunk)).await.map_err(|_| silent())??;
        sent += CHUNK as u64;
        if over {
            timeout(SILENCE, to.flush()).await.map_err(|_| silent())??;
            return Ok(sent);
        }
    }
}

/// Reads what [`send`] writes; gives how many bytes, and when the first came.
pub(super) async fn receive(from: &mut (impl AsyncRead + Unpin), most: Duration) -> Result<(u64, Instant), SpeedError> {
    let (mut had, mut chunk, mut first) = (0_u64, vec![0_u8; CHUNK], None);
    let begin = Instant::now();
    loop {
        timeout(SILENCE, from.read_exact(&mut chunk)).await.map_err(|_| silent())??;
        let first = *first.get_or_insert_with(Instant::now);
        had += CHUNK as u64;
        match chunk[0] {
            LAST => return Ok((had, first)),
            MORE if begin.elapsed() < most => {}
            _ => return Err(SpeedError::Wire("bytes that do not end in time, or are no test's".to_owned())),
        }
    }
}

pub(super) fn silent() -> SpeedError {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "the other side was silent for 10 s").into()
}

/// Bytes a second, rounded down; those of the pace at most.
pub(super) fn rate(bytes: u64, took: Duration) -> u64 {
    let micros = took.as_micros().max(1);
    u64::try_from(u128::from(bytes) * 1_000_000 / micros).unwrap_or(u64::MAX).min(PACE)
}
