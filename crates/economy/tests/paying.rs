//! What a network file may say about paying, and what it is told when it says something else.

mod market;
mod support;

use depin_economy::*;
use depin_quantity::{Name, Units};
use market::*;

/// Every problem of the market's file with `old` replaced by `new`, each with its hint.
fn problems(old: &str, new: &str) -> Vec<String> {
    assert!(MARKET.contains(old), "the file has no {old:?}");
    match Spec::parse(&MARKET.replacen(old, new, 1)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.to_string().lines().map(str::to_owned).collect(),
    }
}

#[track_caller]
fn finds(old: &str, new: &str, what: &str) {
    let found = problems(old, new);
    assert!(found.iter().any(|line| line.contains(what)), "{what:?} is not among {found:#?}");
}

const FRAME_PAYS: &str = r#"pays = [{ to = "burn", share = "95%" }, { to = "treasury.community", share = "5%" }]"#;

#[test]
fn the_parsed_rules_are_what_the_file_says() {
    let spec = Spec::parse(MARKET).unwrap();
    let lease = spec.stream(LEASE).unwrap();
    assert_eq!((lease.method, lease.token(), lease.periods_most), (StreamMethod::Weighted, NET, u64::MAX));
    assert_eq!(lease.deposit_least[&USDC], units(5 * ONE));
    let parts = |token| lease.pays.of(token, &lease.currencies).iter().map(|p| (p.to, p.convert)).collect::<Vec<_>>();
    assert_eq!(parts(NET), [(PayTo::Payee, None), (PayTo::Treasury(COMMUNITY), None), (PayTo::Pool(WORK), None)]);
    assert_eq!(parts(USDC), [(PayTo::Payee, None), (PayTo::Burn, Some(MAIN))]);
    let frame = spec.charge(FRAME).unwrap();
    let ChargePrice::Usd(rates) = &frame.price else { panic!("in-usd") };
    assert_eq!(rates[&USDC], UsdRate::Pair(USDC_USD));
    let onboarding = spec.service_fee(Name::literal("onboarding")).unwrap();
    assert!(matches!(onboarding.amount, FeeAmount::Usd(_, UsdRate::Fixed(_))));
    let deal = spec.stream(Name::literal("deal")).unwrap();
    assert_eq!((deal.rate_most(NET), deal.rate_most(DC)), (units(10 * ONE), Units::new(u128::MAX)));
    assert_eq!(spec.credit(DC).unwrap().pair, NET_USD);
    assert_eq!(pair_of(NET_USD), Some((NET, USD)));
    assert_eq!(pair_of(NET), None);
}

#[test]
fn parts_sum_to_the_whole_and_go_somewhere() {
    let to = |text: &str| FRAME_PAYS.replace("treasury.community", text);
    finds(FRAME_PAYS, &FRAME_PAYS.replace("95%", "94%"), "the shares must sum to exactly 100%");
    finds(FRAME_PAYS, &to("treasury.comunity"), "did you mean `community`?");
    finds(FRAME_PAYS, &to("pool.works"), "`works` is no declared pool");
    finds(FRAME_PAYS, &to("nobody"), "choose one of payee, burn, treasury.<name>, pool.<name>");
    finds(FRAME_PAYS, &FRAME_PAYS.replace("\"5%\"", "\"5%\", amm-pool = \"main\""), "unknown key `amm-pool`");
    let other = r#"{ to = "treasury.community", share = "5%", convert = "main" }"#;
    finds(other, &other.replace("\"main\"", "\"mian\""), "did you mean `main`?");
    finds(other, r#"{ to = "pool.work", share = "5%" }"#, "pool `work` pays NET, and this would bring it USDC");
    assert!(problems(other, r#"{ to = "pool.work", share = "5%", convert = "main" }"#).is_empty());
    finds(
        "token = \"NET\"\nclock = \"block\"\nmethod = \"ordered\"",
        "token = \"NET\"\npays-other = []\nclock = \"block\"\nmethod = \"ordered\"",
        "there is no other currency",
    );
}

#[test]
fn credits_are_burnt_and_nothing_else() {
    let packet = "counts = { scope = \"radio\", gauge = \"credits-burnt\" }\npays = [{ to = \"burn\", share = \"100%\" }]";
    finds(packet, &packet.replace("\"burn\"", "\"payee\""), "DC is not transferable, so payments in it can only be burnt");
    finds(packet, "", "can only be burnt");
    finds("in = \"DC\"\nto = \"burn\"", "in = \"DC\"\nto = \"treasury.community\"", "it can only be burnt");
    finds("tokens = [\"NET\", \"USDC\"]", "tokens = [\"NET\", \"DC\"]", "AMM pool `main` joins DC, which cannot be sent");
    finds("decimals = 0\ntransferable = false", "decimals = 0", "the credit `DC` must be a token that cannot be sent");
    finds(
        "[utility.fee]\ntoken = \"NET\"\nminimum = { amount = \"1 base NET\", source = \"a test\" }\ninitial = { amount = \"1 base NET\"",
        "[utility.fee]\ntoken = \"DC\"\nminimum = { amount = \"1 base DC\", source = \"a test\" }\ninitial = { amount = \"1 base DC\"",
        "a credit cannot pay transaction fees",
    );
    finds("from = \"NET\"", "from = \"USDT\"", "`USDT` is no declared token");
    finds("usd = \"0.00001 USD\"", "usd = \"0 USD\"", "an amount of dollars above zero");
    finds("usd = \"0.00001 USD\"", "usd = \"0.00001 EUR\"", "an amount of dollars");
}

#[test]
fn what_is_priced_in_dollars_needs_a_price() {
    finds("[price.USDC-USD]", "[price.USDC-EUR]", "nothing says what USDC is worth in dollars");
    finds("in-usd = true", "in-usd = [\"NET-USD\", \"USDC-EUR\"]", "`USDC-EUR` is no declared pair of a token and USD");
    finds("in-usd = true", "in-usd = false", "this is `true`, a pair, or a list of pairs");
    assert!(problems("in-usd = true", "in-usd = [\"NET-USD\", \"USDC-USD\"]").is_empty());
    let priced = "priced = { usd = \"0.01 USD\", per = 1_000 }";
    finds(priced, &format!("in-usd = true\n{priced}"), "agreed in dollars or priced by the economy, not both");
    finds(priced, "priced = { amount = \"1 USDC\", per = 1_000 }", "USDC must be the only currency");
    finds(priced, "priced = { usd = \"0.01 USD\", per = 0 }", "`per` must be a whole number from 1");
    finds("octets = { charge = \"transfer\" }\n", "", "charge `transfer` is priced by a metric, and none is bound to it");
    finds("octets = { charge = \"transfer\" }", "octets = { charge = \"transfers\" }", "did you mean `transfer`?");
    finds("space = { service-fee = \"sector\" }\n", "", "service fee `sector` is counted per unit of a metric");
}

#[test]
fn streams_say_how_their_money_runs_out() {
    finds("method = \"weighted\"", "method = \"weigted\"", "did you mean `weighted`?");
    finds("term = { most = \"365d\" }\n", "", "`utility.stream.deal` lacks `term`");
    finds(
        "rate = { most = [\"10 NET\", \"5 USDC\"] }",
        "rate = { most = [\"10 NET\", \"5 DC\"] }",
        "DC is none of the currencies",
    );
    finds("rate = { most = [\"10 NET\", \"5 USDC\"] }", "rate = { most = [\"10 NET\", 5] }", "expected an amount");
    finds("broken = { bond = \"burn\" }", "broken = { bond = \"keep\" }", "`keep` is none of return, burn");
    finds(
        "bond = { amount = \"2 NET\" }",
        "bond = { per-gib = \"2 NET\" }",
        "the bond of stream `rent` must be bound to exactly one metric",
    );
    finds("[utility.charge.hire]", "[utility.charge.rent]", "`rent` is a kind of stream and a kind of charge");
    finds(
        "every = \"1d\"\nsource = \"a test\"\n\n[utility.service-fee.sector]",
        "every = \"999ms\"\nsource = \"a test\"\n\n[utility.service-fee.sector]",
        "a fee recurs at most every second",
    );
    finds("amount = \"5 base NET\"", "amount = \"5 base NET\"\nin = \"USDC\"", "the amount is one of NET");
}

#[test]
fn a_change_keeps_what_may_be_open() {
    let changed = |set: &str| {
        let change = format!("[[change]]\nafter = \"30d\"\nsource = \"a test\"\n{set}\n\n[service.metered]");
        problems("[service.metered]", &change)
    };
    assert_eq!(changed("set.utility.charge.frame.pays = [{ to = \"burn\", share = \"100%\" }]"), Vec::<String>::new());
    let finds = |set: &str, what: &str| {
        let found = changed(set);
        assert!(found.iter().any(|line| line.contains(what)), "{what:?} is not among {found:#?}");
    };
    finds("set.utility.stream.lease.method = \"ordered\"", "a change can't change clock or method of `lease`");
    finds("set.utility.charge.hire.in-usd = true", "a change can't change how amounts are stated of `hire`");
    finds(
        "set.utility.service-fee.seat.amount = \"1 USDC\"\nset.utility.service-fee.seat.in = \"USDC\"",
        "the token or recurrence of `seat`",
    );
}
