//! Simple and baseline minting: how much an epoch gives when part of the emission waits for the network to grow.
//!
//! In: an epoch's raw power and the state of the schedule. Out: the state one epoch later, and the epoch's reward.
//!
//! Source: builtin-actors `actors/reward/src/{logic,state,lib}.rs`.

use super::q128::{BITS, expneg};
use depin_quantity::{Basis, Inputs, Int, Kind, Outputs, QuantityError, RuleCard, RuleError, field};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// ln 2 / (6 years of 365 days), per epoch, in units of 2^-128.
const LAMBDA: u128 = 37_396_271_439_864_487_274_534_522_888_786;
/// e^lambda - 1, in units of 2^-128.
const EXP_LAMBDA_LESS_ONE: u128 = 37_396_273_494_747_879_394_193_016_954_629;
/// 2^(1 / 1,051,200), in units of 2^-128 less 2^128: the growth of the baseline in one epoch.
const BASELINE_GROWTH: &str = "340282591298641078465964189926313473653";
/// 330 million FIL in attoFIL.
const SIMPLE_TOTAL: u128 = 330_000_000_000_000_000_000_000_000;
/// 770 million FIL in attoFIL.
const BASELINE_TOTAL: u128 = 770_000_000_000_000_000_000_000_000;
/// The most that effective network time moves in one step; a state that asks for more cannot come from the rule.
const STEPS_MAX: u32 = 10_000;

fn growth() -> Int {
    BASELINE_GROWTH.parse().expect("a constant is a whole number")
}

/// The baseline one epoch later, in bytes: `(before * growth) >> 128`.
pub fn next_baseline(before: Int) -> Result {
    Ok(before.times(growth())?.shr(BITS))
}

/// Simple minting of one epoch, in attoFIL times 2^128.
fn simple_wide(epoch: u64) -> Result {
    let decay = expneg(Int::from(LAMBDA).times(Int::from(epoch))?)?;
    Ok(Int::from(SIMPLE_TOTAL).times(Int::from(EXP_LAMBDA_LESS_ONE))?.times(decay)?.shr(BITS))
}

/// Simple minting of one epoch in attoFIL, rounded down.
pub fn simple_reward(epoch: u64) -> Result {
    Ok(simple_wide(epoch)?.shr(BITS))
}

/// Effective network time in units of 2^-128 epochs.
pub fn network_time(time: u64, baseline: Int, realized: Int, cumulative: Int) -> Result {
    if time == 0 {
        return Ok(Int::ZERO);
    }
    let behind = cumulative.minus(realized)?.shl(BITS)?.div_floor(baseline)?;
    Int::from(time).shl(BITS)?.minus(behind)
}

/// What the baseline part has given at an effective network time, in attoFIL times 2^128.
fn baseline_supply(theta: Int) -> Result {
    let decay = expneg(theta.times(Int::from(LAMBDA))?.shr(BITS))?;
    Int::power_of_two(BITS)?.minus(decay)?.times(Int::from(BASELINE_TOTAL))
}

/// An epoch's whole reward in attoFIL, for the effective network time before and after it.
pub fn epoch_reward(epoch: u64, before: Int, after: Int) -> Result {
    let baseline = baseline_supply(after)?.minus(baseline_supply(before)?)?;
    Ok(simple_wide(epoch)?.plus(baseline)?.shr(BITS))
}

/// Where the schedule stands after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minting {
    /// The epoch; -1 before the first.
    pub epoch: i128,
    /// Effective network time, rounded up, in epochs.
    pub time: u64,
    /// The baseline at that time, in bytes.
    pub effective: Int,
    /// The sum of the capped power, in bytes times epochs.
    pub realized: Int,
    /// The sum of the baseline up to the effective time.
    pub cumulative: Int,
    /// The baseline of this epoch.
    pub baseline: Int,
}

impl Minting {
    /// One epoch on, with this raw power in bytes.
    ///
    /// # Errors
    /// [`QuantityError::TooLarge`] for a state that cannot come from the rule.
    pub fn step(mut self, power: Int) -> Result<Self> {
        self.epoch += 1;
        self.baseline = next_baseline(self.baseline)?;
        self.realized = self.realized.plus(self.baseline.min(power))?;
        let mut steps = 0;
        while self.realized > self.cumulative {
            steps += 1;
            if steps > STEPS_MAX {
                return Err(QuantityError::TooLarge);
            }
            self.time = self.time.checked_add(1).ok_or(QuantityError::TooLarge)?;
            self.effective = next_baseline(self.effective)?;
            self.cumulative = self.cumulative.plus(self.effective)?;
        }
        Ok(self)
    }

    /// Effective network time in units of 2^-128 epochs.
    pub fn theta(&self) -> Result {
        network_time(self.time, self.effective, self.realized, self.cumulative)
    }
}

/// What a block pays its winner: `floor(reward * wins / 5)`.
///
/// The fees of the block are added; what exceeds the balance of the reward account is cut from the block's part.
pub fn block_reward(reward: u128, wins: u64, fees: u128, balance: u128) -> Result<(u128, u128)> {
    let block = depin_quantity::mul_div(reward, wins.into(), 5, depin_quantity::Rounding::Down)?;
    let total = block.checked_add(fees).ok_or(QuantityError::TooLarge)?;
    if total <= balance {
        return Ok((block, total));
    }
    let block = balance.checked_sub(fees).ok_or(QuantityError::Negative { from: balance, take: fees })?;
    Ok((block, balance))
}

fn minting(i: &Inputs) -> std::result::Result<Minting, RuleError> {
    let epoch = i.signed("epoch")?;
    Ok(Minting {
        epoch: if epoch.is_negative() { -1 } else { epoch.to_u128()? as i128 },
        time: i.small("time")?,
        effective: i.signed("effective_baseline")?,
        realized: i.signed("realized")?,
        cumulative: i.signed("cumulative")?,
        baseline: i.signed("baseline")?,
    })
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SIMPLE, &BASELINE, &THETA, &REWARD, &STEP, &BLOCK];

/// A hundred and twenty years: as far as the quotient of polynomials is a decay.
const EPOCHS: u128 = 1 << 27;

pub static SIMPLE: RuleCard = RuleCard {
    id: "FIL-EM-2",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Simple minting of an epoch",
    description: "Three tenths of the mining allocation, 330 million FIL, decay with a half-life of six years of 365 days, whatever the \
            network does.",
    formula: "((330e6 FIL * (e^lambda - 1) * expneg(lambda * epoch)) >> 128) >> 128, lambda = ln 2 / 6,307,200",
    rounding: "down, twice, at 2^-128 and at one attoFIL",
    inputs: &[field("epoch", Kind::Integer, "epochs of 30 s", "counted from genesis").most(EPOCHS)],
    outputs: &[field("reward", Kind::Integer, "attoFIL", "what simple minting gives in this epoch, to all winners together")],
    source: "builtin-actors actors/reward/src/logic.rs, checked upstream by testdata/TestSimpleReward.golden; epoch 0 alone gives \
             the 36.266264293777134739 FIL of an epoch without power",
    examples: &[
        (r#"{"epoch": 0}"#, r#"{"reward": "36266264293777134739"}"#),
        (r#"{"epoch": 5000}"#, r#"{"reward": "36246341860983438171"}"#),
        (r#"{"epoch": 6307200}"#, r#"{"reward": "18133132146888567369"}"#),
    ],
    run: |i| Ok(Outputs::new().integer("reward", simple_reward(i.small("epoch")?)?)),
};

pub static BASELINE: RuleCard = RuleCard {
    id: "FIL-EM-3",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "The baseline grows by one epoch",
    description: "The baseline, the raw power that the network is expected to reach, doubles every 365 days.",
    formula: "next = (before * 340282591298641078465964189926313473653) >> 128, so many times",
    rounding: "down, every epoch",
    inputs: &[
        field("before", Kind::Integer, "bytes", "the baseline of an epoch").most(1 << 100),
        field("epochs", Kind::Integer, "epochs of 30 s", "how many steps").most(10_000).or("1"),
    ],
    outputs: &[field("baseline", Kind::Integer, "bytes", "the baseline after them")],
    source: "builtin-actors actors/reward/src/logic.rs; example 1: the value at epoch -1 leads to one byte below 2.88888888 EB",
    examples: &[
        (r#"{"before": "2888886975106048385"}"#, r#"{"baseline": "2888888879999999999"}"#),
        (r#"{"before": "2888888880000000000", "epochs": 2880}"#, r#"{"baseline": "2894380188828447323"}"#),
    ],
    run: |i| {
        let mut baseline = i.signed("before")?;
        for _ in 0..i.small("epochs")? {
            baseline = next_baseline(baseline)?;
        }
        Ok(Outputs::new().integer("baseline", baseline))
    },
};

pub static THETA: RuleCard = RuleCard {
    id: "FIL-EM-6",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Effective network time",
    description: "Baseline minting runs on a clock that stands still as far as the network lags behind the baseline.",
    formula: "0 when time = 0; else (time << 128) - floor(((cumulative - realized) << 128) / effective_baseline)",
    rounding: "the quotient towards minus infinity",
    inputs: &[
        field("time", Kind::Integer, "epochs", "effective network time rounded up").most(EPOCHS),
        field("effective_baseline", Kind::Integer, "bytes", "the baseline at that time").least(1),
        field("realized", Kind::Integer, "byte-epochs", "sum of raw power, each epoch at most the baseline"),
        field("cumulative", Kind::Integer, "byte-epochs", "sum of the baseline up to the effective time"),
    ],
    outputs: &[field("theta", Kind::Signed, "2^-128 epochs", "effective network time")],
    source: "builtin-actors actors/reward/src/logic.rs; example: independent integer computation",
    examples: &[(
        r#"{"time": 1, "effective_baseline": 8, "realized": 2, "cumulative": 8}"#,
        r#"{"theta": "85070591730234615865843651857942052864"}"#,
    )],
    run: |i| {
        let (realized, cumulative) = (i.signed("realized")?, i.signed("cumulative")?);
        let theta = network_time(i.small("time")?, i.signed("effective_baseline")?, realized, cumulative)?;
        Ok(Outputs::new().integer("theta", theta))
    },
};

pub static REWARD: RuleCard = RuleCard {
    id: "FIL-EM-7",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Reward of an epoch",
    description: "An epoch gives its simple minting and what the baseline part has grown by from the effective network time before it to \
            that after it.",
    formula: "(simple(epoch) + S(after) - S(before)) >> 128; S(theta) = (2^128 - expneg((theta * lambda) >> 128)) * 770e6 FIL",
    rounding: "down, once, on the sum",
    inputs: &[
        field("epoch", Kind::Integer, "epochs", "counted from genesis").most(EPOCHS),
        field("before", Kind::Signed, "2^-128 epochs", "effective network time before"),
        field("after", Kind::Signed, "2^-128 epochs", "effective network time after"),
    ],
    outputs: &[field("reward", Kind::Signed, "attoFIL", "to all winners of the epoch together")],
    source: "builtin-actors actors/reward/src/logic.rs, checked upstream by testdata/TestBaselineReward.golden; example 1: reward \
             at epoch 0 without power, 36.266264293777134739 FIL",
    examples: &[
        (r#"{"epoch": 0, "before": 0, "after": 0}"#, r#"{"reward": "36266264293777134739"}"#),
        (
            r#"{"epoch": 1, "before": 0, "after": "340282366920938463463374607431768211456"}"#,
            r#"{"reward": "120887534360653264444"}"#,
        ),
        (
            r#"{"epoch": 634307, "before": "215842976890969332536367562054311451251703808", "after": "215843232102744523240215159585267025077862400"}"#,
            r#"{"reward": "93016787247555279685"}"#,
        ),
    ],
    run: |i| {
        let reward = epoch_reward(i.small("epoch")?, i.signed("before")?, i.signed("after")?)?;
        Ok(Outputs::new().integer("reward", reward))
    },
};

pub static STEP: RuleCard = RuleCard {
    id: "FIL-EM-8",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "One epoch of baseline minting",
    description: "The schedule takes an epoch's raw power, capped by the baseline, and moves effective network time as far as the sum of \
            capped power carries it; the epoch's reward follows from the move.",
    formula: "baseline = step(baseline); realized += min(baseline, power); while realized > cumulative { time += 1; effective = \
              step(effective); cumulative += effective }; reward(epoch + 1, theta before, theta after)",
    rounding: "as in the parts",
    inputs: &[
        field("epoch", Kind::Signed, "epochs", "the epoch that is over; -1 before the first").between(-1, EPOCHS as i128),
        field("time", Kind::Integer, "epochs", "effective network time rounded up").most(EPOCHS),
        field("effective_baseline", Kind::Integer, "bytes", "the baseline at that time").least(1).most(1 << 100),
        field("realized", Kind::Integer, "byte-epochs", "sum of capped raw power"),
        field("cumulative", Kind::Integer, "byte-epochs", "sum of the baseline up to the effective time"),
        field("baseline", Kind::Integer, "bytes", "the baseline of the epoch that is over").most(1 << 100),
        field("power", Kind::Integer, "bytes", "raw power of the network in the new epoch"),
    ],
    outputs: &[
        field("epoch", Kind::Integer, "epochs", "the new epoch"),
        field("time", Kind::Integer, "epochs", "effective network time rounded up"),
        field("effective_baseline", Kind::Integer, "bytes", "the baseline at that time"),
        field("realized", Kind::Integer, "byte-epochs", "sum of capped raw power"),
        field("cumulative", Kind::Integer, "byte-epochs", "sum of the baseline up to the effective time"),
        field("baseline", Kind::Integer, "bytes", "the baseline of the new epoch"),
        field("reward", Kind::Signed, "attoFIL", "of the new epoch"),
    ],
    source: "builtin-actors actors/reward/src/{logic,state}.rs; example 1: first epoch without power, 36.266264293777134739 FIL",
    examples: &[
        (
            r#"{"epoch": -1, "time": 0, "effective_baseline": "2888888880000000000", "realized": 0, "cumulative": 0,
                "baseline": "2888886975106048385", "power": 0}"#,
            r#"{"epoch": "0", "time": "0", "effective_baseline": "2888888880000000000", "realized": "0", "cumulative": "0",
                "baseline": "2888888879999999999", "reward": "36266264293777134739"}"#,
        ),
        (
            r#"{"epoch": 0, "time": 0, "effective_baseline": "2888888880000000000", "realized": 0, "cumulative": 0,
                "baseline": "2888888879999999999", "power": "4000000000000000000"}"#,
            r#"{"epoch": "1", "time": "1", "effective_baseline": "2888890784895207676", "realized": "2888890784895207675", "cumulative": "2888890784895207676", "baseline": "2888890784895207675", "reward": "120887534360653264415"}"#,
        ),
    ],
    run: |i| {
        let before = minting(i)?;
        let after = before.step(i.signed("power")?)?;
        let epoch = u64::try_from(after.epoch).map_err(|_| QuantityError::TooLarge)?;
        let reward = epoch_reward(epoch, before.theta()?, after.theta()?)?;
        Ok(Outputs::new()
            .integer("epoch", epoch)
            .integer("time", after.time)
            .integer("effective_baseline", after.effective)
            .integer("realized", after.realized)
            .integer("cumulative", after.cumulative)
            .integer("baseline", after.baseline)
            .integer("reward", reward))
    },
};

pub static BLOCK: RuleCard = RuleCard {
    id: "FIL-PO-1",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Reward of a block",
    description: "An epoch has five expected winners; a block takes a fifth of the epoch's reward for every win, and its fees. The reward \
            account never pays more than it has: the block's part shrinks.",
    formula: "block = floor(epoch_reward * wins / 5); total = block + fees; when total > balance: block = balance - fees",
    rounding: "down",
    inputs: &[
        field("epoch_reward", Kind::Integer, "attoFIL", "of the epoch, all winners together"),
        field("wins", Kind::Integer, "", "wins of this block's producer in the epoch").least(1).most(1_000),
        field("fees", Kind::Integer, "attoFIL", "tips of the block's messages").or("0"),
        field("balance", Kind::Integer, "attoFIL", "of the reward account"),
    ],
    outputs: &[
        field("block_reward", Kind::Integer, "attoFIL", "counted as mined"),
        field("paid", Kind::Integer, "attoFIL", "to the producer, with fees"),
    ],
    source: "builtin-actors actors/reward/src/lib.rs; example: independent integer computation",
    examples: &[
        (
            r#"{"epoch_reward": "36266264293777134739", "wins": 2, "fees": 7, "balance": "1100000000000000000000000000"}"#,
            r#"{"block_reward": "14506505717510853895", "paid": "14506505717510853902"}"#,
        ),
        (r#"{"epoch_reward": 100, "wins": 3, "fees": 5, "balance": 50}"#, r#"{"block_reward": "45", "paid": "50"}"#),
    ],
    run: |i| {
        let (fees, balance) = (i.integer("fees")?, i.integer("balance")?);
        let (block, paid) = block_reward(i.integer("epoch_reward")?, i.small("wins")?, fees, balance)?;
        Ok(Outputs::new().integer("block_reward", block).integer("paid", paid))
    },
};
