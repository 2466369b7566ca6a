//! The test server.

use super::{
    SpeedError,
    pace::{SILENCE, rate, receive, send, silent},
    wire::{Answer, Hello, PINGS, Verdict, hear, middle, say},
};
use crate::mobile::entry::signed;
use depin_client::{Client, SigningKey};
use depin_quantity::{Instant as Time, Name};
use depin_services::coverage::{
    PublicKey, SignatureBytes,
    mobile::{SpeedTest, Speeds},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::{Instant, timeout},
};

/// Tests at a time: more would measure each other.
const AT_ONCE: usize = 4;
/// Connections that wait to be told that the server is busy.
const WAITING: usize = 64;

/// Settings of a test server.
#[derive(Clone, Debug)]
pub struct SpeedServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// For how long each direction is measured.
    pub length: Duration,
}

/// A test server that runs.
#[derive(Debug)]
pub struct SpeedServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// What each test works with.
struct Shared {
    key: SigningKey,
    chain: Name,
    client: Client,
    length: Duration,
    places: Semaphore,
}

impl SpeedServer {
    /// Listens, and measures who asks. `key` signs what it measures; ledger time is the node's.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(config: SpeedServerConfig, client: Client, chain: Name, key: SigningKey) -> std::io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let places = Semaphore::new(AT_ONCE);
        let shared = Arc::new(Shared { key, chain, client, length: config.length, places });
        Ok(Self { address, task: tokio::spawn(serve(listener, shared)) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it; tests under way break off.
    pub async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let (waiting, mut tests) = (Arc::new(Semaphore::new(WAITING)), tokio::task::JoinSet::new());
    loop {
        while tests.try_join_next().is_some() {}
        let Ok((line, from)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&waiting).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        tests.spawn(async move {
            if let Err(error) = shared.test(line).await {
                tracing::debug!(%from, %error, "a speed test came to nothing");
            }
            drop(place);
        });
    }
}

impl Shared {
    async fn test(&self, line: TcpStream) -> Result<(), SpeedError> {
        line.set_nodelay(true)?;
        let mut line = BufStream::new(line);
        let hello: Hello = hear(&mut line).await?;
        let Ok(_place) = self.places.try_acquire() else {
            return say(&mut line, &Answer::Refused(format!("{AT_ONCE} tests are under way; try again in a minute"))).await;
        };
        let status = match self.client.status().await {
            Ok(status) if hello.chain == self.chain => status,
            Ok(_) => return say(&mut line, &Answer::Refused(format!("it measures for the chain {}", self.chain))).await,
            Err(_) => return say(&mut line, &Answer::Refused("its node does not answer".to_owned())).await,
        };
        let millis = u32::try_from(self.length.as_millis()).unwrap_or(u32::MAX);
        say(&mut line, &Answer::Begin { millis }).await?;
        let measured = self.measure(&mut line).await?;
        let (server, at, blank) =
            (PublicKey::new(self.key.public_key()), Time::new(status.time_ms), SignatureBytes::new([0; 64]));
        let test =
            SpeedTest { key: hello.access_point, server, at, own: measured, measured, signature: blank, server_signature: blank };
        let signature = signed(&self.key, self.chain, &test.server_signed());
        say(&mut line, &Verdict { server, at, measured, signature }).await
    }

    async fn measure(&self, line: &mut BufStream<TcpStream>) -> Result<Speeds, SpeedError> {
        let mut times = Vec::new();
        for _ in 0..PINGS {
            let (ping, begin) = (rand::random::<u64>(), Instant::now());
            line.write_u64(ping).await?;
            line.flush().await?;
            // An echo that was not heard could be sent before its ping; a number that nobody knew cannot.
            if timeout(SILENCE, line.read_u64()).await.map_err(|_| silent())?? != ping {
                return Err(SpeedError::Wire("an echo of another ping".to_owned()));
            }
            times.push(begin.elapsed().as_micros());
        }
        let begin = Instant::now();
        let bytes = send(line, self.length).await?;
        timeout(SILENCE, line.read_u8()).await.map_err(|_| silent())??;
        let down = rate(bytes, begin.elapsed());
        let (bytes, first) = receive(line, self.length * 4 + SILENCE).await?;
        let up = rate(bytes, first.elapsed());
        Ok(Speeds { down, up, latency: middle(times) })
    }
}
