//! Ways in: TCP ports of this machine that lead to a sandbox, for as long as this process runs. After a start they are made anew.

use super::{BwrapRuntime, kept::Record};
use crate::{
    error::RuntimeError,
    names::InstanceId,
    ports::Tries,
    runtime::Published,
    workload::{Port, Reach, Service},
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};

/// Connections through one port at a time.
const CONNECTIONS_MAX: usize = 1024;
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Forwarder {
    outside: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug, Default)]
pub(super) struct Forwarders {
    open: Mutex<BTreeMap<(InstanceId, u16), Forwarder>>,
}

impl Forwarders {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(InstanceId, u16), Forwarder>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens at `outside` (port 0 is a free one) and leads to `inside`; what is open stays.
    pub(super) async fn open(
        &self,
        id: &InstanceId,
        port: u16,
        outside: SocketAddr,
        inside: SocketAddr,
    ) -> Result<(), RuntimeError> {
        let key = (id.clone(), port);
        if self.lock().contains_key(&key) {
            return Ok(());
        }
        let taken = |error: std::io::Error| RuntimeError::PortTaken { port: outside.port(), detail: error.to_string() };
        let listener = TcpListener::bind(outside).await.map_err(taken)?;
        let outside = listener.local_addr().map_err(taken)?;
        let task = tokio::spawn(accept(listener, inside));
        self.lock().insert(key, Forwarder { outside, task });
        Ok(())
    }

    pub(super) fn outside(&self, id: &InstanceId, port: u16) -> Option<SocketAddr> {
        self.lock().get(&(id.clone(), port)).map(|forwarder| forwarder.outside)
    }

    pub(super) fn close(&self, id: &InstanceId) {
        self.lock().retain(|(owner, _), _| owner != id);
    }
}

impl BwrapRuntime {
    fn ways<'a>(&self, record: &'a Record) -> impl Iterator<Item = (&'a Port, SocketAddr, SocketAddr)> {
        let publish = self.publish;
        let inner = record.address;
        record.service.ports.iter().filter_map(move |port| {
            let outside = match port.reach {
                Reach::Loopback => SocketAddr::from(([127, 0, 0, 1], 0)),
                Reach::Machine(number) => SocketAddr::new(publish, number.unwrap_or(0)),
            };
            Some((port, outside, SocketAddr::new(inner?.into(), port.container)))
        })
    }

    /// Makes the ways in of an instance; those that are there stay.
    pub(super) async fn forward(&self, id: &InstanceId, record: &Record) -> Result<(), RuntimeError> {
        let is_open = |port: &Port| self.forwarders.outside(id, port.container).is_some();
        if self.ways(record).all(|(port, _, _)| is_open(port)) {
            return Ok(());
        }
        let wishes = self.ports.wishes(&record.service, id);
        for (port, outside, inside) in self.ways(record) {
            // What was fixed is no wish.
            let had = wishes.get_key_value(&(port.container, port.proto)).map(|(port, had)| (*port, *had));
            let mut tries = Tries::of(had.into_iter().collect());
            loop {
                let number = tries.wishes().values().next().copied().unwrap_or(outside.port());
                let opened = self.forwarders.open(id, port.container, SocketAddr::new(outside.ip(), number), inside).await;
                let Err(error) = opened else { break };
                if !tries.again(&error).await {
                    return Err(error);
                }
            }
        }
        self.ports.keep(&record.service, id, &self.listening(id, &record.service));
        Ok(())
    }

    /// Ways in that are open.
    pub(super) fn listening(&self, id: &InstanceId, service: &Service) -> Vec<Published> {
        let listed = service.ports.iter().filter_map(|port| {
            let outside = self.forwarders.outside(id, port.container)?;
            Some(Published { container: port.container, proto: port.proto, outside })
        });
        listed.collect()
    }
}

async fn accept(listener: TcpListener, inside: SocketAddr) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((mut outer, _)) = listener.accept().await else {
            // Out of open files: it is tried again when some may be free.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        tokio::spawn(async move {
            if let Ok(Ok(mut inner)) = timeout(CONNECT_TIME_MAX, TcpStream::connect(inside)).await {
                let _ = copy_bidirectional(&mut outer, &mut inner).await;
            }
            drop(place);
        });
    }
}
