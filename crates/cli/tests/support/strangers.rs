//! Strangers: connections that keep a port busy and give nothing, from many addresses of loopback, until they are told to stop.

use depin_client::SigningKey;
use depin_provider::storage::{HEADER_CLIENT, HEADER_KEY, HEADER_SIGNATURE, HEADER_TIME, ProviderRequest, RequestKind};
use depin_quantity::Name;
use depin_services::storage::piece::Commitment;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// Pause between two bytes of one that drips.
const PAUSE: Duration = Duration::from_secs(5);
/// Pause before one that was cut off comes again.
const AGAIN: Duration = Duration::from_secs(15);

/// How a stranger behaves.
#[derive(Clone)]
pub enum Kind {
    /// Sends this and then nothing, and reads nothing.
    Says(Arc<str>),
    /// Sends what this gives, made anew each time, then a byte now and then.
    Drips(Arc<dyn Fn() -> String + Send + Sync>),
}

/// Counts of what became of them.
#[derive(Default)]
pub struct Tally {
    pub opened: AtomicUsize,
    pub cut: AtomicUsize,
    pub refused: AtomicUsize,
}

/// All strangers; they vanish when it is dropped.
#[derive(Default)]
pub struct Strangers {
    tasks: JoinSet<()>,
    count: usize,
    pub tally: Arc<Tally>,
}

impl Strangers {
    /// Sends so many of a kind to a port.
    pub fn send(&mut self, count: usize, to: SocketAddr, kind: &Kind) {
        for _ in 0..count {
            self.count += 1;
            // From 127.0.0.1, where honest clients are too, to 127.0.0.9.
            let from = Ipv4Addr::new(127, 0, 0, u8::try_from(self.count % 9 + 1).unwrap());
            let (kind, tally) = (kind.clone(), Arc::clone(&self.tally));
            // Not all in the same moment, which no port could tell from one another's.
            let begin = Duration::from_millis(self.count as u64 % 1_000);
            self.tasks.spawn(async move {
                sleep(begin).await;
                loop {
                    match come(from, to, &kind, &tally).await {
                        Ok(()) => tally.cut.fetch_add(1, Ordering::Relaxed),
                        Err(_) => tally.refused.fetch_add(1, Ordering::Relaxed),
                    };
                    sleep(AGAIN).await;
                }
            });
        }
    }

    pub fn printed(&self) -> String {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let Tally { opened, cut, refused } = &*self.tally;
        format!("{} strangers: {} connections, {} cut off, {} failed", self.count, of(opened), of(cut), of(refused))
    }
}

/// One connection, until it is cut off.
async fn come(from: Ipv4Addr, to: SocketAddr, kind: &Kind, tally: &Tally) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(2_048)?;
    socket.bind((from, 0).into())?;
    let mut stream = socket.connect(to).await?;
    tally.opened.fetch_add(1, Ordering::Relaxed);
    match kind {
        Kind::Says(text) => {
            stream.write_all(text.as_bytes()).await?;
            closed(&stream).await
        }
        Kind::Drips(text) => {
            stream.write_all(text().as_bytes()).await?;
            // Ends when the other side does: what it says is not read.
            loop {
                sleep(PAUSE).await;
                if stream.write_all(b"0").await.is_err() || is_closed(&mut stream) {
                    return Ok(());
                }
            }
        }
    }
}

/// Waits until the other side is gone, without reading what it sent.
async fn closed(stream: &TcpStream) -> std::io::Result<()> {
    let mut seen = [0; 4_096];
    loop {
        // Nothing to read any more and yet readable: it is the end.
        match stream.peek(&mut seen).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => sleep(PAUSE).await,
        }
        // An end behind unread bytes shows when something is written.
        if stream.try_write(b"\r\n").is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock) {
            return Ok(());
        }
    }
}

fn is_closed(stream: &mut TcpStream) -> bool {
    let mut byte = [0; 64];
    matches!(stream.try_read(&mut byte), Ok(0))
        || stream.try_read(&mut byte).is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock)
}

/// A key of a stranger.
pub fn stranger(number: u64) -> SigningKey {
    SigningKey::from_seed(&std::array::from_fn(|at| number.to_le_bytes().get(at).copied().unwrap_or(7)))
}

/// A well-signed upload of an odd piece, without its bytes.
pub fn upload_head(
    key: &SigningKey,
    chain_id: Name,
    provider: depin_quantity::Address,
    payload_bytes: u64,
    number: u64,
) -> String {
    let mut root: [u8; 32] = digest(number);
    root[31] &= 0x3f;
    let cid = Commitment::new(root).unwrap();
    signed_head(key, &request(chain_id, provider, cid, payload_bytes))
}

/// 32 bytes that follow from a number.
fn digest(number: u64) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(number.to_le_bytes()).into()
}

pub fn request(chain_id: Name, provider: depin_quantity::Address, cid: Commitment, payload_bytes: u64) -> ProviderRequest {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let time_ms = u64::try_from(since.as_millis()).unwrap();
    ProviderRequest { kind: RequestKind::Upload, chain_id, provider, cid, payload_bytes, time_ms }
}

pub fn signed_head(key: &SigningKey, request: &ProviderRequest) -> String {
    let headers = [
        (HEADER_CLIENT, key.address().to_string()),
        (HEADER_KEY, hex::encode(key.public_key())),
        (HEADER_TIME, request.time_ms.to_string()),
        (HEADER_SIGNATURE, hex::encode(key.sign(&request.signed_bytes()))),
    ];
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (cid, length) = (&request.cid, request.payload_bytes);
    format!("PUT /pieces/{cid} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n")
}

/// Sends a whole request on a connection of its own, and gives what comes back.
pub async fn ask(to: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(to).await?;
    let head = head.replacen("Host: x\r\n", "Host: x\r\nConnection: close\r\n", 1);
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
