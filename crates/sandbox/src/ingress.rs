//! HTTP from outside to services by host name: a reverse proxy with websockets.
//!
//! In: connections, plain or already decrypted. Out: the same requests at one of the service's addresses, answers as they come. A host
//! name belongs to who used it first, until it gives it back; who owns what is kept in a file, so that a restart gives nobody's away.

use bytes::Bytes;
use http_body_util::{Either, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE},
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::TcpListener,
    sync::Semaphore,
    time::timeout,
};

/// Connections at a time.
const CONNECTIONS_MAX: usize = 4096;
/// How long a head may take to come.
const HEAD_TIME_MAX: Duration = Duration::from_secs(20);
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Headers of one connection, which are not passed on.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"];

/// Why a host name is refused.
#[derive(Debug, thiserror::Error)]
pub enum IngressError {
    /// Not a host name.
    #[error("`{got}` is no host name: labels of letters, digits and inner hyphens, with dots between them, at most 253 bytes")]
    NotAHost {
        /// Its beginning.
        got: String,
    },
    /// Somebody else's.
    #[error("host name {host} is in use by somebody else; choose another, or have its owner give it back")]
    Taken {
        /// The host name.
        host: String,
    },
    /// The file of owners.
    #[error("the owners of host names cannot be kept in {path}: {detail}")]
    File {
        /// The file.
        path: String,
        /// The system's words.
        detail: String,
    },
}

/// Where requests of a host name go, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Addresses of the service, asked in turn; none while it is not well.
    pub backends: Vec<SocketAddr>,
    /// Most bytes of a request's body.
    pub body_bytes_max: usize,
    /// How long the head of an answer may take.
    pub answer_time_max: Duration,
}

impl Route {
    /// To addresses, with bodies of 1 MiB and a minute to answer.
    pub const fn new(backends: Vec<SocketAddr>) -> Self {
        Self { backends, body_bytes_max: 1 << 20, answer_time_max: Duration::from_secs(60) }
    }
}

type Answer = Response<Either<Incoming, Full<Bytes>>>;
/// What is answered instead.
type Refusal = (StatusCode, &'static str);
type Forward = Client<HttpConnector, Limited<Incoming>>;

#[derive(Default)]
struct Hosts {
    owners: BTreeMap<String, String>,
    routes: BTreeMap<String, Arc<Route>>,
}

/// A reverse proxy by host name.
pub struct Ingress {
    hosts: RwLock<Hosts>,
    file: PathBuf,
    client: Forward,
    turn: AtomicUsize,
}

impl Ingress {
    /// With the owners that the file has; a file that is not there has none.
    ///
    /// - Errors: [`IngressError::File`] for one that cannot be read: nobody's names are given away for it.
    pub fn open(file: impl Into<PathBuf>) -> Result<Self, IngressError> {
        let file = file.into();
        let owners = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            read => read.and_then(|text| Ok(serde_json::from_slice(&text)?)).map_err(|error| file_error(&file, &error))?,
        };
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIME_MAX));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_timer(TokioTimer::new())
            .build(connector);
        let hosts = RwLock::new(Hosts { owners, routes: BTreeMap::new() });
        Ok(Self { hosts, file, client, turn: AtomicUsize::new(0) })
    }

    /// Leads a host name to a service of `owner`, whose it becomes by its first use.
    ///
    /// - Errors: [`IngressError::Taken`] for somebody else's; nothing is changed then.
    pub fn lead(&self, host: &str, owner: &str, route: Route) -> Result<(), IngressError> {
        let host = host_name(host)?;
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        match hosts.owners.get(&host) {
            Some(other) if other != owner => return Err(IngressError::Taken { host }),
            Some(_) => {}
            None => {
                let mut owners = hosts.owners.clone();
                owners.insert(host.clone(), owner.to_owned());
                self.keep(&owners)?;
                hosts.owners = owners;
            }
        }
        hosts.routes.insert(host, Arc::new(route));
        Ok(())
    }

    /// Leads a host name nowhere; it stays its owner's.
    pub fn stop(&self, host: &str) {
        if let Ok(host) = host_name(host) {
            self.hosts.write().unwrap_or_else(PoisonError::into_inner).routes.remove(&host);
        }
    }

    /// Gives back a host name of `owner`; one of somebody else stays.
    pub fn give_back(&self, host: &str, owner: &str) -> Result<(), IngressError> {
        let host = host_name(host)?;
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        if hosts.owners.get(&host).is_none_or(|other| other != owner) {
            return Ok(());
        }
        let mut owners = hosts.owners.clone();
        owners.remove(&host);
        self.keep(&owners)?;
        hosts.owners = owners;
        hosts.routes.remove(&host);
        Ok(())
    }

    /// A host name is another's from now, and leads nowhere until that leads it somewhere.
    ///
    /// - Errors: [`IngressError::File`]; then it stays whose it was.
    pub fn hand_over(&self, host: &str, to: &str) -> Result<(), IngressError> {
        let host = host_name(host)?;
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        if hosts.owners.get(&host).is_some_and(|owner| owner == to) {
            return Ok(());
        }
        let mut owners = hosts.owners.clone();
        owners.insert(host.clone(), to.to_owned());
        self.keep(&owners)?;
        hosts.owners = owners;
        hosts.routes.remove(&host);
        Ok(())
    }

    /// Whose a host name is.
    pub fn owner(&self, host: &str) -> Option<String> {
        let host = host_name(host).ok()?;
        self.hosts.read().unwrap_or_else(PoisonError::into_inner).owners.get(&host).cloned()
    }

    /// All host names that are somebody's, each with whose.
    pub fn owners(&self) -> BTreeMap<String, String> {
        self.hosts.read().unwrap_or_else(PoisonError::into_inner).owners.clone()
    }

    /// Whole or not at all: written beside it, then put in its place.
    fn keep(&self, owners: &BTreeMap<String, String>) -> Result<(), IngressError> {
        let draft = self.file.with_extension("new");
        let write = || {
            let file = fs::File::create(&draft)?;
            serde_json::to_writer_pretty(&file, owners)?;
            file.sync_all()?;
            fs::rename(&draft, &self.file)
        };
        write().map_err(|error| file_error(&self.file, &error))
    }

    /// Serves plain HTTP at a listener until it is dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let Ok((stream, peer)) = listener.accept().await else {
                // Out of open files: it is tried again when some may be free.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let ingress = self.clone();
            tokio::spawn(async move {
                ingress.serve_connection(stream, peer.ip(), "http").await;
                drop(place);
            });
        }
    }

    /// Serves one connection: what somebody accepted, and perhaps decrypted. `scheme` is how the client came, `http` or `https`.
    pub async fn serve_connection(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: IpAddr,
        scheme: &'static str,
    ) {
        let service = service_fn(move |request| {
            let ingress = self.clone();
            async move { Ok::<_, Infallible>(ingress.answer(request, peer, scheme).await) }
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
        // What a client breaks off is its own affair.
        let _ = server.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }

    async fn answer(&self, request: Request<Incoming>, peer: IpAddr, scheme: &'static str) -> Answer {
        let Some(host) = asked_host(&request) else {
            return told(StatusCode::BAD_REQUEST, "the request names no host");
        };
        let route = self.hosts.read().unwrap_or_else(PoisonError::into_inner).routes.get(&host).cloned();
        let Some(route) = route else {
            return told(StatusCode::NOT_FOUND, "no service has this host name here");
        };
        if route.backends.is_empty() {
            return told(StatusCode::SERVICE_UNAVAILABLE, "the service of this host name is not well; try again in a moment");
        }
        if declared_bytes(&request).is_some_and(|bytes| bytes > route.body_bytes_max as u64) {
            return told(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than this service takes");
        }
        let backend = route.backends[self.turn.fetch_add(1, Ordering::Relaxed) % route.backends.len()];
        match forwarded(request, backend, &host, peer, scheme) {
            Ok((client, request)) => self.forward(client, request, &route).await,
            Err((status, words)) => told(status, words),
        }
    }

    async fn forward(&self, client: Option<hyper::upgrade::OnUpgrade>, request: Request<Incoming>, route: &Route) -> Answer {
        let request = request.map(|body| Limited::new(body, route.body_bytes_max));
        let mut answer = match timeout(route.answer_time_max, self.client.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if is_too_long(&error) => {
                return told(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than this service takes");
            }
            Ok(Err(_)) => return told(StatusCode::BAD_GATEWAY, "the service does not answer at its port"),
            Err(_) => return told(StatusCode::GATEWAY_TIMEOUT, "the service took too long to answer"),
        };
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            drop_hop_by_hop(answer.headers_mut());
            return answer.map(Either::Left);
        }
        let service = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            let Some(client) = client else { return };
            if let (Ok(client), Ok(service)) = (client.await, service.await) {
                let _ = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(service)).await;
            }
        });
        answer.map(Either::Left)
    }
}

fn file_error(path: &Path, error: &io::Error) -> IngressError {
    IngressError::File { path: path.display().to_string(), detail: error.to_string() }
}

/// A host name in lower case; a last dot, which some write, is left out.
fn host_name(text: &str) -> Result<String, IngressError> {
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return Err(IngressError::NotAHost { got: text.chars().take(80).collect() });
    }
    Ok(host)
}

/// The host that a request is for: of its target where it has one, as the standard says, else of its header.
fn asked_host(request: &Request<Incoming>) -> Option<String> {
    let mut named = request.headers().get_all(HOST).iter();
    let header = named.next()?.to_str().ok()?;
    if named.next().is_some() {
        return None;
    }
    let host = request.uri().host().unwrap_or_else(|| header.rsplit_once(':').map_or(header, |(host, _)| host));
    host_name(host).ok()
}

fn declared_bytes(request: &Request<Incoming>) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The request as the service gets it, and the client's side of a switch of protocols where it asks for one.
fn forwarded(
    mut request: Request<Incoming>,
    backend: SocketAddr,
    host: &str,
    peer: IpAddr,
    scheme: &'static str,
) -> Result<(Option<hyper::upgrade::OnUpgrade>, Request<Incoming>), Refusal> {
    if request.method() == Method::CONNECT {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "tunnels are not made here"));
    }
    let bad = || (StatusCode::BAD_REQUEST, "the request's target is no path");
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri: Uri = format!("http://{backend}{path}").parse().map_err(|_| bad())?;
    let upgrade = request.headers().get(UPGRADE).cloned();
    let client = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    drop_hop_by_hop(headers);
    headers.remove(UPGRADE);
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    // What the client says of itself here is not believed: it is replaced.
    let said = |text: &str| HeaderValue::from_str(text).map_err(|_| bad());
    headers.insert(HeaderName::from_static("x-forwarded-for"), said(&peer.to_string())?);
    headers.insert(HeaderName::from_static("x-forwarded-host"), said(host)?);
    headers.insert(HeaderName::from_static("x-forwarded-proto"), HeaderValue::from_static(scheme));
    headers.remove("forwarded");
    headers.insert(HOST, said(host)?);
    Ok((client, request))
}

fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // How long a body is, is never a matter of the connection's options.
        .filter(|name| *name != TRANSFER_ENCODING && *name != CONTENT_LENGTH && *name != HOST)
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

fn is_too_long(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn told(status: StatusCode, words: &str) -> Answer {
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from(format!("{words}\n")))));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
