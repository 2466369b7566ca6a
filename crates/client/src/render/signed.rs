//! Requests that an account's key signs for one node.
//!
//! Signed is, as in a transaction, one byte with the domain's length, the domain, then the canonical (borsh) encoding of what is asked: chain, node,
//! method, path with what stands behind its question mark, SHA-256 of the body, wall time. So a request is good for nothing else, and for some
//! minutes. It may come twice within them: what is asked of a node for a ticket or a scene is the same when it is asked again.

use crate::{SigningKey, Verifier};
use borsh::BorshSerialize;
use depin_quantity::{Address, ContentHash, Name, UnitId};
use sha2::{Digest as _, Sha256};

/// How far a request's time may lie from the node's, either way.
pub const CLOCK_MS: u64 = 5 * 60 * 1_000;
/// The headers: public key, time in milliseconds since 1970, SHA-256 of the body, signature. Keys, hashes and signatures in hexadecimal digits.
pub const HEADERS: [&str; 4] = ["x-depin-key", "x-depin-time", "x-depin-content", "x-depin-signature"];

const DOMAIN: &str = "depin-render-request";

/// Why a request does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A header is missing or malformed.
    #[error("header {0} is missing or is not written as it should be; a request is signed with {all}", all = HEADERS.join(", "))]
    Header(&'static str),
    /// Signed too long ago, or in the future.
    #[error("the request was signed at {at_ms} ms, here it is {now_ms} ms; at most {CLOCK_MS} ms may lie between")]
    Clock {
        /// When it was signed.
        at_ms: u64,
        /// When it came.
        now_ms: u64,
    },
    /// Not signed with that key, or for something else.
    #[error("the signature does not fit this request at this node")]
    Signature,
}

/// What is asked of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedRequest<'a> {
    /// The chain on which the node is registered.
    pub chain_id: Name,
    /// The node.
    pub node: UnitId,
    /// The method, in capitals.
    pub method: &'a str,
    /// The path below the node's URL, with what stands behind its question mark.
    pub path: &'a str,
}

#[derive(BorshSerialize)]
struct Body<'a> {
    chain_id: &'a str,
    node: [u8; 32],
    method: &'a str,
    path: &'a str,
    content: [u8; 32],
    time_ms: u64,
}

/// SHA-256 of a body.
pub fn content_of(body: &[u8]) -> ContentHash {
    ContentHash::new(Sha256::digest(body).into())
}

impl SignedRequest<'_> {
    fn bytes(&self, content: ContentHash, time_ms: u64) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(DOMAIN.len()).expect("the domain is short")];
        bytes.extend_from_slice(DOMAIN.as_bytes());
        let body = Body {
            chain_id: self.chain_id.as_str(),
            node: self.node.get(),
            method: self.method,
            path: self.path,
            content: content.get(),
            time_ms,
        };
        borsh::to_writer(&mut bytes, &body).expect("writing to memory does not fail");
        bytes
    }

    /// The four headers, in the order of [`HEADERS`].
    pub fn sign(&self, key: &SigningKey, content: ContentHash, time_ms: u64) -> [String; 4] {
        let signature = key.sign(&self.bytes(content, time_ms));
        [hex::encode(key.public_key()), time_ms.to_string(), hex::encode(content.get()), hex::encode(signature)]
    }

    /// Who signed, and the SHA-256 that the body must have; whether it has is for the caller to see.
    ///
    /// # Errors
    /// [`RequestError`]: headers, time, signature; the first that is wrong is told.
    pub fn check<'h>(
        &self,
        header: impl Fn(&'static str) -> Option<&'h str>,
        now_ms: u64,
    ) -> Result<(Address, ContentHash), RequestError> {
        let [key, time, content, signature] = HEADERS;
        let (key, content, signature) = (digits(&header, key)?, digits(&header, content)?, digits(&header, signature)?);
        let at_ms: u64 = header(time).and_then(|text| text.parse().ok()).ok_or(RequestError::Header(time))?;
        if at_ms.abs_diff(now_ms) > CLOCK_MS {
            return Err(RequestError::Clock { at_ms, now_ms });
        }
        let content = ContentHash::new(content);
        if !Verifier.verify_one(&key, &self.bytes(content, at_ms), &signature) {
            return Err(RequestError::Signature);
        }
        Ok((Address::of_public_key(&key), content))
    }
}

fn digits<'h, const N: usize>(
    header: &impl Fn(&'static str) -> Option<&'h str>,
    name: &'static str,
) -> Result<[u8; N], RequestError> {
    let mut bytes = [0; N];
    let text = header(name).filter(|text| text.len() == N * 2).ok_or(RequestError::Header(name))?;
    hex::decode_to_slice(text, &mut bytes).map_err(|_| RequestError::Header(name))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str) -> SignedRequest<'_> {
        SignedRequest { chain_id: Name::literal("test-1"), node: UnitId::new([7; 32]), method: "PUT", path }
    }

    fn checked(request: SignedRequest<'_>, headers: &[String; 4], now_ms: u64) -> Result<(Address, ContentHash), RequestError> {
        let find = |name| HEADERS.iter().position(|known| *known == name).map(|at| headers[at].as_str());
        request.check(find, now_ms)
    }

    #[test]
    fn a_request_counts_for_its_node_its_path_and_its_body_for_five_minutes() {
        let key = SigningKey::from_seed(&[1; 32]);
        let content = content_of(b"part");
        let headers = asked("/a?at=0").sign(&key, content, 1_000_000);
        assert_eq!(checked(asked("/a?at=0"), &headers, 1_000_000 + CLOCK_MS), Ok((key.address(), content)));
        let late = RequestError::Clock { at_ms: 1_000_000, now_ms: 1_000_001 + CLOCK_MS };
        assert_eq!(checked(asked("/a?at=0"), &headers, 1_000_001 + CLOCK_MS), Err(late));
        for wrong in [
            asked("/a?at=1"),
            SignedRequest { method: "POST", ..asked("/a?at=0") },
            SignedRequest { node: UnitId::new([8; 32]), ..asked("/a?at=0") },
            SignedRequest { chain_id: Name::literal("test-2"), ..asked("/a?at=0") },
        ] {
            assert_eq!(checked(wrong, &headers, 1_000_000), Err(RequestError::Signature));
        }
        let mut other = headers.clone();
        other[2] = hex::encode(content_of(b"other").get());
        assert_eq!(checked(asked("/a?at=0"), &other, 1_000_000), Err(RequestError::Signature));
        let mut short = headers;
        short[3].pop();
        assert_eq!(checked(asked("/a?at=0"), &short, 1_000_000), Err(RequestError::Header("x-depin-signature")));
    }

    /// Pins the bytes: nodes in other languages check them too.
    #[test]
    fn what_is_signed_is_the_domain_then_the_fields_in_order() {
        let mut expected = b"\x14depin-render-request\x06\0\0\0test-1".to_vec();
        expected.extend([7; 32]);
        expected.extend(b"\x03\0\0\0PUT\x02\0\0\0/a");
        expected.extend([9; 32]);
        expected.extend([2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(asked("/a").bytes(ContentHash::new([9; 32]), 258), expected);
    }
}
