//! What both sides of a speed test say beside bytes: lines of JSON.

use super::{
    SpeedError,
    pace::{SILENCE, silent},
};
use depin_quantity::{Instant, Name};
use depin_services::coverage::{PublicKey, SignatureBytes, mobile::Speeds};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

/// Longest line.
const LINE: usize = 2_048;
/// Round trips that are measured.
pub(super) const PINGS: usize = 10;

/// Who wants to be measured.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hello {
    pub access_point: PublicKey,
    pub chain: Name,
}

/// What the server answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Answer {
    /// It tests: each direction for so many milliseconds.
    Begin { millis: u32 },
    /// It does not, for this reason.
    Refused(String),
}

/// What the server measured, signed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Verdict {
    pub server: PublicKey,
    pub at: Instant,
    pub measured: Speeds,
    pub signature: SignatureBytes,
}

pub(super) async fn say(to: &mut (impl AsyncWrite + Unpin), what: &impl Serialize) -> Result<(), SpeedError> {
    let mut line = serde_json::to_vec(what).map_err(|error| SpeedError::Wire(error.to_string()))?;
    line.push(b'\n');
    timeout(SILENCE, async {
        to.write_all(&line).await?;
        to.flush().await
    })
    .await
    .map_err(|_| silent())??;
    Ok(())
}

pub(super) async fn hear<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> Result<T, SpeedError> {
    let mut line = Vec::new();
    loop {
        let byte = timeout(SILENCE, from.read_u8()).await.map_err(|_| silent())??;
        if byte == b'\n' {
            return serde_json::from_slice(&line).map_err(|error| SpeedError::Wire(error.to_string()));
        }
        if line.len() == LINE {
            return Err(SpeedError::Wire("a line that does not end".to_owned()));
        }
        line.push(byte);
    }
}

/// The middle one of some times, in milliseconds, rounded up.
pub(super) fn middle(mut micros: Vec<u128>) -> u32 {
    micros.sort_unstable();
    let middle = micros.get(micros.len() / 2).copied().unwrap_or(0);
    u32::try_from(middle.div_ceil(1_000)).unwrap_or(u32::MAX)
}
