//! What rows of before lack: a last part that is written where it is there, and read as missing where a row ends before it.
//!
//! As `#[borsh(serialize_with = "tail::write", deserialize_with = "tail::read")]` of a row's last field, and of no other: without it the row is
//! byte for byte the one that it was before the field came.

use borsh::{BorshDeserialize, BorshSerialize};
use std::io::{Read, Result, Write};

/// Writes the part, if there is one.
pub(crate) fn write<T: BorshSerialize, W: Write>(part: &Option<T>, out: &mut W) -> Result<()> {
    part.as_ref().map_or(Ok(()), |part| part.serialize(out))
}

/// Reads the part, if the row goes on.
pub(crate) fn read<T: BorshDeserialize, R: Read>(bytes: &mut R) -> Result<Option<T>> {
    let mut rest = Vec::new();
    bytes.read_to_end(&mut rest)?;
    if rest.is_empty() { Ok(None) } else { borsh::from_slice(&rest).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, BorshSerialize, BorshDeserialize)]
    struct Before(u32);

    #[derive(Debug, PartialEq, BorshSerialize, BorshDeserialize)]
    struct Now {
        number: u32,
        #[borsh(serialize_with = "write", deserialize_with = "read")]
        more: Option<u64>,
    }

    #[test]
    fn a_row_of_before_is_read_and_one_without_the_part_is_as_it_was() {
        let before = borsh::to_vec(&Before(7)).unwrap();
        assert_eq!(borsh::from_slice::<Now>(&before).unwrap(), Now { number: 7, more: None });
        assert_eq!(borsh::to_vec(&Now { number: 7, more: None }).unwrap(), before);
        let now = Now { number: 7, more: Some(9) };
        assert_eq!(borsh::from_slice::<Now>(&borsh::to_vec(&now).unwrap()).unwrap(), now);
        let cut = borsh::to_vec(&now).unwrap();
        assert!(borsh::from_slice::<Now>(&cut[..cut.len() - 1]).is_err(), "half a part is none");
        assert!(borsh::from_slice::<Now>(&[&cut[..], &[0]].concat()).is_err(), "nor is more than one");
    }
}
