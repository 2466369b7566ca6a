//! Where connections come from, and what is spoken on them.

use crate::tls::Tls;
use std::{io, net::SocketAddr};
use tokio::net::{TcpListener, ToSocketAddrs};

/// A listening socket, in plain HTTP or in TLS.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) tls: Option<Tls>,
}

impl Listener {
    /// Listens; with TLS where it is given.
    ///
    /// # Errors
    /// The system's, such as an address that is in use.
    pub async fn bind(address: impl ToSocketAddrs, tls: Option<Tls>) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, tls })
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Base URL of that address.
    ///
    /// # Errors
    /// The system's.
    pub fn url(&self) -> io::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.local_addr()?))
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}
