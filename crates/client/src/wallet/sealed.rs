//! Sealed secrets: how a passphrase locks the secret of a file.
//!
//! Argon2id makes a key of passphrase and salt; XChaCha20-Poly1305 seals the secret with it, under a random nonce. What stands beside the
//! secret in its file is bound to it: a file whose address was changed does not open.

use super::passphrase::{Kdf, Passphrase, PassphraseError, Salt};
use crate::keys::{NoRandomness, random_bytes};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const KDF: &str = "argon2id";
const CIPHER: &str = "xchacha20-poly1305";
/// No secret of a wallet is longer, bytes.
const SECRET_MAX: usize = 4096;
/// Bytes of the tag that proves that nothing was changed.
const TAG: usize = 16;

/// A secret that a passphrase opens, as it stands in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    sealed: String,
}

/// Why a locked file does not open, or a secret is not locked.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The passphrase is another's, or the file was changed: the seal cannot tell.
    #[error("the passphrase is wrong, or the file was changed since it was locked")]
    Wrong,
    /// The passphrase cannot be used.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// No randomness for a new seal.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A seal of this form with all its parts in their length.
struct Parts {
    kdf: Kdf,
    salt: Salt,
    nonce: [u8; 24],
    sealed: Vec<u8>,
}

impl Sealed {
    /// Seals `secret`; what it is bound to must be the same when it is opened. Files that one passphrase locks share a salt.
    pub(super) fn close(secret: &[u8], bound: &[u8], passphrase: &Passphrase, kdf: Kdf) -> Result<Self, SealError> {
        let random = random_bytes()?;
        let mut nonce = [0; 24];
        nonce.copy_from_slice(&random[..24]);
        let salt = match passphrase.known_salt(kdf) {
            Some(salt) => salt,
            None => *random_bytes()?.first_chunk().expect("32 bytes begin with 16"),
        };
        let key = passphrase.key(kdf, salt)?;
        let sealed = XChaCha20Poly1305::new((&*key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: bound })
            .expect("a short message is sealed");
        Ok(Self {
            kdf: KDF.to_owned(),
            memory_kib: kdf.memory_kib,
            passes: kdf.passes,
            lanes: kdf.lanes,
            salt: hex::encode(salt),
            cipher: CIPHER.to_owned(),
            nonce: hex::encode(nonce),
            sealed: hex::encode(sealed),
        })
    }

    /// Says what is wrong with its form; nothing is derived yet.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        self.parts().map(drop)
    }

    /// What a guess costs.
    pub(super) const fn kdf(&self) -> Kdf {
        Kdf { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }

    /// Opens it.
    pub(super) fn open(&self, bound: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, SealError> {
        // Whoever opens it has checked it.
        let Ok(Parts { kdf, salt, nonce, sealed }) = self.parts() else { return Err(SealError::Wrong) };
        let key = passphrase.key(kdf, salt)?;
        XChaCha20Poly1305::new((&*key).into())
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: bound })
            .map(Zeroizing::new)
            .map_err(|_| SealError::Wrong)
    }

    fn parts(&self) -> Result<Parts, &'static str> {
        if self.kdf != KDF || self.cipher != CIPHER {
            return Err("it is locked in a way that this version of depin does not know; use the one that locked it");
        }
        let kdf = self.kdf();
        if !kdf.is_usable() {
            return Err("opening it would take more memory or work than any file of depin asks for");
        }
        let (mut salt, mut nonce) = (Salt::default(), [0; 24]);
        hex::decode_to_slice(&self.salt, &mut salt).map_err(|_| "its salt is not 32 hexadecimal digits")?;
        hex::decode_to_slice(&self.nonce, &mut nonce).map_err(|_| "its nonce is not 48 hexadecimal digits")?;
        let sealed = hex::decode(&self.sealed).map_err(|_| "its sealed part is not hexadecimal")?;
        if sealed.len() < TAG || sealed.len() > SECRET_MAX + TAG {
            return Err("its sealed part is cut or far too long");
        }
        Ok(Parts { kdf, salt, nonce, sealed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Kdf = Kdf { memory_kib: 32, passes: 1, lanes: 1 };

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    #[test]
    fn a_seal_opens_with_its_passphrase_and_what_it_is_bound_to_only() {
        let own = passphrase("correct horse");
        let sealed = Sealed::close(b"secret", b"bound", &own, CHEAP).unwrap();
        assert_eq!(&**sealed.open(b"bound", &passphrase("correct horse")).unwrap(), b"secret");
        assert!(matches!(sealed.open(b"bound", &passphrase("correct horses")), Err(SealError::Wrong)));
        assert!(matches!(sealed.open(b"other", &own), Err(SealError::Wrong)));
    }

    #[test]
    fn two_seals_of_one_secret_have_nothing_in_common_but_the_salt() {
        let own = passphrase("correct horse");
        let [a, b] = [0, 1].map(|_| Sealed::close(b"secret", b"", &own, CHEAP).unwrap());
        assert_eq!(a.salt, b.salt, "one derivation opens both");
        assert!(a.nonce != b.nonce && a.sealed != b.sealed);
        assert_ne!(a.salt, Sealed::close(b"secret", b"", &passphrase("correct horse"), CHEAP).unwrap().salt);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let own = passphrase("correct horse");
        let sealed = Sealed::close(b"secret", b"bound", &own, CHEAP).unwrap();
        let bytes = hex::decode(&sealed.sealed).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let bad = Sealed { sealed: hex::encode(bad), ..sealed.clone() };
            assert!(matches!(bad.open(b"bound", &own), Err(SealError::Wrong)), "bit {bit}");
        }
    }

    #[test]
    fn parts_of_another_form_are_named_before_anything_is_derived() {
        let sealed = Sealed::close(b"secret", b"", &passphrase("correct horse"), CHEAP).unwrap();
        let text = |text: &str| text.to_owned();
        for (bad, word) in [
            (Sealed { kdf: text("scrypt"), ..sealed.clone() }, "does not know"),
            (Sealed { cipher: text("rot13"), ..sealed.clone() }, "does not know"),
            (Sealed { memory_kib: 1 << 30, ..sealed.clone() }, "more memory"),
            (Sealed { salt: text("00"), ..sealed.clone() }, "salt"),
            (Sealed { nonce: text("zz"), ..sealed.clone() }, "nonce"),
            (Sealed { sealed: text("00"), ..sealed.clone() }, "cut"),
            (Sealed { sealed: "00".repeat(8192), ..sealed.clone() }, "too long"),
            (Sealed { sealed: text("0g"), ..sealed.clone() }, "hexadecimal"),
        ] {
            assert!(bad.check().unwrap_err().contains(word), "{word}");
        }
        assert!(sealed.check().is_ok());
    }
}
