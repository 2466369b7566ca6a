//! Exact quantities: what every other crate counts in.
//!
//! In: whole numbers and text. Out: typed amounts whose arithmetic is checked and whose rounding is named. Absent on purpose:
//! floats, networks, tokens by name, clocks.

mod address;
mod amount;
mod calendar;
mod digits;
mod error;
mod exp;
mod fine;
mod ids;
mod int;
mod log;
mod name;
mod nearest;
mod rule;
mod share;
mod short;
mod signed;
mod size;
mod span;

pub use address::Address;
pub use amount::{Decimal18, Measured, Rounding, Units, mul_div, mul_div_wide};
pub use calendar::{civil_date, months_after, months_between};
pub use digits::group_digits;
pub use error::{ParseError, QuantityError};
pub use exp::{Fixed127, half_decay};
pub use fine::{Decimal30, fourth_root_12, geometric_sum, mul_div_u256, power_of_rest, square_root_12};
pub use ids::{ContentHash, Period, Seed, UnitId};
pub use int::Int;
pub use log::{LOG_BITS, exp_neg, ln};
pub use name::Name;
pub use nearest::nearest_name;
pub use rule::{BYTES_MAX, Basis, Field, Inputs, Kind, LIST_MAX, Outputs, RuleCard, RuleError, check_cards, field};
pub use share::Share;
pub use short::{dollars, short_number, shorten};
pub use signed::{Signed18, ratio_18};
pub use size::parse_bytes;
pub use span::{Instant, Span, parse_span};
