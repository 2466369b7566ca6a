//! Whose certificates are trusted, and the HTTP client that trusts them.
//!
//! In: the system's authorities, a file of others, the certificate of one's own ports. Out: the one way in which this project makes HTTP
//! clients. The system's authorities are read at the first handshake that needs them: whoever speaks plain HTTP on loopback needs none.

use depin_quantity::Address;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Why a file of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file system's.
    #[error("cannot read {path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing in it.
    #[error("{path} holds no certificate in PEM: {why}", path = path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
}

/// Whose certificates are trusted: those that the system trusts, and those of files that were named. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trust {
    listed: Vec<CertificateDer<'static>>,
    own: Option<PathBuf>,
    /// The last file of authorities that was named.
    authorities: Option<PathBuf>,
    verifier: Arc<Verifier>,
    config: Arc<ClientConfig>,
}

impl Default for Trust {
    /// What the system trusts.
    fn default() -> Self {
        Self::of(Vec::new(), None)
    }
}

impl Trust {
    fn of(listed: Vec<CertificateDer<'static>>, own: Option<PathBuf>) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(Verifier {
            provider: Arc::clone(&provider),
            listed: listed.clone(),
            own: own.clone().map(|path| Own { path, seen: Mutex::default() }),
            authorities: OnceLock::new(),
        });
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("the provider knows TLS 1.2 and 1.3").dangerous();
        let config =
            config.with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>).with_no_client_auth();
        Self { listed, own, authorities: None, verifier, config: Arc::new(config) }
    }

    /// Also the authorities whose certificates are in a file, in PEM. A server's own certificate in it is trusted for the names in it.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn with_authorities(self, path: &Path) -> Result<Self, TrustError> {
        let mut listed = self.listed;
        listed.extend(read(path)?);
        Ok(Self { authorities: Some(path.to_owned()), ..Self::of(listed, self.own) })
    }

    /// The file of authorities that was named last, if any was.
    pub fn authorities(&self) -> Option<&Path> {
        self.authorities.as_deref()
    }

    /// Also the certificate in a file under whatever name: for the ports of this machine's own processes, which are reached by loopback
    /// while the certificate names what strangers reach. The file is read when a server shows another one: it may have been renewed.
    #[must_use]
    pub fn with_own(self, certificate: impl Into<PathBuf>) -> Self {
        let authorities = self.authorities;
        Self { authorities, ..Self::of(self.listed, Some(certificate.into())) }
    }

    /// An HTTP client with that trust; HTTP/1 only.
    pub fn http(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder().tls_backend_preconfigured(ClientConfig::clone(&self.config))
    }

    /// An HTTP client that also trusts whoever shows a certificate with an account's key; HTTP/1 and TLS 1.3 only.
    pub fn http_with_account(&self, account: Address) -> reqwest::ClientBuilder {
        let provider = Arc::clone(&self.verifier.provider);
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
        let verifier = Arc::new(OfAccount { account, rest: Arc::clone(&self.verifier) });
        let config = config.expect("the provider knows TLS 1.3").dangerous().with_custom_certificate_verifier(verifier);
        reqwest::Client::builder().tls_backend_preconfigured(config.with_no_client_auth())
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let text = fs::read(path).map_err(|source| TrustError::File { path: path.to_owned(), source })?;
    let content = |why| TrustError::Content { path: path.to_owned(), why };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(content("there is none in it")),
        Ok(found) => Ok(found),
        Err(_) => Err(content("it is damaged, or was cut")),
    }
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    listed: Vec<CertificateDer<'static>>,
    own: Option<Own>,
    authorities: OnceLock<Result<Arc<WebPkiServerVerifier>, Error>>,
}

/// A certificate that is known by its bytes.
#[derive(Debug)]
struct Own {
    path: PathBuf,
    seen: Mutex<Option<CertificateDer<'static>>>,
}

impl Own {
    fn is(&self, shown: &CertificateDer<'_>) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref() != Some(shown) {
            *seen = read(&self.path).ok().and_then(|found| found.into_iter().next());
        }
        seen.as_ref() == Some(shown)
    }
}

impl Verifier {
    fn authorities(&self) -> Result<&Arc<WebPkiServerVerifier>, Error> {
        let made = self.authorities.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            let (_, refused) = roots.add_parsable_certificates(self.listed.iter().cloned());
            if refused > 0 {
                tracing::warn!(refused, "certificates that were named as trusted cannot be read");
            }
            // What the system has and cannot be read is the system's affair.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&self.provider)).build().map_err(|_| {
                Error::General("no certificate authority is known here: install ca-certificates, or name some".to_owned())
            })
        });
        made.as_ref().map_err(Clone::clone)
    }
}

/// Whether a certificate was refused only for being an authority's: as programs make those that sign themselves. Its dates were looked at.
fn is_own_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    cause.downcast_ref::<webpki::Error>() == Some(&webpki::Error::CaUsedAsEndEntity)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.own.as_ref().is_some_and(|own| own.is(shown)) {
            return Ok(ServerCertVerified::assertion());
        }
        match self.authorities()?.verify_server_cert(shown, intermediates, name, ocsp, now) {
            Err(error) if is_own_authority(&error) && self.listed.contains(shown) => {
                verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.provider.signature_verification_algorithms)
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
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Trusts certificates with an account's key, whoever signed them and whatever they are for, and all that the rest trusts.
#[derive(Debug)]
struct OfAccount {
    account: Address,
    rest: Arc<Verifier>,
}

impl ServerCertVerifier for OfAccount {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if crate::lease::is_of(shown, self.account) {
            return Ok(ServerCertVerified::assertion());
        }
        self.rest.verify_server_cert(shown, intermediates, name, ocsp, now).map_err(|error| {
            Error::General(format!(
                "its certificate does not have the key of the account {}, and {}",
                self.account,
                words(&error)
            ))
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rest.verify_tls12_signature(message, shown, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.rest.verify_tls13_signature(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.rest.supported_verify_schemes()
    }
}

/// Why a TLS connection failed, in words for people; none when something else failed.
pub fn tls_failure(error: &reqwest::Error) -> Option<String> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<Error>() {
            return Some(words(found));
        }
        // The system's errors hide what they wrap from the chain of causes, and wrap one another.
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}

fn words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate is signed by nobody that is trusted here; name the authority's certificate, or the server's own, with \
                 --tls-ca or DEPIN_TLS_CA"
                    .to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("its certificate is for another name: {why}")
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!("its certificate has expired: {why}"),
            _ if is_own_authority(error) => {
                "its certificate signs itself; where it is the right one, name it with --tls-ca or DEPIN_TLS_CA".to_owned()
            }
            _ => format!("its certificate is not good: {why}"),
        },
        Error::InvalidMessage(_) => "it does not speak TLS; write http:// where plain HTTP is meant".to_owned(),
        Error::General(why) => why.clone(),
        other => format!("TLS failed: {other}"),
    }
}
