//! Why a rule gave no outputs.

use crate::QuantityError;

/// What was wrong with the inputs of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The text is not JSON.
    #[error("the input is not JSON: {why}; write it like {{\"name\": 1}}")]
    NotJson {
        /// What the parser said.
        why: String,
    },
    /// Something else than an object.
    #[error("the inputs must be a JSON object with {names}, not {got}")]
    NotAnObject {
        /// The inputs that the rule takes.
        names: String,
        /// What it was.
        got: String,
    },
    /// An input that the rule does not take.
    #[error("unknown input `{given}`{}; this rule takes {names}", suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default())]
    Unknown {
        /// The name given.
        given: String,
        /// The nearest name that exists.
        suggestion: Option<&'static str>,
        /// All names.
        names: String,
    },
    /// An input that the rule needs.
    #[error("missing input `{field}`: {description}; it takes {wanted}")]
    Missing {
        /// The input.
        field: &'static str,
        /// What it stands for.
        description: &'static str,
        /// What is allowed.
        wanted: String,
    },
    /// An input of another type.
    #[error("input `{field}` is {got}; it takes {wanted}")]
    WrongType {
        /// The input.
        field: String,
        /// What it was.
        got: String,
        /// What is allowed.
        wanted: String,
    },
    /// An input past its bounds.
    #[error("input `{field}` is {got}, out of range; allowed: {allowed}")]
    OutOfRange {
        /// The input.
        field: String,
        /// What it was.
        got: String,
        /// What is allowed.
        allowed: String,
    },
    /// Inputs that are fine each, and do not go together.
    #[error("{0}")]
    Refused(String),
    /// A step of the rule left its range.
    #[error("these inputs lead out of range: {0}")]
    Quantity(#[from] QuantityError),
    /// A card that asks for an input which it does not declare, or as another kind: a bug of the card.
    #[error("the rule asks for `{0}`, which its card does not declare so; this is a bug of the card")]
    Card(&'static str),
}

impl RuleError {
    /// Inputs that do not go together.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}
