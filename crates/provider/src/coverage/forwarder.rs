//! The hotspot's side towards its packet forwarder: GWMP over UDP.
//!
//! In: datagrams of any packet forwarder. Out: receipts at once, packets whose checksum fits to whoever routes them, and packets to emit with
//! the forwarder's word about each.
//!
//! GWMP has no authentication. One forwarder is served, the first that shows itself or the one that was named; its datagrams come from where
//! they came from first, each direction by itself, until it was silent for a while. All others are dropped before anything of them is read; by the
//! system, while there are too many of them ([`flood`]).

use super::{
    counters::{Counters, count},
    flood::{self, Flood, Wanted},
};
use depin_lorawan::{
    Eui,
    gwmp::{
        Crc, DATAGRAM_BYTES_MAX, Datagram, GatewayStatus, Kind, RxPacket, TxError, TxPacket, TxReport, VERSION, decode, encode,
    },
};
use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot},
};

/// For how long nobody else speaks for a forwarder that is silent.
const PIN: Duration = Duration::from_secs(45);
/// For how long a forwarder can be sent to after its last sign of life.
const REACHABLE: Duration = Duration::from_secs(90);
/// Datagrams that wait while others of this machine have its processors, bytes; the system may allow for fewer.
const QUEUE_BYTES: usize = 4 << 20;
/// Longest wait for a forwarder's word about a packet to emit.
const ANSWER: Duration = Duration::from_secs(2);

/// A packet that was heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// It.
    pub packet: RxPacket,
    /// When it came here.
    pub at: Instant,
}

/// Where a forwarder's datagrams come from, and when the last one came.
#[derive(Clone, Copy, Debug)]
struct Source {
    from: SocketAddr,
    seen: Instant,
}

#[derive(Debug, Default)]
struct Peer {
    /// None until one showed itself.
    eui: Option<Eui>,
    /// PUSH_DATA.
    up: Option<Source>,
    /// PULL_DATA and TX_ACK.
    down: Option<Source>,
    status: Option<GatewayStatus>,
    token: u16,
    asked: BTreeMap<u16, oneshot::Sender<TxReport>>,
}

impl Peer {
    /// Whether a datagram of this gateway may come from there now; notes that it did.
    fn admit(&mut self, eui: Eui, from: SocketAddr, downwards: bool, now: Instant) -> bool {
        let silent = |source: &Source| now.duration_since(source.seen) > PIN;
        let gone = [&self.up, &self.down].into_iter().flatten().all(silent);
        if self.eui.is_some_and(|own| own != eui) && !gone {
            return false;
        }
        let source = if downwards { &mut self.down } else { &mut self.up };
        if source.as_ref().is_some_and(|source| source.from != from && !silent(source)) {
            return false;
        }
        *source = Some(Source { from, seen: now });
        self.eui = Some(eui);
        true
    }
}

/// The hotspot's UDP port.
#[derive(Debug)]
pub(super) struct Front {
    socket: UdpSocket,
    /// The only one that is served, where it was named.
    named: Option<Eui>,
    /// The only address that it sends from, where that was named.
    only: Option<IpAddr>,
    peer: Mutex<Peer>,
    counters: Arc<Counters>,
}

/// What a forwarder is known by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Forwarder {
    pub eui: Option<Eui>,
    pub connected: bool,
    pub status: Option<GatewayStatus>,
}

impl Front {
    pub(super) async fn bind(
        listen: SocketAddr,
        (named, only): (Option<Eui>, Option<IpAddr>),
        counters: Arc<Counters>,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(listen).await?;
        if let Err(error) = socket2::SockRef::from(&socket).set_recv_buffer_size(QUEUE_BYTES) {
            tracing::debug!(%error, "datagrams wait in a queue of the system's usual length");
        }
        Ok(Self { socket, named, only, peer: Mutex::default(), counters })
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn peer(&self) -> MutexGuard<'_, Peer> {
        // Whole at every point where a holder could stop.
        self.peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The forwarder, as it is known now.
    pub(super) fn forwarder(&self) -> Forwarder {
        let peer = self.peer();
        let connected = peer.down.is_some_and(|down| down.seen.elapsed() < REACHABLE);
        Forwarder { eui: peer.eui, connected, status: peer.status.clone() }
    }

    /// Serves for ever. What is heard goes to `heard`; what does not fit there is dropped and counted.
    pub(super) async fn serve(self: Arc<Self>, heard: mpsc::Sender<Heard>) {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX + 1];
        let mut flood = Flood::new(Instant::now());
        loop {
            let received = match flood.until() {
                None => self.socket.recv_from(&mut buffer).await,
                Some(until) => tokio::select! {
                    received = self.socket.recv_from(&mut buffer) => received,
                    () = tokio::time::sleep_until(until.into()) => {
                        self.let_in(&mut flood);
                        continue;
                    }
                },
            };
            match received {
                Ok((length, from)) => {
                    if !self.take(&buffer[..length], from, &heard).await && flood.note(Instant::now()) {
                        self.keep_out();
                    }
                }
                // As of a datagram that nobody took.
                Err(error) => {
                    tracing::debug!(%error, "a datagram was not received");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    /// What [`Front::admits`] would take now.
    fn wanted(&self) -> Wanted {
        let (peer, now) = (self.peer(), Instant::now());
        let of =
            |source: Option<Source>| source.filter(|source| now.duration_since(source.seen) <= PIN).map(|source| source.from);
        Wanted { eui: self.named.or(peer.eui), only: self.only, up: of(peer.up), down: of(peer.down) }
    }

    /// Has the system drop datagrams of others for a while.
    fn keep_out(&self) {
        let wanted = self.wanted();
        if wanted == Wanted::default() {
            return;
        }
        match flood::keep_out(&self.socket, &wanted) {
            Ok(()) => {
                count(&self.counters.floods);
                tracing::warn!(
                    "others send too many datagrams to the packet forwarder's port; theirs are dropped unread for some seconds"
                );
            }
            Err(error) => tracing::debug!(%error, "the system has no packet filters; datagrams of others are read and dropped"),
        }
    }

    fn let_in(&self, flood: &mut Flood) {
        flood.over(Instant::now());
        if let Err(error) = flood::let_in(&self.socket) {
            tracing::debug!(%error, "there was no packet filter");
        }
    }

    /// Whether a datagram is one of the forwarder's, by its fixed part alone.
    fn admits(&self, bytes: &[u8], from: SocketAddr) -> bool {
        // Before anything is noted: a stranger's datagram holds no place.
        if self.only.is_some_and(|only| only != from.ip().to_canonical()) {
            return false;
        }
        let [VERSION, _, _, kind, a, b, c, d, e, f, g, h, ..] = *bytes else { return false };
        let eui = Eui::new(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        if self.named.is_some_and(|named| named != eui) {
            return false;
        }
        match Kind::from_byte(kind) {
            Some(Kind::PushData) => self.peer().admit(eui, from, false, Instant::now()),
            Some(Kind::PullData | Kind::TxAck) => self.peer().admit(eui, from, true, Instant::now()),
            _ => false,
        }
    }

    /// Takes a datagram; whether it was the forwarder's.
    async fn take(&self, bytes: &[u8], from: SocketAddr, heard: &mpsc::Sender<Heard>) -> bool {
        count(&self.counters.datagrams);
        if !self.admits(bytes, from) {
            count(&self.counters.foreign);
            return false;
        }
        match decode(bytes) {
            Ok(Datagram::PushData { token, packets, refused, status, .. }) => {
                self.send(&Datagram::PushAck { token }, from).await;
                if let Some(status) = status {
                    self.peer().status = Some(status);
                }
                for (_, error) in refused {
                    tracing::debug!(%error, "a packet cannot be read");
                    self.counters.refuse("malformed");
                }
                packets.into_iter().for_each(|packet| self.hear(packet, heard));
            }
            Ok(Datagram::PullData { token, .. }) => self.send(&Datagram::PullAck { token }, from).await,
            Ok(Datagram::TxAck { token, report, .. }) => {
                let asked = self.peer().asked.remove(&token);
                // Whoever asked may have given up.
                let _ = asked.map(|asked| asked.send(report));
            }
            Ok(_) => count(&self.counters.foreign),
            Err(error) => {
                tracing::debug!(%error, "a datagram cannot be read");
                count(&self.counters.foreign);
            }
        }
        true
    }

    fn hear(&self, packet: RxPacket, heard: &mpsc::Sender<Heard>) {
        if packet.crc != Crc::Ok {
            self.counters.refuse("crc");
            return;
        }
        count(&self.counters.heard);
        if heard.try_send(Heard { packet, at: Instant::now() }).is_err() {
            self.counters.refuse("busy");
        }
    }

    async fn send(&self, datagram: &Datagram, to: SocketAddr) {
        if let Err(error) = self.socket.send_to(&encode(datagram), to).await {
            tracing::debug!(%error, %to, "a datagram was not sent");
        }
    }

    /// Has the forwarder emit a packet; its word.
    pub(super) async fn emit(&self, packet: TxPacket) -> TxReport {
        let (asked, answer) = oneshot::channel();
        let to = {
            let mut peer = self.peer();
            let Some(down) = peer.down.filter(|down| down.seen.elapsed() < REACHABLE) else {
                return TxReport::Refused(TxError::Other("NO_FORWARDER".to_owned()));
            };
            peer.token = peer.token.wrapping_add(1);
            let token = peer.token;
            peer.asked.insert(token, asked);
            (token, down.from)
        };
        self.send(&Datagram::PullResp { token: to.0, packet }, to.1).await;
        let report = tokio::time::timeout(ANSWER, answer).await;
        self.peer().asked.remove(&to.0);
        let report = match report {
            Ok(Ok(report)) => report,
            _ => TxReport::Refused(TxError::Other("NO_ANSWER".to_owned())),
        };
        count(if matches!(report, TxReport::Accepted { .. }) { &self.counters.emitted } else { &self.counters.missed });
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_forwarder_is_served_from_where_it_came_first_until_it_is_silent() {
        let (own, other) = (Eui::new(1), Eui::new(2));
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (start, mut peer) = (Instant::now(), Peer::default());
        assert!(peer.admit(own, at(1), false, start) && peer.admit(own, at(2), true, start));
        assert!(!peer.admit(own, at(3), false, start), "another source");
        assert!(!peer.admit(own, at(1), true, start), "each direction has its own");
        assert!(!peer.admit(other, at(1), false, start), "another gateway");
        let later = start + PIN + Duration::from_secs(1);
        assert!(peer.admit(own, at(2), true, later));
        assert!(!peer.admit(other, at(9), false, later), "it still speaks");
        assert!(peer.admit(own, at(3), false, later), "it was restarted: its old port is silent");
        let gone = later + PIN + Duration::from_secs(1);
        assert!(peer.admit(other, at(9), true, gone) && !peer.admit(own, at(2), true, gone));
    }

    /// GWMP has no authentication: one datagram of a stranger's before the forwarder's first held its place for 45 seconds, again and again.
    #[tokio::test]
    async fn with_an_address_that_was_named_nobody_else_holds_the_forwarders_place() {
        let (listen, counters) = (SocketAddr::from(([127, 0, 0, 1], 0)), Arc::new(Counters::default()));
        let front = Front::bind(listen, (None, Some(IpAddr::from([127, 0, 0, 2]))), counters).await.unwrap();
        let pull = |eui: u64| [&[VERSION, 0, 1, 2][..], &eui.to_be_bytes()].concat();
        let (stranger, own) = (SocketAddr::from(([127, 0, 0, 3], 9)), SocketAddr::from(([127, 0, 0, 2], 9)));
        assert!(!front.admits(&pull(0xbb), stranger) && !front.admits(&pull(0xaa), stranger));
        assert!(front.admits(&pull(0xaa), own));
        assert_eq!(front.forwarder().eui, Some(Eui::new(0xaa)));
    }

    /// 100,000 datagrams a second of others, half of them with the forwarder's own EUI: at most 2 % of what the forwarder sends is lost.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_forwarders_uplinks_are_heard_through_a_flood() {
        const SECONDS: u64 = 3;
        const UPLINKS: u64 = 200 * SECONDS;
        let counters = Arc::new(Counters::default());
        let front = Front::bind(SocketAddr::from(([127, 0, 0, 1], 0)), (None, None), Arc::clone(&counters)).await.unwrap();
        let (front, sent) = (Arc::new(front), Arc::new(std::sync::atomic::AtomicU64::new(0)));
        let (address, (hear, mut heard)) = (front.address().unwrap(), mpsc::channel(1_024));
        let serving = tokio::spawn(Arc::clone(&front).serve(hear));
        let own = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let uplink = |token: u16| {
            let json = br#"{"rxpk":[{"tmst":1,"freq":868.1,"chan":0,"rfch":0,"stat":1,"modu":"LORA","datr":"SF7BW125","codr":"4/5","rssi":-80,"lsnr":7,"size":4,"data":"AQIDBA=="}]}"#;
            let [a, b] = token.to_be_bytes();
            [&[VERSION, a, b, 0][..], &0xaa_u64.to_be_bytes(), json].concat()
        };
        own.send_to(&uplink(0), address).await.unwrap();
        assert!(heard.recv().await.is_some(), "it holds its place");
        let count = Arc::clone(&sent);
        let flood = std::thread::spawn(move || {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            let pull = |eui: u64| [&[VERSION, 0, 1, 2][..], &eui.to_be_bytes(), &[0; 20]].concat();
            let push = |eui: u64| [&[VERSION, 0, 1, 0][..], &eui.to_be_bytes(), b"{}"].concat();
            let all = [pull(0xbb), push(0xaa), push(0xbb), push(0xaa)];
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(SECONDS) {
                for datagram in all.iter().cycle().take(100) {
                    // A full queue is the flood's own loss.
                    let _ = socket.send_to(datagram, address);
                }
                let due = Duration::from_micros(10 * (count.fetch_add(100, std::sync::atomic::Ordering::Relaxed) + 100));
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
            }
        });
        let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / 200));
        for token in 1..=UPLINKS {
            ticks.tick().await;
            own.send_to(&uplink(token as u16), address).await.unwrap();
        }
        tokio::task::spawn_blocking(move || flood.join().unwrap()).await.unwrap();
        let mut came = 0;
        while let Ok(Some(_)) = tokio::time::timeout(Duration::from_millis(300), heard.recv()).await {
            came += 1;
        }
        let (flooded, floods) =
            (sent.load(std::sync::atomic::Ordering::Relaxed), super::super::counters::value(&counters.floods));
        println!(
            "{came} of {UPLINKS} uplinks were heard beside {} datagrams/s of others; kept out {floods} times",
            flooded / SECONDS
        );
        assert!(came * 100 >= UPLINKS * 98, "{came} of {UPLINKS}, beside {flooded} datagrams of others; kept out {floods} times");
        serving.abort();
    }
}
