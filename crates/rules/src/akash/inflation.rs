//! Inflation that follows the bonded ratio, by decimals of 18 places as upstream rounds them; and the models behind it.
//!
//! Source: cosmos-sdk `x/mint`, AEP-5 economics paper, node v0.16.4 `x/inflation`.

use crate::fixed::{mul, one};
use crate::runs;
use depin_economy::Inflation;
use depin_quantity::{
    Basis, Decimal18, Int, Kind, LOG_BITS as BITS, Name, Outputs, QuantityError, RuleCard, RuleError, exp_neg, field, ln,
    ratio_18,
};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// `2^(-time / half_life)` in units of 2^-192; both in the same unit.
pub fn halved(time: Int, half_life: Int) -> Result {
    let x = ln(Int::from(2_u64), Int::from(1_u64))?.times(time)?;
    exp_neg(x.div_floor(half_life)?)
}

/// Supply and its limit when issuance starts at `rate` (18 places) of genesis a year and halves every `half_life` days.
pub fn halving_supply(genesis: u128, rate: Int, half_life: u64, days: u64) -> Result<(Int, Int)> {
    let ln2 = ln(Int::from(2_u64), Int::from(1_u64))?;
    // genesis * rate * (half_life / 365) / ln 2
    let issued = Int::from(genesis).times(rate)?.times(Int::from(half_life))?;
    let years = one().times(Int::from(365_u64))?;
    let limit = issued.shl(BITS)?.div_floor(years.times(ln2)?)?;
    let done = Int::power_of_two(BITS)?.minus(halved(Int::from(days), Int::from(half_life))?)?;
    let wide = issued.times(done)?.div_floor(years)?;
    let now = wide.div_floor(ln2)?;
    Ok((Int::from(genesis).plus(now)?, Int::from(genesis).plus(limit)?))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&STEP, &PAPER, &DECAY];

const ONE: u128 = crate::fixed::ONE18;

pub static STEP: RuleCard = RuleCard {
    id: "AKT-EM-1",
    networks: &["akash"],
    basis: runs!(depin_economy::Inflation::step, depin_economy::Inflation::mints),
    title: "Inflation of a block",
    description: "Inflation rises while less than two thirds of the stake is bonded and falls while more is, a little every block, within \
            bounds; the block mints its part of a year of it.",
    formula: "ratio = bonded / supply; i' = clamp(i + (1 - ratio / goal) * change / blocks, least, most); minted = floor(i' * supply \
              / blocks)",
    rounding: "18 places: the ratio cut; quotients cut at the 36th and then a half to even at the 18th, products a half to even; the \
               provision cut",
    inputs: &[
        field("inflation", Kind::Decimal(18), "per year", "before the block").most(1_000 * ONE),
        field("bonded", Kind::Integer, "uakt", "stake bonded to validators").most(1 << 100),
        field("supply", Kind::Integer, "uakt", "all tokens").most(1 << 100),
        field("least", Kind::Decimal(18), "per year", "lower bound").most(1_000 * ONE).or("\"0.15\""),
        field("most", Kind::Decimal(18), "per year", "upper bound").most(1_000 * ONE).or("\"0.25\""),
        field("change", Kind::Decimal(18), "per year", "change in a year with nothing bonded").most(1_000 * ONE).or("\"5\""),
        field("goal", Kind::Decimal(18), "", "bonded ratio at which it stands still").least(1).most(1_000 * ONE).or("\"0.67\""),
        field("blocks", Kind::Integer, "", "blocks in a year").least(1).most(1 << 40).or("5256000"),
    ],
    outputs: &[
        field("inflation", Kind::Decimal(18), "per year", "of the block"),
        field("minted", Kind::Integer, "uakt", "by the block"),
    ],
    source: "cosmos-sdk x/mint/types/minter.go; bounds in force from 2022-01-19: 15 to 25 %, change 500 %; genesis 46 to 58 %, change \
             13 %; example: independent decimal computation",
    examples: &[
        (
            r#"{"inflation": "0.2", "bonded": "45000000000000", "supply": "100000000000000"}"#,
            r#"{"inflation": "0.200000312365115064", "minted": "3805180"}"#,
        ),
        (
            r#"{"inflation": "0.52", "bonded": "85000000000000", "supply": "100000000020000", "least": "0.46", "most": "0.58",
                "change": "0.13"}"#,
            r#"{"inflation": "0.519999993355142104", "minted": "9893454"}"#,
        ),
        (r#"{"inflation": "0.25", "bonded": 0, "supply": "200000000000000"}"#, r#"{"inflation": "0.25", "minted": "9512937"}"#),
    ],
    run: |i| {
        let (least, most) = (i.decimal("least")?, i.decimal("most")?);
        if least > most {
            return Err(RuleError::refused("least is above most; the lower bound must not be above the upper"));
        }
        let rule = Inflation {
            clock: Name::literal("block"),
            periods_per_year: i.small("blocks")?,
            initial: Decimal18::ZERO,
            least,
            most,
            change: i.decimal("change")?,
            goal: i.decimal("goal")?,
            staking: Name::literal("stake"),
        };
        let supply = i.units("supply")?;
        let inflation = rule.step(i.decimal("inflation")?, ratio_18(i.integer("bonded")?, supply.get()));
        let minted = rule.mints(inflation, supply);
        Ok(Outputs::new().decimal("inflation", inflation.get(), 18).units("minted", minted))
    },
};

pub static PAPER: RuleCard = RuleCard {
    id: "AKT-EM-2",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Supply of the economics paper",
    description: "The paper's model: issuance starts at 100 % of genesis a year and halves every two years. Its limit is the figure known \
            as the cap; nothing on the chain enforces it.",
    formula: "M(t) = M0 + M0 * i0 * T / ln 2 * (1 - 2^(-t / T)); limit M0 * (1 + i0 * T / ln 2)",
    rounding: "down, once, from 2^-180",
    inputs: &[
        field("days", Kind::Integer, "days", "since genesis").most(1 << 20),
        field("genesis", Kind::Integer, "uakt", "M0").most(1 << 80).or("100000000000000"),
        field("rate", Kind::Decimal(18), "per year", "i0, issuance at genesis").most(100 * ONE).or("\"1\""),
        field("half_life", Kind::Integer, "days", "T, in years of 365 days").least(1).most(1 << 20).or("730"),
    ],
    outputs: &[field("supply", Kind::Integer, "uakt", "after so many days"), field("limit", Kind::Integer, "uakt", "in the end")],
    source: "AEP-5 economics paper, equations 3 to 5: limit 388,539,008 AKT, printed on the token page and rounded to 389 million",
    examples: &[
        (r#"{"days": 730}"#, r#"{"supply": "244269504088896", "limit": "388539008177792"}"#),
        (r#"{"days": 0}"#, r#"{"supply": "100000000000000", "limit": "388539008177792"}"#),
    ],
    run: |i| {
        let (genesis, rate) = (i.integer("genesis")?, i.signed("rate")?);
        let (supply, limit) = halving_supply(genesis, rate, i.small("half_life")?, i.small("days")?)?;
        Ok(Outputs::new().integer("supply", supply).integer("limit", limit))
    },
};

pub static DECAY: RuleCard = RuleCard {
    id: "AKT-EM-3",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Inflation on a halving curve, never live",
    description: "A variant that was built and not used: inflation is held within 5 % of a curve that halves every two years.",
    formula: "coef = floor(2^(-years / decay) * 10^6) / 10^6; ideal = initial * coef; clamp(inflation + step, max(0, ideal * (1 - \
              v)), ideal * (1 + v))",
    rounding: "the coefficient cut at the sixth place, products a half to even at the 18th",
    inputs: &[
        field("seconds", Kind::Decimal(9), "s", "since genesis; a year has 31,557,600").most(1 << 70),
        field("inflation", Kind::Decimal(18), "%", "of the block before").most(100_000 * ONE),
        field("step", Kind::SignedDecimal(18), "%", "change of this block").or("\"0\""),
        field("decay", Kind::Decimal(18), "years", "in which it halves, whole or not").least(ONE).most(1_000 * ONE).or("\"2\""),
        field("initial", Kind::Decimal(18), "%", "at genesis").most(100 * ONE).or("\"100\""),
        field("variance", Kind::Decimal(18), "", "v, 0 to 1").most(ONE).or("\"0.05\""),
    ],
    outputs: &[
        field("ideal", Kind::Decimal(18), "%", "on the curve"),
        field("inflation", Kind::Decimal(18), "%", "of this block"),
    ],
    source: "node v0.16.4 x/inflation; example: at two years half of 100 %",
    examples: &[
        (r#"{"seconds": 63115200, "inflation": "80"}"#, r#"{"ideal": "50", "inflation": "52.5"}"#),
        (r#"{"seconds": 31557600, "inflation": "70", "decay": "2.5"}"#, r#"{"ideal": "75.7858", "inflation": "71.99651"}"#),
        (r#"{"seconds": 31557600, "inflation": "70", "step": "-1.5"}"#, r#"{"ideal": "70.7106", "inflation": "68.5"}"#),
    ],
    run: |i| {
        // Seconds have 9 places and years 18.
        let decay = i.signed("decay")?.times(Int::from(31_557_600_u64))?;
        let time = i.signed("seconds")?.times(Int::from(1_000_000_000_u64))?;
        let million = Int::from(1_000_000_u64);
        let exact = halved(time, decay)?;
        // The decay is known to 2^-180: what is that close to the next millionth is it.
        let coefficient = exact.plus(Int::power_of_two(16)?)?.times(million)?.shr(BITS);
        let ideal = i.signed("initial")?.times(coefficient)?.div_half_even(million)?;
        let variance = i.signed("variance")?;
        let (low, high) = (mul(ideal, one().minus(variance)?)?.max(Int::ZERO), mul(ideal, one().plus(variance)?)?);
        let inflation = i.signed("inflation")?.plus(i.signed("step")?)?.max(low).min(high);
        Ok(Outputs::new().decimal("ideal", ideal, 18).decimal("inflation", inflation, 18))
    },
};
