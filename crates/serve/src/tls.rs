//! TLS on a port: a certificate and its key, from files and read anew when they change, or made by the program; and the handshake of one
//! connection.
//!
//! In: two files in PEM, or a certificate and its key. Out: streams of plain bytes. The bytes of a handshake are counted like all others, and it has the time that a
//! request's head has: a connection begins with it. Who speaks plain HTTP to such a port is told so. Only HTTP/1 is offered by ALPN, as
//! without TLS only that is spoken; there is no early data, and clients show no certificates.

use crate::{io::Watched, refusal};
use rustls::{
    ServerConfig,
    client::verify_server_name,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem, pem::PemObject as _},
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::Instant};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use webpki::EndEntityCert;
use zeroize::Zeroizing;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// No certificate chain or key is longer, bytes.
const LENGTH_MAX: u64 = 1 << 20;
/// What a handshake begins with: the type of a record.
const HANDSHAKE: u8 = 22;
/// Everybody may read it.
const WORLD: u32 = 0o004;

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file system's.
    #[error("cannot read {path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key for everybody.
    #[error("{path} has mode {mode:04o}, so everybody on this machine can read the key: run `chmod 600 {path}`", path = path.display())]
    Open {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not in the form that is read.
    #[error("{path} holds no {wanted} in PEM: {why}", path = path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// Key and certificate are not a pair, or of a kind that is not known.
    #[error("{key} is not the key of the first certificate in {certificate}: {why}", key = key.display(), certificate = certificate.display())]
    Pair {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// A certificate that a program made cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the certificate that was made cannot be served: {0}")]
pub struct MadeError(String);

/// A certificate and its key, for any number of ports. Clones are the same.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// None for one that was made.
    files: Option<Files>,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
    looked: Mutex<Looked>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

#[derive(Debug)]
struct Looked {
    at: Instant,
    /// Of the files that were read last, whether or not they could be used.
    stamps: Option<[Stamp; 2]>,
}

/// What is shown to clients.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
    fn stamps(&self) -> Option<[Stamp; 2]> {
        let stamp = |path: &Path| {
            let meta: Metadata = fs::metadata(path).ok()?;
            Some(Stamp { inode: meta.ino(), length: meta.len(), changed: (meta.mtime(), meta.mtime_nsec()) })
        };
        Some([stamp(&self.certificate)?, stamp(&self.key)?])
    }

    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let content = |path: &Path, wanted| {
            let path = path.to_owned();
            move |error: pem::Error| TlsError::Content { path, wanted, why: pem_words(&error) }
        };
        let text = read(&self.certificate, false)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) });
        let chain = chain.map_err(content(&self.certificate, "certificate"))?;
        let text = read(&self.key, true)?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(content(&self.key, "private key without a passphrase"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| TlsError::Pair {
            key: self.key.clone(),
            certificate: self.certificate.clone(),
            why: error.to_string(),
        })
    }
}

/// Reads a file; one with a secret only when not everybody can.
fn read(path: &Path, secret: bool) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    let mode = meta.permissions().mode() & 0o7777;
    if secret && mode & WORLD != 0 {
        return Err(TlsError::Open { path: path.to_owned(), mode });
    }
    // The whole capacity at once: a growing buffer would leave unwiped copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(meta.len().min(LENGTH_MAX) as usize + 1));
    file.take(LENGTH_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The parser's own words quote what it read.
const fn pem_words(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::NoItemsFound => "there is none in it",
        pem::Error::MissingSectionEnd { .. } => "it was cut, its last line is missing",
        pem::Error::Base64Decode(_) | pem::Error::IllegalSectionStart { .. } => {
            "what is between its first and last line is damaged"
        }
        _ => "it cannot be read",
    }
}

impl Tls {
    /// Reads a certificate chain, the port's own certificate first, and its private key. Both are read anew when their files change.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let files = Files { certificate: certificate.into(), key: key.into() };
        // Before they are read: what changes meanwhile is read once more.
        let stamps = files.stamps();
        let current = Arc::new(Current(RwLock::new(Arc::new(files.read(&provider)?))));
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let looked = Mutex::new(Looked { at: Instant::now(), stamps });
        Ok(Self(Arc::new(Inner { files: Some(files), current, config: Arc::new(config), looked })))
    }

    /// A certificate that this program made, with its key; TLS 1.3 only. `chain` and `key` in DER, the key as PKCS#8.
    ///
    /// # Errors
    /// [`MadeError`] when they are no pair.
    pub fn made(certificate: Vec<u8>, key: &[u8]) -> Result<Self, MadeError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(key.to_vec()).map_err(|why| MadeError(why.to_owned()))?;
        let pair = CertifiedKey::from_der(vec![CertificateDer::from(certificate)], key, &provider);
        let current = Arc::new(Current(RwLock::new(Arc::new(pair.map_err(|error| MadeError(error.to_string()))?))));
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
        let mut config = config
            .map_err(|error| MadeError(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let looked = Mutex::new(Looked { at: Instant::now(), stamps: None });
        Ok(Self(Arc::new(Inner { files: None, current, config: Arc::new(config), looked })))
    }

    /// The file of the certificate; none when it was made.
    pub fn certificate(&self) -> Option<&Path> {
        self.0.files.as_ref().map(|files| files.certificate.as_path())
    }

    /// Whether the file of the certificate holds one that signed itself: an authority of one's own, or a server's own certificate. Whoever
    /// is to trust this port and nobody else trusts that file; else the chain ends at an authority that its reader knows.
    pub fn is_own_authority(&self) -> bool {
        let shown = Arc::clone(&self.0.current.0.read().unwrap_or_else(PoisonError::into_inner));
        shown.cert.iter().any(|der| EndEntityCert::try_from(der).is_ok_and(|parsed| parsed.issuer() == parsed.subject()))
    }

    /// Whether the certificate is for that name or address.
    pub fn is_for(&self, host: &str) -> bool {
        let Ok(name) = ServerName::try_from(host) else { return false };
        let shown = Arc::clone(&self.0.current.0.read().unwrap_or_else(PoisonError::into_inner));
        let Some(parsed) = shown.cert.first().and_then(|shown| ParsedCertificate::try_from(shown).ok()) else { return false };
        verify_server_name(&parsed, &name).is_ok()
    }

    /// Looks, now and then and in the background, whether the files changed, and takes what is in them.
    pub(crate) fn look(&self) {
        if self.0.files.is_none() {
            return;
        }
        let mut looked = self.looked();
        if looked.at.elapsed() >= LOOK {
            looked.at = Instant::now();
            let tls = self.clone();
            tokio::task::spawn_blocking(move || tls.refresh());
        }
    }

    /// Takes what is in the files when it changed. What cannot be used is told once, and the certificate before stays.
    fn refresh(&self) {
        let Some(files) = &self.0.files else { return };
        let stamps = files.stamps();
        if stamps.is_none() || stamps == std::mem::replace(&mut self.looked().stamps, stamps) {
            return;
        }
        match files.read(self.0.config.crypto_provider()) {
            Ok(key) => {
                *self.0.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!(certificate = %files.certificate.display(), "took a new certificate");
            }
            Err(error) => tracing::warn!(%error, "the new certificate cannot be used; the one before stays"),
        }
    }

    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.0.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handshake of one connection; none when it failed, or was none.
    pub(crate) async fn accept(&self, mut stream: Watched<TcpStream>) -> io::Result<TlsStream<Watched<TcpStream>>> {
        let mut first = [0];
        if stream.get_ref().peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
            stream.write_all(refusal::PLAIN_TO_TLS.as_bytes()).await?;
            stream.shutdown().await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no TLS is spoken"));
        }
        TlsAcceptor::from(Arc::clone(&self.0.config)).accept(stream).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    /// A certificate for `localhost` and its key, in files of a folder.
    fn pair(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        (certificate, key)
    }

    fn shown(tls: &Tls) -> Vec<u8> {
        tls.0.current.0.read().unwrap().cert[0].to_vec()
    }

    fn told(certificate: &Path, key: &Path) -> String {
        Tls::read(certificate, key).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_pair_of_a_certificate_and_its_key_is_told_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(folder.path(), "a");
        let (_, other) = pair(folder.path(), "b");
        let tls = Tls::read(&certificate, &key).unwrap();
        assert!(tls.is_own_authority());
        assert!(tls.is_for("localhost") && !tls.is_for("example.org") && !tls.is_for("127.0.0.1") && !tls.is_for("no name"));
        assert!(told(&folder.path().join("none"), &key).contains("cannot read"));
        let error = told(&key, &key);
        assert!(error.contains("a.key holds no certificate in PEM: there is none in it"), "{error}");
        fs::set_permissions(&certificate, Permissions::from_mode(0o600)).unwrap();
        let error = told(&certificate, &certificate);
        assert!(error.contains("a.pem holds no private key without a passphrase"), "{error}");
        let error = told(&certificate, &other);
        assert!(error.contains("b.key is not the key of the first certificate in"), "{error}");
        let text = fs::read_to_string(&certificate).unwrap();
        fs::write(&certificate, &text[..text.len() / 2]).unwrap();
        let error = told(&certificate, &key);
        assert!(error.contains("a.pem holds no certificate in PEM: it was cut"), "{error}");
        fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        fs::write(&certificate, text).unwrap();
        let error = told(&certificate, &key);
        assert!(error.contains("mode 0644") && error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_certificate_that_was_made_needs_no_file_and_its_own_key() {
        let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (one, other) = (made(), made());
        let tls = Tls::made(one.cert.der().to_vec(), one.signing_key.serialized_der()).unwrap();
        assert!(tls.is_for("localhost") && tls.certificate().is_none());
        tls.refresh();
        assert_eq!(shown(&tls), one.cert.der().to_vec());
        assert!(Tls::made(one.cert.der().to_vec(), other.signing_key.serialized_der()).is_err());
        assert!(Tls::made(one.cert.der().to_vec(), b"no key").is_err());
    }

    #[test]
    fn changed_files_are_taken_once_both_of_them_fit() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair(folder.path(), "a");
        let (new_certificate, new_key) = pair(folder.path(), "b");
        let tls = Tls::read(&certificate, &key).unwrap();
        let before = shown(&tls);
        tls.refresh();
        assert_eq!(shown(&tls), before);
        fs::rename(&new_certificate, &certificate).unwrap();
        tls.refresh();
        assert_eq!(shown(&tls), before, "its key is not there yet");
        fs::rename(&new_key, &key).unwrap();
        tls.refresh();
        let after = shown(&tls);
        assert_ne!(after, before);
        fs::remove_file(&key).unwrap();
        tls.refresh();
        assert_eq!(shown(&tls), after, "a file that is gone changes nothing");
    }
}
