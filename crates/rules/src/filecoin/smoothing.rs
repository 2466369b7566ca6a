//! Smoothed estimates of reward and power, and the expected reward that pledges and penalties are computed from.
//!
//! Source: builtin-actors `runtime/src/builtin/reward/smooth/`, `actors/miner/src/monies.rs`.

use super::q128::{BITS, ln};
use depin_quantity::{Basis, Inputs, Int, Kind, Outputs, QuantityError, RuleCard, RuleError, field};

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// About 9.25e-4 in units of 2^-128: how far the position follows an observation.
const ALPHA: u128 = 314_760_000_000_000_000_000_000_000_000_000_000;
/// About 2.84e-7 in units of 2^-128: how far the velocity does.
const BETA: u128 = 96_640_100_000_000_000_000_000_000_000_000;
/// Below this square of a velocity an estimate counts as standing still.
const STILL: u128 = 302_231_454_903_657_293_676_544;

/// A smoothed estimate in units of 2^-128: where it is, and how fast it moves in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Its value.
    pub position: Int,
    /// Its growth in an epoch.
    pub velocity: Int,
}

impl Estimate {
    /// Follows an observation that was made `epochs` after the last.
    ///
    /// # Errors
    /// [`QuantityError::DivisionByZero`] for no epochs.
    pub fn next(self, observed: Int, epochs: u64) -> Result<Self> {
        let span = Int::from(epochs).shl(BITS)?;
        let ahead = span.times(self.velocity)?.shr(BITS).plus(self.position)?;
        let residual = observed.shl(BITS)?.minus(ahead)?;
        let position = ahead.plus(residual.times(Int::from(ALPHA))?.shr(BITS))?;
        let velocity = residual.times(Int::from(BETA))?.div_floor(span)?.plus(self.velocity)?;
        Ok(Self { position, velocity })
    }

    /// Its value in whole units.
    pub fn now(self) -> Int {
        self.position.shr(BITS)
    }
}

/// The sum of `num / den` over `delta` epochs from `start` epochs ahead, both extrapolated, in units of 2^-128.
///
/// When power falls, the end of the window may lie at or below zero, where there is no logarithm. Upstream carries on with the steps
/// of [`ln`], and so does this; whoever expects a reward clamps what comes out.
///
/// # Errors
/// [`QuantityError::DivisionByZero`] when the denominator is zero and stands still.
pub fn cumulative_ratio(delta: u64, start: u64, num: Estimate, den: Estimate) -> Result {
    let (first, span) = (Int::from(start).shl(BITS)?, Int::from(delta).shl(BITS)?);
    let square = den.velocity.times(den.velocity)?.shr(BITS);
    if square > Int::from(STILL) {
        let a = den.velocity.times(first)?.shr(BITS).plus(den.position)?;
        let b = den.velocity.times(span)?.shr(BITS).plus(a)?;
        let (la, lb) = (ln(a)?, ln(b)?);
        let m1 = lb.minus(la)?.times(num.position)?.times(den.velocity)?.shr(BITS);
        let inner = la.minus(lb)?.times(den.position)?.plus(den.velocity.times(span)?)?;
        let m2 = inner.times(num.velocity)?.shr(BITS);
        return m2.plus(m1)?.div_floor(square);
    }
    let middle = first.plus(span.shr(1))?;
    let value = num.velocity.times(middle)?.shr(BITS).plus(num.position)?;
    value.times(span)?.div_floor(den.position)
}

/// The reward that `power` can expect in `epochs`: never negative; the whole present reward when the network has no power.
pub fn expected(epochs: u64, power: Int, reward: Estimate, network: Estimate) -> Result {
    if network.now().is_zero() {
        return Ok(reward.now());
    }
    Ok(power.times(cumulative_ratio(epochs, 0, reward, network)?)?.shr(BITS).max(Int::ZERO))
}

fn estimate(i: &Inputs, position: &'static str, velocity: &'static str) -> std::result::Result<Estimate, RuleError> {
    Ok(Estimate { position: i.signed(position)?, velocity: i.signed(velocity)? })
}

/// The estimates of reward and network power that a card takes.
pub fn estimates(i: &Inputs) -> std::result::Result<(Estimate, Estimate), RuleError> {
    Ok((estimate(i, "reward_position", "reward_velocity")?, estimate(i, "power_position", "power_velocity")?))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&FILTER, &RATIO, &EXPECTED];

const EPOCHS_MAX: u128 = 1 << 32;

pub static FILTER: RuleCard = RuleCard {
    id: "FIL-EM-9",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Smoothed estimate follows an observation",
    description: "Reward and power are seen through an alpha-beta filter: the estimate moves by its velocity, then follows what was \
            observed by a small part.",
    formula: "d = epochs << 128; x = ((d * v) >> 128) + p; r = (observed << 128) - x; p' = x + ((ALPHA * r) >> 128); v' = \
              floor(r * BETA / d) + v",
    rounding: "towards minus infinity, also of negative numbers",
    inputs: &[
        field("position", Kind::Signed, "2^-128", "the estimate"),
        field("velocity", Kind::Signed, "2^-128 per epoch", "its growth"),
        field("observed", Kind::Integer, "", "what was observed"),
        field("epochs", Kind::Integer, "epochs", "since the last observation").least(1).most(EPOCHS_MAX),
    ],
    outputs: &[
        field("position", Kind::Signed, "2^-128", "the new estimate"),
        field("velocity", Kind::Signed, "2^-128 per epoch", "its new growth"),
        field("estimate", Kind::Signed, "", "the new estimate in whole units"),
    ],
    source: "builtin-actors runtime/src/builtin/reward/smooth/alpha_beta_filter.rs; the example starts at the reward filter's seed, \
             36266260308195979333 << 128 and -109897758509 << 128",
    examples: &[
        (
            r#"{"position": "12340768897043811082913117521041414330876498465539749838848",
                "velocity": "-37396269384748225153347462373739139597454335279104", "observed": "36266264293777134739", "epochs": 1}"#,
            r#"{"position": "12340768860936634641108777767693951957137358868085414559744", "velocity": "-37395873597256436516355962373739139597454335279104", "estimate": "36266260202086524504"}"#,
        ),
        (
            r#"{"position": 0, "velocity": "-340282366920938463463374607431768211457", "observed": 3, "epochs": 7}"#,
            r#"{"position": "-2378828968446569244243622252022377480199", "velocity": "-340282228863652749177660321717482497172", "estimate": "-7"}"#,
        ),
    ],
    run: |i| {
        let next = estimate(i, "position", "velocity")?.next(i.signed("observed")?, i.small("epochs")?)?;
        let outputs = Outputs::new().integer("position", next.position).integer("velocity", next.velocity);
        Ok(outputs.integer("estimate", next.now()))
    },
};

const REWARD_POSITION: depin_quantity::Field =
    field("reward_position", Kind::Wide(256), "2^-128 attoFIL", "smoothed epoch reward");
const REWARD_VELOCITY: depin_quantity::Field = field("reward_velocity", Kind::Signed, "2^-128 attoFIL", "its growth in an epoch");
const POWER_POSITION: depin_quantity::Field = field("power_position", Kind::Wide(256), "2^-128 bytes", "smoothed network power");
const POWER_VELOCITY: depin_quantity::Field = field("power_velocity", Kind::Signed, "2^-128 bytes", "its growth in an epoch");

pub static RATIO: RuleCard = RuleCard {
    id: "FIL-EM-10",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Sum of reward over power in a window ahead",
    description: "Both smoothed estimates are extrapolated as straight lines; the sum of their quotient over the window is an integral \
            with a logarithm, or a mean when the power stands still.",
    formula: "v2^2 > 2^-50: ((ln b - ln a) * p1 * v2 + v1 * (p2 * (ln a - ln b) + v2 * delta)) / v2^2, a = p2 + v2 * t0, \
              b = a + v2 * delta, ln as FIL-EM-5 also below zero; else (p1 + v1 * (t0 + delta / 2)) * delta / p2",
    rounding: "towards minus infinity in every step",
    inputs: &[
        field("delta", Kind::Integer, "epochs", "length of the window").most(EPOCHS_MAX),
        field("start", Kind::Integer, "epochs", "until the window begins").most(EPOCHS_MAX).or("0"),
        REWARD_POSITION,
        REWARD_VELOCITY,
        POWER_POSITION,
        POWER_VELOCITY,
    ],
    outputs: &[field("sum", Kind::Signed, "2^-128", "reward for each unit of power")],
    source: "builtin-actors runtime/src/builtin/reward/smooth/mod.rs, extrapolated cumulative sum of ratio; example: independent \
             integer computation from the seeds of both filters",
    examples: &[
        (
            r#"{"delta": 57600, "reward_position": "12340768897043811082913117521041414330876498465539749838848",
                "reward_velocity": "-37396269384748225153347462373739139597454335279104",
                "power_position": "274031556999544297163190906134303066185487351808000000",
                "power_velocity": "1403041571837666801475537439407631698869695241256960"}"#,
            r#"{"sum": "17030016431590576366266882764452886002623082094"}"#,
        ),
        (
            r#"{"delta": 100, "reward_position": "34028236692093846346337460743176821145600", "reward_velocity": 0,
                "power_position": "340282366920938463463374607431768211456000", "power_velocity": 0}"#,
            r#"{"sum": "3402823669209384634633746074317682114560"}"#,
        ),
        (
            r#"{"delta": 57600, "reward_position": "12340768897043811082913117521041414330876498465539749838848", "reward_velocity": "-37396269384748225153347462373739139597454335279104", "power_position": "7846377169233350954794736779009583020127944305580043141120", "power_velocity": "-187072209578355573530071658587684226515959365500928000"}"#,
            r#"{"sum": "127299627832415057032934969951057630136661081"}"#,
        ),
    ],
    run: |i| {
        let (reward, power) = estimates(i)?;
        Ok(Outputs::new().integer("sum", cumulative_ratio(i.small("delta")?, i.small("start")?, reward, power)?))
    },
};

pub static EXPECTED: RuleCard = RuleCard {
    id: "FIL-PL-1",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Expected reward of power over a time",
    description: "What a sector's quality-adjusted power can expect to earn in a time ahead. Pledges take 20 days of it, deposits too, \
            fees for faults 3.51 days, for an invalid proof 5.51 days.",
    formula: "estimate(reward) when estimate(network power) = 0; else max(0, (power * sum of reward over power) >> 128)",
    rounding: "down",
    inputs: &[
        field("epochs", Kind::Integer, "epochs", "the time: 57,600 for a pledge, 10,108 for a fault").most(EPOCHS_MAX),
        field("power", Kind::Integer, "bytes", "quality-adjusted power of the sector"),
        REWARD_POSITION,
        REWARD_VELOCITY,
        POWER_POSITION,
        POWER_VELOCITY,
    ],
    outputs: &[field("reward", Kind::Integer, "attoFIL", "the expected reward")],
    source: "builtin-actors actors/miner/src/monies.rs, expected reward for power; examples: independent integer computation; in the \
             second power falls so fast that the window ends below zero",
    examples: &[
        (
            r#"{"epochs": 57600, "power": 34359738368, "reward_position": "12340768897043811082913117521041414330876498465539749838848",
            "reward_velocity": "-37396269384748225153347462373739139597454335279104",
            "power_position": "274031556999544297163190906134303066185487351808000000",
            "power_velocity": "1403041571837666801475537439407631698869695241256960"}"#,
            r#"{"reward": "1719592214803615659"}"#,
        ),
        (
            r#"{"epochs": 57600, "power": 34359738368, "reward_position": "12340768897043811082913117521041414330876498465539749838848", "reward_velocity": "-37396269384748225153347462373739139597454335279104", "power_position": "7846377169233350954794736779009583020127944305580043141120", "power_velocity": "-187072209578355573530071658587684226515959365500928000"}"#,
            r#"{"reward": "12853977554710636"}"#,
        ),
    ],
    run: |i| {
        let (reward, power) = estimates(i)?;
        Ok(Outputs::new().integer("reward", expected(i.small("epochs")?, i.signed("power")?, reward, power)?))
    },
};
