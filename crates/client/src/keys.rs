//! Keys and signatures: the one signature rule of the project.
//!
//! In: 32 secret bytes, messages that already begin with their own domain. Out: ed25519 signatures, checked by the ZIP-215 rule
//! (one at a time or batched, always with the same answer). Called by wallets and daemons to sign, by nodes and providers to
//! check. Absent on purpose: knowledge of what a message means.
//!
//! What is signed, byte for byte, is `05 "depin" message`: the namespace with its length before it, then the message. Any
//! RFC 8032 signer makes the same signature from these bytes. The namespace keeps account keys apart from everything that the
//! engine signs (votes, handshakes), which uses namespaces of its own.

use commonware_codec::{Copying, DecodeExt as _, Write as _};
use commonware_cryptography::{
    BatchEntry, BatchVerifier as _, Signer as _, Verifier as _,
    ed25519::{PrivateKey, PublicKey, Signature},
};
use commonware_parallel::Sequential;
use depin_quantity::Address;
use zeroize::Zeroizing;

/// What stands, with its length before it, in front of every message when it is signed.
pub const NAMESPACE: &[u8] = b"depin";

/// An ed25519 secret key. Wiped when dropped; its `Debug` shows the address only.
#[derive(Clone)]
pub struct SigningKey {
    secret: PrivateKey,
    public: [u8; 32],
}

impl SigningKey {
    /// The key of a 32-byte seed (RFC 8032: the secret key itself). The caller wipes its own copy.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = PrivateKey::decode(Copying(seed.as_slice())).expect("any 32 bytes are an ed25519 secret key");
        let public = secret.public_key().as_ref().try_into().expect("a public key has 32 bytes");
        Self { secret, public }
    }

    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`NoRandomness`] when the system has none to give.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::from_seed(&*random_bytes()?))
    }

    /// The public key.
    pub const fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// The address that this key controls.
    pub fn address(&self) -> Address {
        Address::of_public_key(&self.public)
    }

    /// Signs `message` under [`NAMESPACE`]. Deterministic: the same message gives the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(NAMESPACE, message).as_ref().try_into().expect("a signature has 64 bytes")
    }

    /// The key in the form of TLS and of tokens (PKCS#8, RFC 8410, section 7). What they sign never begins as what is signed under
    /// [`NAMESPACE`] does, with a byte of 5: tokens begin with `e`, certificates with a byte of 48, handshakes with spaces.
    pub(crate) fn pkcs8(&self) -> Zeroizing<Vec<u8>> {
        const BEFORE: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let mut der = Zeroizing::new(Vec::with_capacity(BEFORE.len() + 32));
        der.extend_from_slice(&BEFORE);
        der.extend_from_slice(&*self.seed());
        der
    }

    /// The secret bytes, for a key file.
    pub(crate) fn seed(&self) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new([0; 32]);
        // Through a stack buffer: the codec's `encode` would leave a copy on the heap that nobody wipes.
        let mut slot: &mut [u8] = &mut *seed;
        self.secret.write(&mut slot);
        seed
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness, so no key can be made: {0}")]
pub struct NoRandomness(String);

/// 32 bytes of the operating system's randomness.
pub(crate) fn random_bytes() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    use rand::TryRng as _;
    let mut bytes = Zeroizing::new([0; 32]);
    rand::rngs::SysRng.try_fill_bytes(&mut *bytes).map_err(|e| NoRandomness(e.to_string()))?;
    Ok(bytes)
}

/// Checks signatures by the ZIP-215 rule. It has no state; the ledger takes it as its check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verifier;

impl Verifier {
    /// Whether `signature` over `message` is good under `key`. A key that is no point of the curve has no good signature.
    pub fn verify_one(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        match (PublicKey::decode(Copying(key.as_slice())), Signature::decode(Copying(signature.as_slice()))) {
            (Ok(key), Ok(signature)) => key.verify(NAMESPACE, message, &signature),
            _ => false,
        }
    }

    /// Whether every signature is good; true when there is none. Batched: about twice as quick as one by one, the same answer
    /// except with a chance below 2^-120.
    pub fn verify_batch<'a>(&self, items: impl IntoIterator<Item = (&'a [u8; 32], &'a [u8], &'a [u8; 64])>) -> bool {
        let decoded: Option<Vec<(PublicKey, Signature, &[u8])>> = items
            .into_iter()
            .map(|(key, message, signature)| {
                let key = PublicKey::decode(Copying(key.as_slice())).ok()?;
                Some((key, Signature::decode(Copying(signature.as_slice())).ok()?, message))
            })
            .collect();
        let Some(decoded) = decoded else { return false };
        if decoded.is_empty() {
            return true;
        }
        PublicKey::verify_batch(
            &mut rand::rng(),
            &decoded,
            |_, (key, signature, message)| BatchEntry { namespace: NAMESPACE, message, public_key: key, signature },
            &Sequential,
        )
    }
}

impl depin_ledger::Signatures for Verifier {
    fn verify_all(&self, items: &[depin_ledger::SignedItem<'_>]) -> bool {
        self.verify_batch(items.iter().map(|item| (item.key, item.message, item.signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret key, public key, message, signature.
    ///
    /// Source: RFC 8032, section 7.1, tests 2 and 3. There, nothing stands before the message, so these check the curve itself.
    const RFC_8032: [(&str, &str); 2] = [
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        ),
    ];

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    #[test]
    fn public_keys_are_those_of_the_standard() {
        for (secret, public) in RFC_8032 {
            let mut seed = [0; 32];
            hex::decode_to_slice(secret, &mut seed).unwrap();
            let key = SigningKey::from_seed(&seed);
            assert_eq!(hex::encode(key.public_key()), public);
            assert_eq!(*key.seed(), seed);
        }
    }

    /// Pins the signed bytes: signers in other languages build them too.
    ///
    /// Source: pyca/cryptography 43, `Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32).sign(b"\x05depinhello").hex()`.
    #[test]
    fn a_message_is_signed_behind_the_length_prefixed_namespace() {
        let expected = "358baf404b91df9f51c78aec1193a1089c001cd7775d4d44d69639939deeb96d\
                        acf4e3e591b8d3bfe6f8a7e48772f380fbf9df67844e2cc6f35946a41c2f5602";
        assert_eq!(hex::encode(key(7).sign(b"hello")), expected);
    }

    #[test]
    fn signing_the_same_twice_gives_the_same() {
        assert_eq!(key(1).sign(b"a"), key(1).sign(b"a"));
        assert_ne!(key(1).sign(b"a"), key(1).sign(b"b"));
        assert_ne!(key(1).sign(b"a"), key(2).sign(b"a"));
    }

    #[test]
    fn every_tampered_part_makes_a_signature_bad() {
        let (public, signature) = (key(3).public_key(), key(3).sign(b"message"));
        assert!(Verifier.verify_one(&public, b"message", &signature));
        for bit in 0..512 {
            let mut bad = signature;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(!Verifier.verify_one(&public, b"message", &bad), "bit {bit} of the signature");
        }
        assert!(!Verifier.verify_one(&public, b"massage", &signature));
        assert!(!Verifier.verify_one(&public, b"message ", &signature));
        assert!(!Verifier.verify_one(&key(4).public_key(), b"message", &signature));
        // 2 is the y-coordinate of no point of the curve.
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert!(!Verifier.verify_one(&no_point, b"message", &signature));
    }

    #[test]
    fn a_batch_is_good_exactly_when_all_of_it_is() {
        let messages: Vec<Vec<u8>> = (0..20u8).map(|n| vec![n; usize::from(n)]).collect();
        let mut signed: Vec<_> = messages.iter().zip(1u8..).map(|(m, n)| (key(n).public_key(), m, key(n).sign(m))).collect();
        let batch = |signed: &[([u8; 32], &Vec<u8>, [u8; 64])]| {
            Verifier.verify_batch(signed.iter().map(|(key, message, signature)| (key, message.as_slice(), signature)))
        };
        assert!(batch(&[]) && batch(&signed[..1]) && batch(&signed));
        for place in [0, 7, 19] {
            signed[place].2[5] ^= 1;
            assert!(!batch(&signed), "signature {place} is bad");
            signed[place].2[5] ^= 1;
        }
        assert!(batch(&signed));
        signed.swap(0, 1);
        let (first, second) = (signed[0].2, signed[1].2);
        (signed[0].2, signed[1].2) = (second, first);
        assert!(!batch(&signed), "signatures of each other's messages");
    }

    /// ZIP-215 takes what stricter rules refuse: here a key and an R of small order with S = 0, for any message.
    /// Source: ZIP-215 (zips.z.cash), test vectors; the first of the 14 canonical and non-canonical small-order encodings.
    #[test]
    fn small_order_points_pass_as_zip_215_says_alone_and_in_a_batch() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        for message in [b"Zcash".as_slice(), b"anything"] {
            assert!(Verifier.verify_one(&identity, message, &signature));
            assert!(Verifier.verify_batch([(&identity, message, &signature)]));
        }
    }

    #[test]
    fn debug_hides_the_secret() {
        let shown = format!("{:?}", key(0xab));
        assert!(!shown.contains("abab") && shown.contains("SigningKey"), "{shown}");
    }
}
