//! Groups that somebody ordered: whether a chain may take them, without the file that they came from.

use crate::{cross::check_resources, group::Group, limits::Totals, names, read::PRICE_MAX};
use std::collections::BTreeSet;

/// Why groups cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// No groups.
    #[error("a deployment has at least one group")]
    NoGroups,
    /// A group without a name, or two of one.
    #[error("the name `{0}` of a group is empty or there twice")]
    Name(String),
    /// A group of nothing.
    #[error("the group `{0}` has no units")]
    NoUnits(String),
    /// Two units of one number.
    #[error("group `{group}`: the unit {unit} is there twice")]
    DuplicateUnit {
        /// Which group.
        group: String,
        /// Which number.
        unit: u32,
    },
    /// A unit beyond the limits.
    #[error("group `{group}`, unit {unit}: {wrong}")]
    Unit {
        /// Which group.
        group: String,
        /// Which unit.
        unit: u32,
        /// What is wrong, in words.
        wrong: String,
    },
    /// Prices of several currencies.
    #[error("prices are in `{first}` and in `{other}`; a deployment has one currency")]
    Denom {
        /// Of the first unit.
        first: String,
        /// Of one that differs.
        other: String,
    },
    /// A group beyond the limits.
    #[error("the group `{group}` takes {total} {what}; more than none and at most {most} are taken")]
    Total {
        /// Which group.
        group: String,
        /// Of what.
        what: &'static str,
        /// How many.
        total: u128,
        /// At most.
        most: u128,
    },
}

/// Judges groups as a chain does when a deployment is made.
///
/// # Errors
/// [`OrderError`]: the first in the order of the groups and their units; a group's totals come after its units.
pub fn check_groups(groups: &[Group]) -> Result<(), OrderError> {
    let Some(first) = groups.first() else { return Err(OrderError::NoGroups) };
    let mut names = BTreeSet::new();
    let denom = first.resources.first().map(|unit| unit.price.denom.as_str());
    for group in groups {
        if group.name.is_empty() || !names.insert(&group.name) {
            return Err(OrderError::Name(group.name.clone()));
        }
        if group.resources.is_empty() {
            return Err(OrderError::NoUnits(group.name.clone()));
        }
        let (mut totals, mut ids) = (Totals::default(), BTreeSet::new());
        for unit in &group.resources {
            let id = unit.resources.id;
            let wrong = |wrong| OrderError::Unit { group: group.name.clone(), unit: id, wrong };
            check_resources(&unit.resources).map_err(wrong)?;
            if !ids.insert(id) {
                return Err(OrderError::DuplicateUnit { group: group.name.clone(), unit: id });
            }
            if !names::is_denom(&unit.price.denom) || unit.price.amount.is_zero() || unit.price.amount > PRICE_MAX {
                let price = format!("{} {}", unit.price.amount.to_decimal(), unit.price.denom);
                return Err(wrong(format!(
                    "the price {price} is not above zero and at most {} of a currency",
                    PRICE_MAX.to_decimal()
                )));
            }
            if denom.is_some_and(|denom| denom != unit.price.denom) {
                let (first, other) = (denom.unwrap_or_default().to_owned(), unit.price.denom.clone());
                return Err(OrderError::Denom { first, other });
            }
            let resources = &unit.resources;
            totals = totals.with(resources.cpu.units.get(), resources.gpu.units.get(), resources.memory.size.get(), unit.count);
        }
        if let Some((what, total, most)) = totals.wrong() {
            return Err(OrderError::Total { group: group.name.clone(), what, total, most });
        }
    }
    Ok(())
}
