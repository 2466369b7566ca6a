//! Genesis accounts that unlock in tranches.

use depin_quantity::{Basis, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// Vested of tranches that unlock whole, each on its day: each is its part rounded down, the last takes the rest.
pub fn unlocked(amount: u128, shares: &[u128], days: &[u128], elapsed: u128) -> Result<u128> {
    let whole: u128 = shares.iter().try_fold(0_u128, |sum, s| sum.checked_add(*s)).ok_or(QuantityError::TooLarge)?;
    let mut parts = shares.iter().map(|s| mul_div(amount, *s, whole, Rounding::Down)).collect::<Result<Vec<u128>>>()?;
    let given: u128 = parts.iter().sum();
    if let Some(last) = parts.last_mut() {
        *last += amount - given;
    }
    Ok(parts.iter().zip(days).filter(|(_, day)| elapsed >= **day).map(|(part, _)| part).sum())
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&TRANCHES];

pub static TRANCHES: RuleCard = RuleCard {
    id: "AKT-SU-1",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Genesis vesting in tranches",
    description: "Genesis accounts unlock whole parts on fixed days: 89 of them half after 365 days and a quarter 181 and 184 days later; \
            122 of them a fifth after 30, 212, 546, 730 and 911 days.",
    formula: "sum of floor(amount * part / sum of all parts) of the tranches whose day has come; the last takes what rounding leaves",
    rounding: "down, each tranche",
    inputs: &[
        field("amount", Kind::Integer, "uakt", "of the account"),
        field("parts", Kind::List(&Kind::Integer), "", "weights of the tranches").least(1),
        field("days", Kind::List(&Kind::Integer), "days", "when each unlocks, since genesis").least(1),
        field("elapsed", Kind::Integer, "days", "since genesis"),
    ],
    outputs: &[field("vested", Kind::Integer, "uakt", "free by then")],
    source: "net mainnet/genesis.json at d378d58: 54,701,251.41 AKT in the first class; example: half of it after 365 days",
    examples: &[
        (
            r#"{"amount": "54701251410000", "parts": [50, 25, 25], "days": [365, 546, 730], "elapsed": 365}"#,
            r#"{"vested": "27350625705000"}"#,
        ),
        (
            r#"{"amount": 27355877940000, "parts": [20, 20, 20, 20, 20], "days": [30, 212, 546, 730, 911], "elapsed": 800}"#,
            r#"{"vested": "21884702352000"}"#,
        ),
    ],
    run: |i| {
        let (parts, days) = (i.integers("parts")?, i.integers("days")?);
        if parts.len() != days.len() {
            return Err(RuleError::refused(format!("{} parts need as many days, not {}", parts.len(), days.len())));
        }
        Ok(Outputs::new().integer("vested", unlocked(i.integer("amount")?, &parts, &days, i.integer("elapsed")?)?))
    },
};
