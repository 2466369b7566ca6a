//! Payments that stream out of an escrow, what the network takes of them, and credits minted against a vault.
//!
//! Source: node v0.38.0 and v1.1.0 `x/escrow/keeper`, `x/take/keeper`, `x/bme/keeper`.

use crate::fixed::{one, quo, whole};
use crate::runs;
use depin_economy::{Claim, Deposit, ordered_due, settle_ordered, settle_weighted};
use depin_quantity::{Address, Basis, Int, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, Units, field, mul_div};
use ruint::aliases::U256;

type Result<T = Int> = std::result::Result<T, QuantityError>;

/// A decimal of 18 places as money finer than a base unit.
fn claim(parts: u128) -> Claim {
    Claim(U256::from(parts))
}

/// And back.
fn parts(claim: Claim) -> Result {
    claim.0.to_string().parse().map_err(|_| QuantityError::TooLarge)
}

/// What the network takes of a withdrawal: `floor(amount * percent / 100)`.
pub fn take(amount: u128, percent: u128) -> Result<u128> {
    mul_div(amount, percent, 100, Rounding::Down)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&WEIGHTED, &ORDERED, &TAKE, &MONTHLY, &SWAP, &RATIO, &GAP];

const ONE: u128 = crate::fixed::ONE18;
const DEC: Kind = Kind::Decimal(18);

pub static WEIGHTED: RuleCard = RuleCard {
    id: "AKT-PAY-1",
    networks: &["akash"],
    basis: runs!(depin_economy::settle_weighted),
    title: "Settlement by whole blocks with a weighted rest",
    description: "A deployment's leases are paid by the block out of one escrow, when somebody looks. When it does not last, as many whole \
            blocks are paid as it does, the rest is shared by rate, and all is over.",
    formula: "n = min(blocks, floor((balance + funds) / R)); each rate * n; funds first; n < blocks: each also remaining * rate / R",
    rounding: "the shares of the rest a half to even at the 18th place; at most one unit stays over, and the last takes no more than there is",
    inputs: &[
        field("balance", DEC, "uakt", "the owner's money").most(1 << 120),
        field("funds", DEC, "uakt", "a grantor's money, spent first").most(1 << 120).or("\"0\""),
        field("rates", Kind::List(&DEC), "uakt per block", "of the open payments").least(1).most(256),
        field("blocks", Kind::Integer, "blocks", "since the last settlement").most(1 << 40),
    ],
    outputs: &[
        field("paid", Kind::List(&DEC), "uakt", "to each payment"),
        field("balance", DEC, "uakt", "left of the owner's money"),
        field("funds", DEC, "uakt", "left of the grantor's money"),
        field("overdrawn", Kind::Flag, "", "whether it ran out"),
    ],
    source: "node v0.38.0 x/escrow/keeper/keeper.go; example: independent decimal computation",
    examples: &[
        (
            r#"{"balance": "100", "funds": "30", "rates": ["3", "4"], "blocks": 10}"#,
            r#"{"paid": ["30", "40"], "balance": "60", "funds": "0", "overdrawn": false}"#,
        ),
        (
            r#"{"balance": "100", "rates": ["3", "4.000000000000000001"], "blocks": 20}"#,
            r#"{"paid": ["42.857142857142857137", "57.142857142857142863"], "balance": "0", "funds": "0", "overdrawn": true}"#,
        ),
    ],
    run: |i| {
        let (balance, funds, blocks) = (i.integer("balance")?, i.integer("funds")?, i.small("blocks")?);
        let rates: Vec<Claim> = i.integers("rates")?.into_iter().map(claim).collect();
        let settled = settle_weighted(claim(balance).plus(claim(funds)), &rates, blocks);
        // The grantor's money goes first; what is over when it ran out is the owner's.
        let spent = claim(balance).plus(claim(funds)).less(settled.left);
        let funds = if settled.exhausted { Claim::ZERO } else { claim(funds).less(spent) };
        let earned = settled.accrued.into_iter().map(parts).collect::<Result<Vec<Int>>>()?;
        let outputs = Outputs::new().decimals("paid", earned, 18).decimal("balance", parts(settled.left.less(funds))?, 18);
        Ok(outputs.decimal("funds", parts(funds)?, 18).flag("overdrawn", settled.exhausted))
    },
};

pub static ORDERED: RuleCard = RuleCard {
    id: "AKT-PAY-2",
    networks: &["akash"],
    basis: runs!(depin_economy::ordered_due, depin_economy::settle_ordered),
    title: "Truncating settlement with debt",
    description: "Since v1.0 each settlement cuts what a payment is due to whole units, payments are served in order out of deposits in \
            order, and what the escrow cannot cover is owed until somebody deposits it.",
    formula: "due = owed, or floor(rate * blocks); out of the oldest deposit first; unsettled = due - paid",
    rounding: "down to whole units at every settlement: settling twice can pay less than once",
    inputs: &[
        field("deposits", Kind::List(&Kind::Integer), "uakt", "oldest first").most(256),
        field("rates", Kind::List(&DEC), "uakt per block", "of the payments, in order").least(1).most(256),
        field("owed", Kind::List(&Kind::Integer), "uakt", "to each payment from before; 0 for an open one").least(1).most(256),
        field("blocks", Kind::Integer, "blocks", "since the last settlement").most(1 << 40),
    ],
    outputs: &[
        field("paid", Kind::List(&Kind::Integer), "uakt", "to each payment"),
        field("unsettled", Kind::List(&Kind::Integer), "uakt", "still owed to each"),
        field("deposits", Kind::List(&Kind::Integer), "uakt", "what is left, spent ones dropped"),
        field("overdrawn", Kind::Flag, "", "whether something is owed"),
    ],
    source: "node v1.1.0 x/escrow/keeper/keeper.go; example: independent decimal computation",
    examples: &[
        (
            r#"{"deposits": ["10", "5"], "rates": ["0.7", "1.5"], "owed": ["0", "0"], "blocks": 9}"#,
            r#"{"paid": ["6", "9"], "unsettled": ["0", "4"], "deposits": [], "overdrawn": true}"#,
        ),
        (
            r#"{"deposits": ["20"], "rates": ["0.7", "1.5"], "owed": ["0", "4"], "blocks": 3}"#,
            r#"{"paid": ["2", "4"], "unsettled": ["0", "0"], "deposits": ["14"], "overdrawn": false}"#,
        ),
    ],
    run: |i| {
        let (rates, owed) = (i.integers("rates")?, i.integers("owed")?);
        if rates.len() != owed.len() {
            return Err(RuleError::refused(format!("{} rates need as many debts, not {}", rates.len(), owed.len())));
        }
        let of = |left: u128| Deposit { owner: Address::new([0; 32]), left: Units::new(left) };
        let given: Vec<u128> = i.integers("deposits")?;
        let mut deposits: Vec<Deposit> = given.into_iter().map(of).collect();
        let blocks = i.small("blocks")?;
        let due = |(rate, owed): (&u128, &u128)| if *owed > 0 { Units::new(*owed) } else { ordered_due(claim(*rate), blocks) };
        let dues: Vec<Units> = rates.iter().zip(&owed).map(due).collect();
        let served = settle_ordered(&mut deposits, &dues);
        let overdrawn = served.exhausted();
        let amounts = |units: Vec<Units>| units.into_iter().map(Units::get).collect::<Vec<u128>>();
        let outputs = Outputs::new().integers("paid", amounts(served.paid)).integers("unsettled", amounts(served.unsettled));
        let left = deposits.iter().map(|deposit| deposit.left.get());
        Ok(outputs.integers("deposits", left).flag("overdrawn", overdrawn))
    },
};

pub static TAKE: RuleCard = RuleCard {
    id: "AKT-PAY-3",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Take rate",
    description: "When a provider withdraws, the network takes a part for the community pool: by the document 10 % in AKT and 20 % in other \
            currencies; by the code's defaults 2 % and 20 %.",
    formula: "fee = floor(amount * rate / 100); earnings = amount - fee",
    rounding: "down, on the truncated amount of each withdrawal: many small ones can pay less",
    inputs: &[
        field("amount", Kind::Integer, "uakt or other", "withdrawn"),
        field("rate", Kind::Integer, "%", "for its currency").most(100),
    ],
    outputs: &[
        field("fee", Kind::Integer, "uakt or other", "to the community pool"),
        field("earnings", Kind::Integer, "uakt or other", "to the provider"),
    ],
    source: "node v0.38.0 x/take/keeper/keeper.go; akash-api go/node/take/v1beta3/params.go",
    examples: &[
        (r#"{"amount": 999, "rate": 20}"#, r#"{"fee": "199", "earnings": "800"}"#),
        (r#"{"amount": 4, "rate": 20}"#, r#"{"fee": "0", "earnings": "4"}"#),
    ],
    run: |i| {
        let amount = i.integer("amount")?;
        let fee = take(amount, i.integer("rate")?)?;
        Ok(Outputs::new().integer("fee", fee).integer("earnings", amount - fee))
    },
};

pub static MONTHLY: RuleCard = RuleCard {
    id: "AKT-PAY-4",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Rate per block and price per month",
    description: "Prices on the chain are by the block; people think in months of 30.437 days, 429,909 blocks of 6.117 seconds.",
    formula: "rate = floor18(usd / price * 10^6 / blocks); month = rate * blocks",
    rounding: "the rate down at the 18th place",
    inputs: &[
        field("usd", DEC, "USD per month", "wanted").most(1_000_000_000 * ONE),
        field("price", DEC, "USD", "of one whole token; 1 for a stable one").least(1).most(1_000_000_000 * ONE).or("\"1\""),
        field("blocks", Kind::Integer, "blocks", "in a month").least(1).most(1 << 40).or("429909"),
    ],
    outputs: &[
        field("rate", DEC, "10^-6 tokens per block", "of the lease"),
        field("month", DEC, "10^-6 tokens", "in a month at that rate"),
    ],
    source: "helm-charts charts/akash-provider/scripts/price_script_generic.sh; example: a CPU thread at 1.60 USD a month",
    examples: &[
        (r#"{"usd": "1.6"}"#, r#"{"rate": "3.721717851917498819", "month": "1599999.999999999999777471"}"#),
        (r#"{"usd": "429.909", "price": "1"}"#, r#"{"rate": "1000", "month": "429909000"}"#),
    ],
    run: |i| {
        let blocks = i.signed("blocks")?;
        let micro = i.signed("usd")?.times(Int::from(1_000_000_u64))?.times(one())?;
        let rate = micro.div_floor(i.signed("price")?.times(blocks)?)?;
        Ok(Outputs::new().decimal("rate", rate, 18).decimal("month", rate.times(blocks)?, 18))
    },
};

pub static SWAP: RuleCard = RuleCard {
    id: "AKT-CR-1",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Credits minted by burning, with a spread",
    description: "Since March 2026 leases are paid in dollar credits minted against AKT in a vault; a mint keeps a spread of 0.25 % in the \
            vault, going back is free. At least 10 credits are minted at a time.",
    formula: "minted = amount * price_from / price_to; spread = floor(minted * bps / 10000); user floor(minted) - spread",
    rounding: "the quotient and the product a half to even at the 18th place, then down",
    inputs: &[
        field("amount", Kind::Integer, "10^-6 tokens", "given").most(1 << 100),
        field("price_from", DEC, "USD", "of the token given").most(1_000_000_000 * ONE),
        field("price_to", DEC, "USD", "of the token wanted").least(1).most(1_000_000_000 * ONE).or("\"1\""),
        field("spread", Kind::Integer, "parts of 10,000", "kept by the vault").most(1_000).or("25"),
        field("least", Kind::Integer, "10^-6 tokens", "that may be minted").or("10000000"),
    ],
    outputs: &[
        field("user", Kind::Integer, "10^-6 tokens", "to the user"),
        field("spread", Kind::Integer, "10^-6 tokens", "kept"),
    ],
    source: "AEP-76; node x/bme/keeper, chain-sdk go/node/bme/v1/params.go; example: independent decimal computation",
    examples: &[
        (r#"{"amount": 100000000, "price_from": "0.45"}"#, r#"{"user": "44887500", "spread": "112500"}"#),
        (
            r#"{"amount": 50000001, "price_from": "1", "price_to": "0.37", "spread": 0}"#,
            r#"{"user": "135135137", "spread": "0"}"#,
        ),
    ],
    run: |i| {
        let swap = quo(i.signed("price_from")?, i.signed("price_to")?)?;
        let minted = swap.times(i.signed("amount")?)?;
        let (all, least) = (whole(minted)?, i.signed("least")?);
        if all.is_zero() || all < least {
            return Err(RuleError::refused(format!("{all} would be minted; allowed: at least {}", least.max(Int::from(1_u64)))));
        }
        let spread = whole(minted.times(i.signed("spread")?)?.div_trunc(Int::from(10_000_u64))?)?;
        Ok(Outputs::new().integer("user", all.minus(spread)?).integer("spread", spread))
    },
};

pub static RATIO: RuleCard = RuleCard {
    id: "AKT-CR-2",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Collateral ratio of the vault",
    description: "The vault's AKT at market price over all credits decides what may be done: healthy above 95 %, a warning to 90 %, at or \
            below that no more credits are minted.",
    formula: "bps = floor((vault - pending) * price_akt / price_act * 10000 / supply); healthy > warn; warning in (halt, warn]; else \
              halt",
    rounding: "down",
    inputs: &[
        field("vault", Kind::Integer, "uakt", "held").most(1 << 100),
        field("pending", Kind::Integer, "uakt", "of requests under way").most(1 << 100).or("0"),
        field("supply", Kind::Integer, "uact", "credits in all").least(1).most(1 << 100),
        field("price_akt", DEC, "USD", "of one AKT").most(1_000_000_000 * ONE),
        field("price_act", DEC, "USD", "of one credit").least(1).most(1_000_000_000 * ONE).or("\"1\""),
        field("warn", Kind::Integer, "parts of 10,000", "at or below it there is a warning").most(10_000).or("9500"),
        field("halt", Kind::Integer, "parts of 10,000", "at or below it no credits are minted").most(10_000).or("9000"),
    ],
    outputs: &[
        field("ratio", Kind::Integer, "parts of 10,000", "of the vault to the credits"),
        field("status", Kind::Choice(&["healthy", "warning", "halt"]), "", "what may be done"),
    ],
    source: "AEP-76; node x/bme/keeper; example: independent computation",
    examples: &[
        (r#"{"vault": 300000000000, "supply": 140000000000, "price_akt": "0.45"}"#, r#"{"ratio": "9642", "status": "healthy"}"#),
        (r#"{"vault": 100, "supply": 100, "price_akt": "0.9"}"#, r#"{"ratio": "9000", "status": "halt"}"#),
    ],
    run: |i| {
        let vault = i.signed("vault")?.minus(i.signed("pending")?)?.max(Int::ZERO);
        let worth = vault.times(i.signed("price_akt")?)?.times(Int::from(10_000_u64))?;
        let ratio = worth.div_floor(i.signed("price_act")?.times(i.signed("supply")?)?)?;
        let (warn, halt) = (i.signed("warn")?, i.signed("halt")?);
        if warn <= halt {
            return Err(RuleError::refused("warn must be above halt"));
        }
        let status = if ratio > warn {
            "healthy"
        } else if ratio > halt {
            "warning"
        } else {
            "halt"
        };
        Ok(Outputs::new().integer("ratio", ratio).text("status", status))
    },
};

pub static GAP: RuleCard = RuleCard {
    id: "AKT-CR-3",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Mints slow down in a warning",
    description: "In a warning the time between two rounds of minting grows by a tenth for every ten hundredths of a per cent that the ratio \
            is short, to at most 14,400 blocks.",
    formula: "min(14400, floor(least * (1 + backoff / 100)^steps)), steps = floor((warn - ratio) / 10)",
    rounding: "down, once, from exact powers",
    inputs: &[
        field("ratio", Kind::Integer, "parts of 10,000", "of the vault").most(10_000),
        field("warn", Kind::Integer, "parts of 10,000", "at or below it there is a warning").most(10_000).or("9500"),
        field("least", Kind::Integer, "blocks", "between two rounds").least(1).most(14_400).or("10"),
        field("backoff", Kind::Integer, "%", "growth for each step").most(100).or("10"),
    ],
    outputs: &[field("blocks", Kind::Integer, "blocks", "between two rounds")],
    source: "AEP-76; node x/bme/keeper; example: independent computation",
    examples: &[
        (r#"{"ratio": 9471}"#, r#"{"blocks": "12"}"#),
        (r#"{"ratio": 9001}"#, r#"{"blocks": "1067"}"#),
        (r#"{"ratio": 100}"#, r#"{"blocks": "14400"}"#),
    ],
    run: |i| {
        let steps = i.integer("warn")?.saturating_sub(i.integer("ratio")?) / 10;
        let most = Int::from(14_400_u64);
        let (mut top, mut bottom, mut blocks) = (i.signed("least")?, Int::from(1_u64), i.signed("least")?);
        let grow = Int::from(100 + i.integer("backoff")?);
        for _ in 0..steps {
            // Without growth the cap is never reached.
            if blocks >= most || grow == Int::from(100_u64) {
                break;
            }
            (top, bottom) = (top.times(grow)?, bottom.times(Int::from(100_u64))?);
            blocks = top.div_floor(bottom)?;
        }
        Ok(Outputs::new().integer("blocks", blocks.min(most)))
    },
};
