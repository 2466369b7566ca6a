//! How a paid job is cut: fees, buys and burns, and rewards in proportion to what work was worth.
//!
//! Source: RNP-001 to RNP-023, io.net documentation on payments.

use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// Parts of a whole by weight, each rounded down, and what stays.
pub fn pro_rata(pool: u128, weights: &[u128]) -> Result<(Vec<u128>, u128)> {
    let all = weights.iter().try_fold(Int::ZERO, |sum, weight| sum.plus(Int::from(*weight)))?;
    let part = |weight: &u128| -> Result<u128> {
        if all.is_zero() {
            return Ok(0);
        }
        Int::from(pool).times(Int::from(*weight))?.div_floor(all)?.to_u128()
    };
    let parts = weights.iter().map(part).collect::<Result<Vec<u128>>>()?;
    let rest = parts.iter().fold(pool, |left, part| left - part);
    Ok((parts, rest))
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&JOBS, &SPLIT, &BURNT, &ASK, &PRODUCTS, &POINTS];

const EIGHT: Kind = Kind::Decimal(8);
const MOST: u128 = 1 << 90;

pub static JOBS: RuleCard = RuleCard {
    id: "RNDR-PO-1",
    networks: &["render"],
    basis: Basis::Model,
    title: "Rewards of an epoch by the worth of approved work",
    description: "Each week a fixed pool is shared by the value, in money, of the work of each node that was approved in the epoch.",
    formula: "reward = floor(pool * value / sum of values)",
    rounding: "down to base units; what is left stays in the pool",
    inputs: &[
        field("pool", Kind::Integer, "base units of 10^-8", "of the epoch").or("1500000000000"),
        field("values", Kind::List(&Kind::Integer), "cents", "of approved work of each node").most(1_024),
    ],
    outputs: &[
        field("rewards", Kind::List(&Kind::Integer), "base units", "of each node"),
        field("rest", Kind::Integer, "base units", "that stays"),
    ],
    source: "RNP-001; pool of 15,000 RENDER since epoch 25 (RNP-013, RNP-022); a job of 100 euros of which a node did a tenth counts \
             10 euros for it",
    examples: &[
        (r#"{"values": [1000, 9000]}"#, r#"{"rewards": ["150000000000", "1350000000000"], "rest": "0"}"#),
        (r#"{"pool": 100, "values": [1, 1, 1]}"#, r#"{"rewards": ["33", "33", "33"], "rest": "1"}"#),
    ],
    run: |i| {
        let (rewards, rest) = pro_rata(i.integer("pool")?, &i.integers("values")?)?;
        Ok(Outputs::new().integers("rewards", rewards).integer("rest", rest))
    },
};

pub static SPLIT: RuleCard = RuleCard {
    id: "RNDR-PAY-1",
    networks: &["render"],
    basis: Basis::Model,
    title: "Settlement of a completed job",
    description: "When work is approved, 95 % of what it cost buys tokens on the market and burns them; 5 % is the operator's fee.",
    formula: "fee = floor(cost * fee share); burn = cost - fee",
    rounding: "the fee down",
    inputs: &[
        field("cost", Kind::Integer, "base units", "of approved work"),
        field("fee", Kind::Share, "", "of the operator").or("\"5%\""),
    ],
    outputs: &[
        field("burn", Kind::Integer, "base units", "bought and burnt"),
        field("fee", Kind::Integer, "base units", "to the operator"),
    ],
    source: "RNP-019, RNP-021, RNP-006; before burn-and-mint the payment went to the node's owner",
    examples: &[(r#"{"cost": 101}"#, r#"{"burn": "96", "fee": "5"}"#)],
    run: |i| {
        let cost = i.units("cost")?;
        let fee = i.share("fee")?.of(cost, Rounding::Down)?;
        Ok(Outputs::new().units("burn", cost.minus(fee)?).units("fee", fee))
    },
};

pub static BURNT: RuleCard = RuleCard {
    id: "RNDR-CR-1",
    networks: &["render"],
    basis: Basis::Model,
    title: "Dollars and tokens burnt for credits",
    description: "A render credit is 0.25 euros. What is burnt is 95 % of the credits used, in dollars at the day's rate, in tokens at the \
            market's price.",
    formula: "usd = 0.95 * 0.25 * credits * eur_usd; tokens = usd / price",
    rounding: "dollars down at the eighth place, tokens down to base units",
    inputs: &[
        field("credits", Kind::Decimal(4), "credits", "used").most(1 << 60),
        field("eur_usd", Kind::Decimal(6), "USD", "of one euro").most(1 << 40),
        field("price", Kind::Decimal(6), "USD", "of one token").least(1).most(1 << 40),
    ],
    outputs: &[field("usd", EIGHT, "USD", "burnt"), field("tokens", Kind::Integer, "base units of 10^-8", "burnt")],
    source: "credit price and split agree with 96 epochs of published burns: the implied rate is 1.030 in January and 1.187 in \
             September 2025",
    examples: &[
        (r#"{"credits": "100", "eur_usd": "1.1", "price": "4"}"#, r#"{"usd": "26.125", "tokens": "653125000"}"#),
        (
            r#"{"credits": "123456.7891", "eur_usd": "1.187", "price": "3.517"}"#,
            r#"{"usd": "34804.01205715", "tokens": "989593746293"}"#,
        ),
    ],
    run: |i| {
        // credits (4 places) * rate (6 places) * 0.2375 (4 places) has 14 places.
        let usd14 = i.signed("credits")?.times(i.signed("eur_usd")?)?.times(Int::from(2_375_u64))?;
        let usd = usd14.div_floor(Int::from(1_000_000_u64))?;
        let tokens = usd14.div_floor(i.signed("price")?)?;
        Ok(Outputs::new().decimal("usd", usd, 8).integer("tokens", tokens))
    },
};

pub static ASK: RuleCard = RuleCard {
    id: "RNDR-PAY-2",
    networks: &["render"],
    basis: Basis::Model,
    title: "Price of a node that sets its own",
    description: "On the compute network a node may set its price; the customer's price carries the fee on top.",
    formula: "ask / 0.95 = ask * (1 + 5 / 95)",
    rounding: "up at the eighth place",
    inputs: &[field("ask", EIGHT, "USD per hour", "of the node").most(MOST)],
    outputs: &[field("price", EIGHT, "USD per hour", "of the customer")],
    source: "RNP-021; example: the guide price of an RTX 4090",
    examples: &[(r#"{"ask": "0.35"}"#, r#"{"price": "0.36842106"}"#), (r#"{"ask": "0.95"}"#, r#"{"price": "1"}"#)],
    run: |i| Ok(Outputs::new().decimal("price", mul_div(i.integer("ask")?, 100, 95, Rounding::Up)?, 8)),
};

pub static PRODUCTS: RuleCard = RuleCard {
    id: "RNDR-PAY-3",
    networks: &["render"],
    basis: Basis::Model,
    title: "Revenue of the containers and bandwidth subnet",
    description: "Containers: 35 % to the subnet's operator, 5 % to the foundation, 60 % burnt, and nodes get 56 % of the revenue in tokens. \
            Bandwidth: 60, 5, 35 and 31 %. So more is burnt than minted, by 4 % of the revenue.",
    formula: "operator, foundation, burn by share of revenue; reward = floor(share * revenue / average price)",
    rounding: "down; the burn takes the rest",
    inputs: &[
        field("revenue", Kind::Decimal(6), "USD", "of the day").most(MOST),
        field("price", Kind::Decimal(6), "USD", "24-hour average of one token").least(1).most(1 << 40),
        field("product", Kind::Choice(&["containers", "bandwidth"]), "", "which product"),
    ],
    outputs: &[
        field("operator", Kind::Decimal(6), "USD", "to the subnet's operator"),
        field("foundation", Kind::Decimal(6), "USD", "to the foundation"),
        field("burn", Kind::Decimal(6), "USD", "in tokens, burnt"),
        field("reward", Kind::Integer, "base units of 10^-8", "to nodes"),
    ],
    source: "RNP-023",
    examples: &[(
        r#"{"revenue": "1000", "price": "4", "product": "containers"}"#,
        r#"{"operator": "350", "foundation": "50", "burn": "600", "reward": "14000000000"}"#,
    )],
    run: |i| {
        let [operator, foundation, reward] = if i.text("product")? == "containers" { [35, 5, 56] } else { [60, 5, 31] };
        let revenue = i.integer("revenue")?;
        let part = |percent: u128| mul_div(revenue, percent, 100, Rounding::Down);
        let (operator, foundation) = (part(operator)?, part(foundation)?);
        let tokens = mul_div(revenue, reward * 1_000_000, i.integer("price")?, Rounding::Down)?;
        let burn = revenue - operator - foundation;
        let outputs = Outputs::new().decimal("operator", operator, 6).decimal("foundation", foundation, 6);
        Ok(outputs.decimal("burn", burn, 6).integer("reward", tokens))
    },
};

pub static POINTS: RuleCard = RuleCard {
    id: "RNDR-PO-2",
    networks: &["render"],
    basis: Basis::Model,
    title: "Points for upgraded tokens",
    description: "Who moved its tokens to the new contract early got more points of a monthly pool: 5 for each of the first 40 million \
            tokens that all moved together, then 4, 3, 2, 1 and none from 230 million on.",
    formula: "tokens in each band times 5, 4, 3, 2, 1, 0; bands end before 40, 80, 140, 180 and 230 million",
    rounding: "none",
    inputs: &[
        field("before", Kind::Integer, "tokens", "moved by all before").most(1 << 60),
        field("amount", Kind::Integer, "tokens", "moved now").most(1 << 60),
    ],
    outputs: &[field("points", Kind::Integer, "points", "for this move")],
    source: "RNP-006; bands 1 to 39,999,999, 40M to 79,999,999 and so on, here as [0, 40M) and so on",
    examples: &[
        (r#"{"before": 39999990, "amount": 20}"#, r#"{"points": "90"}"#),
        (r#"{"before": 229999999, "amount": 5}"#, r#"{"points": "1"}"#),
    ],
    run: |i| {
        let (from, to) = (i.integer("before")?, i.integer("before")? + i.integer("amount")?);
        let bands = [(0_u128, 40_u128, 5_u128), (40, 80, 4), (80, 140, 3), (140, 180, 2), (180, 230, 1)];
        let inside = |(low, high, points): &(u128, u128, u128)| {
            let (low, high) = (low * 1_000_000, high * 1_000_000);
            to.min(high).saturating_sub(from.max(low)) * points
        };
        Ok(Outputs::new().integer("points", bands.iter().map(inside).sum::<u128>()))
    },
};
