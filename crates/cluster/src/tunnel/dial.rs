//! Opens tunnels to other nodes.

use super::{
    HANDSHAKE_TIME_MAX,
    frame::{Answer, Ask, Hello, Joined, VERSION, read, write},
    keep_alive,
    listen::Tunnels,
};
use crate::{
    error::TunnelError,
    plan::{NodeId, Plan},
};
use std::collections::BTreeMap;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;

impl Tunnels {
    /// A stream to a port of another node of the cluster.
    pub(super) async fn dial(&self, plan: &Plan, from: u8, to: u8, port: u16) -> Result<TlsStream<TcpStream>, TunnelError> {
        match self.ask(plan, from, to, Ask::Dial { port }).await? {
            (Answer::Open, stream) => Ok(stream),
            (other, _) => Err(unexpected(plan, to, &other)),
        }
    }

    /// Joins the cluster at its head.
    pub(crate) async fn join(&self, plan: &Plan, from: u8, versions: BTreeMap<String, String>) -> Result<Joined, TunnelError> {
        match self.ask(plan, from, 0, Ask::Join { versions }).await? {
            (Answer::Joined(joined), _) => Ok(joined),
            (other, _) => Err(unexpected(plan, 0, &other)),
        }
    }

    /// Whether another node of the cluster runs.
    pub(crate) async fn look(&self, plan: &Plan, from: u8, to: u8) -> Result<bool, TunnelError> {
        match self.ask(plan, from, to, Ask::Look).await? {
            (Answer::State { running }, _) => Ok(running),
            (other, _) => Err(unexpected(plan, to, &other)),
        }
    }

    async fn ask(&self, plan: &Plan, from: u8, to: u8, ask: Ask) -> Result<(Answer, TlsStream<TcpStream>), TunnelError> {
        let address = address(plan, to);
        let late =
            || TunnelError::Unreached { to: address.clone(), why: format!("nothing within {} s", HANDSHAKE_TIME_MAX.as_secs()) };
        let asked = timeout(HANDSHAKE_TIME_MAX, self.ask_at(&address, plan, from, to, ask)).await.map_err(|_| late())??;
        match asked {
            (Answer::Refused { why, for_good }, _) => Err(TunnelError::Refused { to: address, why, for_good }),
            answered => Ok(answered),
        }
    }

    async fn ask_at(
        &self,
        address: &str,
        plan: &Plan,
        from: u8,
        to: u8,
        ask: Ask,
    ) -> Result<(Answer, TlsStream<TcpStream>), TunnelError> {
        let unreached = |why: std::io::Error| TunnelError::Unreached { to: address.to_owned(), why: why.to_string() };
        let member = plan.member(to).ok_or_else(|| TunnelError::Unreached {
            to: NodeId::new(plan.hire, to).to_string(),
            why: format!("the cluster has {} nodes", plan.members.len()),
        })?;
        let stream = TcpStream::connect(&member.tunnel).await.map_err(unreached)?;
        keep_alive(&stream).map_err(unreached)?;
        let mut stream = self.identity().connect(stream, member.account).await.map_err(unreached)?;
        let answer = |why: std::io::Error| TunnelError::Answer { to: address.to_owned(), why: words(&why) };
        write(&mut stream, &Hello { version: VERSION, hire: plan.hire, from, to, ask }).await.map_err(answer)?;
        // A foreign key is refused only now: in TLS 1.3 this side ends its handshake first.
        let said = read(&mut stream).await.map_err(answer)?;
        Ok((said, stream))
    }
}

fn words(error: &std::io::Error) -> String {
    let denied = rustls::Error::AlertReceived(rustls::AlertDescription::AccessDenied);
    match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(alert) if *alert == denied => {
            "it takes no tunnel of this account, which is in no cluster there, or not yet".to_owned()
        }
        _ => error.to_string(),
    }
}

fn address(plan: &Plan, to: u8) -> String {
    plan.member(to).map_or_else(|| NodeId::new(plan.hire, to).to_string(), |member| member.tunnel.clone())
}

fn unexpected(plan: &Plan, to: u8, answer: &Answer) -> TunnelError {
    let why = match answer {
        Answer::Open => "it opened a stream that was not asked for",
        Answer::Joined(_) => "it took a node that did not ask to join",
        Answer::State { .. } => "it told how it is, which was not asked",
        Answer::Refused { .. } => "it refused",
    };
    TunnelError::Answer { to: address(plan, to), why: why.to_owned() }
}
