//! Whose host names are: who may claim one, and who takes it from whom.
//!
//! In: a host name that a tenant claims, and who has it. Out: whether it is the tenant's. A name is its first user's, until its lease is over
//! or claims it no more. Where names are proven ([`HostNames::is_proven`]), a claim of a name in the public DNS needs a [`HostProof`] under
//! that name, and whoever has one takes the name also from another tenant: who decides what is served there decides whose it is. A proof is
//! looked at when a name is claimed, and not again while it is kept: a name that leads here by now is answered by its tenant's own service.
//!
//! Absent on purpose: the DNS as a proof (TXT), certificates.

use depin_client::{
    Reach, Trust,
    lease::{HOST_PROOF_BYTES_MAX, HOST_PROOF_PATH, HostProof},
    read_body,
};
use depin_quantity::{Address, Name};
use depin_sdl::hosts::HostBlockList;
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// How long a name's server may take to show the file.
const ANSWER: Duration = Duration::from_secs(5);

/// Domains that are nobody's in the public DNS, so that nothing proves whose their names are: RFC 2606, 6761, 6762, 8375, and ICANN's
/// `internal` (resolution 2024.07.29.06).
const NOBODYS: [&str; 10] = [
    ".localhost",
    ".test",
    ".example",
    ".invalid",
    ".local",
    ".internal",
    ".home.arpa",
    ".example.com",
    ".example.net",
    ".example.org",
];

/// How host names become a tenant's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNames {
    /// Whether a name in the public DNS is claimed with a proof alone.
    pub is_proven: bool,
    /// Which addresses are asked for a proof.
    pub reach: Reach,
    /// Names that this machine knows better than the DNS, with where their HTTP is.
    pub known: BTreeMap<String, SocketAddr>,
}

impl Default for HostNames {
    fn default() -> Self {
        Self { is_proven: true, reach: Reach::public(), known: BTreeMap::new() }
    }
}

/// Looks at proofs.
pub(super) struct Proofs {
    is_proven: bool,
    http: reqwest::Client,
    chain: Name,
    provider: Address,
}

/// Why a claim is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Somebody else has it, and nothing proves that it is the tenant's.
    Taken,
    /// Nothing proves that it is the tenant's; why.
    Unproven(String),
}

impl Proofs {
    /// For claims at a provider.
    ///
    /// # Errors
    /// The HTTP client's.
    pub(super) fn new(names: &HostNames, chain: Name, provider: Address) -> Result<Self, reqwest::Error> {
        let mut http = names.reach.guard(Trust::default().http()).timeout(ANSWER).pool_max_idle_per_host(0);
        for (name, address) in &names.known {
            http = http.resolve(name, *address);
        }
        Ok(Self { is_proven: names.is_proven, http: http.build()?, chain, provider })
    }

    /// Whether a tenant may have a host name that is `holder`'s by now.
    pub(super) async fn check(&self, host: &str, tenant: Address, holder: Option<&str>) -> Result<(), Claim> {
        if holder.is_some_and(|holder| holder == tenant.to_string()) {
            return Ok(());
        }
        if !self.is_proven || is_nobodys(host) {
            return if holder.is_none() { Ok(()) } else { Err(Claim::Taken) };
        }
        match self.proven(host).await {
            Ok(owner) if owner == tenant => Ok(()),
            Ok(owner) => Err(Claim::Unproven(format!("the file there says that it is the account {owner}'s"))),
            Err(_) if holder.is_some() => Err(Claim::Taken),
            Err(why) => Err(Claim::Unproven(why)),
        }
    }

    /// Whose a host name is by what is served under it.
    async fn proven(&self, host: &str) -> Result<Address, String> {
        let url = format!("http://{}{HOST_PROOF_PATH}", host.trim_end_matches('.'));
        let answer = self.http.get(&url).send().await.map_err(|error| {
            let barred = depin_client::Barred::of(&error).map(ToString::to_string);
            barred.unwrap_or_else(|| "it does not answer there".to_owned())
        })?;
        if !answer.status().is_success() {
            return Err(format!("it answers there with status {}", answer.status().as_u16()));
        }
        let text = read_body(answer, HOST_PROOF_BYTES_MAX).await.map_err(|error| error.to_string())?;
        HostProof::read(&text, self.chain, host, self.provider)
    }
}

/// Whether nobody has a name in the public DNS.
fn is_nobodys(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    !host.contains('.') || HostBlockList::new(NOBODYS).blocks(host).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::SigningKey;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    const CHAIN: Name = Name::literal("here");
    const PROVIDER: Address = Address::new([9; 32]);

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    /// A server that shows `text` at the proof's place, and says 404 elsewhere.
    async fn showing(status: u16, text: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 2_048];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&head[..read]).into_owned();
                let fits = asked.starts_with(&format!("GET {HOST_PROOF_PATH} ")) && asked.contains("shop.acme.dev");
                let (status, body) = if fits { (status, &text[..]) } else { (404, &[][..]) };
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body).await;
            }
        });
        address
    }

    fn names(at: SocketAddr) -> HostNames {
        HostNames { reach: Reach::local(), known: [("shop.acme.dev".to_owned(), at)].into(), ..HostNames::default() }
    }

    fn proofs(names: &HostNames) -> Proofs {
        Proofs::new(names, CHAIN, PROVIDER).unwrap()
    }

    fn proof(by: u8) -> Vec<u8> {
        serde_json::to_vec(&HostProof::sign(&key(by), CHAIN, "shop.acme.dev", PROVIDER)).unwrap()
    }

    #[tokio::test]
    async fn who_decides_what_is_served_under_a_name_has_it_and_takes_it_from_others() {
        let (first, second) = (key(1).address(), key(2).address());
        let held = first.to_string();
        let proofs = proofs(&names(showing(200, proof(2)).await));
        assert_eq!(proofs.check("shop.acme.dev", second, None).await, Ok(()));
        assert_eq!(proofs.check("shop.acme.dev", second, Some(&held)).await, Ok(()), "taken from the first");
        assert_eq!(proofs.check("shop.acme.dev", first, Some(&held)).await, Ok(()), "what one has is kept without a look");
        let Err(Claim::Unproven(why)) = proofs.check("shop.acme.dev", first, None).await else { panic!() };
        assert!(why.contains(&second.to_string()), "{why}");
    }

    #[tokio::test]
    async fn without_a_proof_nobody_gets_a_public_name() {
        let (tenant, other) = (key(1).address(), key(2).address().to_string());
        let elsewhere = serde_json::to_vec(&HostProof::sign(&key(1), CHAIN, "shop.acme.dev", Address::new([8; 32]))).unwrap();
        for (status, text, says) in [
            (404, Vec::new(), "status 404"),
            (302, Vec::new(), "status 302"),
            (200, b"<html>".to_vec(), "no proof"),
            (200, vec![b' '; HOST_PROOF_BYTES_MAX + 1], "4096"),
            (200, elsewhere, "for the provider"),
        ] {
            let proofs = proofs(&names(showing(status, text).await));
            let Err(Claim::Unproven(why)) = proofs.check("shop.acme.dev", tenant, None).await else { panic!("{says}") };
            assert!(why.contains(says), "{why}");
            assert_eq!(proofs.check("shop.acme.dev", tenant, Some(&other)).await, Err(Claim::Taken));
        }
        let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let Err(Claim::Unproven(why)) = proofs(&names(nobody)).check("shop.acme.dev", tenant, None).await else { panic!() };
        assert!(why.contains("does not answer"), "{why}");
    }

    #[tokio::test]
    async fn names_that_nothing_could_prove_are_their_first_users() {
        let (tenant, other) = (key(1).address(), key(2).address().to_string());
        let proofs = proofs(&HostNames::default());
        for host in ["shop.example.com", "a.localhost", "db.internal", "printer.local", "visits.test", "x.home.arpa", "intranet"]
        {
            assert_eq!(proofs.check(host, tenant, None).await, Ok(()), "{host}");
            assert_eq!(proofs.check(host, tenant, Some(&other)).await, Err(Claim::Taken), "{host}");
        }
        assert!(!is_nobodys("example.dev") && !is_nobodys("notlocalhost.dev") && !is_nobodys("local.acme.dev"));
        // A provider that asks for no proof gives every name to its first user.
        let trusting = self::proofs(&HostNames { is_proven: false, ..HostNames::default() });
        assert_eq!(trusting.check("shop.acme.dev", tenant, None).await, Ok(()));
        assert_eq!(trusting.check("shop.acme.dev", tenant, Some(&other)).await, Err(Claim::Taken));
    }
}
