//! What key figures are: an id, and the form in which a run answers them.

use std::fmt;

/// The id of a key figure, in kebab-case: `burn-to-mint`, `conversion.providers.paid.earned.average`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KpiId(pub &'static str);

impl fmt::Display for KpiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
