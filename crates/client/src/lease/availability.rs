//! Reports of a lease's availability, as tenant and provider sign them, and the probes that a tenant makes for them.
//!
//! In: what was counted, a key. Out: a signed report that a chain takes from the other party. A probe asks for what the lease's users
//! ask for: an HTTP answer of the service behind its host name, a connection to its port.

use super::LeaseStatus;
use crate::{Reach, SigningKey, Trust, Verifier};
use depin_quantity::Name;
use depin_services::{
    InnerSignature,
    coverage::{PublicKey, SignatureBytes},
    leasing::{AvailabilityReport, SignedReport},
};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long an answer to a probe may take.
pub const PROBE_TIME_MAX: Duration = Duration::from_secs(5);

/// Signs a report for a chain.
pub fn sign_report(key: &SigningKey, chain: Name, report: AvailabilityReport) -> SignedReport {
    let signature = key.sign(&InnerSignature::signed_bytes(chain, &report.signed()));
    SignedReport { report, key: PublicKey::new(key.public_key()), signature: SignatureBytes::new(signature) }
}

/// Whether a report was signed by its key, for a chain.
pub fn is_signed(report: &SignedReport, chain: Name) -> bool {
    let bytes = InnerSignature::signed_bytes(chain, &report.report.signed());
    Verifier.verify_one(&report.key.get(), &bytes, &report.signature.get())
}

/// Where users reach a lease.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// HTTP by host name, with the port where it is not 80.
    Host(String),
    /// A TCP port of the provider's machine, `HOST:PORT`.
    Port(String),
}

/// What of a lease can be probed: its host names and its TCP ports.
pub fn targets(status: &LeaseStatus) -> Vec<Target> {
    let hosts = status.services.values().flat_map(|service| service.uris.iter().cloned().map(Target::Host));
    let ports = status.forwarded_ports.values().flatten().filter(|port| port.proto.eq_ignore_ascii_case("tcp"));
    let mut all: Vec<Target> =
        hosts.chain(ports.map(|port| Target::Port(format!("{}:{}", port.host, port.external_port)))).collect();
    all.sort();
    all.dedup();
    all
}

/// Probes a lease as its users reach it.
#[derive(Clone, Debug)]
pub struct Prober {
    http: reqwest::Client,
    reach: Reach,
}

impl Prober {
    /// A prober that connects to these addresses.
    ///
    /// # Errors
    /// The HTTP client's.
    pub fn new(reach: Reach) -> Result<Self, reqwest::Error> {
        let http = reach.guard(Trust::default().http()).timeout(PROBE_TIME_MAX).pool_max_idle_per_host(0).build()?;
        Ok(Self { http, reach })
    }

    /// Whether somebody answers there: over HTTP with anything but the words of a proxy that reaches nobody (502, 503, 504).
    pub async fn answers(&self, target: &Target) -> bool {
        match target {
            Target::Host(host) => match self.http.get(format!("http://{host}/")).send().await {
                Ok(answer) => !matches!(answer.status().as_u16(), 502..=504),
                Err(_) => false,
            },
            Target::Port(address) => self.connects(address).await,
        }
    }

    async fn connects(&self, address: &str) -> bool {
        let connects = async {
            let found: Vec<_> = tokio::net::lookup_host(address).await.ok()?.collect();
            let allowed = found.into_iter().filter(|one| self.reach.allows(*one)).collect::<Vec<_>>();
            TcpStream::connect(&allowed[..]).await.ok()
        };
        tokio::time::timeout(PROBE_TIME_MAX, connects).await.ok().flatten().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::{PortStatus, ServiceStatus};
    use depin_services::leasing::BidId;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    #[test]
    fn a_report_is_good_for_its_key_its_counts_and_its_chain() {
        let (key, chain) = (SigningKey::from_seed(&[1; 32]), Name::literal("here"));
        let report = AvailabilityReport { lease: BidId::default(), period: 3, probes: 10, answered: 9 };
        let signed = sign_report(&key, chain, report);
        assert_eq!(signed.key.address(), key.address());
        assert!(is_signed(&signed, chain));
        assert!(!is_signed(&signed, Name::literal("there")));
        assert!(!is_signed(&SignedReport { report: AvailabilityReport { answered: 10, ..report }, ..signed }, chain));
        let other = SigningKey::from_seed(&[2; 32]);
        assert!(!is_signed(&SignedReport { key: PublicKey::new(other.public_key()), ..signed }, chain));
    }

    #[test]
    fn host_names_and_tcp_ports_are_probed() {
        let port = |proto: &str, external_port| PortStatus {
            host: "h.example".to_owned(),
            port: 53,
            external_port,
            proto: proto.to_owned(),
            name: "web".to_owned(),
        };
        let mut status = LeaseStatus::default();
        let service = ServiceStatus { uris: vec!["a.example".to_owned()], ..ServiceStatus::default() };
        status.services.insert("web".to_owned(), service);
        status.forwarded_ports.insert("web".to_owned(), vec![port("TCP", 1_053), port("UDP", 1_054)]);
        assert_eq!(targets(&status), [Target::Host("a.example".to_owned()), Target::Port("h.example:1053".to_owned())]);
    }

    /// Answers every connection with a status.
    async fn answering(status: u16) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn what_the_service_says_is_an_answer_and_what_a_proxy_says_for_it_is_none() {
        let prober = Prober::new(Reach::local()).unwrap();
        for (status, answers) in [(200, true), (404, true), (500, true), (502, false), (503, false), (504, false)] {
            assert_eq!(prober.answers(&Target::Host(answering(status).await)).await, answers, "{status}");
        }
        let here = answering(200).await;
        assert!(prober.answers(&Target::Port(here.clone())).await);
        let nobody = {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            listener.local_addr().unwrap().to_string()
        };
        assert!(!prober.answers(&Target::Port(nobody.clone())).await);
        assert!(!prober.answers(&Target::Host(nobody)).await);
        let strangers = Prober::new(Reach::public()).unwrap();
        assert!(!strangers.answers(&Target::Port(here)).await, "this machine is nobody's provider");
    }
}
