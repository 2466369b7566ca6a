//! What is asked for at the beginning of a tunnel, and the answer: each a length of two bytes, the larger first, and JSON.

use crate::secret::Secret;
use depin_quantity::UnitId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, io};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The form of what is said here.
pub(super) const VERSION: u8 = 1;
/// Longest text.
const BYTES_MAX: u16 = 8 << 10;
/// Longest reason of a refusal.
const WHY_CHARS_MAX: usize = 400;

/// The first words of whoever opens a tunnel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) version: u8,
    pub(super) hire: UnitId,
    /// The node that asks; its account is the one whose key the tunnel shows.
    pub(super) from: u8,
    /// The node that is asked.
    pub(super) to: u8,
    pub(super) ask: Ask,
}

/// What is wanted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Ask {
    /// A stream to a port.
    Dial { port: u16 },
    /// What a node needs to begin; of the head alone.
    Join { versions: BTreeMap<String, String> },
    /// Whether the node runs.
    Look,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Answer {
    /// From here on the bytes are the stream's.
    Open,
    /// To who joins.
    Joined(Joined),
    /// Whether the node runs.
    State { running: bool },
    /// No. `for_good` when asking again is of no use.
    Refused { why: String, for_good: bool },
}

/// What a node needs to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Joined {
    pub(crate) secret: Secret,
}

impl Answer {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into().chars().take(WHY_CHARS_MAX).collect(), for_good: true }
    }

    pub(super) fn not_now(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into().chars().take(WHY_CHARS_MAX).collect(), for_good: false }
    }
}

fn wrong(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Reads what was written by [`write`].
pub(super) async fn read<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let length = stream.read_u16().await?;
    if length > BYTES_MAX {
        return Err(wrong(format!("it says {length} bytes, and {BYTES_MAX} are the most")));
    }
    let mut text = vec![0; length.into()];
    stream.read_exact(&mut text).await?;
    serde_json::from_slice(&text).map_err(wrong)
}

/// Writes one text.
pub(super) async fn write<T: Serialize + Sync>(stream: &mut (impl AsyncWrite + Unpin), what: &T) -> io::Result<()> {
    let text = serde_json::to_vec(what).map_err(wrong)?;
    let length = u16::try_from(text.len()).ok().filter(|length| *length <= BYTES_MAX);
    let length = length.ok_or_else(|| wrong(format!("it has {} bytes, and {BYTES_MAX} are the most", text.len())))?;
    // In one piece: a record of TLS each would cost more than what is in it.
    let mut piece = length.to_be_bytes().to_vec();
    piece.extend_from_slice(&text);
    stream.write_all(&piece).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(
            &mut bytes,
            &Hello { version: VERSION, hire: UnitId::new([7; 32]), from: 1, to: 0, ask: Ask::Dial { port: 20_006 } },
        )
        .await
        .unwrap();
        let hello: Hello = read(&mut bytes.as_slice()).await.unwrap();
        assert!(matches!(hello, Hello { from: 1, to: 0, ask: Ask::Dial { port: 20_006 }, .. }));
    }

    #[tokio::test]
    async fn what_is_too_long_is_neither_written_nor_read() {
        assert!(write(&mut Vec::new(), &"x".repeat(BYTES_MAX.into())).await.is_err());
        let error = read::<Hello>(&mut [0xff, 0xff, b'{'].as_slice()).await.unwrap_err();
        assert!(error.to_string().contains("65535 bytes, and 8192 are the most"), "{error}");
        let Answer::Refused { why, .. } = Answer::refused("\u{e4}".repeat(9_999)) else { panic!("a refusal") };
        assert_eq!(why.chars().count(), WHY_CHARS_MAX);
    }

    proptest! {
        /// No bytes of a stranger are more than an error.
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(read::<Hello>(&mut bytes.as_slice()));
            let _ = runtime.block_on(read::<Answer>(&mut bytes.as_slice()));
        }
    }
}
