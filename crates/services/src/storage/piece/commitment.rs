//! The piece commitment and its text form, the piece CID.

use super::node::{Node, TOP_BITS, zeros};
use super::size::PieceSize;
use borsh::{BorshDeserialize, BorshSerialize};
use cid::{Cid, Version, multihash::Multihash};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Multicodec `fil-commitment-unsealed`.
const CODEC_UNSEALED: u64 = 0xf101;
/// Multihash `sha2-256-trunc254-padded`.
const HASH_TRUNC254: u64 = 0x1012;
/// Multihash of version-2 piece CIDs, `fr32-sha256-trunc254-padbintree` (FRC-0069).
const HASH_PIECE_V2: u64 = 0x1011;
/// Longest text that is looked at; a piece CID has 64 characters.
const TEXT_MAX: usize = 128;

/// A piece commitment (commP): the root of the piece's tree, 254 bits in 32 bytes.
///
/// Text form (`Display`, `FromStr`, serde): CIDv1, codec `0xf101`, multihash `0x1012`, base32 lower case: `baga6ea4seaq…`.
/// Binary form (borsh): the 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Commitment(Node);

/// Why bytes or a text are no piece commitment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// The last byte uses a bit that no 254-bit root can have.
    #[error("the commitment's last byte is {last:#04x}; its top two bits must be zero, since a piece's root has 254 bits")]
    TopBits {
        /// The last of the 32 bytes.
        last: u8,
    },
    /// The text is longer than any CID in use.
    #[error("the text has {got} characters; a piece cid has 64 and begins with \"baga6ea4seaq\"")]
    TooLong {
        /// Length of the text in bytes.
        got: usize,
    },
    /// The text does not parse as a CID.
    #[error("{text:?} is not a cid: {reason}; a piece cid has 64 characters and begins with \"baga6ea4seaq\"")]
    NotCid {
        /// The text as given.
        text: String,
        /// What the parser said.
        reason: String,
    },
    /// A version-2 piece CID, which carries size and padding too.
    #[error("{text:?} is a version-2 piece cid; give the version-1 form, which begins with \"baga6ea4seaq\"")]
    PieceV2 {
        /// The text as given.
        text: String,
    },
    /// A CID of some other kind of content.
    #[error(
        "cid has version {version}, codec {codec:#x}, hash {hash:#x} of {length} bytes; a piece cid has version 1, codec 0xf101, hash 0x1012 of 32 bytes"
    )]
    NotPiece {
        /// CID version.
        version: u64,
        /// Multicodec of the content.
        codec: u64,
        /// Multihash code.
        hash: u64,
        /// Digest length in bytes.
        length: usize,
    },
    /// A piece CID in another spelling: other base, capitals, a prefix, or bytes behind it.
    #[error("{text:?} is not in canonical form; write it as {canonical:?}")]
    NotCanonical {
        /// The text as given.
        text: String,
        /// The one text accepted for this commitment.
        canonical: String,
    },
}

impl Commitment {
    /// Checks the 32 bytes of a root.
    ///
    /// - Errors: [`CommitmentError::TopBits`].
    pub const fn new(bytes: [u8; 32]) -> Result<Self, CommitmentError> {
        if bytes[31] & TOP_BITS == 0 { Ok(Self(bytes)) } else { Err(CommitmentError::TopBits { last: bytes[31] }) }
    }

    /// The commitment of a piece of `size` that is all zeros.
    pub fn of_zeros(size: PieceSize) -> Self {
        Self(*zeros(size.height()))
    }

    /// A root that the node hash gave, whose top bits it cleared.
    pub(super) fn of_root(root: Node) -> Self {
        debug_assert_eq!(root[31] & TOP_BITS, 0);
        Self(root)
    }

    /// The root's 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn to_cid(self) -> Cid {
        let hash = Multihash::wrap(HASH_TRUNC254, &self.0).expect("32 bytes fit a multihash of 64");
        Cid::new_v1(CODEC_UNSEALED, hash)
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_cid().to_string())
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

impl FromStr for Commitment {
    type Err = CommitmentError;

    /// Parses the canonical text and nothing else, so that one piece has one name.
    fn from_str(text: &str) -> Result<Self, CommitmentError> {
        if text.len() > TEXT_MAX {
            return Err(CommitmentError::TooLong { got: text.len() });
        }
        let cid = Cid::try_from(text)
            .map_err(|error| CommitmentError::NotCid { text: text.to_owned(), reason: error.to_string().to_lowercase() })?;
        if cid.hash().code() == HASH_PIECE_V2 {
            return Err(CommitmentError::PieceV2 { text: text.to_owned() });
        }
        let digest: Option<Node> = cid.hash().digest().try_into().ok();
        let commitment = match (cid.version(), cid.codec(), cid.hash().code(), digest) {
            (Version::V1, CODEC_UNSEALED, HASH_TRUNC254, Some(root)) => Self::new(root)?,
            (version, codec, hash, _) => {
                let length = cid.hash().digest().len();
                return Err(CommitmentError::NotPiece { version: version.into(), codec, hash, length });
            }
        };
        let canonical = commitment.to_string();
        if canonical == text { Ok(commitment) } else { Err(CommitmentError::NotCanonical { text: text.to_owned(), canonical }) }
    }
}

impl BorshDeserialize for Commitment {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let bytes = Node::deserialize_reader(reader)?;
        Self::new(bytes).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
