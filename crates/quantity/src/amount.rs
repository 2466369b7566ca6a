//! Amounts of money and of metrics.

use crate::{ParseError, QuantityError};
use borsh::{BorshDeserialize, BorshSerialize};
use ruint::aliases::U256;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which way a division goes when it does not come out even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
}

/// `a * b / den` through a 256-bit product.
///
/// # Errors
/// [`QuantityError::DivisionByZero`] first, then [`QuantityError::TooLarge`] when the quotient does not fit 128 bits.
pub fn mul_div(a: u128, b: u128, den: u128, rounding: Rounding) -> Result<u128, QuantityError> {
    if let Some(product) = a.checked_mul(b) {
        if den == 0 {
            return Err(QuantityError::DivisionByZero);
        }
        return Ok(match rounding {
            Rounding::Down => product / den,
            Rounding::Up => product.div_ceil(den),
        });
    }
    mul_div_wide(a, U256::from(b), U256::from(den), rounding)
}

/// `a * b / den` for a factor and a divisor of 256 bits whose product with `a` fits 256 bits.
///
/// # Errors
/// As [`mul_div`]; also [`QuantityError::TooLarge`] when the product does not fit 256 bits.
pub fn mul_div_wide(a: u128, b: U256, den: U256, rounding: Rounding) -> Result<u128, QuantityError> {
    if den.is_zero() {
        return Err(QuantityError::DivisionByZero);
    }
    let product = U256::from(a).checked_mul(b).ok_or(QuantityError::TooLarge)?;
    let (quotient, rest) = product.div_rem(den);
    let quotient = if rounding == Rounding::Up && !rest.is_zero() { quotient + U256::from(1) } else { quotient };
    u128::try_from(quotient).map_err(|_| QuantityError::TooLarge)
}

macro_rules! amount {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(u128);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// Wraps a value that is already in this type's unit.
            pub const fn new(value: u128) -> Self {
                Self(value)
            }

            /// The value in this type's unit.
            pub const fn get(self) -> u128 {
                self.0
            }

            /// Whether it is nothing.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The sum.
            ///
            /// # Errors
            /// [`QuantityError::TooLarge`] past 128 bits.
            pub fn plus(self, other: Self) -> Result<Self, QuantityError> {
                self.0.checked_add(other.0).map(Self).ok_or(QuantityError::TooLarge)
            }

            /// The difference.
            ///
            /// # Errors
            /// [`QuantityError::Negative`] when `other` is larger.
            pub fn minus(self, other: Self) -> Result<Self, QuantityError> {
                self.0.checked_sub(other.0).map(Self).ok_or(QuantityError::Negative { from: self.0, take: other.0 })
            }

            /// `self - other`, or nothing when `other` is larger: for what remains, never for what is owed.
            pub fn minus_or_zero(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// `self * factor`.
            ///
            /// # Errors
            /// [`QuantityError::TooLarge`] past 128 bits.
            pub fn times(self, factor: u128) -> Result<Self, QuantityError> {
                self.0.checked_mul(factor).map(Self).ok_or(QuantityError::TooLarge)
            }

            /// `self * num / den` through a 256-bit product, rounded as named.
            ///
            /// # Errors
            /// As [`mul_div`].
            pub fn mul_div(self, num: u128, den: u128, rounding: Rounding) -> Result<Self, QuantityError> {
                mul_div(self.0, num, den, rounding).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        /// A string of decimal digits: JSON numbers lose digits past 2^53.
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as Deserialize>::deserialize(deserializer)?;
                parse_digits(&text).map(Self).map_err(serde::de::Error::custom)
            }
        }
    };
}

amount!(
    /// Token amount in the token's base units (1 FIL = 10^18 attoFIL).
    Units
);
amount!(
    /// A metric's quantity in that metric's smallest step (byte, byte-epoch).
    Measured
);
amount!(
    /// Money in 10^-18 of a currency: a price in USD, a rate per epoch.
    Decimal18
);

fn parse_digits(text: &str) -> Result<u128, ParseError> {
    let error = || ParseError::new(text, "a whole number of base units", "\"1500000000000000000\"");
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(error());
    }
    text.parse().map_err(|_| error())
}

/// Splits decimal text into base units of `decimals` places: `"1.5"` with 18 places is 15 * 10^17.
pub(crate) fn parse_decimal(text: &str, decimals: u8) -> Option<u128> {
    let text = text.replace('_', "");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > usize::from(decimals) {
        return None;
    }
    let scale = |n: &str, zeros: usize| -> Option<u128> {
        let value: u128 = if n.is_empty() { 0 } else { n.parse().ok()? };
        value.checked_mul(10u128.checked_pow(u32::try_from(zeros).ok()?)?)
    };
    scale(whole, usize::from(decimals))?.checked_add(scale(fraction, usize::from(decimals) - fraction.len())?)
}

/// Writes base units as decimal text without trailing zeros.
pub(crate) fn format_decimal(value: u128, decimals: u8) -> String {
    let Some(scale) = 10u128.checked_pow(u32::from(decimals)) else {
        return format!("{value}e-{decimals}");
    };
    let (whole, fraction) = (value / scale, value % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let digits = format!("{fraction:0width$}", width = usize::from(decimals));
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

impl Units {
    /// Reads decimal text of a token with `decimals` places.
    ///
    /// # Errors
    /// [`ParseError`] for anything but digits with at most `decimals` places after the point, or past 128 bits.
    pub fn parse_decimal(text: &str, decimals: u8) -> Result<Self, ParseError> {
        parse_decimal(text, decimals)
            .map(Self)
            .ok_or_else(|| ParseError::new(text, "an amount of that token's precision", "\"1.5\""))
    }

    /// Writes this amount of a token with `decimals` places, exactly, without trailing zeros.
    pub fn to_decimal(self, decimals: u8) -> String {
        format_decimal(self.0, decimals)
    }
}

impl Decimal18 {
    /// One whole unit of the currency.
    pub const ONE: Self = Self(1_000_000_000_000_000_000);

    /// Reads decimal text with at most 18 places.
    ///
    /// # Errors
    /// [`ParseError`] as for [`Units::parse_decimal`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse_decimal(text, 18)
            .map(Self)
            .ok_or_else(|| ParseError::new(text, "a decimal number with at most 18 places", "\"4.25\""))
    }

    /// Writes it exactly, without trailing zeros.
    pub fn to_decimal(self) -> String {
        format_decimal(self.0, 18)
    }
}
