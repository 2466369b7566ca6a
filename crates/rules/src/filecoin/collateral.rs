//! Collateral that follows the network: initial pledge, deposits, and what failures cost.
//!
//! In: smoothed reward and power, circulating supply, a sector's power and age. Out: base units. The fixed price for a gigabyte of
//! the document's network is GEN-PL-1.
//!
//! Source: builtin-actors `actors/miner/src/monies.rs`, FIP-0081, FIP-0098, FIP-0100.

use super::smoothing::{Estimate, estimates, expected};
use crate::runs;
use depin_economy::{TerminationTerms, termination_fee};
use depin_quantity::{Basis, Field, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, Share, field, mul_div};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// Twenty days in epochs.
const TWENTY_DAYS: u64 = 57_600;
/// floor(10^18 / 2^35): at most one FIL for 32 GiB of quality-adjusted power.
const PLEDGE_CAP_PER_BYTE: u64 = 29_103_830;

/// How much of the pledge follows the baseline, in parts of 1,000: falls from all of it to 700 along the ramp.
///
/// Before the ramp everything, after it 70 %.
pub fn baseline_weight(since: Int, ramp: u64) -> Result<u64> {
    if since.is_negative() {
        return Ok(1_000);
    }
    if ramp == 0 || since >= Int::from(ramp) {
        return Ok(700);
    }
    let skew = since.times(Int::from(300_u64))?.div_floor(Int::from(ramp))?;
    Ok(1_000 - u64::try_from(skew.to_u128()?).map_err(|_| QuantityError::TooLarge)?)
}

/// What an initial pledge is made of, in attoFIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitialPledge {
    /// Twenty days of expected reward, at least one attoFIL.
    pub storage: Int,
    /// The part of the lock target that is shared over the larger of power and baseline.
    pub baseline: Int,
    /// The part that is shared over power alone.
    pub simple: Int,
    /// Their sum, at most the cap.
    pub pledge: Int,
}

/// Initial pledge of a sector of quality-adjusted power `power`, with the ramp of FIP-0081.
pub fn initial_pledge(
    power: Int,
    circulating: Int,
    baseline: Int,
    (reward, network): (Estimate, Estimate),
    (since, ramp): (Int, u64),
) -> Result<InitialPledge> {
    let storage = expected(TWENTY_DAYS, power, reward, network)?.max(Int::from(1_u64));
    let num = circulating.times(Int::from(3_u64))?.times(power)?;
    let gamma = Int::from(baseline_weight(since, ramp)?);
    let rest = Int::from(1_000_u64).minus(gamma)?;
    let part = |weight: Int, over: Int| weight.times(num)?.div_floor(over.times(Int::from(10_000_u64))?);
    let by_baseline = part(gamma, network.now().max(baseline).max(power))?;
    let simple = part(rest, network.now().max(power))?;
    let cap = Int::from(PLEDGE_CAP_PER_BYTE).times(power)?;
    let pledge = storage.plus(by_baseline)?.plus(simple)?.min(cap);
    Ok(InitialPledge { storage, baseline: by_baseline, simple, pledge })
}

/// The daily fee of a sector at activation: `floor(161,817 * circulating * power / 10^30)`.
pub fn daily_fee(circulating: Int, power: Int) -> Result {
    let parts: Int = "1000000000000000000000000000000".parse().expect("a constant is a whole number");
    Int::from(161_817_u64).times(circulating)?.times(power)?.div_floor(parts)
}

/// What a deadline's sectors are charged: the sum of their fees, at most half of a day's expected reward.
pub fn daily_charge(fees: u128, day_reward: u128) -> u128 {
    fees.min(day_reward / 2)
}

/// A consensus fault costs one epoch's reward; its reporter gets a twentieth, at most what was burnt.
pub fn consensus_fault(epoch_reward: u128, balance: u128) -> Result<(u128, u128)> {
    let penalty = mul_div(epoch_reward, 5, 5, Rounding::Down)?;
    let burnt = penalty.min(balance);
    Ok((burnt, (epoch_reward / 20).min(burnt)))
}

/// A sector's termination fee before FIP-0098: `max(SP, twenty days + floor(day * min(age, 140 days) / 2 days))`.
pub fn older_termination_fee(least: Int, twenty_days: Int, day: Int, age: u64) -> Result {
    let age = age.min(140 * 2_880);
    let aged = day.times(Int::from(age))?.div_floor(Int::from(2_880_u64 * 2))?;
    Ok(least.max(twenty_days.plus(aged)?))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&INITIAL, &DEPOSIT, &TERMINATION, &OLDER, &DAILY, &CONSENSUS, &INVALID];

const REWARD_POSITION: Field = field("reward_position", Kind::Wide(256), "2^-128 attoFIL", "smoothed epoch reward");
const REWARD_VELOCITY: Field = field("reward_velocity", Kind::Signed, "2^-128 attoFIL", "its growth in an epoch");
const POWER_POSITION: Field = field("power_position", Kind::Wide(256), "2^-128 bytes", "smoothed network power");
const POWER_VELOCITY: Field = field("power_velocity", Kind::Signed, "2^-128 bytes", "its growth in an epoch");
const POWER: Field = field("power", Kind::Integer, "bytes", "quality-adjusted power of the sector");

pub static INITIAL: RuleCard = RuleCard {
    id: "FIL-PL-2",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Initial pledge",
    description: "A sector locks 20 days of its expected reward and its part of 30 % of the circulating supply. Of that part 70 % (all of \
            it before the ramp of FIP-0081) is shared over the larger of network power and baseline, the rest over network power. \
            Never more than about one FIL for 32 GiB of quality-adjusted power.",
    formula: "skew = 0 before, floor(since * 300 / ramp) on, 300 after the ramp; gamma = 1000 - skew; num = circulating * 3 * q; \
              base = floor(gamma * num / (max(Q, b, q) * 10000)); simple = floor((1000 - gamma) * num / (max(Q, q) * 10000)); \
              pledge = min(max(BR(57600), 1) + base + simple, 29103830 * q)",
    rounding: "down in every division",
    inputs: &[
        POWER.least(1),
        field("circulating", Kind::Integer, "attoFIL", "circulating supply"),
        field("baseline", Kind::Integer, "bytes", "the baseline of this epoch"),
        REWARD_POSITION,
        REWARD_VELOCITY,
        POWER_POSITION,
        POWER_VELOCITY,
        field("since", Kind::Signed, "epochs", "since the ramp began; negative before").or("1051897"),
        field("ramp", Kind::Integer, "epochs", "length of the ramp").most(1 << 40).or("1051897"),
    ],
    outputs: &[
        field("storage", Kind::Integer, "attoFIL", "20 days of expected reward"),
        field("baseline_part", Kind::Integer, "attoFIL", "shared over the larger of power and baseline"),
        field("simple_part", Kind::Integer, "attoFIL", "shared over power"),
        field("pledge", Kind::Integer, "attoFIL", "what is locked"),
    ],
    source: "builtin-actors actors/miner/src/monies.rs, FIP-0081; example 1 reaches the cap of 32 GiB, 999,999,984,306,749,440 \
             attoFIL; example 2: independent integer computation",
    examples: &[
        (
            r#"{"power": 34359738368, "circulating": "600000000000000000000000000", "baseline": "2888888880000000000",
                "reward_position": "12340768897043811082913117521041414330876498465539749838848",
                "reward_velocity": "-37396269384748225153347462373739139597454335279104",
                "power_position": "274031556999544297163190906134303066185487351808000000",
                "power_velocity": "1403041571837666801475537439407631698869695241256960"}"#,
            r#"{"storage": "1719592214803615659", "baseline_part": "1498613208815425257", "simple_part": "2304000000000000000000", "pledge": "999999984306749440"}"#,
        ),
        (
            r#"{"power": 34359738368, "circulating": "600000000000000000000000000", "baseline": "20000000000000000000",
                "reward_position": "6170384448000000000000000000000000000000000000000000000000",
                "reward_velocity": "0", "power_position": "9187343239835811000000000000000000000000000000000000000000",
                "power_velocity": "0", "since": 525948}"#,
            r#"{"storage": "1329213102022058", "baseline_part": "194940204115285531", "simple_part": "34131716114192178", "pledge": "230401133331499767"}"#,
        ),
    ],
    run: |i| {
        let ramp = (i.signed("since")?, i.small("ramp")?);
        let power = i.signed("power")?;
        let found = initial_pledge(power, i.signed("circulating")?, i.signed("baseline")?, estimates(i)?, ramp)?;
        let outputs = Outputs::new().integer("storage", found.storage).integer("baseline_part", found.baseline);
        Ok(outputs.integer("simple_part", found.simple).integer("pledge", found.pledge))
    },
};

pub static DEPOSIT: RuleCard = RuleCard {
    id: "FIL-PL-3",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Deposit for a sector not yet proven",
    description: "Who announces a sector deposits 20 days of its expected reward, at least one attoFIL; it is burnt when the sector is not \
            proven in time (30 days and 150 epochs).",
    formula: "max(BR(57600 epochs), 1)",
    rounding: "down",
    inputs: &[POWER, REWARD_POSITION, REWARD_VELOCITY, POWER_POSITION, POWER_VELOCITY],
    outputs: &[field("deposit", Kind::Integer, "attoFIL", "what is locked until the proof")],
    source: "builtin-actors actors/miner/src/monies.rs, pre-commit deposit; example: independent integer computation",
    examples: &[(
        r#"{"power": 34359738368, "reward_position": "12340768897043811082913117521041414330876498465539749838848",
            "reward_velocity": 0, "power_position": "274031556999544297163190906134303066185487351808000000", "power_velocity": 0}"#,
        r#"{"deposit": "89127961333422438808"}"#,
    )],
    run: |i| {
        let (reward, power) = estimates(i)?;
        let deposit = expected(TWENTY_DAYS, i.signed("power")?, reward, power)?.max(Int::from(1_u64));
        Ok(Outputs::new().integer("deposit", deposit))
    },
};

pub static TERMINATION: RuleCard = RuleCard {
    id: "FIL-SL-1",
    networks: &["filecoin"],
    basis: runs!(depin_economy::termination_fee),
    title: "Termination fee",
    description: "Who ends a sector early, or leaves it faulty for 42 proving periods, loses 8.5 % of its pledge, proportionally less in \
            its first 140 days, but at least 2 % of the pledge and 105 % of the fee for a continued fault.",
    formula: "simple = floor(pledge * 85 / 1000); aged = floor(age * simple / 403200); fee = max(min(simple, aged), \
              floor(pledge * 2 / 100), floor(fault_fee * 105 / 100))",
    rounding: "down in every division",
    inputs: &[
        field("pledge", Kind::Integer, "attoFIL", "initial pledge of the sector").most(1 << 120),
        field("age", Kind::Integer, "epochs", "since activation").most(1 << 40),
        field("fault_fee", Kind::Integer, "attoFIL", "fee of one continued fault, BR(10,108 epochs)").most(1 << 120),
    ],
    outputs: &[field("fee", Kind::Integer, "attoFIL", "burnt")],
    source: "FIP-0098; builtin-actors actors/miner/src/monies.rs; examples: independent integer computation",
    examples: &[
        (r#"{"pledge": "1000000000000000000", "age": 201600, "fault_fee": 0}"#, r#"{"fee": "42500000000000000"}"#),
        (r#"{"pledge": "1000000000000000000", "age": 10, "fault_fee": "30000000000000000"}"#, r#"{"fee": "31500000000000000"}"#),
    ],
    run: |i| {
        let share = |parts| Share::new(parts).ok_or(RuleError::Quantity(QuantityError::TooLarge));
        let terms = TerminationTerms {
            share: share(85_000_000)?,
            full_after: 140 * 2_880,
            least_share: share(20_000_000)?,
            least_percent: 105,
        };
        let fee = termination_fee(i.units("pledge")?, i.small("age")?, i.units("fault_fee")?, &terms)?;
        Ok(Outputs::new().units("fee", fee))
    },
};

pub static OLDER: RuleCard = RuleCard {
    id: "FIL-SL-2",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Termination fee before FIP-0098",
    description: "Until network version 25 an ended sector cost twenty days of its reward and half a day's reward for every day it had \
            lived, at most for 140 days; at least 3.5 days of the present expected reward.",
    formula: "max(BR(10,080 epochs), twenty_days + floor(day * min(age, 403200) / 5760))",
    rounding: "down",
    inputs: &[
        field("least", Kind::Integer, "attoFIL", "BR(10,080 epochs): 3.5 days of expected reward"),
        field("twenty_days", Kind::Integer, "attoFIL", "expected reward of 20 days, frozen at activation"),
        field("day", Kind::Integer, "attoFIL", "expected reward of a day, frozen at activation"),
        field("age", Kind::Integer, "epochs", "since activation").most(1 << 40),
    ],
    outputs: &[field("fee", Kind::Integer, "attoFIL", "burnt")],
    source: "specs-actors actors/builtin/miner/monies.go; without the part of a replaced sector; example: independent computation",
    examples: &[
        (r#"{"least": 5, "twenty_days": 2000, "day": 101, "age": 28801}"#, r#"{"fee": "2505"}"#),
        (r#"{"least": 5, "twenty_days": 2000, "day": 100, "age": 9999999}"#, r#"{"fee": "9000"}"#),
    ],
    run: |i| {
        let fee = older_termination_fee(i.signed("least")?, i.signed("twenty_days")?, i.signed("day")?, i.small("age")?)?;
        Ok(Outputs::new().integer("fee", fee))
    },
};

pub static DAILY: RuleCard = RuleCard {
    id: "FIL-SL-3",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Daily fee of a sector",
    description: "Since network version 25 every new sector pays a fee each day, fixed at its activation by the circulating supply; what \
            a deadline's sectors are charged is at most half of a day's expected reward. It is burnt.",
    formula: "fee = floor(161817 * circulating * power / 10^30); charged = min(fees, floor(day_reward / 2))",
    rounding: "down",
    inputs: &[
        field("circulating", Kind::Integer, "attoFIL", "circulating supply at activation"),
        POWER,
        field("day_reward", Kind::Integer, "attoFIL", "BR(1 day) of the power").or("\"340282366920938463463374607431768211455\""),
    ],
    outputs: &[
        field("fee", Kind::Integer, "attoFIL per day", "of the sector"),
        field("charged", Kind::Integer, "attoFIL", "when the deadline has this sector alone"),
    ],
    source: "FIP-0100; example: 680 million FIL circulating, 32 GiB: 3,780,793,052,776 attoFIL a day",
    examples: &[(
        r#"{"circulating": "680000000000000000000000000", "power": 34359738368}"#,
        r#"{"fee": "3780793052776", "charged": "3780793052776"}"#,
    )],
    run: |i| {
        let fee = daily_fee(i.signed("circulating")?, i.signed("power")?)?.to_u128()?;
        Ok(Outputs::new().integer("fee", fee).integer("charged", daily_charge(fee, i.integer("day_reward")?)))
    },
};

pub static CONSENSUS: RuleCard = RuleCard {
    id: "FIL-SL-4",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Consensus fault",
    description: "Who signs two blocks of one epoch loses one epoch's smoothed reward and cannot win for 900 epochs; who reported it gets a \
            twentieth of an epoch's reward, at most what was taken.",
    formula: "burnt = min(floor(5 * reward / 5), balance); reporter = min(floor(reward / 20), burnt)",
    rounding: "down",
    inputs: &[
        field("epoch_reward", Kind::Integer, "attoFIL", "smoothed"),
        field("balance", Kind::Integer, "attoFIL", "what the offender has"),
    ],
    outputs: &[
        field("taken", Kind::Integer, "attoFIL", "from the offender"),
        field("reporter", Kind::Integer, "attoFIL", "of it to the reporter; the rest is burnt"),
    ],
    source: "builtin-actors actors/miner/src/monies.rs; example: independent integer computation",
    examples: &[
        (
            r#"{"epoch_reward": "36266264293777134739", "balance": "100000000000000000000"}"#,
            r#"{"taken": "36266264293777134739", "reporter": "1813313214688856736"}"#,
        ),
        (r#"{"epoch_reward": 1000, "balance": 30}"#, r#"{"taken": "30", "reporter": "30"}"#),
    ],
    run: |i| {
        let (taken, reporter) = consensus_fault(i.integer("epoch_reward")?, i.integer("balance")?)?;
        Ok(Outputs::new().integer("taken", taken).integer("reporter", reporter))
    },
};

pub static INVALID: RuleCard = RuleCard {
    id: "FIL-SL-5",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Invalid proof, disputed",
    description: "A proof is accepted at once and may be disputed for 1,800 epochs; when it was invalid, its power pays 5.51 days of \
            expected reward and 20 FIL, and who disputed gets 4 FIL.",
    formula: "BR(15868 epochs) + 20 FIL; disputer 4 FIL",
    rounding: "down",
    inputs: &[POWER, REWARD_POSITION, REWARD_VELOCITY, POWER_POSITION, POWER_VELOCITY],
    outputs: &[
        field("penalty", Kind::Integer, "attoFIL", "from the provider"),
        field("disputer", Kind::Integer, "attoFIL", "of it to who disputed"),
    ],
    source: "builtin-actors actors/miner/src/monies.rs; example: independent integer computation",
    examples: &[(
        r#"{"power": 34359738368, "reward_position": "12340768897043811082913117521041414330876498465539749838848",
            "reward_velocity": 0, "power_position": "274031556999544297163190906134303066185487351808000000", "power_velocity": 0}"#,
        r#"{"penalty": "44553515459006028802", "disputer": "4000000000000000000"}"#,
    )],
    run: |i| {
        let (reward, power) = estimates(i)?;
        let fil = |whole: u64| Int::from(u128::from(whole) * crate::fixed::ONE18);
        let penalty = expected(15_868, i.signed("power")?, reward, power)?.plus(fil(20))?;
        Ok(Outputs::new().integer("penalty", penalty).integer("disputer", fil(4)))
    },
};
