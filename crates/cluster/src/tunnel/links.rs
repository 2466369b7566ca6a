//! The side of tunnels that asks: in a node's network, every port of every other node, each leading there.

use super::{
    carry,
    listen::{Local, Tunnels},
};
use crate::{error::ClusterError, space::Space};
use std::{io, net::SocketAddrV4, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// How many are opened on one thread at once.
const BATCH: usize = 256;

/// The listening ends in one node's network. Dropped, they are closed, and streams through them end.
#[derive(Debug)]
pub(crate) struct Links {
    _tasks: JoinSet<()>,
}

impl Links {
    /// Opens all of them.
    ///
    /// - Errors: the system's, when a program of the node listens there already, or too many files are open.
    pub(crate) async fn open(tunnels: &Tunnels, node: &Arc<Local>, space: &Space) -> Result<Self, ClusterError> {
        let mut tasks = JoinSet::new();
        let others = node.plan.ranked().filter(|(rank, _)| *rank != node.id.rank).map(|(rank, _)| rank);
        let wanted: Vec<(u8, SocketAddrV4)> = others
            .filter_map(|rank| Some((rank, node.plan.ports(rank)?)))
            .flat_map(|(rank, ports)| ports.all().map(move |port| (rank, ports.at(port))))
            .collect();
        for batch in wanted.chunks(BATCH) {
            let failed = ClusterError::file("leading to other nodes in", PathBuf::from(node.id.room().as_str()));
            let listeners = space.listen(batch.iter().map(|(_, at)| *at).collect()).await.map_err(failed)?;
            for (listener, (rank, at)) in listeners.into_iter().zip(batch) {
                tasks.spawn(accept(tunnels.clone(), Arc::clone(node), listener, *rank, at.port()));
            }
        }
        Ok(Self { _tasks: tasks })
    }
}

async fn accept(tunnels: Tunnels, node: Arc<Local>, listener: TcpListener, to: u8, port: u16) {
    let mut streams = JoinSet::new();
    loop {
        let accepted = loop {
            tokio::select! {
                Some(_) = streams.join_next() => {}
                accepted = listener.accept() => break accepted,
            }
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(node = %node.id, %error, "a program's connection to another node could not be accepted");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // While there is none, the others stand in the kernel's queue.
        let Ok(place) = Arc::clone(&node.streams).acquire_owned().await else { return };
        let (tunnels, node) = (tunnels.clone(), Arc::clone(&node));
        streams.spawn(async move {
            if let Err(error) = lead(&tunnels, &node, stream, to, port).await {
                tracing::debug!(node = %node.id, to, port, %error, "a program was not connected to another node");
            }
            drop(place);
        });
    }
}

async fn lead(tunnels: &Tunnels, node: &Local, stream: TcpStream, to: u8, port: u16) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let other = tunnels.dial(&node.plan, node.id.rank, to, port).await.map_err(io::Error::other)?;
    carry(stream, other).await;
    Ok(())
}
