//! Rule cards of payments: the rules that every network's splits, charges, credits and escrows run by.

use crate::runs;
use depin_economy::{
    Claim, Deposit, Each, PayPart, PayTo, Priced, Refusal, burnt_for, captured, credits_for, ordered_due, ordered_lasts,
    priced_units, settle_ordered, settle_weighted, split, units_for_usd, weighted_lasts,
};
use depin_quantity::{Address, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, Share, Units, field};
use ruint::aliases::U256;

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SPLIT, &DOLLARS, &STARTED, &CAPTURED, &WEIGHTED, &ORDERED, &LASTS, &MINT, &BURN];

const DEC: Kind = Kind::Decimal(18);
const MOST: u128 = 1 << 120;

/// A decimal input of 18 places as a claim.
fn claims(parts: &[u128]) -> Vec<Claim> {
    parts.iter().map(|part| Claim(U256::from(*part))).collect()
}

/// A claim as an output of 18 places.
fn parts(claim: Claim) -> Result<Int, RuleError> {
    u128::try_from(claim.0).map(Int::from).map_err(|_| RuleError::Quantity(QuantityError::TooLarge))
}

fn too_large(_: Refusal) -> RuleError {
    RuleError::Quantity(QuantityError::TooLarge)
}

pub static SPLIT: RuleCard = RuleCard {
    id: "GEN-PAY-1",
    networks: &[],
    basis: runs!(depin_economy::split),
    title: "Parts of a payment",
    description: "A payment is split by declared shares among payee, burn, treasuries and pools. The first part takes what rounding \
            leaves, so the parts always come to the whole.",
    formula: "part(i) = floor(share(i) * amount) for i > 1; part(1) = amount - the others",
    rounding: "down for all but the first",
    inputs: &[
        field("amount", Kind::Integer, "base units", "what is paid").most(MOST),
        field("shares", Kind::List(&Kind::Share), "", "in the order of the network file; they sum to 100 %").least(1).most(16),
    ],
    outputs: &[field("parts", Kind::List(&Kind::Integer), "base units", "in the same order")],
    source: "akash-network/node x/take/keeper/keeper.go: fee = trunc(amount * rate), earnings = amount - fee",
    examples: &[
        (r#"{"amount": 99, "shares": ["80%", "20%"]}"#, r#"{"parts": ["80", "19"]}"#),
        (r#"{"amount": "1000000", "shares": ["95%", "5%"]}"#, r#"{"parts": ["950000", "50000"]}"#),
    ],
    run: |i| {
        let shares = i.shares("shares")?;
        let whole: u64 = shares.iter().map(|share| u64::from(share.get())).sum();
        if whole != u64::from(Share::WHOLE.get()) {
            return Err(RuleError::refused("the shares must sum to exactly 100%"));
        }
        let parts: Vec<_> = shares.into_iter().map(|share| PayPart { to: PayTo::Payee, share, convert: None }).collect();
        let amounts = split(i.units("amount")?, &parts).map_err(too_large)?;
        Ok(Outputs::new().integers("parts", amounts.into_iter().map(Units::get)))
    },
};

pub static DOLLARS: RuleCard = RuleCard {
    id: "GEN-PAY-2",
    networks: &[],
    basis: runs!(depin_economy::units_for_usd),
    title: "Dollars in tokens",
    description: "What is priced in dollars is paid in tokens at the median of the fresh reports; with no fresh price nothing is paid.",
    formula: "units = ceil(usd * 10^decimals / price)",
    rounding: "up, once, after everything is multiplied",
    inputs: &[
        field("usd", DEC, "dollars", "what it costs").most(MOST),
        field("price", DEC, "dollars per token", "the median").least(1).most(MOST),
        field("decimals", Kind::Integer, "places", "of the token").most(18),
    ],
    outputs: &[field("units", Kind::Integer, "base units", "what is paid")],
    source: "own rule; Render prices jobs in dollars and burns at the market price: RNP-001, RNP-006",
    examples: &[
        (r#"{"usd": "0.03", "price": "7", "decimals": 6}"#, r#"{"units": "4286"}"#),
        (r#"{"usd": "100", "price": "4", "decimals": 8}"#, r#"{"units": "2500000000"}"#),
    ],
    run: |i| {
        let decimals = u8::try_from(i.small("decimals")?).map_err(|_| RuleError::Quantity(QuantityError::TooLarge))?;
        Ok(Outputs::new().units("units", units_for_usd(i.decimal("usd")?, i.decimal("price")?, decimals, Rounding::Up)?))
    },
};

pub static STARTED: RuleCard = RuleCard {
    id: "GEN-PAY-3",
    networks: &[],
    basis: runs!(depin_economy::priced_units),
    title: "Started units of a metric",
    description: "A price per so much of a metric counts every unit that was started, and at least the least number of them.",
    formula: "units = max(least, ceil(quantity / per))",
    rounding: "up to whole units",
    inputs: &[
        field("quantity", Kind::Integer, "of the metric", "what was used"),
        field("per", Kind::Integer, "of the metric", "how much one unit is").least(1).most(u64::MAX as u128),
        field("least", Kind::Integer, "units", "charged at least").most(u64::MAX as u128).or("0"),
    ],
    outputs: &[field("units", Kind::Integer, "units", "what is charged")],
    source: "helium/oracles iot_packet_verifier: ceil(max(bytes, 24) / 24) data credits",
    examples: &[
        (r#"{"quantity": 50, "per": 24, "least": 1}"#, r#"{"units": "3"}"#),
        (r#"{"quantity": 0, "per": 24, "least": 1}"#, r#"{"units": "1"}"#),
    ],
    run: |i| {
        let priced = Priced { each: Each::Units(Units::ZERO), per: i.small("per")?, least: i.small("least")? };
        Ok(Outputs::new().integer("units", priced_units(i.integer("quantity")?, &priced)))
    },
};

pub static CAPTURED: RuleCard = RuleCard {
    id: "GEN-PAY-4",
    networks: &[],
    basis: runs!(depin_economy::captured),
    title: "Capture of a part of a hold",
    description: "Tokens are held at the price of the hold. A capture takes its part of what is still held, whatever the price did since; \
            the last one takes all of it.",
    formula: "amount = floor(left * part / rest)",
    rounding: "down; the last part takes what is left",
    inputs: &[
        field("left", Kind::Integer, "base units", "held and not captured").most(MOST),
        field("part", Kind::Integer, "as the hold was stated", "what is captured").most(MOST),
        field("rest", Kind::Integer, "as the hold was stated", "what is not captured yet").least(1).most(MOST),
    ],
    outputs: &[field("amount", Kind::Integer, "base units", "what is taken")],
    source: "own rule",
    examples: &[(r#"{"left": 25000000, "part": 33333333, "rest": 100000000}"#, r#"{"amount": "8333333"}"#)],
    run: |i| {
        let (part, rest) = (i.integer("part")?, i.integer("rest")?);
        if part > rest {
            return Err(RuleError::refused("a part cannot be more than what is not captured yet"));
        }
        Ok(Outputs::new().units("amount", captured(i.units("left")?, part, rest)?))
    },
};

pub static WEIGHTED: RuleCard = RuleCard {
    id: "GEN-PAY-5",
    networks: &[],
    basis: runs!(depin_economy::settle_weighted),
    title: "Open-ended escrow, weighted",
    description: "Streams out of one escrow earn for whole periods as long as it can pay all of them; in the period that it cannot pay, \
            what is left is shared by rate, and the streams end.",
    formula: "n = min(periods, floor(funds / R)); each earns rate * n; n < periods: each also (funds - R * n) * rate / R",
    rounding: "the shares of the rest half to even at the 18th place; the last stream never takes more than there is",
    inputs: &[
        field("funds", DEC, "base units", "what no stream has earned").most(MOST),
        field("rates", Kind::List(&DEC), "base units per period", "of the streams").least(1).most(64),
        field("periods", Kind::Integer, "periods", "since the last settlement").most(1 << 40),
    ],
    outputs: &[
        field("earned", Kind::List(&DEC), "base units", "by each stream"),
        field("left", DEC, "base units", "what is left"),
        field("exhausted", Kind::Flag, "", "whether the money is gone"),
    ],
    source: "akash-network/node v0.38.0 x/escrow/keeper/keeper.go",
    examples: &[
        (
            r#"{"funds": "5500000", "rates": ["300000", "700000"], "periods": 6}"#,
            r#"{"earned": ["1650000", "3850000"], "left": "0", "exhausted": true}"#,
        ),
        (
            r#"{"funds": "100", "rates": ["0.5", "1.25"], "periods": 3}"#,
            r#"{"earned": ["1.5", "3.75"], "left": "94.75", "exhausted": false}"#,
        ),
    ],
    run: |i| {
        let funds = Claim(U256::from(i.integer("funds")?));
        let settlement = settle_weighted(funds, &claims(&i.integers("rates")?), i.small("periods")?);
        let earned = settlement.accrued.into_iter().map(parts).collect::<Result<Vec<_>, _>>()?;
        let outputs = Outputs::new().decimals("earned", earned, 18).decimal("left", parts(settlement.left)?, 18);
        Ok(outputs.flag("exhausted", settlement.exhausted))
    },
};

pub static ORDERED: RuleCard = RuleCard {
    id: "GEN-PAY-6",
    networks: &[],
    basis: runs!(depin_economy::ordered_due, depin_economy::settle_ordered),
    title: "Open-ended escrow, ordered",
    description: "Each settlement cuts what a stream is due to whole base units. Streams are served in order, out of deposits in order; \
            what is missing stays owed.",
    formula: "due = trunc(rate * periods); paid out of the oldest deposit first; unsettled = due - paid",
    rounding: "down at every settlement: settling twice can pay less than once",
    inputs: &[
        field("deposits", Kind::List(&Kind::Integer), "base units", "oldest first").most(32),
        field("rates", Kind::List(&DEC), "base units per period", "of the streams, in order").least(1).most(64),
        field("periods", Kind::Integer, "periods", "since the last settlement").most(1 << 40),
    ],
    outputs: &[
        field("paid", Kind::List(&Kind::Integer), "base units", "to each stream"),
        field("unsettled", Kind::List(&Kind::Integer), "base units", "owed to each stream"),
        field("deposits", Kind::List(&Kind::Integer), "base units", "what is left of those that are not spent"),
    ],
    source: "akash-network/node v1.1.0 x/escrow/keeper/keeper.go",
    examples: &[(
        r#"{"deposits": [10, 5], "rates": ["0.7", "1.5"], "periods": 9}"#,
        r#"{"paid": ["6", "9"], "unsettled": ["0", "4"], "deposits": []}"#,
    )],
    run: |i| {
        let of = |left| Deposit { owner: Address::new([0; 32]), left: Units::new(left) };
        let mut deposits: Vec<Deposit> = i.integers("deposits")?.into_iter().map(of).collect();
        let periods = i.small("periods")?;
        let dues: Vec<Units> = claims(&i.integers("rates")?).into_iter().map(|rate| ordered_due(rate, periods)).collect();
        let settlement = settle_ordered(&mut deposits, &dues);
        let outputs = Outputs::new().integers("paid", settlement.paid.into_iter().map(Units::get));
        let outputs = outputs.integers("unsettled", settlement.unsettled.into_iter().map(Units::get));
        Ok(outputs.integers("deposits", deposits.into_iter().map(|deposit| deposit.left.get())))
    },
};

pub static LASTS: RuleCard = RuleCard {
    id: "GEN-PAY-7",
    networks: &[],
    basis: runs!(depin_economy::ordered_lasts, depin_economy::weighted_lasts),
    title: "How long an open-ended escrow lasts",
    description: "The money of an escrow is gone at the end of the first period that it cannot pay; that moment is planned when anything \
            changes, so it is found on time and not when somebody looks.",
    formula: "weighted: floor(funds / R); ordered: the largest n with sum(trunc(rate * n)) <= funds",
    rounding: "down to whole periods",
    inputs: &[
        field("method", Kind::Choice(&["weighted", "ordered"]), "", "of the escrow's kind"),
        field("funds", Kind::Integer, "base units", "what no stream has earned").most(MOST),
        field("rates", Kind::List(&DEC), "base units per period", "of the streams").least(1).most(64),
    ],
    outputs: &[field("periods", Kind::Integer, "periods", "that it pays for in full")],
    source: "own rule; deviation from akash-network/node x/escrow, which finds it when the account is touched",
    examples: &[
        (r#"{"method": "weighted", "funds": 30, "rates": ["7", "5"]}"#, r#"{"periods": "2"}"#),
        (r#"{"method": "ordered", "funds": 3, "rates": ["0.5", "0.5"]}"#, r#"{"periods": "3"}"#),
    ],
    run: |i| {
        let (funds, rates) = (i.units("funds")?, claims(&i.integers("rates")?));
        let ordered = i.text("method")? == "ordered";
        let periods = if ordered { ordered_lasts(funds, &rates) } else { weighted_lasts(Claim::of(funds), &rates) };
        Ok(Outputs::new().integer("periods", periods))
    },
};

pub static MINT: RuleCard = RuleCard {
    id: "GEN-CR-1",
    networks: &[],
    basis: runs!(depin_economy::burnt_for),
    title: "What so many credits cost",
    description: "Credits have a fixed worth in dollars and are minted only by burning the network's token at the median of the fresh \
            reports.",
    formula: "burnt = max(1, ceil(credits * usd * 10^token-decimals / (price * 10^credit-decimals)))",
    rounding: "up: no credit is minted for less than its price",
    inputs: &[
        field("credits", Kind::Integer, "base units of the credit", "how many are wanted").most(MOST),
        field("usd", DEC, "dollars", "worth of one whole credit").least(1).most(1 << 100),
        field("price", DEC, "dollars per token", "the median").least(1).most(MOST),
        field("token-decimals", Kind::Integer, "places", "of the token").most(18),
        field("credit-decimals", Kind::Integer, "places", "of the credit").most(18),
    ],
    outputs: &[field("burnt", Kind::Integer, "base units of the token", "what is burnt")],
    source: "document: $0.0001 per data credit, minted only by burning; upstream rounds for the buyer: data-credits/mint_data_credits_v0.rs",
    examples: &[(
        r#"{"credits": 1000, "usd": "0.00001", "price": "3.5", "token-decimals": 8, "credit-decimals": 0}"#,
        r#"{"burnt": "285715"}"#,
    )],
    run: |i| {
        let (n, d) = (i.small("token-decimals")? as u8, i.small("credit-decimals")? as u8);
        Ok(Outputs::new().units("burnt", burnt_for(i.units("credits")?, i.decimal("usd")?, i.decimal("price")?, n, d)?))
    },
};

pub static BURN: RuleCard = RuleCard {
    id: "GEN-CR-2",
    networks: &[],
    basis: runs!(depin_economy::credits_for),
    title: "How many credits so much buys",
    description: "Burning a given amount mints as many whole credits as it pays for.",
    formula: "credits = floor(tokens * price * 10^credit-decimals / (usd * 10^token-decimals))",
    rounding: "down: no credit is minted for less than its price",
    inputs: &[
        field("tokens", Kind::Integer, "base units of the token", "what is burnt").most(MOST),
        field("usd", DEC, "dollars", "worth of one whole credit").least(1).most(1 << 100),
        field("price", DEC, "dollars per token", "the median").most(1 << 100),
        field("token-decimals", Kind::Integer, "places", "of the token").most(18),
        field("credit-decimals", Kind::Integer, "places", "of the credit").most(18),
    ],
    outputs: &[field("credits", Kind::Integer, "base units of the credit", "what is minted")],
    source: "helium-program-library data-credits/mint_data_credits_v0.rs: dc = floor(hnt * price / …)",
    examples: &[(
        r#"{"tokens": 285715, "usd": "0.00001", "price": "3.5", "token-decimals": 8, "credit-decimals": 0}"#,
        r#"{"credits": "1000"}"#,
    )],
    run: |i| {
        let (n, d) = (i.small("token-decimals")? as u8, i.small("credit-decimals")? as u8);
        Ok(Outputs::new().units("credits", credits_for(i.units("tokens")?, i.decimal("usd")?, i.decimal("price")?, n, d)?))
    },
};
