//! What a renter pays and a supplier gets.

use depin_quantity::{Basis, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// A part of an amount, rounded up.
fn up(amount: u128, percent: u32) -> Result<u128> {
    mul_div(amount, percent.into(), 10_000, Rounding::Up)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&RENTER, &SUPPLIER];

pub static RENTER: RuleCard = RuleCard {
    id: "IO-PAY-1",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "What a renter pays",
    description: "A renter pays a reservation fee of 0.25 % on top of the price, and 2 % more when all of it is paid in USDC; nothing more in \
            IO.",
    formula: "reservation = ceil(price * 0.25 %); conversion = ceil(price * 2 %) in USDC; total = price + both",
    rounding: "fees up",
    inputs: &[
        field("price", Kind::Integer, "base units", "of the cluster").most(1 << 100),
        field("currency", Kind::Choice(&["IO", "USDC"]), "", "paid in"),
    ],
    outputs: &[
        field("reservation", Kind::Integer, "base units", "fee"),
        field("conversion", Kind::Integer, "base units", "fee"),
        field("total", Kind::Integer, "base units", "that is paid"),
    ],
    source: "io.net docs, payments; whether the 2 % is on the price alone is not stated: taken so",
    examples: &[
        (
            r#"{"price": 100000000, "currency": "USDC"}"#,
            r#"{"reservation": "250000", "conversion": "2000000", "total": "102250000"}"#,
        ),
        (r#"{"price": 100000000, "currency": "IO"}"#, r#"{"reservation": "250000", "conversion": "0", "total": "100250000"}"#),
    ],
    run: |i| {
        let price = i.integer("price")?;
        let reservation = up(price, 25)?;
        let conversion = if i.text("currency")? == "USDC" { up(price, 200)? } else { 0 };
        let outputs = Outputs::new().integer("reservation", reservation).integer("conversion", conversion);
        Ok(outputs.integer("total", price + reservation + conversion))
    },
};

pub static SUPPLIER: RuleCard = RuleCard {
    id: "IO-PAY-2",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "What a supplier gets for a hire",
    description: "A supplier loses the time it was away; stopping within the first hour it gets nothing for it. 0.25 % is kept, and 2 % more \
            when it wants USDC.",
    formula: "due = floor(price * (seconds - away) / seconds), 0 when it served less than 3,600 s in all; paid = due - ceil(0.25 %) - \
              ceil(2 %) in USDC",
    rounding: "what is due down, fees up",
    inputs: &[
        field("price", Kind::Integer, "base units", "of the whole hire").most(1 << 100),
        field("seconds", Kind::Integer, "s", "of the hire").least(1).most(1 << 40),
        field("away", Kind::Integer, "s", "that the device was not there").most(1 << 40).or("0"),
        field("currency", Kind::Choice(&["IO", "USDC"]), "", "paid out in").or("\"IO\""),
    ],
    outputs: &[
        field("due", Kind::Integer, "base units", "for the time served"),
        field("paid", Kind::Integer, "base units", "after fees"),
    ],
    source: "io.net docs, earnings and rewards, rewards wallets",
    examples: &[
        (r#"{"price": 1000000, "seconds": 7200, "away": 1800}"#, r#"{"due": "750000", "paid": "748125"}"#),
        (r#"{"price": 1000000, "seconds": 7200, "away": 3601}"#, r#"{"due": "0", "paid": "0"}"#),
        (r#"{"price": 1000000, "seconds": 3600, "currency": "USDC"}"#, r#"{"due": "1000000", "paid": "977500"}"#),
    ],
    run: |i| {
        let (price, seconds, away) = (i.integer("price")?, i.integer("seconds")?, i.integer("away")?);
        let served = seconds.checked_sub(away).ok_or_else(|| RuleError::refused("away is longer than the hire"))?;
        let due = if served < 3_600 { 0 } else { mul_div(price, served, seconds, Rounding::Down)? };
        let usdc = if i.text("currency")? == "USDC" { up(due, 200)? } else { 0 };
        let paid = due.saturating_sub(up(due, 25)?).saturating_sub(usdc);
        Ok(Outputs::new().integer("due", due).integer("paid", paid))
    },
};
