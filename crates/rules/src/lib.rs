//! Rules of the networks as cards: words, formula, units, rounding, source, examples, and the rule itself to run.
//!
//! In: plain numbers. Out: plain numbers. A reader or a checker runs a rule through its card. A card either *runs* functions of the
//! economy or of a service that the live rules call too, and names them; or it is a *model*: a closed form or a reference that
//! nothing live calls. When a network comes to need a model, its function moves down and the card stays.
//!
//! One folder for each network, and `general` for what every network's file can say. Absent on purpose: state, messages, tokens, and
//! a second copy of a rule that runs.

mod akash;
mod filecoin;
mod fixed;
mod general;
mod helium;
mod ionet;
mod render;

use depin_quantity::RuleCard;

/// A card's basis: the functions that it runs, by their paths, which must exist for this to compile.
///
/// The names that a card shows are the compiler's own for these functions, so a card cannot claim a function that it only defines.
macro_rules! runs {
    ($($function:path),+ $(,)?) => {
        depin_quantity::Basis::Runs(&[$(|| std::any::type_name_of_val(&$function)),+])
    };
}

pub(crate) use runs;

const NETWORKS: &[&[&[&RuleCard]]] = &[general::CARDS, filecoin::CARDS, helium::CARDS, akash::CARDS, ionet::CARDS, render::CARDS];

/// Every rule card.
pub fn rule_cards() -> impl Iterator<Item = &'static RuleCard> {
    NETWORKS.iter().flat_map(|network| network.iter()).flat_map(|cards| cards.iter().copied())
}
