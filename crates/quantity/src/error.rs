//! What can go wrong with a quantity.

/// An operation on quantities that has no exact answer in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// A sum or product does not fit 128 bits.
    #[error("the result does not fit 128 bits")]
    TooLarge,
    /// A difference would be negative.
    #[error("{take} cannot be taken from {from}")]
    Negative {
        /// What there is.
        from: u128,
        /// What was to be taken.
        take: u128,
    },
    /// A division by zero.
    #[error("division by zero")]
    DivisionByZero,
}

/// Text that is not the quantity it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}; write it like {example}")]
pub struct ParseError {
    /// The text given.
    pub text: String,
    /// What it should have been.
    pub wanted: &'static str,
    /// A text that works.
    pub example: &'static str,
}

impl ParseError {
    /// An error for `text`, which should have been `wanted`, with an `example` that works.
    pub fn new(text: &str, wanted: &'static str, example: &'static str) -> Self {
        let text = if text.chars().count() > 80 { text.chars().take(80).chain("…".chars()).collect() } else { text.to_owned() };
        Self { text, wanted, example }
    }
}
