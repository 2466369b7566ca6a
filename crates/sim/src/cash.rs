//! The book of cash: dollars beside the ledger, by group, in millionths.
//!
//! In: payments between groups. Out: what each group has. The sum of all groups is zero, always: whoever starts with money has it from
//! outside, and whoever sells hardware, power or an alternative is outside too.

use crate::amount::MicroUsd;

/// Whose dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Customers.
    Customers,
    /// Providers, stakers and holders.
    Providers,
    /// Speculators.
    Speculators,
    /// The market maker.
    Market,
    /// Everybody who is no part of the network.
    Outside,
    /// Treasuries.
    Treasury,
}

/// Every group, in the order of the result table.
pub const GROUPS: [Group; 6] =
    [Group::Customers, Group::Providers, Group::Speculators, Group::Market, Group::Outside, Group::Treasury];

/// Who has how much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cash {
    held: [MicroUsd; GROUPS.len()],
}

impl Cash {
    /// Moves dollars from one group to another; a negative amount moves them back.
    pub fn pay(&mut self, from: Group, to: Group, amount: MicroUsd) {
        self.held[from as usize] -= amount;
        self.held[to as usize] += amount;
    }

    /// What a group has.
    pub fn of(&self, group: Group) -> MicroUsd {
        self.held[group as usize]
    }

    /// The sum of all groups: zero.
    pub fn sum(&self) -> MicroUsd {
        self.held.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_payment_makes_or_loses_a_dollar(payments in prop::collection::vec((0usize..6, 0usize..6, any::<i64>()), 0..50)) {
            let mut cash = Cash::default();
            for (from, to, amount) in payments {
                cash.pay(GROUPS[from], GROUPS[to], amount.into());
                prop_assert_eq!(cash.sum(), 0);
            }
        }
    }
}
