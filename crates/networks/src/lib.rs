//! New networks out of parts of others.
//!
//! In: the texts of network files, and what is to be taken from which. Out: the text of a new one that puts one service under
//! the emission, the payment and the stake of others ([`compose`]). Called by the command line, which breaks its own texts into
//! lines as these files have them ([`wrap`]). Absent on purpose: files and folders, and rules: what a text means is
//! `depin-economy`'s to say.

mod compose;
mod lines;

pub use compose::{ComposeError, Composed, Recipe, compose};
pub use lines::wrap;
