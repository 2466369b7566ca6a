//! Simulated subscribers of a mobile access point: sessions that begin, carry data and end, told as RADIUS accounting over UDP.
//!
//! In: where the access point's daemon listens, and the secret. Out: Accounting-Requests, each told again until it is answered, with the time
//! since it happened. What they carry is made up; what speaks is the real protocol.

use crate::Chance;
use depin_radius::{Accounting, Packet, Status, request};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{net::UdpSocket, sync::watch, task::JoinSet};

/// How often a request is told, and how long each time waits for its answer.
const TELLS: u32 = 30;
const ANSWER: Duration = Duration::from_secs(2);
/// Longest packet.
const LONGEST: usize = 4_096;

/// Who uses an access point, and how.
#[derive(Clone, Debug)]
pub struct SubscribersConfig {
    /// Where its daemon listens for accounting.
    pub server: SocketAddr,
    /// The secret that the radio shares with it.
    pub secret: Vec<u8>,
    /// The radio's own name.
    pub radio: String,
    /// Whose subscribers they are.
    pub realm: String,
    /// How many use it at a time.
    pub subscribers: u32,
    /// Between two records of a session.
    pub interim: Duration,
    /// Bytes that a session carries between two records, on average.
    pub bytes: u64,
    /// What chance follows from.
    pub seed: u64,
}

/// What was told so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Sessions that began.
    pub sessions: u64,
    /// Sessions that ended, and whose end was answered.
    pub ended: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were told again.
    pub again: u64,
    /// Bytes of sessions that ended.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Counts([AtomicU64; 5]);

impl Counts {
    fn add(&self, which: usize, more: u64) {
        self.0[which].fetch_add(more, Ordering::Relaxed);
    }

    fn told(&self) -> Told {
        let [sessions, ended, answered, again, bytes] = [0, 1, 2, 3, 4].map(|which: usize| self.0[which].load(Ordering::Relaxed));
        Told { sessions, ended, answered, again, bytes }
    }
}

/// Subscribers that come and go until they are stopped.
#[derive(Debug)]
pub struct Subscribers {
    counts: Arc<Counts>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Subscribers {
    /// Has the radio begin to account, and subscribers come and go.
    ///
    /// # Errors
    /// When no socket can be had.
    pub async fn start(config: SubscribersConfig) -> std::io::Result<Self> {
        let (counts, (stop, stopping)) = (Arc::new(Counts::default()), watch::channel(false));
        let mut tasks = JoinSet::new();
        let on = Radio::connect(&config, &counts).await?;
        let began = Accounting { status: Status::On, ..on.says(b"") };
        tasks.spawn(until(stopping.clone(), async move {
            on.tell(&began).await;
        }));
        for number in 0..config.subscribers {
            let radio = Radio::connect(&config, &counts).await?;
            let chance = Chance::new(config.seed).of(number.into());
            tasks.spawn(until(stopping.clone(), radio.live(chance, config.clone())));
        }
        Ok(Self { counts, stop, tasks })
    }

    /// What was told so far.
    pub fn told(&self) -> Told {
        self.counts.told()
    }

    /// Stops: sessions stay open, as when a radio loses its power.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn until(mut stopping: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// A socket towards the daemon.
struct Radio {
    socket: UdpSocket,
    secret: Vec<u8>,
    name: String,
    user: String,
    counts: Arc<Counts>,
}

impl Radio {
    async fn connect(config: &SubscribersConfig, counts: &Arc<Counts>) -> std::io::Result<Self> {
        let local = match config.server {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(config.server).await?;
        let (name, user) = (config.radio.clone(), format!("subscriber@{}", config.realm));
        Ok(Self { socket, secret: config.secret.clone(), name, user, counts: Arc::clone(counts) })
    }

    /// The beginning of a record.
    fn says(&self, session: &[u8]) -> Accounting {
        let (nas, user) = (Some(self.name.clone().into_bytes()), Some(self.user.clone().into_bytes()));
        Accounting { session: session.to_vec(), nas, user, ..Accounting::default() }
    }

    /// Tells a record until it is answered; gives whether it was.
    async fn tell(&self, record: &Accounting) -> bool {
        let happened = Instant::now();
        for tell in 0..TELLS {
            let delay = u32::try_from(happened.elapsed().as_secs()).unwrap_or(u32::MAX);
            let bytes = request(tell as u8, &Accounting { delay, ..record.clone() }, &self.secret);
            let sent = Packet::parse(&bytes).map(|packet| packet.authenticator).unwrap_or_default();
            let asked = self.socket.send(&bytes).await.is_ok();
            if asked && tokio::time::timeout(ANSWER, self.answered(&sent)).await.is_ok() {
                self.counts.add(2, 1);
                return true;
            }
            if !asked {
                tokio::time::sleep(ANSWER).await;
            }
            self.counts.add(3, 1);
        }
        false
    }

    /// Waits for the answer to a request.
    async fn answered(&self, request: &[u8; 16]) {
        let mut buffer = vec![0; LONGEST];
        loop {
            match self.socket.recv(&mut buffer).await {
                Ok(length) => {
                    let answer = Packet::parse(&buffer[..length]);
                    if answer.is_ok_and(|answer| answer.check_response(&self.secret, request).is_ok()) {
                        return;
                    }
                }
                // Nobody listens there: the system tells it once for each datagram.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// One subscriber's sessions, one after another, for ever.
    async fn live(self, chance: Chance, config: SubscribersConfig) {
        for number in 0_u64.. {
            let own = chance.of(number);
            tokio::time::sleep(config.interim.mul_f64(own.of(0).even())).await;
            let session = format!("{:016x}", own.bits());
            let begin = Instant::now();
            self.counts.add(0, 1);
            self.tell(&Accounting { status: Status::Start, ..self.says(session.as_bytes()) }).await;
            let (mut up, mut down) = (0_u64, 0_u64);
            let records = 1 + own.of(1).bits() % 4;
            for record in 0..=records {
                tokio::time::sleep(config.interim).await;
                let part = (config.bytes as f64 * 2.0 * own.of(2).of(record).even()) as u64;
                up = up.saturating_add(part / 10);
                down = down.saturating_add(part - part / 10);
                let status = if record == records { Status::Stop } else { Status::Interim };
                let seconds = u32::try_from(begin.elapsed().as_secs()).unwrap_or(u32::MAX);
                let told = self.tell(&Accounting { status, up, down, seconds, ..self.says(session.as_bytes()) }).await;
                if told && status == Status::Stop {
                    self.counts.add(1, 1);
                    self.counts.add(4, up.saturating_add(down));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A daemon that answers every second request only: each is told until it is answered, and says since when.
    #[tokio::test]
    async fn records_are_told_until_they_are_answered() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let config = SubscribersConfig {
            server: socket.local_addr().unwrap(),
            secret: b"s".to_vec(),
            radio: "radio".to_owned(),
            realm: "carrier.example".to_owned(),
            subscribers: 1,
            interim: Duration::from_millis(20),
            bytes: 1_000,
            seed: 3,
        };
        let subscribers = Subscribers::start(config).await.unwrap();
        let (mut buffer, mut heard) = (vec![0; LONGEST], Vec::new());
        while heard.len() < 8 {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let packet = Packet::parse(&buffer[..length]).unwrap();
            packet.check_request(b"s").unwrap();
            let says = Accounting::read(&packet).unwrap();
            let known = heard.iter().any(|one: &Accounting| (one.status, &one.session) == (says.status, &says.session));
            let first = heard.len() == 1 && !known;
            heard.push(says);
            if !first {
                socket.send_to(&packet.response(b"s"), from).await.unwrap();
            }
        }
        let told = subscribers.told();
        assert!(told.answered >= 6 && told.again >= 1, "{told:?}");
        assert!(heard.iter().any(|one| one.status == Status::On) && heard.iter().any(|one| one.status == Status::Start));
        assert!(heard.iter().any(|one| one.delay >= 2), "what is told again says since when: {heard:?}");
        assert!(heard.iter().all(|one| one.realm() == Some("carrier.example")));
        subscribers.stop().await;
    }
}
