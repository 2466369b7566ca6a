//! What development accounts hold at the start, and where it comes from.
//!
//! In: a network's rules and the accounts of a home. Out: entries of the genesis document. Tokens come out of the smallest genesis
//! allocation that can spare them: at most half of it is given. A network that gives nobody anything at the start has its accounts
//! funded ahead of its schedule, out of `development`, and that is said aloud: it is the one thing in which such a network differs
//! from its file. Absent on purpose: tokens that are made otherwise (credits by burning, bridged ones by deposit).

use crate::{Error, Result};
use depin_economy::{DEVELOPMENT, Spec};
use depin_ledger::{GenesisAccount, GenesisDoc};
use depin_quantity::{Address, Name, Units};

/// An account to be funded: who, and its part in whole tokens of a large network.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub name: Name,
    pub address: Address,
    pub tokens: u128,
}

/// By how much everything is made smaller, one after another, until some allocation can spare it.
const SCALES: [u128; 5] = [1, 10, 100, 1_000, 10_000];
/// The part of a genesis that belongs to nobody, by the network file's own grammar.
const UNALLOCATED: Name = Name::literal("unallocated");

/// Entries for `wishes` in every token that the network mints: `doc` is everything else of the document.
///
/// # Errors
/// When not even the smallest amounts of the token that fees are paid in can be given.
pub fn fund(doc: &GenesisDoc, spec: &Spec, wishes: &[Wish]) -> Result<Vec<GenesisAccount>> {
    let mut accounts = Vec::new();
    for (token, rule) in spec.tokens() {
        let Some(supply) = spec.supply(*token) else { continue };
        let mut parts: Vec<(Units, Name)> = supply.allocations.iter().map(|part| (part.amount, part.to)).collect();
        parts.sort_unstable();
        parts.retain(|(_, name)| *name != UNALLOCATED);
        let entries = |from: Name, scale: u128| -> Option<Vec<GenesisAccount>> {
            let whole = 10u128.checked_pow(rule.decimals.into())?;
            let entry = |wish: &Wish| {
                let amount = Units::new(whole.checked_mul(wish.tokens)? / scale);
                Some(GenesisAccount { address: wish.address, name: wish.name, from, amount, token: Some(*token) })
            };
            wishes.iter().map(entry).collect()
        };
        let starts = |entries: &Vec<GenesisAccount>| GenesisDoc { accounts: entries.clone(), ..doc.clone() }.rehearse().is_ok();
        let needed: u128 = wishes.iter().map(|wish| wish.tokens).sum();
        let allocated = SCALES.iter().find_map(|scale| {
            let sum = 10u128.checked_pow(rule.decimals.into())?.checked_mul(needed)? / scale;
            let able = parts.iter().filter(|(amount, _)| amount.get() / 2 >= sum);
            able.filter_map(|(_, name)| entries(*name, *scale)).find(starts)
        });
        // Ahead of the schedule only where it must be: people need the fees' token before they can do anything.
        let advanced = || {
            let wanted = *token == spec.fee().token;
            SCALES.iter().skip(1).filter(|_| wanted).filter_map(|scale| entries(DEVELOPMENT, *scale)).find(starts)
        };
        accounts.extend(allocated.or_else(advanced).unwrap_or_default());
    }
    if accounts.iter().any(|account| account.token == Some(spec.fee().token)) {
        return Ok(accounts);
    }
    let why = GenesisDoc { accounts: Vec::new(), ..doc.clone() }.rehearse().err();
    let why = why.map_or_else(|| format!("no allocation of {} can spare anything", spec.fee().token), |error| error.to_string());
    Err(Error::refused("genesis", format_args!("development accounts cannot be funded: {why}"))
        .hint("give the token that fees are paid in an allocation that does not vest row by row, or a higher cap"))
}

/// What is said about accounts that were funded ahead of a network's schedule; nothing when none were.
pub fn remark(doc: &GenesisDoc) -> Option<String> {
    let advanced = doc.accounts.iter().find(|account| account.from == DEVELOPMENT)?;
    let token = advanced.token.map_or_else(String::new, |token| format!(" {token}"));
    Some(format!(
        "{} gives nobody{token} at its start: development accounts hold some ahead of its schedule (`development` in genesis.json), \
         within its cap",
        doc.network
    ))
}
