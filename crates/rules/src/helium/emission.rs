//! Emission by table: halvings, rows by date, tapers, and splits that move by year.

use depin_quantity::{Basis, Kind, Outputs, QuantityError, Rounding, RuleCard, RuleError, field, mul_div};

type Result<T> = std::result::Result<T, QuantityError>;

/// What period `n` (from 1) gives when the first gives `first` and every `every` periods it halves, rounded down.
pub fn halved(first: u128, every: u64, n: u64) -> Result<u128> {
    let halvings = n.saturating_sub(1).checked_div(every).ok_or(QuantityError::DivisionByZero)?;
    Ok(u32::try_from(halvings).ok().and_then(|by| first.checked_shr(by)).unwrap_or(0))
}

/// The row in force at a time: the last that starts at or before it.
pub fn row_at(starts: &[u128], time: u128) -> Option<usize> {
    starts.iter().rposition(|start| *start <= time)
}

/// Full `amount` for `flat` seconds from `start`, then a straight line down to nothing at the end of `fall`.
pub fn tapered(amount: u128, start: u64, flat: u64, fall: u64, now: u64) -> Result<u128> {
    let Some(since) = now.checked_sub(start) else { return Ok(0) };
    if since < flat {
        return Ok(amount);
    }
    let left = flat.checked_add(fall).ok_or(QuantityError::TooLarge)?.saturating_sub(since);
    mul_div(amount, left.into(), fall.into(), Rounding::Down)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&HALVING, &ROWS, &TAPER, &DRIFT];

const TIME: u128 = 1 << 40;

pub static HALVING: RuleCard = RuleCard {
    id: "HNT-EM-1",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Yearly emission that halves every two years",
    description: "Years begin on 1 August 2019. Each of the first two gives 60 million HNT; every two years the amount halves. A month is \
            a twelfth.",
    formula: "year n: floor(first / 2^floor((n - 1) / every)); month: floor(year / 12)",
    rounding: "down",
    inputs: &[
        field("year", Kind::Integer, "years", "from 1").least(1).most(1_000),
        field("first", Kind::Integer, "bones", "of the first year").or("6000000000000000"),
        field("every", Kind::Integer, "years", "between halvings").least(1).most(1_000).or("2"),
    ],
    outputs: &[
        field("amount", Kind::Integer, "bones", "of this year"),
        field("month", Kind::Integer, "bones", "of each of its months"),
        field("sum", Kind::Integer, "bones", "of all years with this one"),
    ],
    source: "HIP-20: years 1-2 60M, 3-4 30M, … 19-20 117,187.5; monthly 5M, then 2.5M from 2021-08-01; theoretical sum 240M",
    examples: &[
        (r#"{"year": 1}"#, r#"{"amount": "6000000000000000", "month": "500000000000000", "sum": "6000000000000000"}"#),
        (r#"{"year": 20}"#, r#"{"amount": "11718750000000", "month": "976562500000", "sum": "23976562500000000"}"#),
        (r#"{"year": 50}"#, r#"{"amount": "357627868", "month": "29802322", "sum": "23999999284744254"}"#),
    ],
    run: |i| {
        let (year, first, every) = (i.small("year")?, i.integer("first")?, i.small("every")?);
        let amount = halved(first, every, year)?;
        let add = |sum: u128, n| sum.checked_add(halved(first, every, n)?).ok_or(QuantityError::TooLarge);
        let sum = (1..=year).try_fold(0_u128, add)?;
        Ok(Outputs::new().integer("amount", amount).integer("month", amount / 12).integer("sum", sum))
    },
};

pub static ROWS: RuleCard = RuleCard {
    id: "HNT-EM-2",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Emission of a day, by the rows on chain",
    description: "Since 2023-04-18 an epoch is a UTC day. Its emission is that of the last row which starts at or before the epoch's END; \
            so is the part of the founders' tokens.",
    formula: "row = last with start <= (epoch + 1) * 86400; networks = floor(amount * (100 - hst) / 100)",
    rounding: "down",
    inputs: &[
        field("epoch", Kind::Integer, "days", "since 1970-01-01").most(1 << 30),
        field("starts", Kind::List(&Kind::Integer), "s", "of the emission rows, Unix time, ascending")
            .least(1)
            .or("[1681776000, 1690934400, 1691020800, 1722470401, 1754006401]"),
        field("amounts", Kind::List(&Kind::Integer), "bones per epoch", "of the rows")
            .least(1)
            .or("[8219178082192, 8219178082192, 4098360655738, 4109589041096, 2054794520548]"),
        field("hst_starts", Kind::List(&Kind::Integer), "s", "of the founders' rows")
            .least(1)
            .or("[1681776000, 1690848000, 1722470400, 1738022401]"),
        field("hst_percents", Kind::List(&Kind::Integer), "%", "of the rows").least(1).each(100).or("[32, 31, 30, 0]"),
    ],
    outputs: &[
        field("total", Kind::Integer, "bones", "of the epoch"),
        field("networks", Kind::Integer, "bones", "of it to the networks"),
        field("founders", Kind::Integer, "bones", "the rest"),
    ],
    source: "helium-program-library packages/helium-admin-cli/emissions/{hnt,hst}.json, issue_rewards_v0.rs; the founders' rows of \
             2023 and 2024 are taken to start at 00:00 UTC",
    examples: &[
        (r#"{"epoch": 19500}"#, r#"{"total": "8219178082192", "networks": "5589041095890", "founders": "2630136986302"}"#),
        (r#"{"epoch": 20400}"#, r#"{"total": "2054794520548", "networks": "2054794520548", "founders": "0"}"#),
    ],
    run: |i| {
        let (starts, amounts) = (i.integers("starts")?, i.integers("amounts")?);
        let (hst_starts, percents) = (i.integers("hst_starts")?, i.integers("hst_percents")?);
        let same = starts.len() == amounts.len() && hst_starts.len() == percents.len();
        if !same {
            return Err(RuleError::refused("every start needs an amount or a per cent"));
        }
        let end = (i.integer("epoch")? + 1) * 86_400;
        let total = row_at(&starts, end).map_or(0, |row| amounts[row]);
        let hst = row_at(&hst_starts, end).map_or(0, |row| percents[row]);
        let networks = mul_div(total, 100 - hst, 100, Rounding::Down)?;
        Ok(Outputs::new().integer("total", total).integer("networks", networks).integer("founders", total - networks))
    },
};

pub static TAPER: RuleCard = RuleCard {
    id: "HNT-EM-3",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Supplement that tapers off",
    description: "From 5 August 2026 each of the two daily passes mints 98,000 HNT more for 360 days, then less in a straight line for 720 \
            days; 1.25 % of every slice goes to the council.",
    formula: "amount while start <= now < start + flat; then floor(amount * (start + flat + fall - now) / fall), never below 0; \
              council = floor(slice * 125 / 10000)",
    rounding: "down",
    inputs: &[
        field("now", Kind::Integer, "s", "Unix time of the pass").most(TIME),
        field("start", Kind::Integer, "s", "Unix time").most(TIME).or("1785931200"),
        field("amount", Kind::Integer, "bones", "of a pass").or("9800000000000"),
        field("flat", Kind::Integer, "s", "before the taper").most(TIME).or("31104000"),
        field("fall", Kind::Integer, "s", "length of the taper").least(1).most(TIME).or("62208000"),
    ],
    outputs: &[
        field("slice", Kind::Integer, "bones", "minted in this pass"),
        field("council", Kind::Integer, "bones", "of it to the council"),
        field("vault", Kind::Integer, "bones", "the rest"),
    ],
    source: "HIP-149; helium-program-library programs/helium-sub-daos/src/supplement.rs; two passes sum to 196,000 HNT a day",
    examples: &[
        (r#"{"now": 1785974400}"#, r#"{"slice": "9800000000000", "council": "122500000000", "vault": "9677500000000"}"#),
        (r#"{"now": 1848139200}"#, r#"{"slice": "4900000000000", "council": "61250000000", "vault": "4838750000000"}"#),
        (r#"{"now": 1785931199}"#, r#"{"slice": "0", "council": "0", "vault": "0"}"#),
    ],
    run: |i| {
        let (start, flat, fall) = (i.small("start")?, i.small("flat")?, i.small("fall")?);
        let slice = tapered(i.integer("amount")?, start, flat, fall, i.small("now")?)?;
        let council = mul_div(slice, 125, 10_000, Rounding::Down)?;
        Ok(Outputs::new().integer("slice", slice).integer("council", council).integer("vault", slice - council))
    },
};

pub static DRIFT: RuleCard = RuleCard {
    id: "HNT-EM-4",
    networks: &["helium"],
    basis: Basis::Model,
    title: "Split of the first parameter version, moving by year",
    description: "Before 2023 HNT went to proof of coverage (29 % in year 1, 1.5 points less each year), data transfer (30 %, 2.5 more; \
            what it leaves goes to coverage), founders (35 %, 1 less, not below 15 %) and consensus (6 %).",
    formula: "coverage = 29 - 1.5 * (y - 1); data = 30 + 2.5 * (y - 1); founders = max(15, 35 - (y - 1)); consensus = 6; \
              coverage + unused data",
    rounding: "down; coverage takes what rounding leaves",
    inputs: &[
        field("year", Kind::Integer, "years", "from 1").least(1).most(20),
        field("amount", Kind::Integer, "bones", "to split").most(1 << 100),
        field("data_used", Kind::Integer, "bones", "what data transfer earned")
            .or("\"1267650600228229401496703205376\"")
            .most(1 << 100),
    ],
    outputs: &[
        field("coverage", Kind::Integer, "bones", "proof of coverage, with unused data"),
        field("data", Kind::Integer, "bones", "data transfer"),
        field("founders", Kind::Integer, "bones", "security tokens"),
        field("consensus", Kind::Integer, "bones", "consensus group"),
    ],
    source: "HIP-20, table of shares year 1 to 20; example: shares of year 1 and 20",
    examples: &[
        (r#"{"year": 1, "amount": 1000}"#, r#"{"coverage": "290", "data": "300", "founders": "350", "consensus": "60"}"#),
        (
            r#"{"year": 20, "amount": 1000, "data_used": 100}"#,
            r#"{"coverage": "680", "data": "100", "founders": "160", "consensus": "60"}"#,
        ),
    ],
    run: |i| {
        let (year, amount) = (i.integer("year")? - 1, i.integer("amount")?);
        let part = |thousandths: u128| mul_div(amount, thousandths, 1_000, Rounding::Down);
        let data = part(300 + 25 * year)?.min(i.integer("data_used")?);
        let founders = part(350_u128.saturating_sub(10 * year).max(150))?;
        let consensus = part(60)?;
        let coverage = amount - data - founders - consensus;
        let outputs = Outputs::new().integer("coverage", coverage).integer("data", data);
        Ok(outputs.integer("founders", founders).integer("consensus", consensus))
    },
};
