//! What clients sign when they ask a provider to store a piece or to drop it.
//!
//! The signed bytes are built as a transaction's are: one byte with the domain's length, the domain, then the canonical (borsh)
//! encoding of the body. The body names chain, provider and piece, so that a request is good for nothing else.

use borsh::BorshSerialize;
use depin_quantity::{Address, Name};
use depin_services::storage::piece::Commitment;

/// Header with the client's bech32m address.
pub const HEADER_CLIENT: &str = "x-depin-client";
/// Header with the client's ed25519 public key: 64 hex digits.
pub const HEADER_KEY: &str = "x-depin-key";
/// Header with the wall time of signing, in ms since 1970: decimal.
pub const HEADER_TIME: &str = "x-depin-time";
/// Header with the ed25519 signature over [`ProviderRequest::signed_bytes`]: 128 hex digits.
pub const HEADER_SIGNATURE: &str = "x-depin-signature";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// `PUT /pieces/{cid}`, domain `depin-upload`.
    Upload,
    /// `DELETE /pieces/{cid}`, domain `depin-delete`.
    Delete,
}

impl RequestKind {
    /// The domain that separates these signatures from all others.
    pub const fn domain(self) -> &'static str {
        match self {
            Self::Upload => "depin-upload",
            Self::Delete => "depin-delete",
        }
    }
}

/// The body of a signed request. Its borsh encoding, in the order of the fields: `chain_id` as text, 32 bytes of `provider`,
/// the piece's CID as text, `payload_bytes` and `time_ms` as little-endian u64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRequest {
    /// What is asked for.
    pub kind: RequestKind,
    /// The chain on which the provider is registered.
    pub chain_id: Name,
    /// The provider's address.
    pub provider: Address,
    /// The piece.
    pub cid: Commitment,
    /// Length of the upload's payload; 0 in a delete.
    pub payload_bytes: u64,
    /// Wall time of signing, ms since 1970.
    pub time_ms: u64,
}

#[derive(BorshSerialize)]
struct Body<'a> {
    chain_id: &'a str,
    provider: [u8; 32],
    cid: String,
    payload_bytes: u64,
    time_ms: u64,
}

impl ProviderRequest {
    /// The bytes that the client signs.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let domain = self.kind.domain();
        let mut bytes = vec![u8::try_from(domain.len()).expect("both domains have 12 letters")];
        bytes.extend_from_slice(domain.as_bytes());
        let body = Body {
            chain_id: self.chain_id.as_str(),
            provider: self.provider.get(),
            cid: self.cid.to_string(),
            payload_bytes: self.payload_bytes,
            time_ms: self.time_ms,
        };
        borsh::to_writer(&mut bytes, &body).expect("writing to memory does not fail");
        bytes
    }
}

/// The signature rule, passed in so that the daemon uses the very rule of the chain.
pub trait Signatures: Send + Sync {
    /// Whether `signature` by the ed25519 public key `key` over `message` is good. Undecodable keys and signatures are not.
    fn verify(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;

    /// The address that a public key controls.
    fn address_of(&self, key: &[u8; 32]) -> Address {
        Address::of_public_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins the bytes: clients in other languages build them too.
    #[test]
    fn the_signed_bytes_are_domain_then_fields_in_order() {
        let cid = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy";
        let request = ProviderRequest {
            kind: RequestKind::Upload,
            chain_id: "test-1".parse().unwrap(),
            provider: Address::new([7; 32]),
            cid: cid.parse().unwrap(),
            payload_bytes: 127,
            time_ms: 258,
        };
        let mut expected = b"\x0cdepin-upload\x06\0\0\0test-1".to_vec();
        expected.extend([7; 32]);
        expected.extend(b"\x40\0\0\0");
        expected.extend(cid.as_bytes());
        expected.extend([127, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(request.signed_bytes(), expected);

        let delete = ProviderRequest { kind: RequestKind::Delete, ..request };
        assert_eq!(delete.signed_bytes()[..13], *b"\x0cdepin-delete");
    }
}
