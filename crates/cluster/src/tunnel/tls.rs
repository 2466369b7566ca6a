//! TLS in which both sides are known by their accounts' keys. No authority signs anything: an account's address is the hash of its key, and the
//! chain says which accounts are in a cluster.

use crate::error::ClusterError;
use depin_client::{
    SigningKey,
    lease::{OwnCertificate, account_of},
};
use depin_quantity::Address;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::{fmt, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// The name in certificates. Nobody looks at it: who is meant is known by its key.
const NAME: &str = "tunnel.depin.invalid";
/// The one protocol that is spoken, by ALPN, so that no other port of an account takes a tunnel's connection for its own.
const PROTOCOL: &[u8] = b"depin-cluster/1";

/// Whether an account is a member of any cluster here.
pub(super) type Knows = Arc<dyn Fn(Address) -> bool + Send + Sync>;

/// This daemon's certificate, and what it takes of others.
pub(super) struct Identity {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    provider: Arc<CryptoProvider>,
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn new(key: &SigningKey, knows: Knows) -> Result<Self, ClusterError> {
        let OwnCertificate { certificate, key } = OwnCertificate::make(key, &[NAME.to_owned()])?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(Members { knows, provider: Arc::clone(&provider) });
        let (chain, secret) = pair(&certificate, &key);
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider knows TLS 1.3")
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, secret);
        let mut config = config.expect("the certificate was made with this key");
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // Who was taken out of all clusters is not let in again by a ticket of before.
        config.send_tls13_tickets = 0;
        Ok(Self { certificate, key, provider, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// The other side of a connection that came, once it showed the key of an account that is known here.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<(Address, server::TlsStream<TcpStream>)> {
        let stream = self.acceptor.accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).and_then(account_of);
        let account = shown.ok_or_else(|| std::io::Error::other("no certificate was shown"))?;
        Ok((account, stream))
    }

    /// A connection to who shows the key of an account.
    pub(super) async fn connect(&self, stream: TcpStream, to: Address) -> std::io::Result<client::TlsStream<TcpStream>> {
        let (chain, secret) = pair(&self.certificate, &self.key);
        let verifier = Arc::new(Member { account: to, provider: Arc::clone(&self.provider) });
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("the provider knows TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_auth_cert(chain, secret);
        let mut config = config.expect("the certificate was made with this key");
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        let name = ServerName::try_from(NAME).expect("the name is a host name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

fn pair(certificate: &[u8], key: &[u8]) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    (vec![CertificateDer::from(certificate.to_vec())], PrivatePkcs8KeyDer::from(key.to_vec()).into())
}

fn account(shown: &CertificateDer<'_>) -> Result<Address, Error> {
    account_of(shown).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// Takes the one account that is meant.
#[derive(Debug)]
struct Member {
    account: Address,
    provider: Arc<CryptoProvider>,
}

/// Takes accounts that are members of clusters here.
struct Members {
    knows: Knows,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").finish_non_exhaustive()
    }
}

/// Both sides speak TLS 1.3 alone.
fn older() -> Result<HandshakeSignatureValid, Error> {
    Err(Error::General("tunnels speak TLS 1.3".to_owned()))
}

impl ServerCertVerifier for Member {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = account(shown)?;
        if found == self.account {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General(format!("it shows the key of the account {found}, and {} is meant", self.account)))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        older()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl ClientCertVerifier for Members {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let found = account(shown)?;
        if (self.knows)(found) {
            return Ok(ClientCertVerified::assertion());
        }
        tracing::debug!(account = %found, "a tunnel of an account that is in no cluster here was refused");
        // The other side is told "access denied".
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        older()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
