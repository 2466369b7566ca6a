//! 256-bit fixed point with 96 fractional bits.

use borsh::{BorshDeserialize, BorshSerialize, io};
use ruint::aliases::U256;

/// Fractional bits.
pub const FRACTION_BITS: usize = 96;

/// A number of 2^-96 base units (or of 2^-96 base units per weight), stored as 32 little-endian bytes.
///
/// All that an emission can mint stays below 2^128 base units, so its sum stays below 2^224. A member's weight never exceeds its
/// pool's, so weight times growth per weight stays below the same bound. Nothing here can overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide(pub U256);

impl Wide {
    /// Whole base units.
    pub fn of_units(units: u128) -> Self {
        Self(U256::from(units) << FRACTION_BITS)
    }

    /// Whole base units and what is left of one.
    pub fn split(self) -> (U256, u128) {
        let mask = (U256::from(1) << FRACTION_BITS) - U256::from(1);
        (self.0 >> FRACTION_BITS, (self.0 & mask).wrapping_to())
    }
}

impl BorshSerialize for Wide {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.0.to_le_bytes::<32>())
    }
}

impl BorshDeserialize for Wide {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = [0; 32];
        reader.read_exact(&mut bytes)?;
        Ok(Self(U256::from_le_bytes(bytes)))
    }
}

/// A hexadecimal string: no reader of JSON holds 256 bits in a number.
impl serde::Serialize for Wide {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}
