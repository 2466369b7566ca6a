//! Rewards of delegated stake, period by period, and what validators lose.
//!
//! Decimals of 18 places with upstream's roundings. Source: cosmos-sdk `x/distribution`, `x/slashing`, `x/staking`.

use crate::fixed::{mul, mul_cut, of_whole, one, quo_cut, whole};
use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, RuleCard, RuleError, field};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// What each validator gets of a block's fees and provision, and what the community pool gets; decimals of 18 places.
pub fn allocate(fees: Int, tax: Int, powers: &[u128]) -> Result<(Vec<Int>, Int)> {
    let fees = of_whole(fees)?;
    let total = powers.iter().try_fold(Int::ZERO, |sum, power| sum.plus(Int::from(*power)))?;
    if total.is_zero() {
        return Ok((vec![Int::ZERO; powers.len()], fees));
    }
    let multiplied = mul_cut(fees, one().minus(tax)?)?;
    let all = of_whole(total)?;
    let part = |power: &u128| mul_cut(multiplied, quo_cut(of_whole(*power)?, all)?);
    let rewards = powers.iter().map(part).collect::<Result<Vec<Int>>>()?;
    let rest = rewards.iter().try_fold(fees, |left, reward| left.minus(*reward))?;
    Ok((rewards, rest))
}

/// A delegation's reward: over intervals `(end - start) * stake`, cut; the stake cut by each slash between two intervals.
pub fn delegation_reward(stake: Int, intervals: &[(Int, Int)], slashes: &[Int]) -> Result<(Int, Int)> {
    let (mut stake, mut reward) = (stake, Int::ZERO);
    for (at, (start, end)) in intervals.iter().enumerate() {
        reward = reward.plus(mul_cut(end.minus(*start)?, stake)?)?;
        if let Some(slash) = slashes.get(at) {
            stake = mul_cut(stake, one().minus(*slash)?)?;
        }
    }
    Ok((reward, stake))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&BLOCK, &COMMISSION, &DELEGATION, &SLASH];

const ONE: u128 = crate::fixed::ONE18;

pub static BLOCK: RuleCard = RuleCard {
    id: "AKT-ST-1",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Fees and provision of a block to validators",
    description: "A community tax of 2 % stays; validators who signed the last block share the rest by power; what rounding leaves goes to \
            the community too.",
    formula: "reward = cut(cut(fees * (1 - tax)) * cut(power / all)); community = fees - sum of rewards; everything when there is no \
              power",
    rounding: "cut at the 18th place in every step",
    inputs: &[
        field("fees", Kind::Integer, "uakt", "minted and paid in the block").most(1 << 100),
        field("tax", Kind::Decimal(18), "", "community tax, 0 to 1").most(ONE).or("\"0.02\""),
        field("powers", Kind::List(&Kind::Integer), "", "of the validators who signed").most(1_024),
    ],
    outputs: &[
        field("rewards", Kind::List(&Kind::Decimal(18)), "uakt", "of each validator, its delegators with it"),
        field("community", Kind::Decimal(18), "uakt", "to the community pool"),
    ],
    source: "cosmos-sdk x/distribution/keeper/allocation.go; genesis tax 0.02; example: independent decimal computation",
    examples: &[
        (
            r#"{"fees": 9512937, "powers": [5, 3, 1]}"#,
            r#"{"rewards": ["5179265.699999999994820734", "3107559.41999999999689244", "1035853.139999999998964146"], "community": "190258.74000000000932268"}"#,
        ),
        (r#"{"fees": 10, "powers": []}"#, r#"{"rewards": [], "community": "10"}"#),
    ],
    run: |i| {
        let (rewards, community) = allocate(i.signed("fees")?, i.signed("tax")?, &i.integers("powers")?)?;
        Ok(Outputs::new().decimals("rewards", rewards, 18).decimal("community", community, 18))
    },
};

pub static COMMISSION: RuleCard = RuleCard {
    id: "AKT-ST-2",
    networks: &["akash"],
    basis: Basis::Model,
    title: "A validator's commission, and what a unit of stake earned",
    description: "The validator keeps its commission, at least 5 %; the rest raises what each bonded token has earned.",
    formula: "commission = reward * rate; shared = reward - commission; ratio += cut(shared / bonded)",
    rounding: "the commission a half to even, the quotient cut, at the 18th place",
    inputs: &[
        field("reward", Kind::Decimal(18), "uakt", "of the validator").most(1 << 120),
        field("rate", Kind::Decimal(18), "", "commission, 0.05 to 1").least(ONE / 20).most(ONE),
        field("bonded", Kind::Integer, "uakt", "delegated to the validator; with nothing the community pool gets the reward")
            .least(1)
            .most(1 << 100),
        field("ratio", Kind::Decimal(18), "", "earned by a bonded token before").most(1 << 120).or("\"0\""),
    ],
    outputs: &[
        field("commission", Kind::Decimal(18), "uakt", "to the validator"),
        field("shared", Kind::Decimal(18), "uakt", "to its delegators"),
        field("ratio", Kind::Decimal(18), "", "earned by a bonded token now"),
    ],
    source: "cosmos-sdk x/distribution/keeper/allocation.go; least commission 5 % since v0.24; example: independent computation",
    examples: &[(
        r#"{"reward": "5179265.7", "rate": "0.05", "bonded": 7000000000000}"#,
        r#"{"commission": "258963.285", "shared": "4920302.415", "ratio": "0.000000702900345"}"#,
    )],
    run: |i| {
        let (reward, bonded) = (i.signed("reward")?, i.signed("bonded")?);
        let commission = mul(reward, i.signed("rate")?)?;
        let shared = reward.minus(commission)?;
        let ratio = i.signed("ratio")?.plus(quo_cut(shared, of_whole(bonded)?)?)?;
        Ok(Outputs::new().decimal("commission", commission, 18).decimal("shared", shared, 18).decimal("ratio", ratio, 18))
    },
};

pub static DELEGATION: RuleCard = RuleCard {
    id: "AKT-ST-3",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Reward of a delegation",
    description: "A delegation earns the growth of what a bonded token has earned since it began, times its stake; a slash in between \
            lowers the stake from there on.",
    formula: "sum over intervals of cut((end - start) * stake); stake = cut(stake * (1 - slash)) after each slash",
    rounding: "cut at the 18th place",
    inputs: &[
        field("stake", Kind::Decimal(18), "uakt", "at the beginning").most(1 << 120),
        field("starts", Kind::List(&Kind::Decimal(18)), "", "earned by a bonded token at the start of each interval")
            .least(1)
            .most(1_024),
        field("ends", Kind::List(&Kind::Decimal(18)), "", "and at its end").least(1).most(1_024),
        field("slashes", Kind::List(&Kind::Decimal(18)), "", "between intervals").each(ONE).or("[]"),
    ],
    outputs: &[
        field("reward", Kind::Decimal(18), "uakt", "of the delegation"),
        field("stake", Kind::Decimal(18), "uakt", "that is left"),
    ],
    source: "cosmos-sdk x/distribution/keeper/delegation.go; example: independent decimal computation",
    examples: &[(
        r#"{"stake": "1000000", "starts": ["0.1", "0.25"], "ends": ["0.25", "0.3"], "slashes": ["0.05"]}"#,
        r#"{"reward": "197500", "stake": "950000"}"#,
    )],
    run: |i| {
        let (starts, ends, slashes) = (i.signeds("starts")?, i.signeds("ends")?, i.signeds("slashes")?);
        if starts.len() != ends.len() || slashes.len() >= starts.len() {
            return Err(RuleError::refused("every interval needs a start and an end, and slashes stand between intervals"));
        }
        if starts.iter().zip(&ends).any(|(a, b)| a > b) {
            return Err(RuleError::refused("an end is never below its start"));
        }
        let intervals: Vec<_> = starts.into_iter().zip(ends).collect();
        let (reward, stake) = delegation_reward(i.signed("stake")?, &intervals, &slashes)?;
        Ok(Outputs::new().decimal("reward", reward, 18).decimal("stake", stake, 18))
    },
};

pub static SLASH: RuleCard = RuleCard {
    id: "AKT-SL-2",
    networks: &["akash"],
    basis: Basis::Model,
    title: "What a slash burns",
    description: "Signing twice costs 5 % of the stake, being down 0.01 %; it is burnt, out of what unbonds first.",
    formula: "floor(stake * fraction); double sign 0.05, downtime 0.0001",
    rounding: "the product a half to even at the 18th place, then cut",
    inputs: &[
        field("stake", Kind::Integer, "uakt", "at the time of the offence").most(1 << 100),
        field("fault", Kind::Choice(&["double-sign", "downtime"]), "", "what was done"),
    ],
    outputs: &[field("burnt", Kind::Integer, "uakt", "of the stake")],
    source: "cosmos-sdk x/staking/keeper/slash.go; net mainnet/genesis.json",
    examples: &[
        (r#"{"stake": 1000001, "fault": "double-sign"}"#, r#"{"burnt": "50000"}"#),
        (r#"{"stake": 1000000, "fault": "downtime"}"#, r#"{"burnt": "100"}"#),
    ],
    run: |i| {
        let fraction = if i.text("fault")? == "downtime" { ONE / 10_000 } else { ONE / 20 };
        let burnt = whole(mul(of_whole(i.signed("stake")?)?, Int::from(fraction))?)?;
        Ok(Outputs::new().integer("burnt", burnt))
    },
};
