//! Floods of datagrams at a hotspot's port: while others send too many, the system drops theirs before they fill the queue of the forwarder's.
//!
//! In: how many datagrams of others came, and where the forwarder's come from. Out: a packet filter at the socket (classic BPF, which needs no
//! privileges) that lets through what [`Front`](super::forwarder::Front) would take. It is there for a moment, so that everything is told apart and
//! counted again as soon as the flood is over. A system without such filters goes on as before.

use depin_lorawan::{Eui, gwmp::Kind};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::net::UdpSocket;

/// So many datagrams of others within [`WINDOW`] are a flood: 5,000 a second.
const MANY: u32 = 250;
const WINDOW: Duration = Duration::from_millis(50);
/// For how long they are kept out.
const HOLD: Duration = Duration::from_secs(5);

/// How many datagrams of others came lately.
#[derive(Debug)]
pub(super) struct Flood {
    since: Instant,
    others: u32,
    /// Until when they are kept out, while they are.
    until: Option<Instant>,
}

impl Flood {
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, others: 0, until: None }
    }

    /// One of others came; whether they are to be kept out from now on.
    pub(super) fn note(&mut self, now: Instant) -> bool {
        if now.duration_since(self.since) > WINDOW {
            (self.since, self.others) = (now, 0);
        }
        self.others += 1;
        let begins = self.others >= MANY && self.until.is_none();
        if begins {
            self.until = Some(now + HOLD);
        }
        begins
    }

    /// Until when they are kept out.
    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// They are no longer.
    pub(super) fn over(&mut self, now: Instant) {
        *self = Self::new(now);
    }
}

/// What is known of the forwarder: what is not, anybody may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub eui: Option<Eui>,
    /// The only address that it may send from.
    pub only: Option<IpAddr>,
    /// Where PUSH_DATA comes from, and where PULL_DATA and TX_ACK do.
    pub up: Option<SocketAddr>,
    pub down: Option<SocketAddr>,
}

/// One instruction: what it does, the places to go on at, and a number.
type Instruction = (u16, u8, u8, u32);

/// Loads a word, a half word, a byte from a place of the datagram, or gives the verdict: bytes to let through.
const WORD: u16 = 0x20;
const HALF: u16 = 0x28;
const BYTE: u16 = 0x30;
const EQUAL: u16 = 0x15;
const VERDICT: u16 = 0x06;
/// The UDP header is before the datagram's own bytes.
const BODY: u32 = 8;
/// Places count from the IP header on behind this (`SKF_NET_OFF`).
const IP: u32 = 0xfff0_0000;
const SOURCE_V4: u32 = IP + 12;
const SOURCE_V6: u32 = IP + 8;

/// The filter: a list of what must be equal, in which the place of a datagram's kind decides between two lists.
fn program(wanted: &Wanted) -> Vec<Instruction> {
    let mut common: Vec<(u16, u32, u32)> = Vec::new();
    if let Some(eui) = wanted.eui {
        let eui = eui.get();
        common.extend([(WORD, BODY + 4, (eui >> 32) as u32), (WORD, BODY + 8, eui as u32)]);
    }
    common.extend(wanted.only.map(equal_address).into_iter().flatten());
    let of = |from: Option<SocketAddr>| {
        let port = from.map(|from| (HALF, 0, u32::from(from.port())));
        port.into_iter().chain(from.map(|from| equal_address(from.ip())).into_iter().flatten()).collect::<Vec<_>>()
    };
    let (up, down) = (checks(&of(wanted.up)), checks(&of(wanted.down)));
    let mut program = unjoined(&common);
    // To the second list where it is no PUSH_DATA.
    program.push((BYTE, 0, 0, BODY + 3));
    program.push((EQUAL, 0, u8::try_from(up.len()).unwrap_or(u8::MAX), u32::from(Kind::PushData.byte())));
    program.extend(up);
    program.extend(down);
    program
}

/// Equal words of a source's address.
fn equal_address(address: IpAddr) -> Vec<(u16, u32, u32)> {
    match address.to_canonical() {
        IpAddr::V4(address) => vec![(WORD, SOURCE_V4, u32::from(address))],
        IpAddr::V6(address) => {
            let words = address.octets();
            let (words, _) = words.as_chunks::<4>();
            (0..).step_by(4).zip(words).map(|(place, word)| (WORD, SOURCE_V6 + place, u32::from_be_bytes(*word))).collect()
        }
    }
}

/// Drops what differs, and goes on behind the list.
fn unjoined(list: &[(u16, u32, u32)]) -> Vec<Instruction> {
    let one = |(load, place, value): &(u16, u32, u32)| [(*load, 0, 0, *place), (EQUAL, 1, 0, *value), (VERDICT, 0, 0, 0)];
    list.iter().flat_map(one).collect()
}

/// The same, and lets through what is equal to all of it.
fn checks(list: &[(u16, u32, u32)]) -> Vec<Instruction> {
    let mut checks = unjoined(list);
    checks.push((VERDICT, 0, 0, u32::MAX));
    checks
}

/// Has the system drop what is not wanted.
///
/// # Errors
/// The system's word, where it has no such filters.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn keep_out(socket: &UdpSocket, wanted: &Wanted) -> io::Result<()> {
    let of = |(code, equal, other, number): Instruction| socket2::SockFilter::new(code, equal, other, number);
    let filter: Vec<_> = program(wanted).into_iter().map(of).collect();
    socket2::SockRef::from(socket).attach_filter(&filter)
}

/// Lets everything through again.
///
/// # Errors
/// The system's word.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn let_in(socket: &UdpSocket) -> io::Result<()> {
    socket2::SockRef::from(socket).detach_filter()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn keep_out(_: &UdpSocket, wanted: &Wanted) -> io::Result<()> {
    let _ = program(wanted);
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn let_in(_: &UdpSocket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Eui = Eui::new(0x0123_4567_89ab_cdef);

    fn datagram(kind: u8, eui: Eui) -> Vec<u8> {
        [&[2, 0, 1, kind][..], &eui.get().to_be_bytes()].concat()
    }

    async fn socket(address: &str) -> UdpSocket {
        UdpSocket::bind(address).await.unwrap()
    }

    /// Whether a datagram comes through.
    async fn comes(from: &UdpSocket, to: &UdpSocket, bytes: &[u8]) -> bool {
        from.send_to(bytes, to.local_addr().unwrap()).await.unwrap();
        let mut buffer = [0; 64];
        let got = tokio::time::timeout(Duration::from_millis(100), to.recv_from(&mut buffer)).await;
        got.is_ok_and(|got| &buffer[..got.unwrap().0] == bytes)
    }

    /// The system runs the filter itself: nothing here knows what its instructions do.
    #[tokio::test]
    async fn while_others_are_kept_out_the_forwarder_comes_through_from_where_it_is() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let [own, up, down, other] =
                [socket(address).await, socket(address).await, socket(address).await, socket(address).await];
            let (from_up, from_down) = (up.local_addr().unwrap(), down.local_addr().unwrap());
            let wanted = Wanted { eui: Some(OWN), only: None, up: Some(from_up), down: Some(from_down) };
            if let Err(error) = keep_out(&own, &wanted) {
                eprintln!("\n*** no packet filters on this system ({error}): nothing is tested ***\n");
                return;
            }
            assert!(comes(&up, &own, &datagram(0, OWN)).await && comes(&down, &own, &datagram(2, OWN)).await, "{address}");
            assert!(comes(&down, &own, &datagram(5, OWN)).await, "{address}: its word about a packet to emit");
            for (from, bytes) in [
                (&up, datagram(2, OWN)),
                (&down, datagram(0, OWN)),
                (&other, datagram(0, OWN)),
                (&up, datagram(0, Eui::new(OWN.get() + 1))),
                (&up, datagram(0, Eui::new(OWN.get() ^ (1 << 63)))),
                (&up, vec![2, 0, 1]),
                (&up, Vec::new()),
            ] {
                assert!(!comes(from, &own, &bytes).await, "{address}: {bytes:?}");
            }
            // Only what is known is asked for.
            keep_out(&own, &Wanted { eui: Some(OWN), ..Wanted::default() }).unwrap();
            assert!(comes(&other, &own, &datagram(0, OWN)).await && !comes(&other, &own, &datagram(0, Eui::new(1))).await);
            keep_out(&own, &Wanted { only: Some(from_up.ip()), ..Wanted::default() }).unwrap();
            assert!(comes(&other, &own, &datagram(0, Eui::new(1))).await);
            let elsewhere = if from_up.is_ipv4() { "127.0.0.2" } else { "::2" };
            keep_out(&own, &Wanted { only: Some(elsewhere.parse().unwrap()), ..Wanted::default() }).unwrap();
            assert!(!comes(&other, &own, &datagram(0, OWN)).await);
            let_in(&own).unwrap();
            assert!(comes(&other, &own, b"anything").await);
        }
    }

    #[test]
    fn a_flood_is_many_within_a_moment_and_is_over_after_a_while() {
        let now = Instant::now();
        let mut flood = Flood::new(now);
        let slowly = |place: u32| now + Duration::from_millis(10) * place;
        assert!(!(0..1_000).any(|place| flood.note(slowly(place))), "a hundred a second");
        let later = slowly(1_000) + WINDOW * 2;
        let begins: Vec<u32> = (0..1_000).filter(|_| flood.note(later)).collect();
        assert_eq!((begins, flood.until()), (vec![MANY - 1], Some(later + HOLD)), "told once");
        flood.over(later + HOLD);
        assert_eq!(flood.until(), None);
    }
}
