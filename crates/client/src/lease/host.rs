//! Proofs that a host name is a tenant's: a file that its key signed, at a well-known place under that name.
//!
//! In: a name, a provider, a key. Out: the file's text, and on the other side whose word such a text is. Whoever decides what is served under
//! a name decides whose it is, as for certificates (RFC 8555, section 8.3); the signature keeps one proof from being good at another
//! provider or on another chain.

use crate::{SigningKey, Verifier};
use depin_quantity::{Address, Name};
use depin_services::{
    InnerSignature,
    coverage::{PublicKey, SignatureBytes},
};
use serde::{Deserialize, Serialize};

/// Where the file is (RFC 8615).
pub const HOST_PROOF_PATH: &str = "/.well-known/depin-host-name";
/// Longest file, in bytes.
pub const HOST_PROOF_BYTES_MAX: usize = 4_096;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostProof {
    /// The host name, in small letters.
    pub host: String,
    /// At which provider it is claimed.
    pub provider: Address,
    /// The tenant's key.
    pub key: PublicKey,
    /// Its signature.
    pub signature: SignatureBytes,
}

/// What is signed.
fn signed(chain: Name, host: &str, provider: Address) -> Vec<u8> {
    let mut message = b"depin-leasing-host-name".to_vec();
    message.extend_from_slice(&provider.get());
    message.extend_from_slice(host.as_bytes());
    InnerSignature::signed_bytes(chain, &message)
}

/// A host name as it is compared: small letters, no dot at its end.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

impl HostProof {
    /// Says that a host name is the key's account's, at a provider.
    pub fn sign(key: &SigningKey, chain: Name, host: &str, provider: Address) -> Self {
        let host = plain(host);
        let signature = SignatureBytes::new(key.sign(&signed(chain, &host, provider)));
        Self { host, provider, key: PublicKey::new(key.public_key()), signature }
    }

    /// Whose a host name is by this text, at a provider of a chain.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &[u8], chain: Name, host: &str, provider: Address) -> Result<Address, String> {
        let proof: Self = serde_json::from_slice(text)
            .map_err(|why| format!("the file there is no proof: line {}, column {}", why.line(), why.column()))?;
        if plain(&proof.host) != plain(host) {
            return Err(format!("the file there is for `{}`", proof.host.chars().take(80).collect::<String>()));
        }
        if proof.provider != provider {
            return Err(format!("the file there is for the provider {}", proof.provider));
        }
        let message = signed(chain, &plain(host), provider);
        if !Verifier.verify_one(&proof.key.get(), &message, &proof.signature.get()) {
            return Err(format!("the signature of the file there is not good on the chain {chain}"));
        }
        Ok(proof.key.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_its_name_its_provider_and_its_chain() {
        let (key, chain) = (SigningKey::from_seed(&[1; 32]), Name::literal("here"));
        let (north, south) = (Address::new([3; 32]), Address::new([4; 32]));
        let proof = HostProof::sign(&key, chain, "Shop.Acme.dev.", north);
        let text = serde_json::to_vec(&proof).unwrap();
        assert_eq!(HostProof::read(&text, chain, "shop.acme.dev", north), Ok(key.address()));
        let why =
            |host: &str, chain: &'static str, provider| HostProof::read(&text, Name::literal(chain), host, provider).unwrap_err();
        assert!(why("acme.dev", "here", north).contains("is for `shop.acme.dev`"));
        assert!(why("shop.acme.dev", "here", south).contains("for the provider"));
        assert!(why("shop.acme.dev", "there", north).contains("not good on the chain there"));
        let forged = HostProof { key: PublicKey::new(SigningKey::from_seed(&[2; 32]).public_key()), ..proof };
        assert!(HostProof::read(&serde_json::to_vec(&forged).unwrap(), chain, "shop.acme.dev", north).is_err());
        for text in ["", "{}", "null", "<html>", "{\"host\": 1}"] {
            assert!(HostProof::read(text.as_bytes(), chain, "shop.acme.dev", north).unwrap_err().contains("no proof"));
        }
    }
}
