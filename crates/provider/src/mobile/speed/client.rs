//! The access point's side of a speed test.

use super::{
    SpeedError,
    pace::{SILENCE, rate, receive, send, silent},
    wire::{Answer, Hello, PINGS, Verdict, hear, middle, say},
};
use crate::mobile::entry::signed;
use depin_client::SigningKey;
use depin_quantity::Name;
use depin_services::coverage::{
    PublicKey, SignatureBytes,
    mobile::{SpeedTest, Speeds},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::TcpStream,
    time::{Instant, timeout},
};

/// Is measured by a server; gives the test with both signatures, ready for the ledger.
///
/// # Errors
/// [`SpeedError`].
pub(in crate::mobile) async fn measure(server: &str, key: &SigningKey, chain: Name) -> Result<SpeedTest, SpeedError> {
    let line = timeout(SILENCE, TcpStream::connect(server)).await.map_err(|_| silent())??;
    line.set_nodelay(true)?;
    let mut line = BufStream::new(line);
    let access_point = PublicKey::new(key.public_key());
    say(&mut line, &Hello { access_point, chain }).await?;
    let millis = match hear(&mut line).await? {
        Answer::Begin { millis } => millis.min(60_000),
        Answer::Refused(why) => return Err(SpeedError::Refused(why)),
    };
    let length = Duration::from_millis(millis.into());
    let latency = pings(&mut line).await?;
    let (bytes, first) = receive(&mut line, length * 4 + SILENCE).await?;
    let down = rate(bytes, first.elapsed());
    line.write_u8(1).await?;
    line.flush().await?;
    let begin = Instant::now();
    let bytes = send(&mut line, length).await?;
    let verdict: Verdict = hear(&mut line).await?;
    let own = Speeds { down, up: rate(bytes, begin.elapsed()), latency };
    let Verdict { server, at, measured, signature } = verdict;
    let blank = SignatureBytes::new([0; 64]);
    let mut test = SpeedTest { key: access_point, server, at, own, measured, signature: blank, server_signature: signature };
    test.signature = signed(key, chain, &test.signed());
    Ok(test)
}

/// Echoes pings; gives the middle of the times from an echo to the ping behind it, in milliseconds.
async fn pings(line: &mut BufStream<TcpStream>) -> Result<u32, SpeedError> {
    let (mut times, mut echoed) = (Vec::new(), None::<Instant>);
    for _ in 0..PINGS {
        let ping = timeout(SILENCE, line.read_u64()).await.map_err(|_| silent())??;
        times.extend(echoed.map(|at| at.elapsed().as_micros()));
        line.write_u64(ping).await?;
        line.flush().await?;
        echoed = Some(Instant::now());
    }
    Ok(middle(times))
}
