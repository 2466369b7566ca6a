//! The side of tunnels that is asked: which nodes are here, and who may reach them.

use super::{
    HANDSHAKE_TIME_MAX, STREAMS_MAX, carry,
    door::{Door, Place},
    frame::{Answer, Ask, Hello, Joined, VERSION, read, write},
    keep_alive,
    tls::Identity,
};
use crate::{
    error::ClusterError,
    plan::{NodeId, Plan},
    ports::address,
    secret::Secret,
    space::Space,
};
use depin_client::SigningKey;
use depin_quantity::Address;
use std::{
    collections::BTreeMap,
    net::SocketAddrV4,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::server::TlsStream;

/// Most requests and streams of a hirer at once.
pub(crate) const ASKED_MAX: usize = 64;

/// A node that is here, as tunnels and the proxy know it.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) id: NodeId,
    pub(crate) plan: Arc<Plan>,
    /// The cluster's secret; at the head it is given to who joins.
    pub(crate) secret: Secret,
    /// What must be the same on all nodes.
    pub(crate) versions: BTreeMap<String, String>,
    /// Places of streams, in and out together.
    pub(super) streams: Arc<Semaphore>,
    /// Places of requests and streams of its hirer's.
    pub(crate) asked: Arc<Semaphore>,
    /// Its network, while it runs. Set to none, all its streams end.
    running: watch::Sender<Option<Running>>,
}

/// A node that runs.
#[derive(Clone, Debug)]
pub(crate) struct Running(pub(crate) Space);

impl Local {
    pub(crate) fn new(id: NodeId, plan: Arc<Plan>, secret: Secret, versions: BTreeMap<String, String>) -> Self {
        let (streams, asked) = (Arc::new(Semaphore::new(STREAMS_MAX)), Arc::new(Semaphore::new(ASKED_MAX)));
        Self { id, plan, secret, versions, streams, asked, running: watch::Sender::new(None) }
    }

    /// From now on it runs there, or no more.
    pub(crate) fn set_running(&self, running: Option<Running>) {
        self.running.send_replace(running);
    }

    /// Its network, while it runs.
    pub(crate) fn space(&self) -> Option<Space> {
        self.running.borrow().as_ref().map(|running| running.0.clone())
    }

    /// Whether it runs, and every change of that.
    pub(super) fn watch(&self) -> watch::Receiver<Option<Running>> {
        self.running.subscribe()
    }
}

/// The tunnels of this daemon. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Tunnels(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    identity: Identity,
    nodes: Arc<RwLock<BTreeMap<NodeId, Arc<Local>>>>,
    door: Door,
}

impl Tunnels {
    pub(crate) fn new(key: &SigningKey) -> Result<Self, ClusterError> {
        let nodes: Arc<RwLock<BTreeMap<NodeId, Arc<Local>>>> = Arc::default();
        let known = Arc::clone(&nodes);
        let knows = move |account: Address| {
            let nodes = known.read().unwrap_or_else(PoisonError::into_inner);
            nodes.values().any(|node| node.plan.members.iter().any(|member| member.account == account))
        };
        let identity = Identity::new(key, Arc::new(knows))?;
        Ok(Self(Arc::new(Inner { identity, nodes, door: Door::default() })))
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// From now on a node is here. False when it was here already, and nothing is changed.
    pub(crate) fn add(&self, node: Arc<Local>) -> bool {
        let mut nodes = self.0.nodes.write().unwrap_or_else(PoisonError::into_inner);
        if nodes.contains_key(&node.id) {
            return false;
        }
        nodes.insert(node.id, node);
        true
    }

    /// From now on it is not; its streams end.
    pub(crate) fn remove(&self, id: NodeId) {
        let removed = self.0.nodes.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(node) = removed {
            node.set_running(None);
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<Arc<Local>> {
        self.0.nodes.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Lets other daemons in until `stop` resolves; then all their streams end.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut streams = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                Some(_) = streams.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: it passes.
                    tracing::warn!(%error, "a tunnel could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(place) = self.0.door.enter(peer.ip()) else {
                tracing::debug!(%peer, "a tunnel was refused: too many have not shown whose they are");
                continue;
            };
            let tunnels = self.clone();
            streams.spawn(async move {
                if let Err(error) = tunnels.let_in(stream, place).await {
                    tracing::debug!(%peer, %error, "a tunnel was not made");
                }
            });
        }
        streams.shutdown().await;
    }

    async fn let_in(&self, stream: TcpStream, place: Place) -> std::io::Result<()> {
        keep_alive(&stream)?;
        let shown = async {
            let (account, mut stream) = self.0.identity.accept(stream).await?;
            let hello: Hello = read(&mut stream).await?;
            Ok::<_, std::io::Error>((account, stream, hello))
        };
        let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "nothing was asked for in time");
        let (account, mut stream, hello) = timeout(HANDSHAKE_TIME_MAX, shown).await.map_err(late)??;
        drop(place);
        let answer = match self.judge(account, &hello) {
            Ok(node) => match hello.ask {
                Ask::Dial { port } => return lead(&node, hello.to, port, stream).await,
                Ask::Join { versions } => join(&node, &versions),
                Ask::Look => Answer::State { running: node.space().is_some() },
            },
            Err(refusal) => refusal,
        };
        answered(&mut stream, &answer).await
    }

    /// The node that is asked, when who asks may.
    fn judge(&self, account: Address, hello: &Hello) -> Result<Arc<Local>, Answer> {
        let &Hello { version, hire, from, to, .. } = hello;
        if version != VERSION {
            return Err(Answer::refused(format!("version {VERSION} of tunnels is spoken here, not {version}")));
        }
        let id = NodeId::new(hire, to);
        // Who asks early comes again: the daemons of a cluster do not begin at once.
        let node = self.node(id).ok_or_else(|| Answer::not_now(format!("{id} is not here, or not yet")))?;
        let asks = NodeId::new(hire, from);
        match node.plan.member(from) {
            _ if from == to => Err(Answer::refused("a node needs no tunnel to itself")),
            Some(member) if member.account == account => Ok(node),
            Some(_) => Err(Answer::refused(format!("{asks} is of another account than {account}"))),
            None => Err(Answer::refused(format!("{asks} is none of its {} nodes", node.plan.members.len()))),
        }
    }
}

/// Says something, in bounded time, and ends.
async fn answered(stream: &mut TlsStream<TcpStream>, answer: &Answer) -> std::io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "the answer was not read in time");
    let said = async {
        write(stream, answer).await?;
        stream.shutdown().await
    };
    timeout(HANDSHAKE_TIME_MAX, said).await.map_err(late)?
}

fn join(head: &Local, versions: &BTreeMap<String, String>) -> Answer {
    if !head.id.is_head() {
        return Answer::refused(format!("{} is not the head; nodes join at the head", head.id));
    }
    match difference(&head.versions, versions) {
        Some(why) => Answer::refused(why),
        None => Answer::Joined(Joined { secret: head.secret.clone() }),
    }
}

/// How versions differ from the head's, in words.
fn difference(head: &BTreeMap<String, String>, node: &BTreeMap<String, String>) -> Option<String> {
    let names: std::collections::BTreeSet<&String> = head.keys().chain(node.keys()).collect();
    let told = |versions: &BTreeMap<String, String>, name: &String| {
        versions.get(name).map_or_else(|| "none".to_owned(), |version| version.chars().take(40).collect())
    };
    let differing = names.into_iter().filter(|name| head.get(*name) != node.get(*name));
    let words: Vec<String> = differing
        .take(4)
        .map(|name| {
            format!(
                "{} is {} at the head and {} on this node",
                name.chars().take(40).collect::<String>(),
                told(head, name),
                told(node, name)
            )
        })
        .collect();
    let hint = "; all nodes of a cluster have the same, so install the head's";
    (!words.is_empty()).then(|| words.join(", ") + hint)
}

/// Leads a stream to a port of a node.
async fn lead(node: &Local, to: u8, port: u16, mut stream: TlsStream<TcpStream>) -> std::io::Result<()> {
    let Some(ports) = node.plan.ports(to).filter(|ports| ports.has(port)) else {
        let answer = Answer::refused(format!("port {port} is none that other nodes of a cluster reach"));
        return answered(&mut stream, &answer).await;
    };
    let Ok(_place) = Arc::clone(&node.streams).try_acquire_owned() else {
        let answer = Answer::not_now(format!("{} has {STREAMS_MAX} streams, and no more may be", node.id));
        return answered(&mut stream, &answer).await;
    };
    let mut running = node.watch();
    let now = running.borrow_and_update().clone();
    let Some(Running(space)) = now else {
        return answered(&mut stream, &Answer::not_now(format!("{} does not run", node.id))).await;
    };
    let inner = match space.connect(SocketAddrV4::new(address(to), ports.at(port).port())).await {
        Ok(inner) => inner,
        Err(error) => {
            return answered(&mut stream, &Answer::not_now(format!("nothing listens at port {port}: {error}"))).await;
        }
    };
    write(&mut stream, &Answer::Open).await?;
    tokio::select! {
        // Its end, or another beginning: either way this stream is of before.
        _ = running.changed() => {}
        () = carry(stream, inner) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
    }

    #[test]
    fn versions_that_differ_are_told_by_name() {
        let head = versions(&[("Ray", "2.60.0"), ("Python", "3.11.7")]);
        assert_eq!(difference(&head, &head), None);
        let why = difference(&head, &versions(&[("Ray", "2.59.0"), ("Python", "3.11.7")])).unwrap();
        assert!(why.starts_with("Ray is 2.60.0 at the head and 2.59.0 on this node;"), "{why}");
        let why = difference(&head, &versions(&[("Ray", "2.60.0")])).unwrap();
        assert!(why.starts_with("Python is 3.11.7 at the head and none on this node;"), "{why}");
        let hostile: BTreeMap<String, String> =
            (0..1_000).map(|n| (format!("{n}{}", "x".repeat(999)), "y".repeat(999))).collect();
        assert!(difference(&head, &hostile).unwrap().len() < 800);
    }
}
