//! A digest of all rows that does not depend on the order in which they came.
//!
//! An additive lattice hash over `key length, key, value` of every row (commonware's LtHash). It costs two hashes per changed row, lets
//! anybody check an export against a header, and keeps the chain's commitment independent of the store's own log. The row that
//! holds it is not counted.

use commonware_codec::{Encode as _, ReadExt as _};
use commonware_cryptography::lthash::LtHash;
use depin_state::{ReadState, WriteSet};

/// Key of the row that holds the running hash: after every table's, since it is written when all other changes are known.
pub(crate) const CONTENT_KEY: [u8; 1] = [0xff];

/// The running hash of the rows of one block.
#[derive(Clone, Default)]
pub(crate) struct Content(LtHash);

impl Content {
    /// The hash that `state` holds; of nothing, when it holds none.
    pub fn of(state: &dyn ReadState) -> Self {
        let Some(bytes) = state.get_raw(&CONTENT_KEY) else { return Self::default() };
        let hash = LtHash::read(&mut commonware_codec::Copying(&bytes)).expect("the content row is what this module wrote");
        Self(hash)
    }

    /// The hash over every row of `rows`, computed from nothing.
    pub fn recompute<'a>(rows: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut content = Self::default();
        rows.filter(|(key, _)| *key != CONTENT_KEY).for_each(|(key, value)| content.0.add(&item(key, value)));
        content
    }

    /// Follows a block's changes.
    pub fn change(&mut self, writes: &WriteSet) {
        for change in writes.changes().filter(|change| change.key.bytes() != CONTENT_KEY) {
            if let Some(old) = change.before {
                self.0.subtract(&item(change.key.bytes(), old));
            }
            if let Some(new) = change.after {
                self.0.add(&item(change.key.bytes(), new));
            }
        }
    }

    /// The 32-byte digest for headers.
    pub fn digest(&self) -> [u8; 32] {
        let digest = self.0.checksum();
        let bytes: &[u8] = digest.as_ref();
        bytes.try_into().expect("the checksum has 32 bytes")
    }

    /// The row's value.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.encode().to_vec()
    }
}

fn item(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 + key.len() + value.len());
    bytes.extend_from_slice(&(key.len() as u16).to_be_bytes());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
    bytes
}
