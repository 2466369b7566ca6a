//! Burnt tokens that may be minted again, and floors and caps that follow what is burnt.
//!
//! Source: helium-program-library `programs/helium-sub-daos`, HIP-20, HIP-149.

use depin_quantity::{Basis, Inputs, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// What the burn of an epoch gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smoothed {
    /// What was burnt in the epoch.
    pub burned: u128,
    /// The burn, smoothed over seven epochs.
    pub smoothed: u128,
    /// What is minted again.
    pub again: u128,
    /// Schedule and what is minted again.
    pub total: u128,
    /// The supply that the next epoch compares with.
    pub recorded: u128,
}

/// Net emission with the smoothed burn: `burned = recorded - supply - not emitted`, never below zero; `smoothed = 6 s / 7 +
/// burned / 7`, each division rounded down, from 300 when there was none; at most `cap` of it is minted again.
pub fn smoothed_burn(
    recorded: u128,
    supply: u128,
    not_emitted: u128,
    before: u128,
    schedule: u128,
    cap: u128,
) -> Result<Smoothed> {
    let burned = recorded.saturating_sub(supply).saturating_sub(not_emitted);
    let before = if before == 0 { 300 } else { before };
    let smoothed = mul_div(before, 6, 7, Rounding::Down)? + burned / 7;
    let again = smoothed.min(cap);
    let total = schedule.checked_add(again).ok_or(QuantityError::TooLarge)?;
    let recorded = supply.checked_add(total).ok_or(QuantityError::TooLarge)?;
    Ok(Smoothed { burned, smoothed, again, total, recorded })
}

/// HNT bones for data credits at an oracle price with exponent `-8`-like: `floor(dc * 10^(8 - expo - 5) / price)`.
pub fn bones_for(credits: u128, price: u128, expo: i8) -> Result<u128> {
    mul_div(credits, ten_to(3 - i32::from(expo))?, price, Rounding::Down)
}

/// Data credits for bones at an oracle price: `floor(bones * price / 10^(8 - expo - 5))`.
pub fn credits_for(bones: u128, price: u128, expo: i8) -> Result<u128> {
    mul_div(bones, price, ten_to(3 - i32::from(expo))?, Rounding::Down)
}

fn ten_to(power: i32) -> Result<u128> {
    u32::try_from(power).ok().and_then(|p| 10_u128.checked_pow(p)).ok_or(QuantityError::TooLarge)
}

/// Shares are kept in parts of 2^32 - 1.
pub const WHOLE32: u128 = u32::MAX as u128;

/// What a floor and a cap for data deployers come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backstop {
    /// Minted above schedule and net emission, so that deployers get at least the floor.
    pub top_up: u128,
    /// Schedule, net emission and top-up.
    pub total: u128,
    /// Deployers get at most this; zero for no cap.
    pub cap: u128,
}

/// The figures of an epoch that the backstop looks at.
#[derive(Clone, Copy, Debug)]
pub struct BackstopInputs {
    pub schedule: u128,
    pub smoothed: u128,
    pub cap_net: u128,
    pub credits: u128,
    pub price: u128,
    pub confidence: u128,
    pub expo: i8,
    pub share: u128,
}

/// Floor and cap of HIP-149; see the card.
pub fn backstop(i: &BackstopInputs) -> Result<Backstop> {
    let base = i.schedule.checked_add(i.smoothed.min(i.cap_net)).ok_or(QuantityError::TooLarge)?;
    let low = i.price.saturating_sub(i.confidence.saturating_mul(2));
    if i.price == 0 || low == 0 {
        return Ok(Backstop { top_up: 0, total: base, cap: 0 });
    }
    let tripled = i.credits.checked_mul(3).ok_or(QuantityError::TooLarge)?;
    let cap = bones_for(tripled, i.price, i.expo)?;
    let target = bones_for(i.credits / 2, low, i.expo)?;
    let mut top_up = 0;
    if i.share > 0 {
        let share = mul_div(base, i.share, WHOLE32, Rounding::Down)?;
        let baseline = mul_div(share, 70, 100, Rounding::Down)?;
        let short = Int::from(target.saturating_sub(baseline));
        let demand = short.times(Int::from(WHOLE32 * 100))?.div_floor(Int::from(i.share * 70))?;
        // Past 64 bits the chain's arithmetic gives up, and so does the floor.
        let demand = demand.to_u128().ok().filter(|d| *d <= u128::from(u64::MAX)).unwrap_or(0);
        top_up = demand.min(i.smoothed.saturating_sub(i.cap_net));
    }
    Ok(Backstop { top_up, total: base.checked_add(top_up).ok_or(QuantityError::TooLarge)?, cap })
}

/// What of an escrow passes the deployers' cap: `min(escrow, max(0, floor(rewards * 70 / 100) - cap))`, nothing without a cap.
pub fn over_cap(rewards: u128, escrow: u128, cap: u128) -> Result<u128> {
    if cap == 0 {
        return Ok(0);
    }
    Ok(mul_div(rewards, 70, 100, Rounding::Down)?.saturating_sub(cap).min(escrow))
}

fn expo(i: &Inputs) -> std::result::Result<i8, RuleError> {
    let expo = i.signed("expo")?;
    let digits = expo.absolute().to_u128().ok().and_then(|v| i8::try_from(v).ok());
    digits.map(|digits| -digits).ok_or(RuleError::Card("expo"))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SMOOTHED, &PLAIN, &FLOOR, &OVER, &MINT, &COST];

const PRICE: depin_quantity::Field =
    field("price", Kind::Integer, "USD * 10^-expo", "moving average price of one HNT").most(1 << 64);
const CONFIDENCE: depin_quantity::Field =
    field("confidence", Kind::Integer, "USD * 10^-expo", "its confidence interval").most(1 << 64).or("0");
const EXPO: depin_quantity::Field = field("expo", Kind::Signed, "", "the oracle's exponent").between(-18, 0).or("-8");

pub static SMOOTHED: RuleCard = RuleCard {
    id: "HNT-EM-5",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Net emission, smoothed over a week",
    description: "What was burnt is minted again, up to 1,643.83561643 HNT a day. Since March 2025 the burn is smoothed: six sevenths of \
            before and a seventh of the new burn.",
    formula: "burned = max(0, max(0, recorded - supply) - not_emitted); smoothed = floor(6 * before / 7) + floor(burned / 7); again \
              = min(smoothed, cap); total = schedule + again; recorded' = supply + total",
    rounding: "down, each division by itself",
    inputs: &[
        field("recorded", Kind::Integer, "bones", "supply that the last epoch expected").most(1 << 120),
        field("supply", Kind::Integer, "bones", "supply now").most(1 << 120),
        field("not_emitted", Kind::Integer, "bones", "rewards that were burnt instead of paid").most(1 << 120).or("0"),
        field("before", Kind::Integer, "bones", "smoothed burn of the last epoch; 0 counts as 300").most(1 << 120),
        field("schedule", Kind::Integer, "bones", "of this epoch").most(1 << 120),
        field("cap", Kind::Integer, "bones", "most that is minted again").most(1 << 120).or("164383561643"),
    ],
    outputs: &[
        field("burned", Kind::Integer, "bones", "in the last epoch"),
        field("smoothed", Kind::Integer, "bones", "the burn, smoothed"),
        field("again", Kind::Integer, "bones", "minted again"),
        field("total", Kind::Integer, "bones", "of the epoch"),
        field("recorded", Kind::Integer, "bones", "supply that the next epoch expects"),
    ],
    source: "helium-program-library programs/helium-sub-daos/src/instructions/calculate_utility_score_v0.rs, HRP-2025-03; cap: \
             34.24 HNT for 30 minutes (HIP-20), 1,643.83561643 a day; example: independent integer computation",
    examples: &[
        (
            r#"{"recorded": "18250000000000000", "supply": "18249900000000000", "before": 140000000000, "schedule": 2054794520548}"#,
            r#"{"burned": "100000000000", "smoothed": "134285714285", "again": "134285714285", "total": "2189080234833", "recorded": "18252089080234833"}"#,
        ),
        (
            r#"{"recorded": 1000, "supply": 2000, "before": 0, "schedule": 10}"#,
            r#"{"burned": "0", "smoothed": "257", "again": "257", "total": "267", "recorded": "2267"}"#,
        ),
    ],
    run: |i| {
        let (recorded, supply, schedule) = (i.integer("recorded")?, i.integer("supply")?, i.integer("schedule")?);
        let (before, cap) = (i.integer("before")?, i.integer("cap")?);
        let s = smoothed_burn(recorded, supply, i.integer("not_emitted")?, before, schedule, cap)?;
        let outputs = Outputs::new().integer("burned", s.burned).integer("smoothed", s.smoothed).integer("again", s.again);
        Ok(outputs.integer("total", s.total).integer("recorded", s.recorded))
    },
};

pub static PLAIN: RuleCard = RuleCard {
    id: "HNT-EM-6",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Net emission of 2023 to 2025",
    description: "Until March 2025 what had been burnt since the last epoch was minted again at once, up to the cap.",
    formula: "min(max(0, before - now), cap)",
    rounding: "none",
    inputs: &[
        field("before", Kind::Integer, "bones", "supply after the last epoch"),
        field("now", Kind::Integer, "bones", "supply now"),
        field("cap", Kind::Integer, "bones", "most that is minted again").or("164383561643"),
    ],
    outputs: &[field("again", Kind::Integer, "bones", "minted again")],
    source: "HIP-20; helium-program-library (cap in force: 1,643.83561643 HNT a day, 48 times 34.24)",
    examples: &[
        (r#"{"before": 900000000000, "now": 700000000000}"#, r#"{"again": "164383561643"}"#),
        (r#"{"before": 900, "now": 700}"#, r#"{"again": "200"}"#),
    ],
    run: |i| {
        let burnt = i.integer("before")?.saturating_sub(i.integer("now")?);
        Ok(Outputs::new().integer("again", burnt.min(i.integer("cap")?)))
    },
};

pub static FLOOR: RuleCard = RuleCard {
    id: "HNT-EM-7",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Floor and cap for data deployers",
    description: "Deployers of the mobile network get at least half and at most three times the worth of the data credits burnt there. A \
            floor that the schedule does not reach is topped up out of what was burnt above the net-emission cap. Without a fresh \
            price neither holds.",
    formula: "base = schedule + min(smoothed, cap_net); hnt(dc, p) = floor(dc * 10^(3 - expo) / p); cap = hnt(3 dc, p); target = \
              hnt(dc / 2, p - 2 conf); baseline = floor(floor(base * share / W) * 70 / 100); demand = floor(max(0, target - \
              baseline) * W * 100 / (share * 70)), 0 past 64 bits; top_up = min(demand, max(0, smoothed - cap_net)); W = 2^32 - 1",
    rounding: "down in every division",
    inputs: &[
        field("schedule", Kind::Integer, "bones", "of the epoch").most(1 << 64),
        field("smoothed", Kind::Integer, "bones", "smoothed burn").most(1 << 64),
        field("cap_net", Kind::Integer, "bones", "most net emission").most(1 << 64).or("164383561643"),
        field("credits", Kind::Integer, "DC", "burnt on the network in the epoch").most(1 << 64),
        PRICE,
        CONFIDENCE,
        EXPO,
        field("share", Kind::Integer, "parts of 2^32 - 1", "the network's share of rewards").most(WHOLE32),
    ],
    outputs: &[
        field("top_up", Kind::Integer, "bones", "minted above schedule and net emission"),
        field("total", Kind::Integer, "bones", "of the epoch"),
        field("cap", Kind::Integer, "bones", "most that deployers get; 0 for none"),
    ],
    source: "HIP-149; helium-program-library programs/helium-sub-daos/src/backstop.rs; example: independent integer computation",
    examples: &[
        (
            r#"{"schedule": 2054794520548, "smoothed": 1164383561643, "credits": 2500000000, "price": 80000000, "confidence": 100000,
                "share": 3006477106}"#,
            r#"{"top_up": "977589347117", "total": "3196767429308", "cap": "9375000000000"}"#,
        ),
        (
            r#"{"schedule": 2054794520548, "smoothed": 1164383561643, "credits": 2500000000, "price": 0, "share": 3006477106}"#,
            r#"{"top_up": "0", "total": "2219178082191", "cap": "0"}"#,
        ),
    ],
    run: |i| {
        let found = backstop(&BackstopInputs {
            schedule: i.integer("schedule")?,
            smoothed: i.integer("smoothed")?,
            cap_net: i.integer("cap_net")?,
            credits: i.integer("credits")?,
            price: i.integer("price")?,
            confidence: i.integer("confidence")?,
            expo: expo(i)?,
            share: i.integer("share")?,
        })?;
        let outputs = Outputs::new().integer("top_up", found.top_up).integer("total", found.total);
        Ok(outputs.integer("cap", found.cap))
    },
};

pub static OVER: RuleCard = RuleCard {
    id: "HNT-PO-1",
    networks: &["helium"],
    basis: Basis::Model,
    title: "What passes the deployers' cap goes to delegators",
    description: "When seven tenths of a network's rewards are worth more than three times its burnt credits, the excess leaves the escrow \
            for the delegators' pool.",
    formula: "min(escrow, max(0, floor(rewards * 70 / 100) - cap)); 0 when there is no cap",
    rounding: "down",
    inputs: &[
        field("rewards", Kind::Integer, "bones", "the network's of the epoch"),
        field("escrow", Kind::Integer, "bones", "of them in escrow"),
        field("cap", Kind::Integer, "bones", "most that deployers get; 0 for none"),
    ],
    outputs: &[field("overflow", Kind::Integer, "bones", "moved to the delegators")],
    source: "HIP-149; helium-program-library programs/helium-sub-daos/src/backstop.rs",
    examples: &[
        (r#"{"rewards": 1000, "escrow": 940, "cap": 600}"#, r#"{"overflow": "100"}"#),
        (r#"{"rewards": 1000, "escrow": 940, "cap": 0}"#, r#"{"overflow": "0"}"#),
    ],
    run: |i| {
        let overflow = over_cap(i.integer("rewards")?, i.integer("escrow")?, i.integer("cap")?)?;
        Ok(Outputs::new().integer("overflow", overflow))
    },
};

pub static MINT: RuleCard = RuleCard {
    id: "HNT-CR-1",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Data credits for burnt HNT",
    description: "A data credit is 0.00001 USD. Burning HNT mints credits at the oracle's moving average price less two confidence \
            intervals; the price must be above zero and at most ten minutes old.",
    formula: "floor(bones * (price - 2 * confidence) / 10^(8 - expo - 5))",
    rounding: "down",
    inputs: &[field("bones", Kind::Integer, "bones", "burnt").most(1 << 100), PRICE, CONFIDENCE, EXPO],
    outputs: &[field("credits", Kind::Integer, "DC", "minted")],
    source: "helium-program-library programs/data-credits/src/instructions/mint_data_credits_v0.rs; example: 1 HNT at 1 USD is \
             100,000 DC",
    examples: &[
        (r#"{"bones": 100000000, "price": 100000000}"#, r#"{"credits": "100000"}"#),
        (r#"{"bones": 123456789, "price": 251234567, "confidence": 345678}"#, r#"{"credits": "309312"}"#),
    ],
    run: |i| {
        let price = i.integer("price")?.saturating_sub(2 * i.integer("confidence")?);
        if price == 0 {
            return Err(RuleError::refused("the price less two confidence intervals is not above zero; wait for a better one"));
        }
        Ok(Outputs::new().integer("credits", credits_for(i.integer("bones")?, price, expo(i)?)?))
    },
};

pub static COST: RuleCard = RuleCard {
    id: "HNT-CR-2",
    networks: &["helium"],
    basis: Basis::Model,
    title: "HNT for a number of data credits",
    description: "Who names the credits burns as many bones as they cost, in his favour by less than one bone.",
    formula: "floor(credits * 10^(8 - expo - 5) / (price - 2 * confidence))",
    rounding: "down, in the buyer's favour",
    inputs: &[field("credits", Kind::Integer, "DC", "wanted").most(1 << 80), PRICE, CONFIDENCE, EXPO],
    outputs: &[field("bones", Kind::Integer, "bones", "burnt")],
    source: "helium-program-library programs/data-credits/src/instructions/mint_data_credits_v0.rs; onboarding a full hotspot, \
             4,000,000 DC, costs 40 HNT at 1 USD",
    examples: &[
        (r#"{"credits": 4000000, "price": 100000000}"#, r#"{"bones": "4000000000"}"#),
        (r#"{"credits": 1, "price": 300000000}"#, r#"{"bones": "333"}"#),
    ],
    run: |i| {
        let price = i.integer("price")?.saturating_sub(2 * i.integer("confidence")?);
        if price == 0 {
            return Err(RuleError::refused("the price less two confidence intervals is not above zero; wait for a better one"));
        }
        Ok(Outputs::new().integer("bones", bones_for(i.integer("credits")?, price, expo(i)?)?))
    },
};
