//! Devices of a compute network: score, rewards by the hour, co-staking.
//!
//! Source: io.net documentation: block rewards, staking, co-staking.

use depin_quantity::{Basis, Field, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, Units, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// Base score of a device: `(0.02 * tier / 4 + 2 * multiplier * quantity) * 100 + 0.05 * hired) * 10`, in parts of 10^2.
pub fn base_score(tier: u128, multiplier: u128, quantity: u128, hired: bool) -> Result<u128> {
    // Tier: 0.02 / 4 * 100 * 10 = 5 a tier. Multiplier has two places: 2 * 100 * 10 = 2,000 a unit, 20 a hundredth.
    let main = multiplier.checked_mul(quantity).and_then(|v| v.checked_mul(2_000)).ok_or(QuantityError::TooLarge)?;
    main.checked_add(tier * 500 + if hired { 50 } else { 0 }).ok_or(QuantityError::TooLarge)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&BASE_SCORE, &NORMAL, &DEVICE_REWARDS, &CO_STAKE];

const MULTIPLIER_FIELD: Field =
    field("multiplier", Kind::Decimal(2), "", "of the device: RTX 4090 1.25, A100 5, H100 10, B200 30").most(100_000);

pub static BASE_SCORE: RuleCard = RuleCard {
    id: "IO-SV-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Base score of a device",
    description: "A device that passed the hour's checks scores by its model and number of processors; connection and hire add little.",
    formula: "((0.02 * tier / 4 + 2 * multiplier * quantity) * 100 + 0.05 * hired) * 10",
    rounding: "none",
    inputs: &[
        field("tier", Kind::Integer, "", "of the connection, 1 low to 4 ultra; 0 is not eligible").most(4),
        MULTIPLIER_FIELD,
        field("quantity", Kind::Integer, "", "processors, at most 8").least(1).most(8),
        field("hired", Kind::Flag, "", "whether it was hired"),
    ],
    outputs: &[field("score", Kind::Decimal(2), "", "the hour is shared by it")],
    source: "io.net docs, block rewards; the printed formula lacks its first term, taken as nothing; brackets as printed elsewhere",
    examples: &[
        (r#"{"tier": 4, "multiplier": "10", "quantity": 8, "hired": true}"#, r#"{"score": "160020.5"}"#),
        (r#"{"tier": 1, "multiplier": "1.25", "quantity": 1, "hired": false}"#, r#"{"score": "2505"}"#),
    ],
    run: |i| {
        let score = base_score(i.integer("tier")?, i.integer("multiplier")?, i.integer("quantity")?, i.flag("hired")?)?;
        // Parts of 10^2: the multiplier brought two places.
        Ok(Outputs::new().decimal("score", score, 2))
    },
};

pub static NORMAL: RuleCard = RuleCard {
    id: "IO-SV-2",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Normalised score",
    description: "The explorer shows a device's score as its part of eight million.",
    formula: "base / sum * 8,000,000",
    rounding: "down at the second place",
    inputs: &[
        field("base", Kind::Decimal(2), "", "of the device").most(1 << 90),
        field("sum", Kind::Decimal(2), "", "of its pool").least(1).most(1 << 90),
    ],
    outputs: &[field("score", Kind::Decimal(2), "", "as shown")],
    source: "io.net docs: 8,150 of 115 million is shown as 569; exact 566.95",
    examples: &[(r#"{"base": "8150", "sum": "115000000"}"#, r#"{"score": "566.95"}"#)],
    run: |i| {
        let (base, sum) = (i.integer("base")?, i.integer("sum")?);
        if base > sum {
            return Err(RuleError::refused("a device's score is at most the pool's sum"));
        }
        Ok(Outputs::new().decimal("score", mul_div(base, 800_000_000, sum, Rounding::Down)?, 2))
    },
};

pub static DEVICE_REWARDS: RuleCard = RuleCard {
    id: "IO-PO-2",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Rewards of an hour by score",
    description: "A pool's hour is shared by base score among the devices that passed all checks until the hour closed; who failed gets \
            nothing.",
    formula: "floor(pool * score / sum of scores that passed)",
    rounding: "down; dust stays in the pool",
    inputs: &[
        field("pool", Kind::Integer, "base units", "of the hour").most(1 << 90),
        field("scores", Kind::List(&Kind::Integer), "", "of nominated devices").most(1_024),
        field("passed", Kind::List(&Kind::Flag), "", "whether each completed the hour").most(1_024),
    ],
    outputs: &[
        field("rewards", Kind::List(&Kind::Integer), "base units", "of each device"),
        field("rest", Kind::Integer, "base units", "dust, or everything when none passed"),
    ],
    source: "io.net docs, block rewards; sharing among those that passed is our reading",
    examples: &[(
        r#"{"pool": 1000, "scores": [2505, 160020, 2505], "passed": [true, true, false]}"#,
        r#"{"rewards": ["15", "984", "0"], "rest": "1"}"#,
    )],
    run: |i| {
        let (pool, scores, passed) = (i.integer("pool")?, i.integers("scores")?, i.flags("passed")?);
        if scores.len() != passed.len() {
            return Err(RuleError::refused(format!("{} scores need as many results, not {}", scores.len(), passed.len())));
        }
        let counted: Vec<u128> = scores.iter().zip(&passed).map(|(score, ok)| if *ok { *score } else { 0 }).collect();
        let sum = counted.iter().try_fold(Int::ZERO, |sum, score| sum.plus(Int::from(*score)))?;
        let part = |score: &u128| -> Result<u128> {
            if sum.is_zero() {
                return Ok(0);
            }
            Int::from(pool).times(Int::from(*score))?.div_floor(sum)?.to_u128()
        };
        let rewards = counted.iter().map(part).collect::<Result<Vec<u128>>>()?;
        let rest = rewards.iter().fold(pool, |left, reward| left - reward);
        Ok(Outputs::new().integers("rewards", rewards).integer("rest", rest))
    },
};

pub static CO_STAKE: RuleCard = RuleCard {
    id: "IO-ST-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Co-staking",
    description: "One other account may put up at most half of a device's stake, for a part of its rewards that the owner set.",
    formula: "co <= total / 2; co-staker gets floor(reward * share), owner the rest; counts when owner + co >= least",
    rounding: "down for the co-staker",
    inputs: &[
        field("owner", Kind::Integer, "base units", "staked by the owner").most(1 << 100),
        field("co", Kind::Integer, "base units", "staked by the other").most(1 << 100),
        field("least", Kind::Integer, "base units", "stake that the device needs").most(1 << 100),
        field("reward", Kind::Integer, "base units", "of the device").most(1 << 100),
        field("share", Kind::Share, "", "of the reward to the co-staker"),
    ],
    outputs: &[
        field("eligible", Kind::Flag, "", "whether the device earns"),
        field("owner_reward", Kind::Integer, "base units", "to the owner"),
        field("co_reward", Kind::Integer, "base units", "to the co-staker"),
    ],
    source: "io.net docs, co-staking marketplace (shares such as 74 %)",
    examples: &[
        (
            r#"{"owner": 100, "co": 100, "least": 200, "reward": 1000, "share": "37%"}"#,
            r#"{"eligible": true, "owner_reward": "630", "co_reward": "370"}"#,
        ),
        (
            r#"{"owner": 99, "co": 100, "least": 150, "reward": 1000, "share": "37%"}"#,
            r#"{"eligible": false, "owner_reward": "0", "co_reward": "0"}"#,
        ),
    ],
    run: |i| {
        let (owner, co) = (i.integer("owner")?, i.integer("co")?);
        let eligible = co <= owner && owner + co >= i.integer("least")?;
        let reward = if eligible { i.units("reward")? } else { Units::ZERO };
        let part = i.share("share")?.of(reward, Rounding::Down)?;
        let outputs = Outputs::new().flag("eligible", eligible).units("owner_reward", reward.minus(part)?);
        Ok(outputs.units("co_reward", part))
    },
};
