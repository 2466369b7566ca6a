//! Penalties: out of what vests, then out of what is free, and the rest is owed.
//!
//! Source: builtin-actors `actors/miner/src/{lib,state,vesting_state}.rs`.

use depin_quantity::{Basis, Kind, Outputs, RuleCard, RuleError, field};

/// Takes `amount` off the entries, earliest first; gives what was taken.
fn take_earliest(entries: &mut Vec<(u128, u128)>, amount: u128) -> u128 {
    let mut taken = 0;
    for (_, left) in entries.iter_mut() {
        let part = (*left).min(amount - taken);
        *left -= part;
        taken += part;
    }
    entries.retain(|(_, left)| *left > 0);
    taken
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&DEBT];

const MOST: u128 = 1 << 100;

pub static DEBT: RuleCard = RuleCard {
    id: "FIL-SL-6",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Paying a penalty: vesting rewards first, the rest is debt",
    description: "A penalty adds to a provider's debt. What has vested becomes free; of what has not, as much as the debt becomes free too, \
            the earliest first. The debt is burnt out of what is free; what is missing stays owed, and blocks withdrawals, new \
            sectors and recoveries until it is paid.",
    formula: "debt = debt + penalty; drop entries with epoch < now; take min(debt, sum) off the others, earliest first; unlocked = \
              balance - vesting - deposits - pledge; burnt = min(unlocked, debt); debt' = debt - burnt",
    rounding: "none",
    inputs: &[
        field("balance", Kind::Integer, "attoFIL", "of the provider's account").most(MOST),
        field("deposits", Kind::Integer, "attoFIL", "for sectors not yet proven").most(MOST).or("0"),
        field("pledge", Kind::Integer, "attoFIL", "of all sectors").most(MOST).or("0"),
        field("debt", Kind::Integer, "attoFIL", "owed before").most(MOST).or("0"),
        field("penalty", Kind::Integer, "attoFIL", "new").most(MOST),
        field("now", Kind::Integer, "epoch", "the present one").most(1 << 60),
        field("epochs", Kind::List(&Kind::Integer), "epoch", "after which each vesting entry is free, ascending").most(512),
        field("amounts", Kind::List(&Kind::Integer), "attoFIL", "of each entry").most(512).each(MOST),
    ],
    outputs: &[
        field("burnt", Kind::Integer, "attoFIL", "at once"),
        field("debt", Kind::Integer, "attoFIL", "still owed"),
        field("unlocked", Kind::Integer, "attoFIL", "free afterwards"),
        field("epochs", Kind::List(&Kind::Integer), "epoch", "of the entries that are left"),
        field("amounts", Kind::List(&Kind::Integer), "attoFIL", "of each of them"),
    ],
    source: "builtin-actors actors/miner/src/lib.rs, penalties and fee debt; vesting_state.rs; examples: by hand",
    examples: &[
        (
            r#"{"balance": 1000, "pledge": 600, "penalty": 120, "now": 50, "epochs": [40, 60, 80], "amounts": [50, 100, 200]}"#,
            r#"{"burnt": "120", "debt": "0", "unlocked": "100", "epochs": ["80"], "amounts": ["180"]}"#,
        ),
        (
            r#"{"balance": 1000, "deposits": 100, "pledge": 850, "debt": 10, "penalty": 500, "now": 50, "epochs": [50], "amounts": [30]}"#,
            r#"{"burnt": "50", "debt": "460", "unlocked": "0", "epochs": [], "amounts": []}"#,
        ),
    ],
    run: |i| {
        let (epochs, amounts, now) = (i.integers("epochs")?, i.integers("amounts")?, i.integer("now")?);
        if epochs.len() != amounts.len() || !epochs.is_sorted() {
            return Err(RuleError::refused("every entry needs an epoch and an amount, and the epochs ascend"));
        }
        let debt = i.integer("debt")? + i.integer("penalty")?;
        let mut entries: Vec<(u128, u128)> = epochs.into_iter().zip(amounts).filter(|(epoch, _)| *epoch >= now).collect();
        let all: u128 = entries.iter().map(|(_, amount)| amount).sum();
        let held = i.integer("deposits")? + i.integer("pledge")?;
        let taken = take_earliest(&mut entries, debt);
        let unlocked = i.integer("balance")?.checked_sub(held + all - taken).ok_or_else(|| {
            RuleError::refused("the balance is below what is locked in it: deposits, pledge and what vests; it never is upstream")
        })?;
        let burnt = unlocked.min(debt);
        let outputs = Outputs::new().integer("burnt", burnt).integer("debt", debt - burnt).integer("unlocked", unlocked - burnt);
        let (epochs, amounts): (Vec<u128>, Vec<u128>) = entries.into_iter().unzip();
        Ok(outputs.integers("epochs", epochs).integers("amounts", amounts))
    },
};
