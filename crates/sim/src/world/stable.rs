//! Stablecoins: brought in over the bridge for bills that are paid in one, converted at the AMM pool by the rules' own parts, and taken
//! out by whoever gets them. A bridged dollar is a dollar: what moves here moves in the book of cash too, by who calls.
//!
//! In between the market maker's reserves stand in the AMM pool, at the price of the day, so that a conversion meets the same depth as an
//! order; they are taken back before the day's orders clear.

use super::{Party, World, address, id_of};
use crate::amount::{MicroUsd, Scale, micro, whole};
use depin_economy::{Account, Action, CONVERSIONS, PayPart, Spec};
use depin_quantity::{Address, Name, Units};

/// A stablecoin that payments of the service's kind may be made in.
#[derive(Clone, Debug, PartialEq)]
pub struct Stable {
    /// The token.
    pub token: Name,
    /// Its decimals.
    pub scale: Scale,
    /// The part of a payment in it that whoever works gets, converted or not.
    pub payee_share: f64,
    bridge: Name,
    pools: Vec<Name>,
}

impl Stable {
    /// The first of these currencies that comes over a bridge, and what becomes of a payment in it.
    pub fn new(spec: &Spec, currencies: &[Name], parts: impl Fn(Name) -> Vec<PayPart>) -> Option<Self> {
        let (token, rule) =
            currencies.iter().find_map(|name| Some((*name, spec.token(*name)?)).filter(|(_, rule)| rule.bridged_by.is_some()))?;
        let parts = parts(token);
        let mut pools: Vec<Name> = parts.iter().filter_map(|part| part.convert).collect();
        pools.sort_unstable();
        pools.dedup();
        let payee_share = super::bill::payee_share(&parts);
        Some(Self { token, scale: Scale::new(rule.decimals), payee_share, bridge: rule.bridged_by?, pools })
    }

    /// Dollars in the stablecoin's base units.
    pub(super) fn units(&self, cash: MicroUsd) -> u128 {
        whole(cash.max(0) as f64 * (self.scale.whole() / 1e6))
    }

    fn cash(&self, units: u128) -> MicroUsd {
        micro(self.scale.tokens(units))
    }
}

impl World {
    /// Brings dollars in for a party; gives what came.
    pub fn bring_in(&mut self, to: Address, cash: MicroUsd) -> MicroUsd {
        let Some(stable) = self.billing.stable.clone() else { return 0 };
        let (Some(who), amount) = (self.roles.get(&stable.bridge).copied(), stable.units(cash)) else { return 0 };
        if amount == 0 {
            return 0;
        }
        self.deposits += 1;
        let deposit = id_of(address(Party::Maker), 4, self.deposits);
        let action = Action::BridgeIn { token: stable.token, to, amount: Units::new(amount), deposit };
        if self.act(who, &action).is_ok() { stable.cash(amount) } else { 0 }
    }

    /// Dollars that a party has on the ledger.
    pub fn dollars_of(&self, who: Address) -> MicroUsd {
        self.stable.as_ref().map_or(0, |stable| stable.cash(self.held_of(who, stable.token)))
    }

    /// Takes all dollars of a party out; gives how many.
    pub fn take_out(&mut self, who: Address) -> MicroUsd {
        let Some(stable) = self.stable.clone() else { return 0 };
        let held = self.held_of(who, stable.token);
        if held == 0 {
            return 0;
        }
        self.deposits += 1;
        let destination = id_of(address(Party::Maker), 5, self.deposits);
        let action = Action::BridgeOut { token: stable.token, amount: Units::new(held), destination };
        if self.act(who, &action).is_ok() { stable.cash(held) } else { 0 }
    }

    /// The market maker puts tokens, and as many dollars as they are worth, into the AMM pools that payments are converted at, and what
    /// waits for them is converted. Gives the dollars.
    pub fn open_pools(&mut self, cash: MicroUsd, price: f64) -> MicroUsd {
        let Some(stable) = self.billing.stable.clone().filter(|stable| !stable.pools.is_empty()) else { return 0 };
        let maker = address(Party::Maker);
        let parts = stable.pools.len() as f64;
        let tokens = self.scale.tokens(self.held(maker)).min(cash as f64 / 1e6 / price) / parts;
        let (tokens, each) = (self.scale.units(tokens), micro(tokens * price));
        if tokens.is_zero() || each == 0 {
            return 0;
        }
        let mut put = 0;
        for pool in &stable.pools {
            let brought = self.bring_in(maker, each);
            put += brought;
            let dollars = Units::new(stable.units(brought));
            let Some(rule) = self.spec().amm_pool(*pool) else { continue };
            let (a, b) = if rule.tokens.0 == stable.token { (dollars, tokens) } else { (tokens, dollars) };
            let funded = self.act(maker, &Action::FundAmmPool { amm_pool: *pool, a, b }).map_or(0, |done| done.shares);
            self.pool_shares.insert(*pool, funded);
            let waits = !self.reads().balance(Account::Treasury(CONVERSIONS), stable.token).is_zero();
            if waits {
                let _ = self.act(maker, &Action::ConvertWaiting { amm_pool: *pool });
            }
        }
        put
    }

    /// The market maker takes everything back out of the AMM pools; gives its dollars.
    pub fn close_pools(&mut self) -> MicroUsd {
        let maker = address(Party::Maker);
        for (amm_pool, shares) in std::mem::take(&mut self.pool_shares) {
            let _ = self.act(maker, &Action::WithdrawAmmPool { amm_pool, shares });
        }
        self.take_out(maker)
    }
}
