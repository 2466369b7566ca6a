//! A gateway's own certificate: made with its account's key, so that whoever knows the account knows the gateway, and no authority is
//! needed. The account's address is the hash of the key that is in the certificate.

use crate::SigningKey;
use depin_quantity::Address;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ED25519};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

/// What stands before the 32 bytes of an Ed25519 key in the form of certificates (RFC 8410, section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A certificate and its key, both in DER.
pub struct OwnCertificate {
    /// The certificate.
    pub certificate: Vec<u8>,
    /// Its key, as PKCS#8. Wiped when dropped.
    pub key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnCertificate").finish_non_exhaustive()
    }
}

/// No certificate was made.
#[derive(Debug, thiserror::Error)]
#[error("no certificate can be made for {names}: {why}")]
pub struct CertificateError {
    names: String,
    why: String,
}

impl OwnCertificate {
    /// Makes one with an account's key, for host names and addresses. It does not expire: whoever trusts it trusts the key.
    ///
    /// # Errors
    /// [`CertificateError`] for what is no host name.
    pub fn make(key: &SigningKey, names: &[String]) -> Result<Self, CertificateError> {
        let failed = |why: rcgen::Error| CertificateError { names: names.join(", "), why: why.to_string() };
        let secret = key.pkcs8();
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(secret.as_slice()), &PKCS_ED25519);
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, key.address().to_string());
        let made = pair.and_then(|pair| params.self_signed(&pair)).map_err(failed)?;
        Ok(Self { certificate: made.der().to_vec(), key: secret })
    }
}

/// The account whose key a certificate has; none for one with a key of another kind.
pub fn account_of(shown: &CertificateDer<'_>) -> Option<Address> {
    let parsed = webpki::EndEntityCert::try_from(shown).ok()?;
    let spki = parsed.subject_public_key_info();
    let key = spki.strip_prefix(&SPKI).and_then(|key| <[u8; 32]>::try_from(key).ok());
    key.map(|key| Address::of_public_key(&key))
}

/// Whether a certificate has the key of an account.
pub(crate) fn is_of(shown: &CertificateDer<'_>, account: Address) -> bool {
    account_of(shown) == Some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_known_by_the_account_whose_key_it_has() {
        let (key, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let own = OwnCertificate::make(&key, &["127.0.0.1".to_owned(), "provider.example".to_owned()]).unwrap();
        let shown = CertificateDer::from(own.certificate);
        assert!(is_of(&shown, key.address()));
        assert!(!is_of(&shown, other.address()));
        let foreign = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        assert!(!is_of(foreign.cert.der(), key.address()));
        assert!(!is_of(&CertificateDer::from(vec![1, 2, 3]), key.address()));
        assert!(OwnCertificate::make(&key, &["no\u{e4}me".to_owned()]).is_err());
    }
}
