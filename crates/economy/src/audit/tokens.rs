//! Conservation, caps, class sums, allocations, AMM pools.

use super::{Auditor, TokenAudit, Violation, wide};
use crate::{
    Account, AccountClass, AllocationVesting, CapKind,
    book::{
        NO_SUPPLY,
        rows::{ClassRow, HoldingRow, SupplyRow, WalletRow},
    },
    market::rows::{AmmPoolRow, AmmPoolShareRow},
    reward::rows::EmissionRow,
    supply::rows::AllocationRow,
};
use depin_quantity::{Name, Units};
use ruint::aliases::U256;
use std::collections::BTreeMap;

impl Auditor<'_> {
    pub(super) fn read_accounts(&mut self) {
        let rows = self.state.rows::<HoldingRow>();
        self.accounts = rows.map(|(key, row)| (key, wide(row.held))).collect();
    }

    /// Every token: `minted - burned = everything held`. With supply rules also `minted <= cap` and
    /// `minted = genesis allocations + emissions`; credits and bridged tokens have sources of their own, checked with them.
    pub(super) fn check_tokens(&mut self) {
        let mut wallets: BTreeMap<Name, (U256, u64)> = BTreeMap::new();
        for ((_, token), row) in self.state.rows::<WalletRow>() {
            let (sum, count) = wallets.entry(token).or_default();
            *sum += wide(row.held);
            *count += 1;
        }
        let known = |token: &Name| self.spec.token(*token).is_some();
        let strangers: Vec<Name> =
            wallets.keys().chain(self.accounts.keys().map(|(_, t)| t)).filter(|t| !known(t)).copied().collect();
        for token in strangers {
            self.violated(Violation::Dangling { what: format!("somebody holds `{token}`, which the network does not have") });
        }
        let tokens: Vec<Name> = self.spec.tokens().keys().copied().collect();
        for token in tokens {
            let (in_wallets, wallets) = wallets.get(&token).copied().unwrap_or_default();
            self.check_conservation(token, in_wallets, wallets);
            self.check_supply(token);
        }
    }

    fn check_conservation(&mut self, token: Name, in_wallets: U256, wallets: u64) {
        let row = self.state.get::<SupplyRow>(&token).unwrap_or(NO_SUPPLY);
        let others: Vec<U256> = self.accounts.iter().filter(|((_, t), _)| *t == token).map(|(_, held)| *held).collect();
        let held = others.iter().fold(in_wallets, |sum, held| sum + held);
        self.report.tokens.push(TokenAudit {
            token,
            minted: row.minted,
            burned: row.burned,
            held: held.to_string(),
            cap: self.spec.supply(token).map(|rule| rule.cap.amount),
            wallets,
            accounts: others.len() as u64,
        });
        self.expect(format!("{token}: minted less burnt against all balances"), wide(row.minted), held + wide(row.burned));
    }

    fn check_supply(&mut self, token: Name) {
        let Some((cap, kind)) = self.spec.supply(token).map(|rule| (rule.cap.amount, rule.cap.kind)) else { return };
        let row = self.state.get::<SupplyRow>(&token).unwrap_or(NO_SUPPLY);
        let counted = match kind {
            CapKind::NetEmission => row.minted.minus_or_zero(row.burned),
            CapKind::Model => Units::ZERO,
            CapKind::Clamp => row.minted,
        };
        if counted > cap {
            self.violated(Violation::Exceeds {
                what: format!("{token} minted"),
                most: cap.to_string(),
                found: counted.to_string(),
            });
        }
        let allocated = self.state.rows::<AllocationRow>().filter(|((t, _), _)| *t == token).map(|(_, row)| wide(row.amount));
        let pools = self.spec.pools().iter().filter(|(_, rule)| rule.token == token);
        let emitted = pools.filter_map(|(name, _)| self.state.get::<EmissionRow>(name)).map(|row| wide(row.minted));
        let sources = allocated.chain(emitted).fold(self.bridged(token), |sum, part| sum + part);
        self.expect(format!("{token}: minted against allocations and emissions"), sources, wide(row.minted));
    }

    /// Sums kept per class equal the accounts of the class.
    pub(super) fn check_classes(&mut self) {
        let mut sums: BTreeMap<(Name, u8), U256> = BTreeMap::new();
        for ((account, token), held) in &self.accounts {
            match account.class() {
                Some(class) => *sums.entry((*token, class.tag())).or_default() += held,
                None => self
                    .report
                    .violations
                    .push(Violation::Dangling { what: format!("{account} must hold nothing, and holds {held} {token}") }),
            }
        }
        let tokens: Vec<Name> = self.spec.tokens().keys().copied().collect();
        for token in tokens {
            for class in AccountClass::ALL {
                let key = (token, class.tag());
                let says = self.state.get::<ClassRow>(&key).map_or(U256::ZERO, |row| wide(row.held));
                let holds = sums.get(&key).copied().unwrap_or_default();
                self.expect(format!("{token}: sum of {class:?} accounts"), holds, says);
            }
        }
    }

    /// An allocation holds what was minted into it, less what was granted and taken.
    pub(super) fn check_allocations(&mut self) {
        let mut says = BTreeMap::new();
        for ((token, name), row) in self.state.rows::<AllocationRow>() {
            let rule = self.spec.supply(token).and_then(|s| s.allocations.iter().find(|a| a.to == name));
            match rule {
                Some(rule) if rule.vesting != AllocationVesting::Emitted => {
                    self.expect(format!("allocation {name}"), wide(rule.amount), wide(row.amount));
                }
                // Advanced to development accounts: given away whole.
                None if name == crate::DEVELOPMENT && row.amount == row.granted => {}
                _ => self
                    .violated(Violation::Dangling { what: format!("allocation {name} of {token} is not in the network file") }),
            }
            let gone = wide(row.granted) + wide(row.released);
            if gone > wide(row.amount) {
                self.violated(Violation::Exceeds {
                    what: format!("given out of allocation {name}"),
                    most: row.amount.to_string(),
                    found: gone.to_string(),
                });
            } else {
                says.insert((Account::Allocation(name), token), wide(row.amount) - gone);
            }
        }
        self.expect_accounts("minted less given", &says, |a| matches!(a, Account::Allocation(_)));
    }

    /// Shares of an AMM pool's owners sum to its shares; an AMM pool without shares holds nothing.
    pub(super) fn check_amm_pools(&mut self) {
        let mut owned: BTreeMap<Name, U256> = BTreeMap::new();
        for ((amm_pool, _), row) in self.state.rows::<AmmPoolShareRow>() {
            *owned.entry(amm_pool).or_default() += U256::from(row.shares);
        }
        let amm_pools: BTreeMap<Name, U256> =
            self.state.rows::<AmmPoolRow>().map(|(name, row)| (name, U256::from(row.shares))).collect();
        let mut names: Vec<Name> = owned.keys().chain(amm_pools.keys()).copied().collect();
        names.dedup();
        for name in names {
            let (owned, says) =
                (owned.get(&name).copied().unwrap_or_default(), amm_pools.get(&name).copied().unwrap_or_default());
            self.expect(format!("shares of AMM pool {name}"), owned, says);
        }
        let orphans: Vec<String> = self
            .accounts
            .iter()
            .filter(|((account, _), held)| {
                matches!(account, Account::AmmPool(name) if !amm_pools.contains_key(name)) && !held.is_zero()
            })
            .map(|((account, token), held)| format!("{account} holds {held} {token} and has no owner"))
            .collect();
        for what in orphans {
            self.violated(Violation::Dangling { what });
        }
    }
}
