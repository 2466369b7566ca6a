//! Shares of a whole.

use crate::{ParseError, QuantityError, Rounding, Units, amount::parse_decimal};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A share of a whole in parts of 10^9, at most the whole; written in per cent, `"34.5%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Share(u32);

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self(1_000_000_000);

    /// Wraps parts of 10^9; `None` above the whole.
    pub const fn new(parts: u32) -> Option<Self> {
        if parts <= Self::WHOLE.0 { Some(Self(parts)) } else { None }
    }

    /// Parts of 10^9.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// This share of `amount`, rounded as named.
    ///
    /// # Errors
    /// None is reachable: a share never exceeds the whole, so the result fits.
    pub fn of(self, amount: Units, rounding: Rounding) -> Result<Units, QuantityError> {
        amount.mul_div(self.0.into(), Self::WHOLE.0.into(), rounding)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", crate::amount::format_decimal(self.0.into(), 7))
    }
}

impl FromStr for Share {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "a share between 0% and 100%", "\"34.5%\"");
        let number = text.strip_suffix('%').ok_or_else(error)?;
        let parts = parse_decimal(number.trim_end(), 7).ok_or_else(error)?;
        u32::try_from(parts).ok().and_then(Self::new).ok_or_else(error)
    }
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
