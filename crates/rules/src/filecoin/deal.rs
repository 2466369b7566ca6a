//! Payments of storage: deals, asks, retrieval, and the price of a block's work.
//!
//! Source: builtin-actors `actors/market`, go-fil-markets, lotus `chain/store/basefee.go`.

use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// What a deal owes its provider at `now`: `price * (min(end, now) - max(start, paid until))`, nothing before its start.
pub fn deal_payment(price: u128, (start, end): (u64, u64), paid_until: Option<u64>, now: u64) -> Result<u128> {
    let from = paid_until.map_or(start, |at| at.max(start));
    price.checked_mul(end.min(now).saturating_sub(from).into()).ok_or(QuantityError::TooLarge)
}

/// The least collateral of a provider: `floor(size * circulating / (max(power, baseline, size) * 100))`.
pub fn provider_collateral(size: u128, circulating: u128, power: u128, baseline: u128) -> Result<u128> {
    let over = Int::from(power.max(baseline).max(size)).times(Int::from(100_u64))?;
    Int::from(size).times(Int::from(circulating))?.div_floor(over)?.to_u128()
}

/// The next base fee under FIP-0115, which follows what the cheapest fifth of a full block would pay.
///
/// `next = max(100, base + min(ceil(base / 8), p - ceil(base / 8)))`, p the premium at the 20th percentile by gas limit.
pub fn premium_base_fee(base: u128, messages: &[(u128, u128)]) -> Result<(u128, u128)> {
    let mut premiums = messages.to_vec();
    premiums.sort_unstable_by_key(|message| std::cmp::Reverse(message.0));
    let (mut walked, mut percentile) = (0_u128, 0);
    for (premium, gas) in premiums {
        walked = walked.checked_add(gas).ok_or(QuantityError::TooLarge)?;
        if walked > 7_999_999_999 {
            percentile = premium;
            break;
        }
    }
    let most = Int::from(base.div_ceil(8));
    let change = most.min(Int::from(percentile).minus(most)?);
    let next = Int::from(base).plus(change)?.max(Int::from(100_u64)).to_u128()?;
    Ok((percentile, next))
}

/// What a client owes for a retrieval when `sent` bytes have arrived.
///
/// The unsealing price first; then for whole intervals, each longer than the one before by `increase`; at the end for all.
pub fn retrieval_owed(unseal: u128, per_byte: u128, (interval, increase): (u64, u64), sent: u64, done: bool) -> Result<u128> {
    let mut boundary = 0_u64;
    if done {
        boundary = sent;
    } else {
        let mut step = interval;
        // Intervals grow at least by nothing, so a fixed one is a quotient and growing ones are few.
        if increase == 0 {
            boundary = sent.checked_div(interval).ok_or(QuantityError::DivisionByZero)? * interval;
        } else {
            while let Some(next) = boundary.checked_add(step).filter(|next| *next <= sent) {
                boundary = next;
                step = step.checked_add(increase).ok_or(QuantityError::TooLarge)?;
            }
        }
    }
    per_byte.checked_mul(boundary.into()).and_then(|v| v.checked_add(unseal)).ok_or(QuantityError::TooLarge)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&PAYMENT, &COLLATERAL, &ASK, &RETRIEVAL, &BASE_FEE];

pub static PAYMENT: RuleCard = RuleCard {
    id: "FIL-PAY-1",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Settlement of a deal",
    description: "A deal pays its provider by the epoch out of what the client locked. A settlement pays all epochs since the last; before \
            the start nothing.",
    formula: "price * (min(end, now) - max(start, last settlement))",
    rounding: "none, an exact product",
    inputs: &[
        field("price", Kind::Integer, "attoFIL per epoch", "for the whole piece").most(2_000_000_000_000_000_000_000_000_000),
        field("start", Kind::Integer, "epoch", "first epoch of the deal").most(1 << 40),
        field("end", Kind::Integer, "epoch", "the epoch after its last").most(1 << 40),
        field("last", Kind::Signed, "epoch", "of the last settlement; -1 for none").between(-1, 1 << 40).or("-1"),
        field("now", Kind::Integer, "epoch", "the present one").most(1 << 40),
    ],
    outputs: &[field("payment", Kind::Integer, "attoFIL", "from the client's escrow to the provider's")],
    source: "builtin-actors actors/market, FIP-0074; example: independent integer computation",
    examples: &[
        (r#"{"price": 500, "start": 100, "end": 518500, "now": 2980}"#, r#"{"payment": "1440000"}"#),
        (r#"{"price": 500, "start": 100, "end": 518500, "last": 2980, "now": 9999999}"#, r#"{"payment": "257760000"}"#),
        (r#"{"price": 500, "start": 100, "end": 518500, "now": 99}"#, r#"{"payment": "0"}"#),
    ],
    run: |i| {
        let last = i.signed("last")?;
        let last = last.to_u128().ok().and_then(|last| u64::try_from(last).ok());
        let term = (i.small("start")?, i.small("end")?);
        Ok(Outputs::new().integer("payment", deal_payment(i.integer("price")?, term, last, i.small("now")?)?))
    },
};

pub static COLLATERAL: RuleCard = RuleCard {
    id: "FIL-PAY-2",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Least collateral of a deal's provider",
    description: "For a deal the provider puts up at least its part of one per cent of the circulating supply, by raw bytes.",
    formula: "floor(size * circulating / (max(raw power, baseline, size) * 100))",
    rounding: "down",
    inputs: &[
        field("size", Kind::Integer, "bytes", "padded piece size").least(1),
        field("circulating", Kind::Integer, "attoFIL", "circulating supply"),
        field("power", Kind::Integer, "bytes", "raw power of the network"),
        field("baseline", Kind::Integer, "bytes", "of this epoch"),
    ],
    outputs: &[field("least", Kind::Integer, "attoFIL", "collateral")],
    source: "builtin-actors actors/market/src/policy.rs; example: independent integer computation",
    examples: &[(
        r#"{"size": 34359738368, "circulating": "600000000000000000000000000", "power": "5000000000000000000",
            "baseline": "20000000000000000000"}"#,
        r#"{"least": "10307921510400000"}"#,
    )],
    run: |i| {
        let (size, circulating) = (i.integer("size")?, i.integer("circulating")?);
        let least = provider_collateral(size, circulating, i.integer("power")?, i.integer("baseline")?)?;
        Ok(Outputs::new().integer("least", least))
    },
};

pub static ASK: RuleCard = RuleCard {
    id: "FIL-PAY-3",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Least price of a proposal under an ask",
    description: "An ask is by the GiB and epoch, a proposal by the epoch for the whole piece; the provider takes it when it reaches its \
            ask.",
    formula: "floor(ask * size / 2^30)",
    rounding: "down",
    inputs: &[
        field("ask", Kind::Integer, "attoFIL per GiB and epoch", "the provider's price"),
        field("size", Kind::Integer, "bytes", "padded piece size").most(1 << 60),
    ],
    outputs: &[field("least", Kind::Integer, "attoFIL per epoch", "for the piece")],
    source: "go-fil-markets storagemarket/impl/providerstates; default ask 500,000,000 attoFIL; 1 MiB pays a 1,024th of it",
    examples: &[(r#"{"ask": 500000000, "size": 1048576}"#, r#"{"least": "488281"}"#)],
    run: |i| {
        let least = mul_div(i.integer("ask")?, i.integer("size")?, 1 << 30, Rounding::Down)?;
        Ok(Outputs::new().integer("least", least))
    },
};

pub static RETRIEVAL: RuleCard = RuleCard {
    id: "FIL-PAY-4",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "What a retrieval owes",
    description: "Reading costs the unsealing price first; then the bytes sent, paid in intervals that grow; at the end all bytes.",
    formula: "unseal + per_byte * L; L = largest interval boundary <= sent, all of it at the end",
    rounding: "none",
    inputs: &[
        field("unseal", Kind::Integer, "attoFIL", "price to unseal").or("0"),
        field("per_byte", Kind::Integer, "attoFIL per byte", "price to send").or("2"),
        field("interval", Kind::Integer, "bytes", "first interval").least(1).most(1 << 40).or("1048576"),
        field("increase", Kind::Integer, "bytes", "each next interval is longer by this").most(1 << 40).or("1048576"),
        field("sent", Kind::Integer, "bytes", "that arrived").most(1 << 50),
        field("done", Kind::Flag, "", "whether all was sent").or("false"),
    ],
    outputs: &[field("owed", Kind::Integer, "attoFIL", "in all, what was paid before included")],
    source: "go-fil-markets retrievalmarket; example: intervals of 1 and 2 MiB end at 3 MiB",
    examples: &[
        (r#"{"sent": 4194304}"#, r#"{"owed": "6291456"}"#),
        (r#"{"sent": 4194304, "done": true, "unseal": 10}"#, r#"{"owed": "8388618"}"#),
    ],
    run: |i| {
        let (sent, increase) = (i.small("sent")?, i.small("increase")?);
        // A growth of one byte would walk through millions of intervals.
        if increase != 0 && sent / increase > 1 << 26 {
            return Err(RuleError::refused(format!(
                "{sent} bytes at an increase of {increase} are too many intervals; increase it"
            )));
        }
        let owed = retrieval_owed(
            i.integer("unseal")?,
            i.integer("per_byte")?,
            (i.small("interval")?, increase),
            sent,
            i.flag("done")?,
        )?;
        Ok(Outputs::new().integer("owed", owed))
    },
};

pub static BASE_FEE: RuleCard = RuleCard {
    id: "FIL-PAY-5",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Base fee from premiums",
    description: "Since FIP-0115 the base fee follows what messages offer above it: the premium of the cheapest fifth of a full block \
            raises it, no premium lowers it, by at most an eighth.",
    formula: "p = premium at gas index 7,999,999,999 from the highest down, 0 when the block is not that full; m = ceil(base / 8); \
              next = max(100, base + min(m, p - m))",
    rounding: "the eighth up",
    inputs: &[
        field("base", Kind::Integer, "attoFIL per gas", "base fee of this epoch"),
        field("premiums", Kind::List(&Kind::Integer), "attoFIL per gas", "of unique messages"),
        field("gas", Kind::List(&Kind::Integer), "gas", "limit of each of them"),
    ],
    outputs: &[
        field("percentile", Kind::Integer, "attoFIL per gas", "the premium that counts"),
        field("next", Kind::Integer, "attoFIL per gas", "base fee of the next epoch"),
    ],
    source: "FIP-0115; example: independent integer computation",
    examples: &[
        (r#"{"base": 1000, "premiums": [50, 300], "gas": [5000000000, 4000000000]}"#, r#"{"percentile": "50", "next": "925"}"#),
        (r#"{"base": 1000, "premiums": [], "gas": []}"#, r#"{"percentile": "0", "next": "875"}"#),
    ],
    run: |i| {
        let (premiums, gas) = (i.integers("premiums")?, i.integers("gas")?);
        if premiums.len() != gas.len() {
            return Err(RuleError::refused(format!("{} premiums need as many gas limits, not {}", premiums.len(), gas.len())));
        }
        let messages: Vec<_> = premiums.into_iter().zip(gas).collect();
        let (percentile, next) = premium_base_fee(i.integer("base")?, &messages)?;
        Ok(Outputs::new().integer("percentile", percentile).integer("next", next))
    },
};
