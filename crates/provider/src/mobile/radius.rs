//! The access point's side towards its radios: RADIUS accounting over UDP.
//!
//! In: Accounting-Requests of radios that share a secret. Out: an Accounting-Response for each that is on the disk, and none for any other: a
//! radio that gets none tells it again. Whatever else comes is dropped and counted. Authentication is not served: who may use the access
//! point is another server's affair, and a request for it is told in the status.

use super::{
    counters::{Counters, count},
    meter::Taken,
    site::Site,
    store::{Record, Store, is_restart},
};
use crate::Clock;
use depin_radius::{Accounting, Code, Packet};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::UdpSocket, sync::watch};

/// Records that are kept in one transaction.
const AT_ONCE: usize = 256;
/// Longest packet, and one byte to see that it is longer.
const LONGEST: usize = 4_097;

/// See the module.
pub(super) struct Front {
    socket: UdpSocket,
    site: Site,
    store: Store,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    /// Why what came last was not taken.
    trouble: Mutex<Option<String>>,
}

/// A request that is to be kept, and where its answer goes.
struct Asked {
    from: SocketAddr,
    answer: Vec<u8>,
    record: Record,
}

impl Front {
    pub(super) async fn bind(
        listen: SocketAddr,
        site: Site,
        store: Store,
        counters: Arc<Counters>,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(listen).await?;
        Ok(Self { socket, site, store, counters, clock, trouble: Mutex::default() })
    }

    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Why what came last was not taken; none once something was.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn say(&self, trouble: Option<String>) {
        if let Some(why) = &trouble {
            tracing::debug!(why, "a RADIUS packet was not taken");
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Serves for ever; `made` changes when there is something new to report.
    pub(super) async fn serve(self: Arc<Self>, made: watch::Sender<u64>) {
        let mut buffer = vec![0; LONGEST];
        loop {
            let Ok((length, from)) = self.socket.recv_from(&mut buffer).await else {
                // As when a radio that was answered is gone: the system tells it once for each datagram.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let mut asked = Vec::new();
            asked.extend(self.read(&buffer[..length], from));
            // Whatever else is there already is kept in the same transaction: one wait for the disk for all of it.
            while asked.len() < AT_ONCE
                && let Ok((length, from)) = self.socket.try_recv_from(&mut buffer)
            {
                asked.extend(self.read(&buffer[..length], from));
            }
            if !asked.is_empty() && self.keep(asked).await {
                made.send_modify(|made| *made += 1);
            }
        }
    }

    /// Reads a datagram; none when it is not to be answered.
    fn read(&self, bytes: &[u8], from: SocketAddr) -> Option<Asked> {
        count(&self.counters.datagrams);
        let ip = from.ip().to_canonical();
        let Some(secret) = self.site.secrets.get(&ip) else {
            count(&self.counters.foreign);
            self.say(Some(format!("{ip} shares no secret with this access point; list it under access_points")));
            return None;
        };
        let packet = match Packet::parse(bytes) {
            Ok(packet) => packet,
            Err(error) => return self.refuse(&self.counters.malformed, ip, &error),
        };
        if packet.code != Code::AccountingRequest {
            let what = if packet.code == Code::AccessRequest { "authentication" } else { "something else than accounting" };
            return self.refuse(&self.counters.other, ip, &format!("it asks for {what}, which is not served here"));
        }
        if let Err(error) = packet.check_request(secret) {
            return self.refuse(&self.counters.forged, ip, &error);
        }
        let says = match Accounting::read(&packet) {
            Ok(says) => says,
            Err(error) => return self.refuse(&self.counters.malformed, ip, &error),
        };
        let carrier = if is_restart(&says) { 1 } else { self.carrier(&says) };
        let name = says.nas.as_deref().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        let record = Record {
            nas: format!("{ip}/{name}"),
            wide: Accounting::has_gigawords(&packet),
            carrier,
            at_ms: self.clock.now_ms(),
            says,
        };
        Some(Asked { from, answer: packet.response(secret), record })
    }

    fn carrier(&self, says: &Accounting) -> u32 {
        let carrier = self.site.carrier(says.realm());
        if carrier.is_none() {
            count(&self.counters.unpaid);
        }
        carrier.unwrap_or(0)
    }

    fn refuse(&self, counter: &std::sync::atomic::AtomicU64, from: IpAddr, why: &dyn std::fmt::Display) -> Option<Asked> {
        count(counter);
        self.say(Some(format!("a packet of {from} was not taken: {why}")));
        None
    }

    /// Keeps records and answers them; gives whether any of them was new.
    async fn keep(&self, asked: Vec<Asked>) -> bool {
        let records = asked.iter().map(|asked| asked.record.clone()).collect();
        let taken = match self.store.take(records).await {
            Ok(taken) => taken,
            Err(error) => {
                asked.iter().for_each(|_| count(&self.counters.failed));
                tracing::warn!(%error, records = asked.len(), "accounting records could not be kept, and are not answered");
                self.say(Some(error.to_string()));
                return false;
            }
        };
        for (asked, taken) in asked.iter().zip(&taken) {
            match taken {
                Taken::New if is_restart(&asked.record.says) => count(&self.counters.restarts),
                Taken::New => count(&self.counters.records),
                Taken::Duplicate => count(&self.counters.duplicates),
                Taken::Stale => count(&self.counters.stale),
            }
            if self.socket.send_to(&asked.answer, asked.from).await.is_ok() {
                count(&self.counters.answers);
            }
        }
        self.say(None);
        taken.contains(&Taken::New)
    }
}
