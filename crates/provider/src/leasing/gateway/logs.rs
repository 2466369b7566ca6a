//! `GET …/logs`: what services write, line by line, in one stream.

use super::{
    State,
    answers::{LeasePath, parts},
    error,
    query::StreamQuery,
    streams::{End, FAULT, NO_LEASE, UNAVAILABLE, pump, upgrade},
};
use crate::{
    leasing::{Desk, DeskError},
    operator::ApiError,
};
use axum::{
    extract::{RawQuery, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::HeaderMap,
    response::Response,
};
use bytes::{Bytes, BytesMut};
use depin_client::lease::{LogLine, Scope, Services};
use depin_sandbox::{LogOptions, Output, OutputStream};
use depin_services::leasing::BidId;
use futures::{Stream, StreamExt as _, future::ready, stream};

/// Longest line that is sent as one, in bytes; what is longer is cut.
const LINE_MAX: usize = 32 << 10;
/// Most replicas in one stream.
const REPLICAS_MAX: usize = 256;

pub(super) async fn serve(
    shared: State,
    path: LeasePath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    asked: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let entry = shared.to_lease(&headers, parts(&path), Some(Scope::Logs)).await?;
    let query = StreamQuery::read(query.as_deref())?;
    let desk = &shared.door.desk;
    let names = services(desk.as_ref(), entry.lease, &query, &entry.services).await?;
    let asked = upgrade(asked)?;
    let seat = shared.streams.enter(entry.lease)?;
    let shared = shared.0.clone();
    Ok(asked.on_upgrade(move |mut socket| async move {
        let _seat = seat;
        let options = LogOptions { follow: query.follow, tail: query.tail };
        match open(shared.door.desk.as_ref(), entry.lease, &names, options).await {
            Ok(lines) => pump(&shared, &entry.claims, socket, lines).await,
            Err(end) => {
                let _ = socket.send(end.frame()).await;
            }
        }
    }))
}

/// The services whose logs are meant: those that are named, or all that may be read.
pub(super) async fn services(
    desk: &dyn Desk,
    lease: BidId,
    query: &StreamQuery,
    allowed: &Services,
) -> Result<Vec<String>, ApiError> {
    let tenancy = desk.tenancy(lease).await.map_err(error::desk)?;
    for named in &query.services {
        if !tenancy.services.iter().any(|one| one.name == *named) {
            let name: String = named.chars().take(80).collect();
            return Err(error::desk(DeskError::NoService(format!("the lease has no service `{name}`"))));
        }
        if !allowed.has(named) {
            return Err(error::forbidden(format!("the token does not allow it for the service `{named}`")));
        }
    }
    let all = tenancy.services.into_iter().map(|one| one.name);
    Ok(all.filter(|name| allowed.has(name) && (query.services.is_empty() || query.services.contains(name))).collect())
}

async fn open(
    desk: &dyn Desk,
    lease: BidId,
    services: &[String],
    options: LogOptions,
) -> Result<impl Stream<Item = Result<String, End>> + use<>, End> {
    let mut streams = Vec::new();
    for service in services {
        let of_it = desk.logs(lease, service, options).await.map_err(|why| end(&why))?;
        streams.extend(of_it.into_iter().map(|(replica, output)| lines(format!("{service}-{replica}"), output).boxed()));
    }
    if streams.is_empty() {
        return Err(End::new(FAULT, "no running pods"));
    }
    if streams.len() > REPLICAS_MAX {
        return Err(End::new(FAULT, "too many replicas at once; name services"));
    }
    Ok(stream::select_all(streams))
}

/// How a stream ends by what the desk says.
pub(super) fn end(why: &DeskError) -> End {
    let code = match why {
        DeskError::NoLease(_) | DeskError::NoDeployment(_) | DeskError::NoManifest(_) | DeskError::NoService(_) => NO_LEASE,
        DeskError::Unavailable(_) => UNAVAILABLE,
        DeskError::Hash { .. }
        | DeskError::HostTaken(_)
        | DeskError::HostUnproven { .. }
        | DeskError::Manifest(_)
        | DeskError::Image(_)
        | DeskError::Report(_)
        | DeskError::Refused(_) => FAULT,
    };
    End::new(code, &why.to_string())
}

/// What one replica writes, line by line. A runtime that breaks off is a replica that says nothing more.
fn lines(name: String, output: OutputStream) -> impl Stream<Item = Result<String, End>> {
    let ended = output.map(Some).chain(stream::once(ready(None)));
    let cut = ended.scan(Halves::default(), |halves, output| {
        let lines = match output {
            Some(Ok(Output::Stdout(bytes))) => halves.out.feed(&bytes),
            Some(Ok(Output::Stderr(bytes))) => halves.err.feed(&bytes),
            Some(Err(error)) => {
                tracing::debug!(%error, "a log broke off");
                Vec::new()
            }
            None => halves.out.rest().into_iter().chain(halves.err.rest()).collect(),
        };
        ready(Some(stream::iter(lines)))
    });
    cut.flatten().map(move |line| {
        let line = LogLine { name: name.clone(), message: String::from_utf8_lossy(&line).into_owned() };
        serde_json::to_string(&line).map_err(|_| End::new(FAULT, "a line cannot be written"))
    })
}

/// Lines of standard output and of standard error that have no end yet.
#[derive(Default)]
struct Halves {
    out: Begun,
    err: Begun,
}

#[derive(Default)]
struct Begun(BytesMut);

impl Begun {
    /// Lines that have their end now.
    fn feed(&mut self, bytes: &[u8]) -> Vec<Bytes> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let mut part = part;
            while self.0.len() + part.len() > LINE_MAX {
                let (fits, more) = part.split_at(LINE_MAX - self.0.len());
                self.0.extend_from_slice(fits);
                lines.push(self.0.split().freeze());
                part = more;
            }
            self.0.extend_from_slice(part);
            if self.0.last() == Some(&b'\n') {
                let mut line = self.0.split().freeze();
                line.truncate(line.len() - 1);
                if line.last() == Some(&b'\r') {
                    line.truncate(line.len() - 1);
                }
                lines.push(line);
            }
        }
        lines
    }

    /// What is left without an end.
    fn rest(&mut self) -> Option<Bytes> {
        (!self.0.is_empty()).then(|| self.0.split().freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn output_is_cut_into_lines_by_stream_and_long_ones_by_their_length() {
        let output = vec![
            Ok(Output::Stdout(Bytes::from_static(b"one\ntw"))),
            Ok(Output::Stderr(Bytes::from_static(b"bad\r\n\n"))),
            Ok(Output::Stdout(Bytes::from_static(b"o\nlast"))),
        ];
        let said: Vec<String> = lines("web-0".to_owned(), stream::iter(output).boxed())
            .map(|line| serde_json::from_str::<LogLine>(&line.unwrap()).unwrap().message)
            .collect()
            .await;
        assert_eq!(said, ["one", "bad", "", "two", "last"]);
        let mut begun = Begun::default();
        let lengths: Vec<usize> = begun.feed(&vec![b'x'; 2 * LINE_MAX + 5]).iter().map(Bytes::len).collect();
        assert_eq!((lengths, begun.rest().map(|rest| rest.len())), (vec![LINE_MAX; 2], Some(5)));
    }
}
