//! Exact quantities: what every other crate counts in.
//!
//! In: whole numbers and text. Out: typed amounts whose arithmetic is checked and whose rounding is named. Absent on purpose:
//! floats, networks, tokens by name, clocks.

mod address;
mod amount;
mod error;
mod exp;
mod ids;
mod name;
mod share;
mod size;
mod span;

pub use address::Address;
pub use amount::{Decimal18, Measured, Rounding, Units, mul_div, mul_div_wide};
pub use error::{ParseError, QuantityError};
pub use exp::{Fixed127, half_decay};
pub use ids::{Period, Seed, UnitId};
pub use name::Name;
pub use share::Share;
pub use size::parse_bytes;
pub use span::{Instant, Span, parse_span};
