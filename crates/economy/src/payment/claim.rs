//! Money finer than a base unit, inside an escrow.
//!
//! Where rates are finer than base units, what payees have accrued is kept in 10^-18 base units; only whole base units ever leave
//! the escrow.

use borsh::{BorshDeserialize, BorshSerialize, io};
use depin_quantity::Units;
use ruint::aliases::{U256, U512};

/// Parts of a base unit.
pub const PARTS: u128 = 1_000_000_000_000_000_000;

/// An amount in 10^-18 base units, stored as 32 little-endian bytes.
///
/// A rate is below 2^128 tokens of 10^18 base units, so below 2^188; 64 of them for 2^64 periods stay below 2^258, so products
/// with periods are checked and sums are not: what is paid never exceeds what an escrow holds, which is below 2^188.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim(pub U256);

impl Claim {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);

    /// Whole base units.
    pub fn of(units: Units) -> Self {
        Self(U256::from(units.get()) * U256::from(PARTS))
    }

    /// Whole base units of it.
    pub fn whole(self) -> Units {
        Units::new(u128::try_from(self.0 / U256::from(PARTS)).unwrap_or(u128::MAX))
    }

    /// Both; what an escrow pays never comes near 256 bits.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Less that, or nothing.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// So many times; the largest number when it is past 256 bits.
    pub fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(U256::from(n)))
    }

    /// How often `other` fits, at most 2^64 - 1; as often as that for zero.
    pub fn over(self, other: Self) -> u64 {
        self.0.checked_div(other.0).map_or(u64::MAX, |n| u64::try_from(n).unwrap_or(u64::MAX))
    }
}

/// `remaining * rate / all`, at 18 places, as Cosmos decimals do it: the product is rounded half to even, then the quotient is.
///
/// - Units: 10^-18 base units.
/// - Source: cosmos-sdk v0.45.16 `types/decimal.go`, `Mul` and `Quo`; akash-network/node v0.38.0 `x/escrow/keeper`.
pub fn weighted_part(remaining: Claim, rate: Claim, all: Claim) -> Claim {
    let one = U512::from(PARTS);
    let product = half_even(U512::from(remaining.0) * U512::from(rate.0), one);
    let quotient = product * one * one / U512::from(all.0.max(U256::from(1)));
    Claim(U256::saturating_from(half_even(quotient, one)))
}

/// `n / d`, halves to the even neighbour.
fn half_even(n: U512, d: U512) -> U512 {
    let (quotient, rest) = n.div_rem(d);
    let twice = rest * U512::from(2);
    let up = twice > d || (twice == d && quotient.bit(0));
    if up { quotient + U512::from(1) } else { quotient }
}

impl BorshSerialize for Claim {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&self.0.to_le_bytes::<32>())
    }
}

impl BorshDeserialize for Claim {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = [0; 32];
        reader.read_exact(&mut bytes)?;
        Ok(Self(U256::from_le_bytes(bytes)))
    }
}

/// A decimal string of base units with 18 places.
impl serde::Serialize for Claim {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, parts) = self.0.div_rem(U256::from(PARTS));
        serializer.collect_str(&format_args!("{whole}.{:018}", u128::try_from(parts).unwrap_or_default()))
    }
}
