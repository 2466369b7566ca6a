//! Ways in: TCP ports of this machine that lead to a sandbox, for as long as this process runs. After a start they are made anew.

use crate::{error::RuntimeError, names::InstanceId};
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
