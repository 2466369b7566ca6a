//! Tunnels between the nodes of clusters: TCP streams over TLS 1.3 in which both sides show a certificate with their account's key.
//!
//! In: connections that programs in a sandbox make to the addresses of other nodes; connections of other daemons at this one's port. Out: the
//! same bytes at the other end. A daemon whose key is of no cluster here gets no further than the handshake; after it, a member of a
//! cluster reaches the fixed ports of that cluster's nodes and nothing else. Called by [`Clusters`](crate::Clusters). Absent on purpose: HTTP,
//! which `depin-serve` speaks, and packets: no device of the kernel is needed, and nothing but TCP to known ports comes through.
//!
//! | bound | |
//! |---|---|
//! | handshakes at once, of one address, of all | 64, 512; loopback has no bound of its own |
//! | time for a handshake and what is asked for | 10 s |
//! | bytes of what is asked for | 8 KiB |
//! | streams of one node, in and out together | 4,096 |
//! | programs that wait for a stream | as many as the kernel keeps for a listening socket, 128 |

mod dial;
mod door;
mod frame;
mod links;
mod listen;
mod tls;

pub(crate) use links::Links;
#[cfg(test)]
pub(crate) use listen::ASKED_MAX;
pub(crate) use listen::{Local, Running, Tunnels};

use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional_with_sizes},
    net::TcpStream,
};

/// Most streams of one node.
pub(crate) const STREAMS_MAX: usize = 4_096;
/// How long a handshake, and what is asked for after it, may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes that are carried at once each way. Objects come in pieces of 5 MiB; TLS has records of 16 KiB.
const PIECE_BYTES: usize = 128 << 10;

/// Tells the system to look whether the other side of a silent connection is still there.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let every = Duration::from_secs(15);
    stream.set_nodelay(true)?;
    socket2::SockRef::from(stream).set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(every).with_interval(every))
}

/// Carries bytes both ways until both sides have said all.
async fn carry(mut one: impl AsyncRead + AsyncWrite + Unpin, mut other: impl AsyncRead + AsyncWrite + Unpin) {
    // Who breaks off has its reasons; the other side is told by the end of its stream.
    let _ = copy_bidirectional_with_sizes(&mut one, &mut other, PIECE_BYTES, PIECE_BYTES).await;
}

#[cfg(test)]
mod tests;
