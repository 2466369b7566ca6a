//! The network of one sandbox, from outside: listens and connects in it. A socket stays in the network in which it was made, whoever uses it.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::{
    fs::File,
    io,
    net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    os::fd::AsFd as _,
    sync::Arc,
    thread,
    time::Duration,
};

/// How long connecting may take. Everything in a sandbox's own loopback is near.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// The network of a sandbox, held open. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Space(Arc<File>);

impl Space {
    /// Of a namespace that is open.
    pub(crate) fn new(namespace: File) -> Self {
        Self(Arc::new(namespace))
    }

    /// Runs something on a thread of its own in that network. The thread ends with it: none that others use is ever there.
    async fn within<T: Send + 'static>(&self, run: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let namespace = Arc::clone(&self.0);
        let (tell, told) = tokio::sync::oneshot::channel();
        thread::Builder::new().name("sandbox-network".to_owned()).spawn(move || {
            let entered = move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network));
            // Whoever asked may have gone away meanwhile.
            let _ = tell.send(entered.map_err(io::Error::from).and_then(|()| run()));
        })?;
        told.await.map_err(|_| io::Error::other("the thread ended early"))?
    }

    /// Listens at addresses in it, all or none.
    pub(crate) async fn listen(&self, at: Vec<SocketAddrV4>) -> io::Result<Vec<tokio::net::TcpListener>> {
        let listen = move || {
            let bound = at.into_iter().map(|address| {
                let listener = TcpListener::bind(address)
                    .map_err(|error| io::Error::new(error.kind(), format!("listening at {address} in a sandbox: {error}")))?;
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            bound.collect::<io::Result<Vec<_>>>()
        };
        self.within(listen).await?.into_iter().map(tokio::net::TcpListener::from_std).collect()
    }

    /// Connects to an address in it.
    pub(crate) async fn connect(&self, to: SocketAddrV4) -> io::Result<tokio::net::TcpStream> {
        let connect = move || {
            let stream = TcpStream::connect_timeout(&SocketAddr::V4(to), CONNECT_TIME_MAX)?;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        tokio::net::TcpStream::from_std(self.within(connect).await?)
    }
}
