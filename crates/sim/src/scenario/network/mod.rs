//! Keys of a network's file: `network.incentive.pool.stakers.share`, as in the file, a row of a list by its payee.
//!
//! In: the text of a network's file, keys and values. Out: the text with those values, comments and all; a share is taken from the
//! others of its list in proportion, or from the one that is named, in each parameter version by itself. What comes out is checked as `depin check` does. Also out: all keys
//! with their values, and the file with dated changes for a scenario's events. Called by the command line before a model is made; a
//! run never changes a file.

mod assign;
mod dated;
mod leaves;
mod shares;
mod standing;

pub use assign::Assignment;
pub(super) use dated::with_events;
pub use leaves::NetworkKey;
pub use standing::still_in_force;

use super::{
    Diagnostic, Diagnostics, Scenario,
    document::{Layer, Table},
    draft::of_spec,
};
use assign::Edits;
use depin_economy::Spec;
use depin_services::descriptor::{self, Severity};
use leaves::Leaf;
use standing::Dated;

/// The word that a key of the network's file begins with.
pub const PREFIX: &str = "network.";

/// A network's file, looked at key by key.
pub(super) struct File {
    tree: Table,
    leaves: Vec<Leaf>,
    changes: Vec<Dated>,
    /// Whether the leaves are what is in force on a day, of whichever parameter versions they are.
    in_force: bool,
}

impl File {
    fn read(layer: &Layer) -> Result<Self, Diagnostics> {
        let tree = layer.tree(0).map_err(Diagnostics::new)?;
        let mut leaves = leaves::leaves(&tree, &layer.text);
        standing::complete_groups(&mut leaves);
        let changes = standing::changes(&tree, &layer.text);
        Ok(Self { tree, leaves, changes, in_force: false })
    }
}

/// Every key of a network's file.
///
/// # Errors
/// Slips of syntax.
pub fn network_keys(text: &str, file: &str) -> Result<Vec<NetworkKey>, Diagnostics> {
    let layer = Layer::new(file, text);
    Ok(leaves::keys(&File::read(&layer)?))
}

/// The file with other values.
///
/// # Errors
/// A key that is none, with the one that was meant; a share that cannot be taken from the others; whatever makes the network no network
/// that can run.
pub fn set_network(text: &str, file: &str, set: &[Assignment]) -> Result<String, Diagnostics> {
    let layer = Layer::new(file, text);
    let changed = {
        let read = File::read(&layer)?;
        Edits::of(&read, set)?.done(&read, text).map_err(|restated| {
            let hint = "write it into a copy of the file, and name that as the network";
            Diagnostics::from(Diagnostic::error(file, "", 0..0, restated, hint))
        })?
    };
    let said: Vec<String> = set.iter().map(Assignment::to_string).collect();
    sound(&changed, &format!("{file} with {}", said.join(", ")))?;
    Ok(changed)
}

/// The file with what a scenario's events change in it, as dated changes.
///
/// # Errors
/// As for [`set_network`], at the number of the event.
pub fn network_with_events(text: &str, file: &str, scenario: &Scenario) -> Result<String, Diagnostics> {
    with_events(text, scenario).map_err(|unfit| {
        let key = unfit.key.map(|key| format!(" (`{key}`)")).unwrap_or_default();
        let message = format!("event {} of the scenario{key}: {}", unfit.event + 1, unfit.message);
        Diagnostics::from(Diagnostic::error(file, "", 0..0, message, unfit.hint))
    })
}

/// What `depin check` would call an error.
fn sound(text: &str, file: &str) -> Result<(), Diagnostics> {
    let spec = Spec::parse(text).map_err(|errors| of_spec(file, &errors))?;
    let Some(service) = descriptor::service(spec.network().service.as_str()) else { return Ok(()) };
    service.read_parameters(&spec).map_err(|errors| of_spec(file, &errors))?;
    let wrong = service.findings(&spec).into_iter().filter(|finding| finding.severity == Severity::Error);
    let layer = Layer::new(file, text);
    let said: Vec<_> = wrong
        .map(|finding| {
            let at = spec.problem_at(&finding.path, &finding.message, &finding.hint);
            layer.error(at.span.clone(), at.message.clone(), at.hint.unwrap_or_default())
        })
        .collect();
    if said.is_empty() { Ok(()) } else { Err(Diagnostics::new(said)) }
}
