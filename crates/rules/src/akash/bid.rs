//! Bids for leases: price by what is asked for, and whether an order takes it.
//!
//! Source: akash-network provider `bidengine/pricing.go`, node `x/market`.

use depin_quantity::{Basis, Inputs, Int, Kind, Outputs, QuantityError, RuleCard, RuleError, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&SCALE, &ORDER, &RESERVE, &IN_BYTES];

const DEC: Kind = Kind::Decimal(16);

fn scaled(i: &Inputs, amount: &'static str, scale: &'static str) -> std::result::Result<Int, RuleError> {
    Ok(i.signed(amount)?.times(i.signed(scale)?)?)
}

pub static SCALE: RuleCard = RuleCard {
    id: "AKT-SV-1",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Bid price by scale",
    description: "A provider prices a group by what it asks for: processors, memory, storage of each class, endpoints and leased addresses, \
            each times a price of its own. A price of nothing is no bid, nor is one above the order's.",
    formula: "cpu_milli * count * cpu + MiB * count * memory + MiB * count * storage + endpoints * endpoint + ips * ip; bid when 0 < \
              price <= most",
    rounding: "none, exact decimals of 16 places",
    inputs: &[
        field("cpu_milli", Kind::Integer, "mCPU", "of one replica").most(1 << 40),
        field("memory", Kind::Integer, "MiB", "of one replica").most(1 << 40),
        field("storage", Kind::Integer, "MiB", "of one replica, of one class").most(1 << 40),
        field("count", Kind::Integer, "", "replicas").least(1).most(1 << 20),
        field("endpoints", Kind::Integer, "", "of the group").most(1 << 20).or("0"),
        field("ips", Kind::Integer, "", "leased addresses").most(1 << 20).or("0"),
        field("cpu_price", DEC, "per block", "of a thousandth CPU").most(1 << 100),
        field("memory_price", DEC, "per block", "of a MiB").most(1 << 100),
        field("storage_price", DEC, "per block", "of a MiB of that class").most(1 << 100),
        field("endpoint_price", DEC, "per block", "of an endpoint").most(1 << 100).or("\"0\""),
        field("ip_price", DEC, "per block", "of an address").most(1 << 100).or("\"0\""),
        field("most", DEC, "per block", "the order's price"),
    ],
    outputs: &[field("price", DEC, "per block", "of the group"), field("bids", Kind::Flag, "", "whether a bid is made")],
    source: "provider bidengine/pricing.go; example: independent computation",
    examples: &[(
        r#"{"cpu_milli": 500, "memory": 512, "storage": 1024, "count": 2, "endpoints": 1, "cpu_price": "0.0016", "memory_price": "0.0008",
            "storage_price": "0.00002", "endpoint_price": "0.05", "most": "3"}"#,
        r#"{"price": "2.51016", "bids": true}"#,
    )],
    run: |i| {
        let replicas = scaled(i, "cpu_milli", "cpu_price")?
            .plus(scaled(i, "memory", "memory_price")?)?
            .plus(scaled(i, "storage", "storage_price")?)?
            .times(i.signed("count")?)?;
        let price = replicas.plus(scaled(i, "endpoints", "endpoint_price")?)?.plus(scaled(i, "ips", "ip_price")?)?;
        let bids = !price.is_zero() && price <= i.signed("most")?;
        Ok(Outputs::new().decimal("price", price, 16).flag("bids", bids))
    },
};

pub static ORDER: RuleCard = RuleCard {
    id: "AKT-SV-2",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Whether a bid is taken",
    description: "An order has a ceiling, the sum of its units' prices; a bid must be above zero and at or below it, with enough deposit, \
            and not be one too many. The tenant then chooses any bid.",
    formula: "ceiling = sum of price * count; taken when 0 < price <= ceiling, deposit >= least, bids <= most",
    rounding: "none; as coded, one bid more than the limit is possible",
    inputs: &[
        field("prices", Kind::List(&Kind::Decimal(18)), "per block", "of each resource unit").least(1).most(64),
        field("counts", Kind::List(&Kind::Integer), "", "of each unit").least(1).most(64),
        field("price", Kind::Decimal(18), "per block", "of the bid"),
        field("deposit", Kind::Integer, "10^-6 tokens", "of the bid"),
        field("bids", Kind::Integer, "", "on the order so far, lost ones aside"),
        field("least", Kind::Integer, "10^-6 tokens", "deposit").or("500000"),
        field("most", Kind::Integer, "", "bids").or("20"),
    ],
    outputs: &[
        field("ceiling", Kind::Decimal(18), "per block", "of the order"),
        field("taken", Kind::Flag, "", "whether the bid is taken"),
    ],
    source: "node x/market/handler/server.go; akash-api market params",
    examples: &[
        (
            r#"{"prices": ["1.5", "0.25"], "counts": [2, 4], "price": "4", "deposit": 500000, "bids": 20}"#,
            r#"{"ceiling": "4", "taken": true}"#,
        ),
        (
            r#"{"prices": ["1.5"], "counts": [2], "price": "3.000000000000000001", "deposit": 500000, "bids": 0}"#,
            r#"{"ceiling": "3", "taken": false}"#,
        ),
    ],
    run: |i| {
        let (prices, counts, price) = (i.signeds("prices")?, i.signeds("counts")?, i.signed("price")?);
        if prices.len() != counts.len() {
            return Err(RuleError::refused(format!("{} prices need as many counts, not {}", prices.len(), counts.len())));
        }
        let ceiling = prices.iter().zip(&counts).try_fold(Int::ZERO, |sum, (p, n)| sum.plus(p.times(*n)?))?;
        let enough = i.integer("deposit")? >= i.integer("least")? && i.integer("bids")? <= i.integer("most")?;
        let taken = enough && !price.is_zero() && price <= ceiling;
        Ok(Outputs::new().decimal("ceiling", ceiling, 18).flag("taken", taken))
    },
};

pub static RESERVE: RuleCard = RuleCard {
    id: "AKT-SV-3",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Overcommitted resources",
    description: "A provider may count on tenants not using all that they lease: it sets aside what they ask for, divided by a factor, at \
            least one unit.",
    formula: "max(1, round(value / factor)); unchanged when factor <= 1",
    rounding: "to the nearest, a half up",
    inputs: &[
        field("value", Kind::Integer, "", "leased").most(1 << 60),
        field("factor", Kind::Decimal(4), "", "overcommitment").most(1 << 40),
    ],
    outputs: &[field("reserved", Kind::Integer, "", "set aside")],
    source: "provider cluster inventory, committed resources; a half up is taken for the code's float rounding",
    examples: &[
        (r#"{"value": 1000, "factor": "1.5"}"#, r#"{"reserved": "667"}"#),
        (r#"{"value": 1, "factor": "9"}"#, r#"{"reserved": "1"}"#),
        (r#"{"value": 7, "factor": "0.5"}"#, r#"{"reserved": "7"}"#),
    ],
    run: |i| {
        let (value, factor) = (i.integer("value")?, i.integer("factor")?);
        let reserved = if factor <= 10_000 { value } else { ((value * 10_000 + factor / 2) / factor).max(1) };
        Ok(Outputs::new().integer("reserved", reserved))
    },
};

/// Bytes as MiB in units of the 16th place, to the nearest, a half up.
fn mebibytes(bytes: Int) -> Result<Int, QuantityError> {
    let places = Int::from(10_000_000_000_000_000_u64);
    bytes.times(places)?.times(Int::from(2_u64))?.plus(Int::power_of_two(20)?)?.div_floor(Int::power_of_two(21)?)
}

pub static IN_BYTES: RuleCard = RuleCard {
    id: "AKT-SV-4",
    networks: &["akash"],
    basis: Basis::Model,
    title: "Bid price of a group in bytes",
    description: "A group asks for memory and storage in bytes, and prices are for a MiB: the bytes of all replicas of all units are summed, and \
            each sum is divided once. Endpoints do not count by replica.",
    formula: "sum(cpu_milli * count) * cpu + round16(sum(memory * count) / 2^20) * price + round16(sum(storage * count) / 2^20) * price + \
              endpoints * endpoint",
    rounding: "each quotient to the nearest at the 16th place, a half up; products exact",
    inputs: &[
        field("counts", Kind::List(&Kind::Integer), "", "replicas of each unit").least(1).most(64),
        field("cpu_milli", Kind::List(&Kind::Integer), "mCPU", "of one replica of each unit").least(1).most(64),
        field("memory", Kind::List(&Kind::Integer), "bytes", "of one replica of each unit").least(1).most(64),
        field("storage", Kind::List(&Kind::Integer), "bytes", "of one class, of one replica of each unit").least(1).most(64),
        field("endpoints", Kind::Integer, "", "of the group").most(1 << 20).or("0"),
        field("cpu_price", DEC, "per block", "of a thousandth CPU").most(1 << 100),
        field("memory_price", DEC, "per block", "of a MiB").most(1 << 100),
        field("storage_price", DEC, "per block", "of a MiB of that class").most(1 << 100),
        field("endpoint_price", DEC, "per block", "of an endpoint").most(1 << 100).or("\"0\""),
    ],
    outputs: &[
        field("memory", DEC, "MiB", "of the group"),
        field("storage", DEC, "MiB", "of the group"),
        field("price", Kind::Decimal(32), "per block", "of the group"),
    ],
    source: "provider bidengine/pricing.go, scale pricing; decimals of 16 places in a division; examples: independent computation",
    examples: &[
        (
            r#"{"counts": [2], "cpu_milli": [500], "memory": [536870912], "storage": [1073741824], "endpoints": 1, "cpu_price": "0.0016",
                "memory_price": "0.0008", "storage_price": "0.00002", "endpoint_price": "0.05"}"#,
            r#"{"memory": "1024", "storage": "2048", "price": "2.51016"}"#,
        ),
        (
            r#"{"counts": [1, 3], "cpu_milli": [100, 250], "memory": [100000000, 1], "storage": [0, 5000000], "cpu_price": "0.0016",
                "memory_price": "0.0008", "storage_price": "0.00002"}"#,
            r#"{"memory": "95.3674345016479492", "storage": "14.30511474609375", "price": "1.43658004989624023436"}"#,
        ),
    ],
    run: |i| {
        let counts = i.signeds("counts")?;
        let sum = |name: &'static str| {
            let each = i.signeds(name)?;
            if each.len() != counts.len() {
                return Err(RuleError::refused(format!("`{name}` needs an entry for each of the {} counts", counts.len())));
            }
            Ok(each.iter().zip(&counts).try_fold(Int::ZERO, |sum, (one, count)| sum.plus(one.times(*count)?))?)
        };
        let (memory, storage) = (mebibytes(sum("memory")?)?, mebibytes(sum("storage")?)?);
        let places = Int::from(10_000_000_000_000_000_u64);
        let whole =
            sum("cpu_milli")?.times(i.signed("cpu_price")?)?.plus(scaled(i, "endpoints", "endpoint_price")?)?.times(places)?;
        let price = whole.plus(memory.times(i.signed("memory_price")?)?)?.plus(storage.times(i.signed("storage_price")?)?)?;
        let outputs = Outputs::new().decimal("memory", memory, 16).decimal("storage", storage, 16);
        Ok(outputs.decimal("price", price, 32))
    },
};
