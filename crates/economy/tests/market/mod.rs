//! A network with every way of paying, and people who hold its tokens.
#![allow(dead_code, missing_docs)]

use crate::support::*;
use depin_economy::*;
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Span, UnitId, Units};

pub const MARKET: &str = r#"
[network]
name = "market"
title = "Market"
service = "metered"
variant = "test"

[[token]]
id = "NET"
decimals = 6
source = "a test"

[[token]]
id = "USDC"
decimals = 6
source = "a test"

[[token]]
id = "DC"
decimals = 0
transferable = false
source = "a test"

[clock.block]
every = "6s"
origin = "genesis"
source = "a test"

[supply.NET]
cap = { amount = "1_000_000_000 NET", kind = "clamp", source = "a test" }
vest-clock = "block"
allocation = [
  { to = "founders", share = "90%", source = "a test" },
  { to = "work", share = "10%", source = "a test" },
]
emission.half-life = { from = "work", over = "6y", clock = "block", source = "a test" }

[supply.USDC]
cap = { amount = "1_000_000_000 USDC", kind = "clamp", source = "a test" }
vest-clock = "block"
allocation = [{ to = "issuer", share = "100%", source = "a test" }]

[incentive.pool.work]
emission = "NET"
share = "100%"
method = "expected"
pay-every = "1d"
source = "a test"

[treasury.community]
title = "Community"

[utility.stream.lease]
currencies = ["NET", "USDC"]
clock = "block"
method = "weighted"
warn = { before = "1h" }
deposit = { least = ["5 NET", "5 USDC"] }
pays = [{ to = "payee", share = "90%" }, { to = "treasury.community", share = "5%" }, { to = "pool.work", share = "5%" }]
pays-other = [{ to = "payee", share = "80%" }, { to = "burn", share = "20%", convert = "main" }]
source = "a test"

[utility.stream.lease.close]
agreed = {}
broken = { bond = "burn" }

[utility.stream.rent]
token = "NET"
clock = "block"
method = "ordered"
warn = { before = "1h" }
bond = { amount = "2 NET" }
source = "a test"

[utility.stream.rent.close]
agreed = { bond = "return" }
broken = { bond = "burn" }

[utility.stream.deal]
currencies = ["NET", "USDC"]
clock = "block"
term = { most = "365d" }
rate = { most = ["10 NET", "5 USDC"] }
pays = [{ to = "payee", share = "75%" }, { to = "burn", share = "25%" }]
pays-other = [{ to = "payee", share = "100%" }]
source = "a test"

[utility.stream.deal.close]
agreed = {}

[utility.charge.frame]
currencies = ["NET", "USDC"]
in-usd = true
hold-most = "30d"
pays = [{ to = "burn", share = "95%" }, { to = "treasury.community", share = "5%" }]
pays-other = [{ to = "burn", share = "95%", convert = "main" }, { to = "treasury.community", share = "5%", convert = "main" }]
source = "a test"

[utility.charge.hire]
currencies = ["NET", "USDC"]
hold-most = "7d"
source = "a test"

[utility.charge.packet]
token = "DC"
priced = { amount = "1 DC", per = 24, least = 1 }
counts = { scope = "radio", gauge = "credits-burnt" }
pays = [{ to = "burn", share = "100%" }]
hold-most = "1d"
source = "a test"

[utility.charge.transfer]
token = "NET"
priced = { usd = "0.01 USD", per = 1_000 }
source = "a test"

[utility.credit.DC]
from = "NET"
usd = "0.00001 USD"
least = "10 DC"
source = "a test"

[utility.service-fee.onboarding]
amount = "40 USD"
in = "DC"
to = "burn"
source = "a test"

[utility.service-fee.seat]
amount = "1 USD"
in = "NET"
to = "treasury.community"
every = "1d"
source = "a test"

[utility.service-fee.sector]
amount = "5 base NET"
per = 1_024
to = "burn"
every = "1d"
source = "a test"

[utility.fee]
token = "NET"
minimum = { amount = "1 base NET", source = "a test" }
initial = { amount = "1 base NET", source = "a test" }
target = { work = 250_000, source = "a test" }
change = { parts = 8, source = "a test" }

[price.NET-USD]
reporters = ["price-feeder"]
stale-after = "1h"
quorum = 1
source = "a test"

[price.USDC-USD]
reporters = ["price-feeder"]
stale-after = "1h"
quorum = 1
source = "a test"

[amm-pool.main]
tokens = ["NET", "USDC"]
fee = "0%"
source = "a test"

[bind]
units = { pool = "work" }
bytes = { charge = "packet" }
octets = { charge = "transfer" }
space = { service-fee = "sector" }

[service.metered]
"#;

pub const NET: Name = Name::literal("NET");
pub const USDC: Name = Name::literal("USDC");
pub const DC: Name = Name::literal("DC");
pub const NET_USD: Name = Name::literal("NET-USD");
pub const USDC_USD: Name = Name::literal("USDC-USD");
pub const MAIN: Name = Name::literal("main");
pub const WORK: Name = Name::literal("work");
pub const COMMUNITY: Name = Name::literal("community");
pub const LEASE: Name = Name::literal("lease");
pub const RENT: Name = Name::literal("rent");
pub const FRAME: Name = Name::literal("frame");
pub const HIRE: Name = Name::literal("hire");
pub const PACKET: Name = Name::literal("packet");
pub const TRANSFER: Name = Name::literal("transfer");
pub const ONE: u128 = 1_000_000;
pub const BLOCK: Span = Span::from_secs(6);

pub fn units(n: u128) -> Units {
    Units::new(n)
}

/// An amount of a currency, in base units of six places.
pub fn of(currency: Name, base: u128) -> Money {
    Money { currency, amount: Decimal18::new(base * 1_000_000_000_000) }
}

pub fn agreed(currency: Name, base: u128) -> Price {
    Price::Agreed(of(currency, base))
}

pub fn dollars(text: &str) -> Price {
    Price::Agreed(Money { currency: USD, amount: Decimal18::parse(text).unwrap() })
}

pub fn measured(metric: &'static str, quantity: u128) -> Price {
    Price::Measured(Component { metric: Name::literal(metric), quantity: Measured::new(quantity) })
}

/// The client and parties 1 to 8 hold 10,000 NET and 10,000 USDC each.
pub fn market() -> World {
    market_of(MARKET)
}

pub fn market_of(text: &str) -> World {
    let mut world = World::before_genesis(text);
    let mut people: Vec<Address> = (1..=8).map(party).collect();
    people.push(CLIENT);
    let grants = people.into_iter().flat_map(|to| {
        [(NET, "founders"), (USDC, "issuer")].map(|(token, from)| Grant {
            token,
            from: Name::literal(from),
            to,
            amount: units(10_000 * ONE),
        })
    });
    let roles = vec![(Name::literal("price-feeder"), FEEDER)];
    let genesis = Genesis { roles, grants: grants.collect(), ..Genesis::default() };
    world.with(|s| s.genesis(&genesis)).unwrap();
    world.check();
    world
}

pub fn price(world: &mut World, pair: Name, usd: &str) {
    world.with(|s| s.report_price(FEEDER, pair, Decimal18::parse(usd).unwrap())).unwrap();
}

pub fn blocks(world: &mut World, n: u64) {
    world.now = world.now.later(Span::from_millis(BLOCK.get() * n));
    world.close();
}

pub fn held(world: &World, who: Address, token: Name) -> u128 {
    world.reads().wallet(who, token).held.get()
}

pub fn balance(world: &World, account: Account, token: Name) -> u128 {
    world.reads().balance(account, token).get()
}

pub fn burnt(world: &World, token: Name) -> u128 {
    world.reads().supply(token).unwrap().burned.get()
}

pub fn open(world: &mut World, id: UnitId, kind: Name, owner: Address, deposit: Money) -> Answer {
    world.record(Record::Escrow(EscrowRecord::Open { id, kind, owner, deposit }))
}

pub fn deposit(world: &mut World, id: UnitId, from: Address, deposit: Money) -> Answer {
    world.record(Record::Escrow(EscrowRecord::Deposit { id, from, deposit }))
}

/// Opens a stream and activates it.
pub fn run(world: &mut World, id: UnitId, escrow: UnitId, to: Address, rate: Money, periods: u64) -> Answer {
    let activate_by = world.now.later(Span::from_secs(600));
    let basis = Component { metric: Name::literal("units"), quantity: Measured::new(1) };
    let open = StreamOpen { id, escrow, to, rate, periods, activate_by, basis, bond: None };
    world.record(Record::Stream(StreamRecord::Open(open)))?;
    world.record(Record::Stream(StreamRecord::Activate { id }))
}

pub fn collect(world: &mut World, id: UnitId) -> u128 {
    world.accept(Record::Stream(StreamRecord::Settle { id })).moved.get()
}

pub fn close(world: &mut World, id: UnitId, reason: &'static str, accrued_until: Instant) -> Answer {
    world.record(Record::Stream(StreamRecord::Close { id, reason: Name::literal(reason), accrued_until }))
}

pub fn hold(world: &mut World, id: UnitId, kind: Name, from: PaymentSource, price: Price, days: u64) -> Answer {
    let until = world.now.later(Span::from_days(days));
    world.record(Record::Charge(ChargeRecord::Hold { id, kind, from, currency: None, price, until }))
}

pub fn capture(world: &mut World, id: UnitId, to: Address, price: Price) -> Answer {
    world.record(Record::Charge(ChargeRecord::Capture { id, to, price }))
}

pub fn pay(world: &mut World, kind: Name, from: PaymentSource, to: Address, currency: Option<Name>, price: Price) -> Answer {
    world.record(Record::Charge(ChargeRecord::Now { kind, from, to, currency, price }))
}

pub fn fund_amm_pool(world: &mut World, net: u128, usdc: u128) {
    world.with(|s| s.fund_amm_pool(party(8), MAIN, units(net), units(usdc))).unwrap();
}
